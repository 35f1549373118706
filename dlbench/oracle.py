"""The oracle among the installed frameworks, and its cell of a scenario."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from dlbench.catalog import Catalog
from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.errors import DlbenchError, PluginError

#: The number format of the oracle.
PRECISION = "float64"


class NotRunError(Exception):
    """Why there is no verdict."""


def find_oracles(cells: Sequence[Cell], catalog: Catalog) -> list[Cell]:
    """Return the oracle's cells for ``cells``, as far as it has them."""
    found = []
    for cell in {cell.scenario_path: cell for cell in cells}.values():
        with contextlib.suppress(NotRunError, DlbenchError):
            found.append(find_oracle_cell(cell, catalog))
    return found


def find_oracle_cell(cell: Cell, catalog: Catalog) -> Cell:
    """Return the oracle's cell of a cell's scenario; raises NotRunError where it cannot be."""
    name = find_oracle(catalog)
    request = Request(
        scenarios=(str(cell.scenario_path),),
        frameworks=(f"{name}:precision={PRECISION}",),
        axes=tuple(f"{axis}={value}" for axis, value in cell.scenario.values.items()),
    )
    (found,) = expand(request, catalog, ())
    if isinstance(found, RefusedCell):
        raise NotRunError(f"the oracle cannot do it: {found.reason}")
    return found


def find_oracle(catalog: Catalog) -> str:
    """Return the name of the one oracle; raises PluginError where there is none, or several."""
    names = [name for name, entry in catalog.frameworks.items() if entry.framework.oracle]
    if len(names) == 1:
        return names[0]
    if names:
        raise PluginError(
            f"{' and '.join(names)} both say that they are the oracle", "uninstall one of them"
        )
    raise PluginError(
        "no installed framework is the oracle that parity needs",
        "pip install dlbench-numpy, or measure with --no-parity",
    )
