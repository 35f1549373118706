"""Parity runs of the worker: an honest adapter leaves next to nothing, a faulty one shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import parity_tasks as tasks
import pytest
from parity_runs import SEED, Laboratory, doubled, execute, observed, open_laboratory

from dlbench import job as wire
from dlbench.worker import initial, network_probes, references
from dlbench.worker.task import Weight

NETWORK = tasks.probe("network", "network", tasks.network_task(), 10, 3)
GRADIENTS = tasks.probe("gradients", "gradients", tasks.gradients_task(tasks.network_task()), 1)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with open_laboratory(tmp_path_factory.mktemp("arrays")) as opened:
        yield opened


def worst(norms: dict[str, Any], relative_to: str) -> float:
    return max(float(one["difference"]) / float(one[relative_to]) for one in norms.values())


def loss_difference(found: dict[str, Any]) -> float:
    return float(np.abs(np.subtract(found["losses"], found["expected_losses"])).max())


def test_an_honest_network_leaves_next_to_nothing(laboratory: Laboratory) -> None:
    found = laboratory.compare(NETWORK)
    assert found["parameter_count"] == 857
    assert found["wrong_shapes"] == {}
    for name in ("outputs", "outputs_after"):
        assert found[name]["difference"] < 1e-6 * found[name]["scale"]
    assert len(found["losses"]) == 10
    assert loss_difference(found) < 1e-6
    assert worst(found["weights"], "scale") < 1e-6
    assert worst(found["weights"], "change") < 1e-4


def test_whole_numbers_go_in_too(laboratory: Laboratory) -> None:
    found = laboratory.compare(tasks.probe("words", "network", tasks.words_task(), 4, 2))
    assert loss_difference(found) < 1e-6
    assert found["weights"]["table/embeddings"]["change"] > 0


def test_honest_gradients_leave_what_single_precision_leaves(laboratory: Laboratory) -> None:
    found = laboratory.compare(GRADIENTS)
    assert found["loss"] == pytest.approx(found["expected_loss"], rel=1e-6)
    assert len(found["gradients"]) == 6
    assert worst(found["gradients"], "scale") < 1e-6


def filled(batch_size: int, items: int, reduction: str = "mean") -> wire.Probe:
    """Return the probe of gradients in batches with few different items."""
    loss = wire.TaskLoss(kind="softmax_cross_entropy", reduction=reduction)
    task = msgspec.structs.replace(GRADIENTS.task, batch_size=batch_size, loss=loss)
    return msgspec.structs.replace(GRADIENTS, task=task, items=items)


@pytest.mark.parametrize("items", [1, 4, 12])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients_of_a_large_batch_are_held_against_few_items(
    laboratory: Laboratory, items: int, reduction: str
) -> None:
    found = laboratory.compare(filled(12, items, reduction))
    assert found["outputs"]["difference"] < 1e-6 * found["outputs"]["scale"]
    assert found["loss"] == pytest.approx(found["expected_loss"], rel=1e-6)
    assert worst(found["gradients"], "scale") < 1e-6
    outputs = np.load(laboratory.folder / "parity" / "gradients" / "outputs.npy")
    assert outputs.shape == (items, 8)


def test_a_sum_counts_every_item(laboratory: Laboratory) -> None:
    mean, total = (laboratory.compare(filled(12, 4, one)) for one in ("mean", "sum"))
    assert total["loss"] == pytest.approx(12 * mean["loss"])
    for name, norms in total["gradients"].items():
        assert norms["scale"] == pytest.approx(12 * mean["gradients"][name]["scale"])


def test_what_goes_wrong_in_large_batches_alone_is_seen(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def train_step(self, prepared: Any) -> None:
            kept = self.get_weights(["one/kernel"])
            super().train_step(prepared)
            if len(prepared["target"]) > 4:
                self.set_weights(kept)

        def predict(self, prepared: Any) -> Any:
            outputs = super().predict(prepared)
            return outputs if len(outputs) <= 4 else outputs[::-1]

    assert worst(laboratory.compare(filled(4, 4), Adapter)["gradients"], "scale") < 1e-6
    found = laboratory.compare(filled(12, 4), Adapter)
    norms = found["gradients"]["one/kernel"]
    assert norms["difference"] == pytest.approx(norms["scale"])
    assert found["outputs"]["difference"] > 1e-3 * found["outputs"]["scale"]


def leave_out(laboratory: Laboratory, part: slice) -> Any:
    """Return an adapter that trains on a part of each batch."""

    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def train_step(self, prepared: Any) -> None:
            inputs = {name: array[part] for name, array in prepared["inputs"].items()}
            super().train_step({"inputs": inputs, "target": prepared["target"][part]})

    return Adapter


@pytest.mark.parametrize("part", [slice(6), slice(6, None), slice(0, None, 2), slice(1, None, 2)])
@pytest.mark.parametrize("items", [2, 4, 12])
def test_a_part_of_a_batch_is_not_the_whole(
    laboratory: Laboratory, items: int, part: slice
) -> None:
    found = laboratory.compare(filled(12, items), leave_out(laboratory, part))
    assert abs(found["loss"] - found["expected_loss"]) > 1e-3
    assert worst(found["gradients"], "scale") > 0.05


def test_a_part_of_equal_items_is_left_to_the_audit(laboratory: Laboratory) -> None:
    """What ``loss_agrees`` says of an adapter that takes half of each batch: tests/worker."""
    found = laboratory.compare(filled(7, 1), leave_out(laboratory, slice(3)))
    assert found["loss"] == pytest.approx(found["expected_loss"], rel=1e-6)
    assert worst(found["gradients"], "scale") < 1e-6


def test_every_item_has_equally_many_places() -> None:
    for items, repeats in ((1, 7), (2, 3), (2, 8), (5, 1), (16, 8)):
        found = network_probes.places(items * repeats, items)
        assert np.bincount(found).tolist() == [repeats] * items
    np.testing.assert_array_equal(network_probes.places(5, 5), np.arange(5))
    with pytest.raises(ValueError, match="3 items do not fill a batch of 8 equally"):
        network_probes.places(8, 3)


def is_even(places: npt.NDArray[np.int64], items: int) -> bool:
    return len(set(np.bincount(places, minlength=items).tolist())) == 1


@pytest.mark.parametrize(("batch_size", "items"), [(6, 2), (16, 2), (12, 4), (32, 16), (128, 16)])
def test_no_plain_part_of_a_batch_has_all_items_equally(batch_size: int, items: int) -> None:
    found = network_probes.places(batch_size, items)
    parts = [slice(end) for end in range(1, batch_size)]
    parts += [slice(start, None) for start in range(1, batch_size)]
    steps = [step for step in range(2, batch_size) if batch_size % step == 0]
    parts += [slice(0, None, step) for step in steps]
    assert [part for part in parts if is_even(found[part], items)] == []


def test_an_inference_of_a_large_batch_is_held_against_few_items(laboratory: Laboratory) -> None:
    task = tasks.network_task(optimizer=None, batch_size=12)
    probe = msgspec.structs.replace(tasks.probe("network", "network", task, 0), items=4)
    assert laboratory.compare(probe)["outputs"]["difference"] < 1e-6


def test_the_oracle_writes_what_it_found(laboratory: Laboratory) -> None:
    probe = msgspec.structs.replace(GRADIENTS, task=doubled(GRADIENTS.task))
    make = laboratory.oracle.adapter.Adapter
    result = execute("make", (probe,), lambda: laboratory.make(make), laboratory.folder)
    (found,) = observed(result).values()
    assert "expected_loss" not in found
    assert set(found["outputs"]) == {"scale"}
    kernel = np.load(laboratory.folder / "parity" / "gradients" / "one__kernel.npy")
    assert kernel.dtype == np.float32
    assert kernel.shape == (3, 3, 2, 3)
    norm = np.linalg.norm(kernel.astype(np.float64))
    assert found["gradients"]["one/kernel"] == {"scale": pytest.approx(norm, rel=1e-6)}
    assert np.load(laboratory.folder / "parity" / "gradients" / "losses.npy") == found["loss"]


def test_gradients_are_those_of_finite_differences(laboratory: Laboratory) -> None:
    probe = msgspec.structs.replace(GRADIENTS, task=doubled(GRADIENTS.task))
    make = laboratory.oracle.adapter.Adapter
    losses = []

    class Nudged(make):  # type: ignore[misc,valid-type]
        by = 0.0

        def train_step(self, prepared: Any) -> None:
            self._network.weight("three/bias")[2] += self.by
            super().train_step(prepared)
            losses.append(self.loss())

    for by in (1e-5, -1e-5):
        Nudged.by = by
        execute("make", (probe,), lambda: laboratory.make(Nudged), laboratory.folder)
    execute("make", (probe,), lambda: laboratory.make(make), laboratory.folder)
    bias = np.load(laboratory.folder / "parity" / "gradients" / "three__bias.npy")
    assert bias[2] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6)


def test_a_network_without_an_optimizer_is_seen_by_its_outputs(laboratory: Laboratory) -> None:
    task = tasks.network_task(optimizer=None)
    found = laboratory.compare(tasks.probe("network", "network", task, 10, 3))
    assert found["losses"] == []
    assert found["weights"] == {}
    assert found["outputs"]["difference"] < 1e-6


def test_an_update_that_is_skipped_is_seen(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def train_step(self, prepared: Any) -> None:
            kept = self.get_weights(["two/kernel"])
            super().train_step(prepared)
            self.set_weights(kept)

    weights = laboratory.compare(NETWORK, Adapter)["weights"]
    assert weights["two/kernel"]["difference"] == pytest.approx(weights["two/kernel"]["change"])
    assert laboratory.compare(GRADIENTS, Adapter)["gradients"]["two/kernel"][
        "difference"
    ] == pytest.approx(laboratory.compare(GRADIENTS)["gradients"]["two/kernel"]["scale"])


def test_a_transposed_square_kernel_is_seen(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def set_weights(self, arrays: Any) -> None:
            super().set_weights({
                name: one.T if one.shape == (8, 8) else one for name, one in arrays.items()
            })

        def get_weights(self, names: Any = None) -> Any:
            found = super().get_weights(names)
            return {name: one.T if one.shape == (8, 8) else one for name, one in found.items()}

    found = laboratory.compare(NETWORK, Adapter)
    assert found["wrong_shapes"] == {}
    assert found["outputs"]["difference"] > 0.01
    assert loss_difference(found) > 0.01


def test_a_wrong_shape_is_told(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def get_weights(self, names: Any = None) -> Any:
            found = super().get_weights(names)
            return {name: one.T if name == "two/kernel" else one for name, one in found.items()}

    found = laboratory.compare(NETWORK, Adapter)
    assert found["wrong_shapes"] == {"two/kernel": [8, 90]}
    assert found["weights"]["two/kernel"] == {"difference": "inf", "shape": [8, 90]}
    gradients = laboratory.compare(GRADIENTS, Adapter)["gradients"]
    assert gradients["two/kernel"]["difference"] == "inf"


def test_outputs_of_a_wrong_shape_are_told(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def predict(self, prepared: Any) -> Any:
            return super().predict(prepared)[:-1]

    found = laboratory.compare(NETWORK, Adapter)
    assert found["outputs"] == {"difference": "inf", "shape": [3, 8]}


def test_outputs_that_are_kept_are_seen(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        kept = None

        def predict(self, prepared: Any) -> Any:
            if self.kept is None:
                self.kept = super().predict(prepared)
            return self.kept

    found = laboratory.compare(NETWORK, Adapter)
    assert found["outputs"]["difference"] < 1e-6
    assert found["outputs_after"]["difference"] > 1e-3


def test_a_copy_of_the_weights_for_prediction_is_seen(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        copied = None

        def predict(self, prepared: Any) -> Any:
            now = self.get_weights()
            self.copied = self.copied or now
            self.set_weights(self.copied)
            outputs = super().predict(prepared)
            self.set_weights(now)
            return outputs

    found = laboratory.compare(NETWORK, Adapter)
    assert found["outputs_after"]["difference"] > 1e-3
    assert worst(found["weights"], "scale") < 1e-6


def test_a_loss_of_another_scale_is_seen(laboratory: Laboratory) -> None:
    summed = wire.TaskLoss(kind="softmax_cross_entropy", reduction="sum")
    task = msgspec.structs.replace(NETWORK.task, loss=summed)
    found = laboratory.compare(NETWORK, task_done=task)
    assert found["losses"][0] == pytest.approx(4 * found["expected_losses"][0])


def test_momentum_is_seen_in_the_losses(laboratory: Laboratory) -> None:
    task = tasks.network_task(optimizer=("sgd", {**tasks.SGD, "momentum": 0.9}))
    found = laboratory.compare(NETWORK, task_done=task)
    assert worst(found["weights"], "change") > 0.1


def test_a_fresh_adapter_for_every_probe_and_what_is_told(laboratory: Laboratory) -> None:
    made: list[Any] = []

    def make_adapter() -> Any:
        made.append(laboratory.make(laboratory.oracle.adapter.Adapter))
        return made[-1]

    probes = tasks.all_probes(precision=tasks.DOUBLE)
    result = execute("make", probes, make_adapter, laboratory.folder)
    assert len(made) == len(probes)
    assert list(result["parity"]) == [one.name for one in probes]
    assert len(result["phases"].values("probe")) == len(probes)
    assert result["parameter_count"] == result["parity"]["words"]["parameter_count"]
    assert set(result["settings"]) == {"built", "finished"}
    begun = [event for event in result["events"] if event["event"] == "phase"]
    assert [event["name"] for event in begun] == [f"parity {one.name}" for one in probes]
    assert [event["index"] for event in begun] == [1, 2, 3, 4, 5]
    steps = [event for event in result["events"] if event["name"] == "parity network step"]
    assert [(event["index"], event["total"]) for event in steps] == [
        (index + 1, 10) for index in range(10)
    ]


def test_what_was_observed_before_a_failure_is_kept(laboratory: Laboratory) -> None:
    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def build(self, task: Any) -> None:
            if task.optimizer.kind == "adam":
                raise RuntimeError("no Adam")
            super().build(task)

    result: dict[str, Any] = {}
    with pytest.raises(RuntimeError, match="no Adam"):
        execute(
            "make",
            tasks.all_probes(precision=tasks.DOUBLE),
            lambda: laboratory.make(Adapter),
            laboratory.folder,
            result,
        )
    assert list(result["parity"]) == ["network", "words", "gradients"]


def test_large_arrays_go_through_in_pieces(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = laboratory.compare(NETWORK), laboratory.compare(GRADIENTS)
    monkeypatch.setattr(references, "_PIECE", 7)
    pieces = laboratory.compare(NETWORK), laboratory.compare(GRADIENTS)
    for one, other in zip(whole, pieces, strict=True):
        for kind in ("weights", "gradients"):
            for name, norms in one.get(kind, {}).items():
                assert other[kind][name] == pytest.approx(norms, rel=1e-9)


def test_arrays_of_another_task_are_refused(tmp_path: Path) -> None:
    written = references.Written(str(tmp_path))
    with written.pieces("a/kernel", (2, 3)) as keep:
        np.testing.assert_array_equal(keep(slice(0, 6), np.full(6, 0.1)), np.float32(0.1))
    read = references.Read(str(tmp_path))
    with read.pieces("a/kernel", (2, 3)) as expected:
        np.testing.assert_array_equal(expected(slice(2, 4), None), np.float32(0.1))
    with pytest.raises(ValueError, match="a__kernel"), read.pieces("a/kernel", (3, 2)):
        pass


def test_initial_weights_are_those_of_every_run(laboratory: Laboratory) -> None:
    seen: dict[str, Any] = {}

    class Adapter(laboratory.oracle.adapter.Adapter):  # type: ignore[name-defined,misc]
        def set_weights(self, arrays: Any) -> None:
            seen.update(arrays)
            super().set_weights(arrays)

    laboratory.compare(NETWORK, Adapter)
    facts = {"name": "two/kernel", "shape": (90, 8), "initializer": "glorot_uniform"}
    np.testing.assert_array_equal(seen["two/kernel"], initial.make(Weight(facts), 2, SEED))
