"""Whatever stands in a scenario file, the answer is a scenario or an explained error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from scenario_files import BABI_RNN, CIFAR10_CNN, FCNN_DEPTH, MNIST_HRNN, VGG_TOY

from dlbench.errors import ScenarioError, UnknownNameError
from dlbench.network import build_task
from dlbench.scenario import load

STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 7, 1.5, 10**30, float("nan"), float("inf"), "", "x", "$x", "1e400",
    "2026-01-01", [], [1], ["a", "b"], [[1]], {}, {"a": 1}, {1: 2}, {"relu": {"name": "x"}},
)  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def mutants(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the document with each value replaced by each strange one, and with each left out."""
    for place in places(document):
        for value in (*STRANGE, "left out"):
            changed = copy.deepcopy(document)
            node: Any = changed
            for key in place[:-1]:
                node = node[key]
            if value == "left out":
                del node[place[-1]]
            else:
                node[place[-1]] = value
            yield changed


@pytest.mark.parametrize(
    "text",
    [BABI_RNN, CIFAR10_CNN, FCNN_DEPTH, MNIST_HRNN, VGG_TOY],
    ids=["babi-rnn", "cifar10-cnn", "fcnn-depth", "mnist-hrnn", "vgg-toy"],
)
def test_strange_values_are_explained(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "toy.yaml"
    answers = {"scenario": 0, "error": 0}
    unplaced: list[str] = []
    for document in mutants(yaml.safe_load(text)):
        monkeypatch.setattr("dlbench.scenario.parse", lambda _, given=document: given)
        try:
            scenario = load(path)
            build_task(scenario, batch_size=scenario.batch_size)
        except (ScenarioError, UnknownNameError) as error:
            unplaced += [] if str(path) in error.message else [error.message]
            answers["error"] += 1
        except Exception as error:  # the fault to report is which document it was
            pytest.fail(f"{error!r} for {document}")
        else:
            answers["scenario"] += 1
    assert unplaced == []
    assert answers["error"] > 500
    assert answers["scenario"] > 30
