from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from samples import TASK
from scenario_files import BABI_RNN, CIFAR10_CNN, MLP, MNIST_HRNN, VGG_TOY, write_scenario

from dlbench.job import Task
from dlbench.network import build_task, summarize
from dlbench.scenario import load
from dlbench.work import count_step_flops, count_weight_bytes

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").rglob("*.yaml"))


def make_task(folder: Path, text: str, batch_size: int = 1, precision: str = "float32") -> Task:
    scenario = load(write_scenario(folder, text))
    return build_task(scenario, batch_size=batch_size, precision=precision)


def inference(task: Task) -> Task:
    return msgspec.structs.replace(task, optimizer=None)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_step_is_as_many_items_as_a_batch(path: Path) -> None:
    scenario = load(path)
    network, task = summarize(scenario), build_task(scenario, batch_size=3)
    per_item = network.training_flops if scenario.optimizer else network.forward_flops
    assert count_step_flops(task) == 3 * per_item
    assert count_step_flops(inference(task)) == 3 * network.forward_flops
    assert count_weight_bytes(task) == 4 * network.parameter_count


def test_the_first_layer_needs_no_gradient_of_its_input(tmp_path: Path) -> None:
    task = make_task(tmp_path, MLP, batch_size=128)
    first, second = 784 * 100, 100 * 10
    assert count_step_flops(task) == 2 * 128 * (2 * first + 3 * second)
    assert count_step_flops(inference(task)) == 2 * 128 * (first + second)


def test_a_convolution_is_applied_at_every_place_of_its_output(tmp_path: Path) -> None:
    places = 850 * 649
    first, second, last = (places * 9 * kernel for kernel in (64, 64 * 64, 64 * 21))
    task = make_task(tmp_path, VGG_TOY)
    assert count_step_flops(task) == 2 * (2 * first + 3 * second + 3 * last)


def test_padding_and_strides_count_by_what_comes_out(tmp_path: Path) -> None:
    forward = [32 * 32 * 27 * 32, 30 * 30 * 288 * 32, 15 * 15 * 288 * 64, 13 * 13 * 576 * 64]
    forward += [6 * 6 * 64 * 512, 512 * 10]
    task = make_task(tmp_path, CIFAR10_CNN)
    assert count_step_flops(inference(task)) == 2 * sum(forward)
    assert count_step_flops(task) == 2 * (3 * sum(forward) - forward[0])


def test_the_state_of_an_lstm_needs_its_gradient(tmp_path: Path) -> None:
    rows, columns, scores = 28 * 28 * 512 * (1 + 128), 28 * 512 * 256, 128 * 10
    task = make_task(tmp_path, MNIST_HRNN)
    assert count_step_flops(inference(task)) == 2 * (rows + columns + scores)
    free = 28 * 28 * 512
    assert count_step_flops(task) == 2 * (3 * (rows + columns + scores) - free)


def test_an_embedding_is_looked_up_but_trained(tmp_path: Path) -> None:
    task = make_task(tmp_path, BABI_RNN)
    assert count_step_flops(task) == 3 * count_step_flops(inference(task)) > 0


def test_a_bias_is_a_weight_but_no_work() -> None:
    assert count_step_flops(TASK) == 2 * 2 * 2 * 12
    assert count_weight_bytes(TASK) == 4 * 15


def test_weights_are_as_wide_as_they_are_stored(tmp_path: Path) -> None:
    values = 784 * 100 + 100 + 1000 + 10
    assert count_weight_bytes(make_task(tmp_path, MLP, precision="float64")) == 8 * values
    assert count_weight_bytes(make_task(tmp_path, MLP, precision="bfloat16")) == 4 * values
