from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenario_files import (
    BABI_RNN,
    CIFAR10_CNN,
    FCNN_DEPTH,
    MLP,
    MNIST_HRNN,
    VGG_TOY,
    write_scenario,
)

from dlbench.errors import ScenarioError, UnknownNameError
from dlbench.geometry import RULES, MisfitError
from dlbench.job import Precision, Weight
from dlbench.network import Network, build_task, summarize
from dlbench.scenario import Value, load
from dlbench.vocabulary import LAYERS

SHIPPED = Path(__file__).parents[2] / "scenarios"


def resolve(folder: Path, text: str, **values: Value) -> Network:
    return summarize(load(write_scenario(folder, text), values))


def failure(folder: Path, text: str) -> str:
    path = write_scenario(folder, text)
    with pytest.raises(ScenarioError) as caught:
        summarize(load(path))
    return caught.value.message.replace(str(path), "toy.yaml")


def test_vgg16_is_the_network_of_the_comparison() -> None:
    network = summarize(load(SHIPPED / "vgg16.yaml"))
    assert network.parameter_count == 138_357_544
    assert network.forward_multiply_adds == 15_470_264_320
    assert network.forward_flops == 2 * 15_470_264_320
    first = 3 * 3 * 3 * 64 * 224 * 224
    assert network.training_flops == 2 * (3 * 15_470_264_320 - first)


@pytest.mark.parametrize(("name", "parameters"), [("mnist-mlp", 669_706), ("mnist-cnn", 1_199_882)])
def test_shipped_networks_have_the_parameters_of_their_originals(
    name: str, parameters: int
) -> None:
    assert summarize(load(SHIPPED / f"{name}.yaml")).parameter_count == parameters


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (CIFAR10_CNN, 1_250_858),
        (MNIST_HRNN, 4 * 128 * (1 + 128 + 1) + 4 * 128 * (128 + 128 + 1) + 1290),
        (BABI_RNN, 2 * 36 * 50 + 2 * 4 * 50 * 101 + 51 * 36),
        (VGG_TOY, 640 + 36_928 + 9 * 64 * 21 + 21),
        (FCNN_DEPTH, 79_510),
    ],
)
def test_planned_networks_fit_the_vocabulary(tmp_path: Path, text: str, parameters: int) -> None:
    assert resolve(tmp_path, text).parameter_count == parameters


def test_depth_adds_layers(tmp_path: Path) -> None:
    assert resolve(tmp_path, FCNN_DEPTH, depth=4).parameter_count == 79_510 + 3 * 10_100


def test_lstm_work(tmp_path: Path) -> None:
    network = resolve(tmp_path, MNIST_HRNN)
    rows, lstm = network.layers[0], network.layers[1]
    step = 4 * 128 * (1 + 128)
    assert rows.forward_multiply_adds == 28 * 28 * step
    # Nothing is trained below the first: the gradient of its pixels is not needed.
    assert rows.training_multiply_adds == 28 * 28 * (3 * step - 4 * 128)
    assert lstm.forward_multiply_adds == 28 * 4 * 128 * 256
    assert lstm.training_multiply_adds == 3 * lstm.forward_multiply_adds


def test_time_distributed_layer_carries_its_chain(tmp_path: Path) -> None:
    rows = resolve(tmp_path, MNIST_HRNN).layers[0].layer
    assert rows.input_shapes == ((28, 28, 1),)
    assert rows.output_shape == (28, 128)
    assert rows.weights == ()
    assert rows.layers[0].input_shapes == ((28, 1),)
    assert [weight.name for weight in rows.layers[0].weights] == [
        "row/kernel",
        "row/recurrent_kernel",
        "row/bias",
    ]


def test_branches_join(tmp_path: Path) -> None:
    layers = {facts.layer.name: facts.layer for facts in resolve(tmp_path, BABI_RNN).layers}
    assert layers["asked"].output_shape == (552, 50)
    assert layers["add_1"].input_shapes == ((552, 50), (552, 50))
    assert layers["embedding_1"].weights == (
        Weight(name="embedding_1/embeddings", shape=(36, 50), initializer="uniform_0.05"),
    )


def window(key: str, size: list[int], stride: int, padding: str) -> dict[str, Any]:
    return {key: size, "strides": [stride, stride], "padding": padding}


@pytest.mark.parametrize(
    ("kind", "parameters", "shape", "output"),
    [
        ("convolution", window("kernel", [3, 3], 2, "same"), (7, 8, 2), (4, 4, 5)),
        ("convolution", window("kernel", [3, 2], 1, "valid"), (7, 8, 2), (5, 7, 5)),
        ("convolution", window("kernel", [3, 3], 2, "valid"), (7, 8, 2), (3, 3, 5)),
        ("max_pool", window("size", [2, 2], 2, "valid"), (7, 8, 3), (3, 4, 3)),
        ("average_pool", window("size", [2, 2], 2, "same"), (7, 8, 3), (4, 4, 3)),
        ("flatten", {}, (2, 3, 4), (24,)),
        ("permute", {"order": [3, 1, 2]}, (2, 3, 4), (4, 2, 3)),
        ("reshape", {"shape": [4, 6]}, (2, 3, 4), (4, 6)),
        ("repeat", {"times": 3}, (5,), (3, 5)),
        ("lstm", {"units": 6, "return_sequences": True}, (4, 3), (4, 6)),
        ("lstm", {"units": 6, "return_sequences": False}, (4, 3), (6,)),
    ],
)
def test_output_shapes(
    kind: str, parameters: dict[str, Any], shape: tuple[int, ...], output: tuple[int, ...]
) -> None:
    extra = {"filters": 5, "bias": True, "initializer": "glorot_uniform"}
    assert RULES[kind]({**extra, **parameters}, (shape,)).output == output


@pytest.mark.parametrize(
    ("kind", "parameters", "shapes", "message"),
    [
        ("dense", {}, ((2, 3),), "flat input"),
        ("convolution", {}, ((5,),), "needs an image"),
        (
            "max_pool",
            {"size": [3, 3], "strides": [1, 1], "padding": "valid"},
            ((2, 9, 1),),
            "at least 3x3",
        ),
        ("permute", {"order": [1, 1]}, ((2, 3),), "does not name each axis"),
        ("reshape", {"shape": [5]}, ((2, 3),), "another number of values"),
        ("embedding", {}, ((2, 3),), "one row"),
        ("lstm", {}, ((2, 3, 4),), "steps x features"),
        ("repeat", {}, ((2, 3),), "flat input"),
        ("add", {}, ((2,), (3,)), "one shape"),
    ],
)
def test_shapes_that_do_not_fit(
    kind: str, parameters: dict[str, Any], shapes: tuple[tuple[int, ...], ...], message: str
) -> None:
    with pytest.raises(MisfitError, match=message):
        RULES[kind]({"filters": 1, "kernel": [1, 1], **parameters}, shapes)


def test_every_kind_of_layer_has_its_rule() -> None:
    assert set(RULES) | {"time_distributed"} == set(LAYERS)


def test_misfit_names_file_layer_and_both_shapes(tmp_path: Path) -> None:
    text = BABI_RNN.replace("times: 552", "times: 551")
    assert failure(tmp_path, text) == (
        "toy.yaml: layer add_1: needs inputs of one shape; read_story gives 552x50, "
        "asked gives 551x50"
    )


def test_misfit_says_what_is_missing(tmp_path: Path) -> None:
    assert failure(tmp_path, CIFAR10_CNN.replace("  - flatten\n", "")) == (
        "toy.yaml: layer dense_1: needs a flat input (put `flatten` before it); "
        "dropout_2 gives 6x6x64"
    )


def test_network_must_end_in_the_targets_shape(tmp_path: Path) -> None:
    assert failure(tmp_path, MLP.replace("classes: 10", "classes: 11")) == (
        "toy.yaml: layer softmax_1: the network gives 10, but the target has 11 "
        "(its shape, then its classes)"
    )
    assert failure(tmp_path, MLP.replace("  - softmax\n", "")) == (
        "toy.yaml: layer dense_2: cross_entropy needs a network that ends in `softmax`"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "shape: [552], dtype: int32",
            "shape: [552], dtype: float32",
            "layer embedding_1: needs whole numbers: story is no int32 input; story gives 552",
        ),
        (
            "embedding: {vocabulary: 36, units: 50, inputs: story}",
            "dense: {units: 5, inputs: story}",
            "layer dense_1: needs real numbers: story is an int32 input; story gives 552",
        ),
        (
            "embedding: {vocabulary: 36, units: 50, inputs: story}",
            "embedding: {vocabulary: 35, units: 50, inputs: story}",
            "layer embedding_1: story has 36 different values; story gives 552",
        ),
    ],
)
def test_indices_go_through_an_embedding(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BABI_RNN
    assert failure(tmp_path, BABI_RNN.replace(old, new)) == f"toy.yaml: {message}"


def test_task_leaves_the_last_softmax_to_the_loss(tmp_path: Path) -> None:
    task = build_task(load(write_scenario(tmp_path, MLP)), batch_size=32)
    assert [layer.name for layer in task.layers] == ["dense_1", "relu_1", "dense_2"]
    assert (task.output, task.output_activation, task.output_shape) == ("dense_2", "softmax", (10,))
    assert (task.loss.kind, task.loss.reduction) == ("softmax_cross_entropy", "mean")
    assert task.batch_size == 32
    assert task.optimizer is not None
    assert task.optimizer.kind == "sgd"
    assert task.precision == Precision()
    assert task.inputs[0].shape == (784,)


def test_task_keeps_sum_and_label_shape(tmp_path: Path) -> None:
    task = build_task(load(write_scenario(tmp_path, VGG_TOY)), batch_size=1)
    assert task.loss.reduction == "sum"
    assert task.target.shape == (850, 649)
    assert task.output_shape == (850, 649, 21)


def test_precision_is_stated_by_role(tmp_path: Path) -> None:
    scenario = load(write_scenario(tmp_path, MLP))
    half = build_task(scenario, batch_size=1, precision="bfloat16").precision
    assert (half.storage, half.compute, half.accumulation) == ("float32", "bfloat16", "float32")
    with pytest.raises(UnknownNameError, match="unknown precision 'float31'"):
        build_task(scenario, batch_size=1, precision="float31")
