"""docs/protocol.md names everything that the code has."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from oracle_source import oracle_modules

from dlbench import vocabulary
from dlbench.worker import initial, weights

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text()


def row(word: str) -> str:
    """Return the line of a table whose first cell has ``word``; empty where there is none."""
    found = re.search(rf"^\| [^|]*`{re.escape(word)}`[^|]*\|.*$", PAGE, re.MULTILINE)
    return found.group(0) if found else ""


@pytest.mark.parametrize("kind", sorted(vocabulary.LAYERS))
def test_every_layer_with_its_parameters(kind: str) -> None:
    assert row(kind)
    for parameter in vocabulary.LAYERS[kind].parameters:
        if parameter != "initializer":
            assert f"`{parameter}`" in row(kind)


@pytest.mark.parametrize("kind", sorted(vocabulary.OPTIMIZERS))
def test_every_optimizer_with_its_parameters(kind: str) -> None:
    for parameter in set(vocabulary.OPTIMIZERS[kind].parameters) - {"learning_rate", "decay"}:
        assert parameter in row(kind)


@pytest.mark.parametrize("name", [*vocabulary.ACTIVATIONS, *initial.INITIALIZERS])
def test_every_activation_and_initializer(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_phase_that_the_worker_records() -> None:
    source = "".join(file.read_text() for file in (ROOT / "dlbench" / "worker").glob("*.py"))
    names = set(re.findall(r'phases\.(?:once|each|block)\(\s*"(\w+)"', source))
    assert {"import", "build", "epoch", "pipelined", "predict", "peak_memory"} <= names
    assert [name for name in sorted(names) if not row(name)] == []


def test_every_translation_of_weights() -> None:
    public = [
        name
        for name, value in inspect.getmembers(weights, inspect.isfunction)
        if not name.startswith("_") and name != "channels_first_rows"
    ]
    assert len(public) == 6
    assert [name for name in public if f"`{name}" not in PAGE] == []


def test_every_method_of_an_adapter() -> None:
    with oracle_modules() as oracle:
        methods = [name for name in vars(oracle.adapter.Adapter) if not name.startswith("_")]
    assert [name for name in methods if name not in PAGE] == []
    assert {"train_step", "predict", "synchronize"} <= set(methods)


def test_what_the_page_shows_of_the_worker_in_c_is_what_is_executed() -> None:
    section = PAGE[PAGE.index("### One in C") :]
    folder = ROOT / "tests" / "plugins" / "c" / "dlbench_c"
    source = "".join(path.read_text() for path in (folder / "__init__.py", folder / "worker.c"))
    lines = {line.strip() for line in source.splitlines()}
    shown = re.findall(r"^```\w+\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len(shown) == 3
    assert {line.strip() for block in shown for line in block.splitlines()} <= lines
    assert shown[2] in source
