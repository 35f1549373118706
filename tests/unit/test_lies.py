"""The planted lies: each is told on both bases, each is named, and all can be asked for."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from dlbench_lies import BASES
from dlbench_lies.cases import HONEST, NAMED_BY, Case, list_cases

from dlbench.catalog import GROUP, Catalog, load_catalog
from dlbench.cells import Cell, Request, expand

SCENARIO = Path(__file__).parents[2] / "benchmarks" / "lies" / "scenarios" / "lies.yaml"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog([*entry_points(group=GROUP), EntryPoint("lies", "dlbench_lies", GROUP)])


@pytest.mark.parametrize("base", BASES)
def test_every_lie_is_told_on_every_base_and_named(base: str) -> None:
    assert set(BASES[base].lies()) == set(NAMED_BY)
    assert len(NAMED_BY) >= 24


def test_the_plugin_is_in_order(catalog: Catalog) -> None:
    assert not catalog.broken
    oracles = [name for name, one in catalog.frameworks.items() if one.framework.oracle]
    assert oracles == ["numpy"]


@pytest.mark.parametrize(
    "case", list(list_cases(tuple(BASES), (*NAMED_BY, HONEST))), ids=lambda case: str(case.name)
)
def test_every_case_can_run(catalog: Catalog, case: Case) -> None:
    request = Request(scenarios=(str(SCENARIO),), frameworks=(case.framework,), quick=True)
    (cell,) = expand(request, catalog, ())
    assert isinstance(cell, Cell), cell


def test_a_check_names_a_lie_only_where_it_is_meant_for_it() -> None:
    case = Case(base="numpy", lie="wrong_rho")
    assert case.names(("losses", "optimizer rmsprop")) == "optimizer rmsprop"
    assert not case.names(("losses", "gradients"))
