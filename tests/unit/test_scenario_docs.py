"""docs/scenarios.md must know every word that the vocabulary has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dlbench.network import summarize
from dlbench.scenario import load
from dlbench.vocabulary import ACTIVATIONS, LAYERS, LOSSES, OPTIMIZERS, Kind

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("word", "kind"), [*LAYERS.items(), *OPTIMIZERS.items()])
def test_word_has_its_row_with_every_parameter(word: str, kind: Kind) -> None:
    (row,) = [line for line in PAGE.splitlines() if re.match(rf"\| .*`{word}`.* \|", line)
              and f"`{word}`" in line.split("|")[1]]  # fmt: skip
    for name in kind.parameters:
        assert f"`{name}`" in row
    if kind.main:
        assert f"`{kind.main}`" in row


def test_activations_and_losses_are_named() -> None:
    for word in (*ACTIVATIONS, *LOSSES):
        assert f"`{word}`" in PAGE


def test_example_works(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    path = tmp_path / "deep-mlp.yaml"
    path.write_text(example, encoding="utf-8")
    plain = load(path)
    assert [layer.name for layer in plain.network] == [
        "dense_1",
        "relu_1",
        "dense_2",
        "relu_2",
        "scores",
        "softmax_1",
    ]
    swept = load(path, {"depth": 3, "dropout": "on"})
    assert [layer.kind for layer in swept.network].count("dropout") == 3
    assert summarize(swept).parameter_count == 78_500 + 2 * 10_100 + 1_010
