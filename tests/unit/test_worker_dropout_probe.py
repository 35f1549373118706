"""The dropout probe: rate, scaling and independence of what is dropped, and off in prediction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import parity_tasks as tasks
import pytest
from parity_runs import Laboratory, open_laboratory

from dlbench.worker import dropout_probe


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with open_laboratory(tmp_path_factory.mktemp("arrays")) as opened:
        yield opened


@pytest.mark.parametrize("shape", [(1024,), (8, 8, 16), (32, 32)], ids=str)
@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_honest_dropout(laboratory: Laboratory, rate: float, shape: tuple[int, ...]) -> None:
    probe = tasks.probe("dropout", "dropout", tasks.dropout_task(rate, shape), 2)
    found = laboratory.compare(probe)
    assert found["rate"] == rate
    assert found["values"] == 8192
    assert found["dropped"] == pytest.approx(8192 * rate, abs=5 * (8192 * rate * (1 - rate)) ** 0.5)
    assert found["scale_low"] == pytest.approx(1 / (1 - rate), rel=1e-5)
    assert found["scale_high"] == pytest.approx(1 / (1 - rate), rel=1e-5)
    assert found["masks_differ"]
    assert found["predict_difference"] < 1e-5 * found["predict_scale"]
    assert set(found["neighbours"]) == {"steps", "items"} | {
        str(axis + 1) for axis in range(len(shape))
    }
    for one in found["neighbours"].values():
        share = rate**2 + (1 - rate) ** 2
        spread = 6 * (share * (1 - share) / one["pairs"]) ** 0.5
        assert one["equal"] / one["pairs"] == pytest.approx(share, abs=spread)


def dropout_with(laboratory: Laboratory, change: Any) -> Any:
    """Return the oracle's adapter whose dropout layers do ``change(value, rate, state)``."""

    class Dropout(laboratory.oracle.layers.Dropout):  # type: ignore[name-defined,misc]
        def forward(self, inputs: Any, training: bool) -> Any:
            self._mask = change(self, inputs[0], training)
            return inputs[0] if self._mask is None else inputs[0] * self._mask

    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def build(self, task: Any) -> None:
            kinds = laboratory.oracle.network.KINDS
            kept, kinds["dropout"] = kinds["dropout"], Dropout
            super().build(task)
            kinds["dropout"] = kept

    return Adapter


DROPOUT = tasks.probe("dropout", "dropout", tasks.dropout_task(0.5, (8, 8, 16)), 2)


def mask(layer: Any, shape: tuple[int, ...]) -> Any:
    return ((layer._state.random_sample(shape) >= 0.5) * 2.0).astype(np.float32)


def test_dropout_that_is_off_is_seen(laboratory: Laboratory) -> None:
    found = laboratory.compare(DROPOUT, dropout_with(laboratory, lambda *_: None))
    assert found["dropped"] == 0
    assert found["scale_high"] == pytest.approx(1.0)
    assert not found["masks_differ"]


def test_dropout_of_whole_channels_is_seen(laboratory: Laboratory) -> None:
    def change(layer: Any, value: Any, training: bool) -> Any:
        return mask(layer, (len(value), 1, 1, 16)) if training else None

    found = laboratory.compare(DROPOUT, dropout_with(laboratory, change))
    equal = {name: one["equal"] / one["pairs"] for name, one in found["neighbours"].items()}
    assert equal["1"] == equal["2"] == 1.0
    assert 0.3 < equal["3"] < 0.7
    assert found["masks_differ"]


def test_dropout_of_the_same_values_in_every_item_is_seen(laboratory: Laboratory) -> None:
    def change(layer: Any, value: Any, training: bool) -> Any:
        return mask(layer, value.shape[1:]) if training else None

    found = laboratory.compare(DROPOUT, dropout_with(laboratory, change))
    assert found["neighbours"]["items"]["equal"] == found["neighbours"]["items"]["pairs"]
    assert not found["masks_differ"]


def test_dropout_of_the_same_values_in_every_step_is_seen(laboratory: Laboratory) -> None:
    def change(_layer: Any, value: Any, training: bool) -> Any:
        kept = np.random.RandomState(3).random_sample(value.shape) >= 0.5
        return kept.astype(np.float32) * 2 if training else None

    found = laboratory.compare(DROPOUT, dropout_with(laboratory, change))
    assert found["neighbours"]["steps"]["equal"] == found["neighbours"]["steps"]["pairs"]
    assert not found["masks_differ"]


def test_dropout_without_scaling_is_seen(laboratory: Laboratory) -> None:
    def change(layer: Any, value: Any, training: bool) -> Any:
        return mask(layer, value.shape) / 2 if training else None

    found = laboratory.compare(DROPOUT, dropout_with(laboratory, change))
    assert found["scale_low"] == pytest.approx(1.0)


def test_dropout_in_prediction_is_seen(laboratory: Laboratory) -> None:
    def change(layer: Any, value: Any, _training: bool) -> Any:
        return mask(layer, value.shape)

    found = laboratory.compare(DROPOUT, dropout_with(laboratory, change))
    assert found["predict_difference"] > 0.1 * found["predict_scale"]


def test_dropout_of_everything_has_no_scale() -> None:
    found = dropout_probe.describe(np.zeros((2, 3, 4)))
    assert found["scale_low"] is None
    assert found["dropped"] == found["values"] == 24


def test_given_values_are_solved_from_the_gradient() -> None:
    given = np.random.RandomState(1).standard_normal((4, 50))
    errors = 1 / 8 - np.eye(4, 8)
    gradient = given.T @ errors / 4
    np.testing.assert_allclose(dropout_probe.values(gradient, 4), given, atol=1e-12)
