from __future__ import annotations

import json
from pathlib import Path

import pytest
from golden import check_golden
from scenario_files import BABI_RNN, FCNN_DEPTH, MLP, MNIST_HRNN, write_scenario
from typer.testing import CliRunner

from dlbench.cli.scenario import app
from dlbench.errors import ScenarioError, UnknownNameError


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["check", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_shipped_scenarios() -> None:
    check_golden("scenario-check.txt", invoke("vgg16", "mnist-mlp", "mnist-cnn"))


def test_recurrent_and_branching_networks(tmp_path: Path) -> None:
    files = [
        str(write_scenario(tmp_path, text, f"{name}.yaml"))
        for name, text in [("babi-rnn", BABI_RNN), ("mnist-hrnn", MNIST_HRNN)]
    ]
    check_golden("scenario-check-recurrent.txt", invoke(*files))


def test_parameters_are_swept(tmp_path: Path) -> None:
    file = str(write_scenario(tmp_path, FCNN_DEPTH))
    found = json.loads(invoke(file, "--axis", "depth=1,3", "--axis", "activation=relu", "--json"))
    assert [each["values"]["depth"] for each in found] == ["1", "3"]
    assert [each["parameter_count"] for each in found] == [79_510, 99_710]
    assert found[0]["layers"][1]["name"] == "relu_1"


def test_every_wrong_file_is_told_and_right_ones_are_shown(tmp_path: Path) -> None:
    files = [
        str(write_scenario(tmp_path, MLP, "right.yaml")),
        str(write_scenario(tmp_path, MLP.replace("dense: 100", "dense: x"), "typed.yaml")),
        str(write_scenario(tmp_path, MLP.replace("classes: 10", "classes: 7"), "shaped.yaml")),
    ]
    result = CliRunner().invoke(app, ["check", *files])
    assert "79,510" in result.output
    assert isinstance(result.exception, ScenarioError)
    first, second = result.exception.message.splitlines()
    assert "typed.yaml: network[0] dense: units" in first
    assert "shaped.yaml: layer softmax_1: the network gives 10, but the target has 7" in second


def test_unknown_scenario() -> None:
    with pytest.raises(UnknownNameError, match="unknown scenario 'vgg61'"):
        CliRunner().invoke(app, ["check", "vgg61"], catch_exceptions=False)
