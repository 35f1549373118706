"""Where tables are printed: whole into pipes and files, fitted to the width of a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlbench.tables import Format, Table


def print_tables(tables: Sequence[Table], form: Format = "text", *, wide: bool = False) -> None:
    """Print ``tables`` on standard output; ``wide`` keeps every column on a terminal too."""
    from dlbench.tables import render

    if form == "text" and not wide and sys.stdout.isatty():
        from dlbench.fitting import fit

        width = shutil.get_terminal_size().columns
        tables = [fit(table, width) for table in tables]
    print(render(tables, form))
