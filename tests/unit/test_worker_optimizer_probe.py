"""The optimizer probe tells definitions apart: each fault is far above what float32 leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import parity_tasks as tasks
import pytest
from parity_runs import Laboratory, open_laboratory

from dlbench import job as wire
from dlbench.worker import optimizer_probe

#: What honest float32 arithmetic may leave.
NOISE = 5e-7


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with open_laboratory(tmp_path_factory.mktemp("arrays")) as opened:
        yield opened


def probe(name: str) -> wire.Probe:
    return tasks.probe("optimizer", "optimizer", tasks.optimizer_task(name), 3, 3)


def differences(observations: Any) -> Any:
    return [update["difference"] for update in observations["updates"]]


def changed(name: str, **parameters: float) -> wire.Task:
    """Return the task with other parameters of its optimizer."""
    task = tasks.optimizer_task(name)
    assert task.optimizer is not None
    given = {**task.optimizer.parameters, **parameters}
    wrong = wire.TaskOptimizer(kind=task.optimizer.kind, parameters=given)
    return msgspec.structs.replace(task, optimizer=wrong)


@pytest.mark.parametrize("name", tasks.OPTIMIZERS)
def test_single_precision_leaves_next_to_nothing(laboratory: Laboratory, name: str) -> None:
    found = differences(laboratory.compare(probe(name)))
    assert len(found) == 3
    assert max(found) < NOISE


@pytest.mark.parametrize("rate", [1e-4, 0.001, 0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("name", tasks.OPTIMIZERS)
def test_no_learning_rate_makes_it_noisy(laboratory: Laboratory, name: str, rate: float) -> None:
    asked = msgspec.structs.replace(probe(name), task=changed(name, learning_rate=rate))
    assert max(differences(laboratory.compare(asked))) < NOISE


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("sgd", {"momentum": 0.9}),
        ("sgd", {"learning_rate": 0.1001}),
        ("momentum", {"momentum": 0.0}),
        ("momentum", {"nesterov": 1.0}),
        ("nesterov", {"nesterov": 0.0}),
        ("decay", {"decay": 0.0}),
        ("decay", {"decay": 0.001}),
        ("rmsprop", {"rho": 0.95}),
        ("rmsprop", {"epsilon": 1e-7}),
        ("rmsprop", {"epsilon": 0.0}),
        ("adagrad", {"epsilon": 1e-7}),
        ("adagrad", {"accumulator": 1e-6}),
        ("adadelta", {"rho": 0.9}),
        ("adadelta", {"epsilon": 1e-7}),
        ("adam", {"beta_1": 0.95}),
        ("adam", {"beta_2": 0.99}),
        ("adam", {"epsilon": 1e-7}),
        ("adam", {"epsilon": 0.0}),
    ],
)
def test_a_wrong_parameter_is_seen(
    laboratory: Laboratory, name: str, wrong: dict[str, float]
) -> None:
    found = laboratory.compare(probe(name), task_done=changed(name, **wrong))
    assert max(differences(found)) > 100 * NOISE


def inside(parameters: dict[str, float], square: Any) -> Any:
    return np.sqrt(square + parameters["epsilon"])


def rmsprop_with_epsilon_inside(
    self: Any, weight: Any, gradient: Any, rate: Any, state: Any
) -> None:
    square = state["square"]
    square *= self.parameters["rho"]
    square += (1.0 - self.parameters["rho"]) * gradient * gradient
    weight -= rate * gradient / inside(self.parameters, square)


def adagrad_with_epsilon_inside(
    self: Any, weight: Any, gradient: Any, rate: Any, state: Any
) -> None:
    state["square"] += gradient * gradient
    weight -= rate * gradient / inside(self.parameters, state["square"])


def adadelta_with_epsilon_outside(
    self: Any, weight: Any, gradient: Any, rate: Any, state: Any
) -> None:
    rho, epsilon = self.parameters["rho"], self.parameters["epsilon"]
    state["square"][...] = rho * state["square"] + (1.0 - rho) * gradient * gradient
    update = gradient * (np.sqrt(state["delta"]) + epsilon) / (np.sqrt(state["square"]) + epsilon)
    weight -= rate * update
    state["delta"][...] = rho * state["delta"] + (1.0 - rho) * update * update


def adam(place: str) -> Callable[..., None]:
    """Return Adam with its epsilon elsewhere, or without correction."""

    def change(self: Any, weight: Any, gradient: Any, rate: Any, state: Any) -> None:
        first, second = self.parameters["beta_1"], self.parameters["beta_2"]
        state["mean"][...] = first * state["mean"] + (1.0 - first) * gradient
        state["square"][...] = second * state["square"] + (1.0 - second) * gradient * gradient
        epsilon = self.parameters["epsilon"]
        one, two = 1.0 - first**self._updates, 1.0 - second**self._updates
        roots = {
            "before correction": (np.sqrt(state["square"]) + epsilon) / np.sqrt(two),
            "inside": np.sqrt(state["square"] / two + epsilon),
            "no correction": one * (np.sqrt(state["square"]) + epsilon),
        }
        weight -= rate / one * state["mean"] / roots[place]

    return change


@pytest.mark.parametrize(
    ("name", "kind", "change"),
    [
        ("rmsprop", "Rmsprop", rmsprop_with_epsilon_inside),
        ("adagrad", "Adagrad", adagrad_with_epsilon_inside),
        ("adadelta", "Adadelta", adadelta_with_epsilon_outside),
        ("adam", "Adam", adam("before correction")),
        ("adam", "Adam", adam("inside")),
        ("adam", "Adam", adam("no correction")),
    ],
)
def test_another_definition_is_seen(
    laboratory: Laboratory, name: str, kind: str, change: Callable[..., None]
) -> None:
    wrong = type("Wrong", (getattr(laboratory.oracle.optimizers, kind),), {"_change": change})
    found = laboratory.compare(probe(name), with_update(laboratory, wrong))
    assert max(differences(found)) > 100 * NOISE


def with_update(laboratory: Laboratory, optimizer: Any) -> Any:
    """Return the oracle's adapter with ``optimizer``: made from parameters, has ``update``."""

    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def build(self, task: Any) -> None:
            super().build(task)
            self._optimizer = optimizer(task.optimizer.parameters)

    return Adapter


class Before:
    """An optimizer that changes the gradients first."""

    def __init__(self, honest: Any, change: Callable[[list[Any], list[Any]], list[Any]]) -> None:
        self.honest = honest
        self.change = change

    def update(self, triples: list[tuple[str, Any, Any]]) -> None:
        made = self.change([one for _, one, _ in triples], [one for _, _, one in triples])
        self.honest.update([(*one[:2], new) for one, new in zip(triples, made, strict=True)])


def clip_norm(limit: float) -> Callable[[list[Any], list[Any]], list[Any]]:
    def clip(_weights: list[Any], gradients: list[Any]) -> list[Any]:
        norm = np.sqrt(sum((one * one).sum() for one in gradients))
        return [one * np.float32(min(1.0, limit / norm)) for one in gradients]

    return clip


def clip_value(limit: float) -> Callable[[list[Any], list[Any]], list[Any]]:
    return lambda _weights, gradients: [np.clip(one, -limit, limit) for one in gradients]


def with_decay(share: float) -> Callable[[list[Any], list[Any]], list[Any]]:
    return lambda weights, gradients: [
        gradient + np.float32(share) * weight
        for weight, gradient in zip(weights, gradients, strict=True)
    ]


@pytest.mark.parametrize("name", tasks.OPTIMIZERS)
@pytest.mark.parametrize(
    "change",
    [clip_norm(1.0), clip_norm(10.0), clip_value(0.5), clip_value(1.0), clip_value(5.0)],
    ids=["norm 1", "norm 10", "value 0.5", "value 1", "value 5"],
)
def test_clipping_is_seen(
    laboratory: Laboratory, name: str, change: Callable[[list[Any], list[Any]], list[Any]]
) -> None:
    make = laboratory.oracle.optimizers.make_optimizer
    task = tasks.optimizer_task(name)
    adapter = with_update(laboratory, lambda _: Before(make(task.optimizer), change))
    found = laboratory.compare(probe(name), adapter)
    assert max(differences(found)) > 100 * NOISE


@pytest.mark.parametrize("name", tasks.OPTIMIZERS)
def test_a_decay_of_weights_is_seen(laboratory: Laboratory, name: str) -> None:
    make = laboratory.oracle.optimizers.make_optimizer
    task = tasks.optimizer_task(name)
    adapter = with_update(laboratory, lambda _: Before(make(task.optimizer), with_decay(0.0001)))
    found = laboratory.compare(probe(name), adapter)
    assert max(differences(found)) > 100 * NOISE


def test_the_decay_of_weights_beside_adam_is_seen(laboratory: Laboratory) -> None:
    class Decoupled(laboratory.oracle.optimizers.Adam):  # type: ignore[name-defined,misc]
        def _change(self, weight: Any, gradient: Any, rate: Any, state: Any) -> None:
            weight -= np.float32(0.01 * rate) * weight
            super()._change(weight, gradient, rate, state)

    found = laboratory.compare(probe("adam"), with_update(laboratory, Decoupled))
    assert found["updates"][0]["row"] == 0
    assert max(differences(found)) > 100 * NOISE


def test_an_update_that_is_skipped_is_seen_with_its_place(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        steps = 0

        def train_step(self, prepared: Any) -> None:
            self.steps += 1
            kept = self.get_weights()
            super().train_step(prepared)
            if self.steps == 2:
                self.set_weights(kept)

    first, second, third = laboratory.compare(probe("sgd"), Adapter)["updates"]
    assert first["difference"] < NOISE
    assert third["difference"] < NOISE
    assert second["difference"] == 1.0
    assert second["weight"] == "scores/kernel"
    assert second["found"] == 0.0


def test_updates_that_are_no_numbers_are_spelled_out(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def train_step(self, prepared: Any) -> None:
            super().train_step(prepared)
            self.set_weights({"scores/bias": np.full(10, np.nan)})

    assert differences(laboratory.compare(probe("sgd"), Adapter)) == ["nan"] * 3


def test_inputs_go_over_many_powers_of_two() -> None:
    found = optimizer_probe.magnitudes(41)
    assert found[0] == 2.0**-20
    assert found[1] == 16.0
    assert found[38] == 2.0**-33
    assert found[39] == 16.0


def test_the_gradients_are_the_ones_that_are_known(laboratory: Laboratory) -> None:
    found = laboratory.compare(probe("sgd"))["updates"]
    expected = [update["expected"] for update in found]
    assert expected == pytest.approx([factor * 0.1 * 0.9 * 2.0**-20 for factor in (1.0, 0.5, 2.0)])
