"""Judging what parity runs observed: what passes, what fails, and what is said of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from dlbench.bounds import find_bounds
from dlbench.framework import Difference
from dlbench.network import list_weights
from dlbench.parity import check_gradients, judge
from dlbench.probes import make_parity
from dlbench.record import Check, ParityFacts
from dlbench.scenario import load

PARITY = make_parity(load(Path(__file__).parents[2] / "scenarios" / "mnist-cnn.yaml"))
WEIGHTS = [weight.name for weight in list_weights(PARITY.probes[0].task.layers)]
COUNT = 1199882

Seen = dict[str, Any]


def observe() -> Seen:
    """Return what a correct framework in float32 is observed to do."""
    outputs = {"difference": 1e-8, "scale": 0.2}
    return {
        "network": {
            "parameter_count": COUNT,
            "wrong_shapes": {},
            "outputs": outputs,
            "outputs_after": dict(outputs),
            "losses": [2.3 - step / 10 for step in range(10)],
            "expected_losses": [2.3 - step / 10 + 1e-7 for step in range(10)],
            "weights": {
                name: {"difference": 1e-6, "change": 0.01, "scale": 5.0} for name in WEIGHTS
            },
        },
        "gradients": {
            "outputs": dict(outputs),
            "loss": 2.3,
            "expected_loss": 2.3000001,
            "gradients": {name: {"difference": 1e-6, "scale": 1.0} for name in WEIGHTS},
        },
        "optimizer": {"updates": [{"difference": 1e-7, "weight": "dense/kernel", "row": 2}] * 3},
        "dropout-1": observe_dropout(0.25),
        "dropout-2": observe_dropout(0.5),
    }


def observe_dropout(rate: float) -> Seen:
    alike = rate**2 + (1 - rate) ** 2
    return {
        "rate": rate,
        "values": 8192,
        "dropped": round(8192 * rate) + 20,
        "scale_low": 1 / (1 - rate) - 1e-7,
        "scale_high": 1 / (1 - rate) + 1e-7,
        "masks_differ": True,
        "neighbours": {
            name: {"pairs": 4096, "equal": round(4096 * alike) + 30}
            for name in ("steps", "items", "1")
        },
        "predict_difference": 1e-8,
        "predict_scale": 0.2,
    }


def change(seen: Seen, path: str, value: object) -> Seen:
    """Return a copy of ``seen`` with ``value`` at a path of keys, or without it for ``...``."""
    changed = copy.deepcopy(seen)
    *way, last = path.split(" ")
    place = changed
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return changed


def judge_change(path: str, value: object) -> ParityFacts:
    return judge(change(observe(), path, value), PARITY.probes)


def failed(facts: ParityFacts) -> dict[str, Check]:
    return {check.name: check for check in facts.checks if check.status == "failed"}


def test_what_is_right_passes() -> None:
    facts = judge(observe(), PARITY.probes)
    assert facts.verdict == "passed"
    assert facts.reason == ""
    assert [check.name for check in facts.checks] == [
        "parameters",
        "outputs",
        "outputs after 10 steps",
        "losses",
        "weights after 10 steps",
        "outputs in batches of 128",
        "loss as mean",
        "gradients",
        "gradients of the last layer",
        "optimizer adadelta",
        *(
            f"dropout {rate}: {what}"
            for rate in ("0.25 of images", "0.5 of vectors")
            for what in ("rate", "scaling", "masks", "prediction")
        ),
    ]
    assert all(check.bound is not None and check.detail == "" for check in facts.checks)


FAULTS: tuple[tuple[str, object, str, str], ...] = (
    ("network parameter_count", COUNT - 10, "parameters", f"{COUNT - 10} parameters, not {COUNT}"),
    (
        "network wrong_shapes",
        {"dense_1/kernel": [128, 9216]},
        "parameters",
        "dense_1/kernel is [128, 9216], not [9216, 128]; 1 of 8 weights differ",
    ),
    ("network outputs difference", 1e-4, "outputs", "differ by 0.0005 of the largest"),
    ("network outputs", {"difference": "inf", "shape": [16, 9]}, "outputs", "the shape [16, 9]"),
    ("gradients outputs difference", 0.1, "outputs in batches of 128", "differ by 0.5"),
    ("network outputs_after difference", 0.1, "outputs after 10 steps", "differ by 0.5"),
    (
        "network losses",
        [2.3 - step / 10 + (step > 3) * 1e-4 for step in range(10)],
        "losses",
        "first at step 4: 1.9001, not 1.9",
    ),
    ("network losses", [2.3, "nan", *[2.1] * 8], "losses", "first at step 1: nan, not 2.2"),
    ("network losses", [2.3], "losses", "1 losses of 10 steps"),
    (
        "network weights convolution_2/bias difference",
        0.01,
        "weights after 10 steps",
        "first at convolution_2/bias: 0.99; 1 of 8 weights differ",
    ),
    ("gradients loss", 36.8, "loss as mean", "the mean over labels is 36.8, not 2.3"),
    (
        "gradients gradients convolution_1/kernel difference",
        1.0,
        "gradients",
        "first at convolution_1/kernel: 1; 1 of 8 weights differ",
    ),
    (
        "gradients gradients dense_2/kernel difference",
        4e-3,
        "gradients of the last layer",
        "first at dense_2/kernel: 0.004; 1 of 2 weights differ",
    ),
    (
        "optimizer updates",
        [
            {"difference": 1e-7, "row": 0},
            {"difference": 0.2, "weight": "dense/kernel", "row": 30, "found": 1.2, "expected": 1},
            {"difference": 0.9, "row": 31},
        ],
        "optimizer adadelta",
        "first at update 2: off by 0.2 of it, most in row 30",
    ),
    ("optimizer updates", [], "optimizer adadelta", "0 of 3 updates"),
    ("dropout-1 dropped", 3000, "dropout 0.25 of images: rate", "0.3662 of 8192 values"),
    ("dropout-1 dropped", 0, "dropout 0.25 of images: rate", "0.0000 of 8192 values"),
    (
        "dropout-2 scale_high",
        1.0,
        "dropout 0.5 of vectors: scaling",
        "multiplied by 2 to 1, not by 2",
    ),
    ("dropout-2 scale_low", None, "dropout 0.5 of vectors: scaling", "nan"),
    ("dropout-2 masks_differ", False, "dropout 0.5 of vectors: masks", "share one mask"),
    (
        "dropout-2 neighbours 1",
        {"pairs": 4096, "equal": 4096},
        "dropout 0.5 of vectors: masks",
        "100.0% of neighbours along 1 share their fate, by chance 50.0% would",
    ),
    (
        "dropout-2 predict_difference",
        0.1,
        "dropout 0.5 of vectors: prediction",
        "dropout may be on in it",
    ),
)


@pytest.mark.parametrize(("path", "value", "name", "detail"), FAULTS)
def test_every_fault_is_named(path: str, value: object, name: str, detail: str) -> None:
    facts = judge_change(path, value)
    assert facts.verdict == "failed"
    assert list(failed(facts)) == [name]
    assert detail in failed(facts)[name].detail
    assert facts.reason == f"{name}: {failed(facts)[name].detail}"


def test_the_first_layer_that_differs_is_named() -> None:
    seen = observe()
    for name in WEIGHTS[2:]:
        seen["gradients"]["gradients"][name]["difference"] = 0.5
    detail = failed(judge(seen, PARITY.probes))["gradients"].detail
    assert detail == "first at convolution_2/kernel: 0.5; 6 of 8 weights differ"


def test_the_cause_is_named_before_what_follows_from_it() -> None:
    seen = change(observe(), "network losses", [2.0] * 10)
    assert judge(seen, PARITY.probes).reason.startswith("losses: first at step 0")
    seen = change(seen, "optimizer updates", [{"difference": 1.0}] * 3)
    assert judge(seen, PARITY.probes).reason.startswith("optimizer adadelta: first at update 1")
    seen = change(seen, "gradients gradients convolution_2/kernel difference", 1.0)
    assert judge(seen, PARITY.probes).reason.startswith("gradients: first at convolution_2/kernel")


@pytest.mark.parametrize("name", [probe.name for probe in PARITY.probes])
@pytest.mark.parametrize("value", [..., None, {}, {"weights": "some", "updates": 3}])
def test_what_is_not_observed_fails(name: str, value: object) -> None:
    assert judge_change(name, value).verdict == "failed"


LEAVES = [
    f"{probe} {key}"
    for probe, one in observe().items()
    for key in one
    if key not in {"rate", "wrong_shapes", "neighbours"}
]


@pytest.mark.parametrize("path", LEAVES)
@pytest.mark.parametrize("value", [..., None, "nan", "many", [], True])
def test_nothing_that_is_needed_may_be_left_out(path: str, value: object) -> None:
    if path.endswith("masks_differ") and value is True:
        return
    assert judge_change(path, value).verdict == "failed"


def test_rounding_of_weights_that_hardly_change_is_no_difference() -> None:
    seen = observe()
    seen["network"]["weights"][WEIGHTS[0]] = {"difference": 2e-6, "change": 1e-6, "scale": 5.0}
    assert judge(seen, PARITY.probes).verdict == "passed"
    seen["network"]["weights"][WEIGHTS[0]]["difference"] = 1e-5
    assert judge(seen, PARITY.probes).verdict == "failed"


def test_a_gradient_that_cancels_is_held_against_the_largest() -> None:
    seen = observe()
    seen["gradients"]["gradients"][WEIGHTS[1]] = {"difference": 1e-8, "scale": 0.0}
    assert judge(seen, PARITY.probes).verdict == "passed"
    seen["gradients"]["gradients"][WEIGHTS[1]]["difference"] = 1e-4
    assert judge(seen, PARITY.probes).verdict == "failed"


def test_a_declared_difference_is_no_failure() -> None:
    declared = (
        Difference(optimizer="adadelta", reason="epsilon elsewhere"),
        Difference(optimizer="adam", reason="another one"),
    )
    seen = change(observe(), "optimizer updates", [{"difference": 0.3, "row": 20}] * 3)
    facts = judge(seen, PARITY.probes, declared)
    (check,) = [check for check in facts.checks if check.name == "optimizer adadelta"]
    assert (facts.verdict, check.status, check.detail) == (
        "passed",
        "declared",
        "epsilon elsewhere",
    )
    assert judge(seen, PARITY.probes, declared[1:]).verdict == "failed"


def test_a_declared_difference_that_is_not_seen_is_said() -> None:
    declared = (Difference(optimizer="adadelta", reason="epsilon elsewhere"),)
    facts = judge(observe(), PARITY.probes, declared)
    (check,) = [check for check in facts.checks if check.name == "optimizer adadelta"]
    assert check.status == "passed"
    assert check.detail == "a difference is declared and not seen: epsilon elsewhere"


@pytest.mark.parametrize("dropped", [8192 // 2 - 235, 8192 // 2 + 235])
def test_chance_is_given_its_room(dropped: int) -> None:
    assert judge_change("dropout-2 dropped", dropped).verdict == "passed"


def test_half_precision_has_bounds_of_its_own_and_does_not_pass_for_single() -> None:
    seen = observe()
    seen["network"]["losses"] = [loss + 4e-4 for loss in seen["network"]["expected_losses"]]
    half = make_parity(load(Path(__file__).parents[2] / "scenarios" / "mnist-cnn.yaml"), "bfloat16")
    assert judge(seen, half.probes).verdict == "passed"
    assert judge(seen, PARITY.probes).verdict == "failed"


@pytest.mark.parametrize(("difference", "status"), [(1.1e-4, "passed"), (4e-3, "failed")])
def test_a_gradient_summed_over_millions_of_labels_is_granted_its_rounding(
    difference: float, status: str
) -> None:
    """Ten images of 850 x 649 labels: TensorFlow 2.21.0 rounds the last bias by 1.1e-4."""
    toy = make_parity(load(Path(__file__).parents[2] / "scenarios" / "vgg-toy.yaml"))
    (probe,) = (probe for probe in toy.probes if probe.kind == "gradients")
    names = [weight.name for weight in list_weights(probe.task.layers)]
    seen = {"gradients": {name: {"difference": difference, "scale": 1.0} for name in names}}
    first, last = check_gradients(seen, probe, find_bounds(probe.task.precision))
    assert (first.status, last.status) == ("passed", status)
