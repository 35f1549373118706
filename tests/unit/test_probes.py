"""What parity runs of a scenario are made of."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from golden import check_golden
from scenario_files import MLP

from dlbench.errors import ScenarioError
from dlbench.job import Parity, Precision, Probe, TaskLayer
from dlbench.network import list_weights
from dlbench.probes import dropout_probe, for_oracle, make_parity, without_dropout
from dlbench.scenario import Scenario, load

SCENARIOS = Path(__file__).parents[2] / "scenarios"
EVERY = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def by_name(parity: Parity) -> dict[str, Probe]:
    return {probe.name: probe for probe in parity.probes}


def scenario(name: str, **values: Any) -> Scenario:
    return load(SCENARIOS / f"{name}.yaml", values)


def write(tmp_path: Path, *changes: tuple[str, str]) -> Scenario:
    """Return the small scenario of the tests with these words in the place of others."""
    text = MLP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "mlp.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_golden() -> None:
    parity = make_parity(scenario("mnist-cnn"))
    text = msgspec.json.format(msgspec.json.encode(parity), indent=1).decode() + "\n"
    check_golden("parity-mnist-cnn.json", text)


@pytest.mark.parametrize("name", EVERY)
def test_the_network_is_the_scenarios_own_without_dropout(name: str) -> None:
    probe = by_name(make_parity(scenario(name)))["network"]
    assert probe.task.loss.reduction == "mean"
    assert probe.task.optimizer is not None
    assert probe.task.optimizer.kind == "sgd"
    assert (probe.steps, probe.batches) == (3 if name == "vgg-toy" else 10, 4)
    rates = [layer.parameters["rate"] for layer in probe.task.layers if layer.kind == "dropout"]
    assert rates == [0.0] * len(rates)


def test_gradients_keep_the_scenarios_reduction(tmp_path: Path) -> None:
    changed = write(tmp_path, ("loss: cross_entropy", "loss: {cross_entropy: {reduction: sum}}"))
    probes = by_name(make_parity(changed))
    assert probes["gradients"].task.loss.reduction == "sum"
    assert probes["gradients"].task.optimizer is not None
    assert probes["gradients"].task.optimizer.parameters["learning_rate"] == 2**20
    assert probes["network"].task.loss.reduction == "mean"


def test_the_parity_section_decides(tmp_path: Path) -> None:
    stated = "parity: {batch_size: 3, initializer: he_normal, learning_rate: 0.002, steps: 4}"
    plain = make_parity(write(tmp_path))
    changed = make_parity(write(tmp_path, ("plans:", f"{stated}\nplans:")))
    network = by_name(changed)["network"].task
    assert network.batch_size == 3
    assert (by_name(plain)["network"].steps, by_name(changed)["network"].steps) == (10, 4)
    assert network.optimizer is not None
    assert network.optimizer.parameters["learning_rate"] == 0.002
    kernels = [one for one in list_weights(network.layers) if one.name.endswith("kernel")]
    assert {one.initializer for one in kernels} == {"he_normal"}
    biases = [one for one in list_weights(network.layers) if one.name.endswith("bias")]
    assert {one.initializer for one in biases} == {"zeros"}
    assert by_name(plain)["network"].task.batch_size == load(tmp_path / "mlp.yaml").batch_size


@pytest.mark.parametrize(
    ("name", "batch_size", "items"),
    [
        ("mnist-cnn", None, 16),
        ("mnist-cnn", 64, 16),
        ("mnist-cnn", 16, 16),
        ("mnist-cnn", 8, 8),
        ("mnist-cnn", 100, 10),
        ("mnist-cnn", 17, 1),
        ("vgg16", None, 2),
        ("vgg16", 64, 2),
        ("vgg16", 1, 1),
    ],
)
def test_what_is_compared_has_the_batch_size_that_is_measured(
    name: str, batch_size: int | None, items: int
) -> None:
    own = scenario(name)
    parity = make_parity(own, batch_size=batch_size)
    network, gradients = by_name(parity)["network"], by_name(parity)["gradients"]
    found = [(probe.task.batch_size, probe.items) for probe in (network, gradients)]
    filled = (batch_size or own.batch_size, items)
    # The ten steps of a network that states a batch size for them are done at that.
    assert found == [(2, 0) if name == "vgg16" else filled, filled]
    made = by_name(for_oracle(parity))["gradients"]
    assert (made.task.batch_size, made.items) == (items, 0)


def test_the_oracle_does_the_same_for_many_batch_sizes() -> None:
    own = scenario("mnist-cnn")
    parities = {size: make_parity(own, batch_size=size) for size in (16, 32, 128, 8)}
    assert for_oracle(parities[16]) == for_oracle(parities[32]) == for_oracle(parities[128])
    assert for_oracle(parities[8]) != for_oracle(parities[16])
    assert len({msgspec.json.encode(one) for one in parities.values()}) == 4


def test_a_scenario_without_an_optimizer_is_only_predicted(tmp_path: Path) -> None:
    changed = write(tmp_path, ("optimizer: {sgd: {learning_rate: 0.1}}", "optimizer: null"))
    (probe,) = make_parity(changed).probes
    assert (probe.name, probe.steps, probe.task.optimizer) == ("network", 0, None)
    (probe,) = make_parity(changed, batch_size=48).probes
    assert (probe.task.batch_size, probe.items) == (48, 16)


def test_one_dropout_probe_for_each_rate_and_rank() -> None:
    probes = by_name(make_parity(scenario("mnist-cnn")))
    shapes = {
        name: (layer.parameters["rate"], layer.input_shapes[0])
        for name, probe in probes.items()
        for layer in probe.task.layers
        if probe.kind == "dropout" and layer.kind == "dropout"
    }
    assert shapes == {"dropout-1": (0.25, (16, 16, 4)), "dropout-2": (0.5, (1024,))}
    assert [name for name in by_name(make_parity(scenario("mnist-mlp"))) if "dropout" in name] == [
        "dropout-1"
    ]


def test_dropout_that_is_off_has_no_probe() -> None:
    assert "dropout-1" not in by_name(make_parity(scenario("vgg16")))
    assert "dropout-1" in by_name(make_parity(scenario("vgg16", dropout="on")))


def test_probes_of_one_layer_fit_together() -> None:
    for probe in make_parity(scenario("mnist-cnn")).probes:
        for layer in probe.task.layers:
            assert layer.inputs[0] in {*(one.name for one in probe.task.inputs), *names(probe)}
        if probe.kind == "dropout":
            dense = probe.task.layers[-1]
            assert dense.weights[0].shape[0] == math.prod(probe.task.inputs[0].shape)
            assert probe.task.target.classes > probe.task.batch_size


def names(probe: Probe) -> list[str]:
    return [layer.name for layer in probe.task.layers]


def test_dropout_of_an_unknown_rank_is_refused() -> None:
    with pytest.raises(ScenarioError, match="4 axes"):
        dropout_probe("dropout-1", 0.5, 4, Precision())


def test_precision_is_the_cells_and_the_oracles_is_double() -> None:
    parity = make_parity(scenario("mnist-mlp"), "bfloat16")
    assert {probe.task.precision.compute for probe in parity.probes} == {"bfloat16"}
    oracle = for_oracle(parity)
    assert oracle.role == "make"
    assert {probe.task.precision.storage for probe in oracle.probes} == {"float64"}
    assert [probe.name for probe in oracle.probes] == [probe.name for probe in parity.probes]


def test_inner_layers_lose_their_dropout_too() -> None:
    inner = TaskLayer(
        kind="dropout",
        name="inner",
        inputs=("outer",),
        parameters={"rate": 0.5},
        input_shapes=((3,),),
        output_shape=(3,),
    )
    outer = msgspec.structs.replace(
        inner, kind="time_distributed", name="outer", parameters={}, layers=(inner,)
    )
    (found,) = without_dropout((outer,))
    assert found.layers[0].parameters["rate"] == 0.0
