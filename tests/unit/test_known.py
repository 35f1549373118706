"""The section ``known`` of a scenario file, and of which cells what it says is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_files import FCNN_DEPTH, MLP

from dlbench.errors import ScenarioError
from dlbench.scenario import Known, Scenario, load


def read(folder: Path, text: str, known: str, **values: str | int) -> Scenario:
    path = folder / "toy.yaml"
    path.write_text(f"{text}\n{known}\n")
    return load(path, values)


def problems(folder: Path, text: str, known: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(folder, text, known)
    return [line.removeprefix(f"{folder}/toy.yaml: ") for line in caught.value.message.splitlines()]


def test_it_is_known_after_the_epochs_of_the_full_plan(tmp_path: Path) -> None:
    found = read(tmp_path, MLP, "known: {accuracy: [0.982, 0.986]}").known
    assert found == Known(epochs=2, accuracy=(0.982, 0.986))


def test_one_number_is_the_worst_that_is_as_known(tmp_path: Path) -> None:
    found = read(tmp_path, MLP, "known: {accuracy: 0.984, loss: 0.6, epochs: 5}").known
    assert found == Known(epochs=5, accuracy=(0.984, None), loss=(None, 0.6))


def test_nothing_is_known_without_the_section(tmp_path: Path) -> None:
    assert read(tmp_path, MLP, "").known is None


@pytest.mark.parametrize(
    ("values", "is_known"),
    [
        ({}, True),
        ({"depth": 4, "activation": "relu"}, True),
        ({"input_scale": "raw"}, False),
        ({"depth": 2}, False),
    ],
)
def test_it_is_known_of_the_defaults_and_the_values_named(
    tmp_path: Path, values: dict[str, str | int], is_known: bool
) -> None:
    known = "known: {accuracy: 0.97, where: {depth: [1, 4], activation: [tanh, relu]}}"
    assert (read(tmp_path, FCNN_DEPTH, known, **values).known is not None) is is_known


def test_it_is_not_in_the_digest(tmp_path: Path) -> None:
    with_it = read(tmp_path, MLP, "known: {accuracy: 0.97}")
    assert with_it.digest == read(tmp_path, MLP, "").digest


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            "known: {accuracy: 98.4}",
            "known: accuracy: expected shares of at most 1, found 98.4",
        ),
        (
            "known: {accuracy: [0.99, 0.98]}",
            "known: accuracy: expected a share such as 0.98, or two of them: [0.982, 0.986], "
            "found [0.99, 0.98]",
        ),
        (
            "known: {loss: low}",
            "known: loss: expected a loss such as 0.6, or two of them: [0.5, 0.6], found 'low'",
        ),
        ("known: {epochs: 3}", "known: expected `accuracy`, `loss` or both"),
        ("known: {acuracy: 0.9}", "known: unknown key 'acuracy'; did you mean 'accuracy'?"),
        (
            "known: {accuracy: 0.9, where: {width: 3}}",
            "known: where: unknown key 'width'; did you mean 'depth'?",
        ),
        (
            "known: {accuracy: 0.9, where: {depth: [1, 9]}}",
            "known: where: depth: expected some of 1, 2, 3, 4, found '9'",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, known: str, message: str) -> None:
    assert message in problems(tmp_path, FCNN_DEPTH, known)


def test_a_plan_without_epochs_needs_their_number(tmp_path: Path) -> None:
    text = MLP.replace("full: {epochs: 2}", "full: {}")
    said = problems(tmp_path, text, "known: {accuracy: 0.9}")
    assert said == ["known: epochs: has to be stated: the full plan has no epochs"]
