"""Judging parity: what a parity run observed, held against bounds, becomes checks and a verdict.

Nothing is executed or read here.  A worker may be written by anybody in any language: whatever it
leaves out, or is no number, fails the check that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from dlbench.bounds import DROPOUT_DEVIATIONS, Bounds, bound_last_gradient, find_bounds
from dlbench.framework import Difference
from dlbench.job import Probe, Weight
from dlbench.network import list_weights
from dlbench.observation import (
    Observation,
    make_check,
    mapping,
    number,
    numbers,
    relative,
    worst,
)
from dlbench.record import Check, ParityFacts

#: What goes wrong after the first step, mostly because something before it did.
CONSEQUENCES = ("outputs after", "losses", "weights after")


def judge(
    observations: Mapping[str, Observation],
    probes: Sequence[Probe],
    differences: Sequence[Difference] = (),
) -> ParityFacts:
    """Return the verdict on ``observations`` of ``probes``, with every check behind it.

    ``differences`` are those that the plugin declares for this cell.
    """
    checks = tuple(
        check
        for probe in probes
        for check in judge_probe(observations.get(probe.name), probe, differences)
    )
    failed = [check for check in checks if check.status == "failed"]
    if failed:
        cause = min(failed, key=lambda check: check.name.startswith(CONSEQUENCES))
        reason = f"{cause.name}: {cause.detail}"
        return ParityFacts(verdict="failed", reason=reason, checks=checks)
    return ParityFacts(verdict="passed", checks=checks)


def judge_probe(
    seen: Observation | None, probe: Probe, differences: Sequence[Difference]
) -> Iterator[Check]:
    """Yield the checks of one probe."""
    if not isinstance(seen, Mapping):
        yield Check(name=probe.name, status="failed", detail="the worker observed nothing")
        return
    bounds = find_bounds(probe.task.precision)
    if probe.kind == "optimizer":
        yield judge_optimizer(seen, probe, bounds, differences)
    else:
        yield from JUDGES[probe.kind](seen, probe, bounds)


# -- the network, and its gradients --------------------------------------------------------------


def judge_network(seen: Observation, probe: Probe, bounds: Bounds) -> Iterator[Check]:
    """Yield the checks of shapes, outputs, losses, and weights after the steps."""
    yield check_shapes(seen, probe)
    yield check_outputs(seen.get("outputs"), "outputs", bounds.outputs)
    if probe.steps:
        name = f"outputs after {probe.steps} steps"
        yield check_outputs(seen.get("outputs_after"), name, bounds.outputs_after)
        yield check_losses(seen, probe, bounds)
        yield check_weights(seen, probe, bounds)


def check_outputs(seen: object, name: str, bound: float) -> Check:
    """Check the outputs for one batch against the largest of them."""
    outputs = mapping(seen)
    difference = relative(number(outputs.get("difference")), number(outputs.get("scale")))
    detail = f"predictions differ by {difference:.2g} of the largest"
    if "shape" in outputs:
        detail = f"predictions have the shape {outputs['shape']}"
    return make_check(name, difference, bound, detail)


def check_shapes(seen: Observation, probe: Probe) -> Check:
    """Check number and shapes of the parameters."""
    weights = list_weights(probe.task.layers)
    expected = sum(math.prod(weight.shape) for weight in weights)
    found = number(seen.get("parameter_count"))
    shapes = mapping(seen.get("wrong_shapes"))
    wrong = [weight for weight in weights if weight.name in shapes]
    detail = f"{found:.0f} parameters, not {expected}"
    if wrong:
        first = wrong[0]
        shape = f"{shapes[first.name]}, not {list(first.shape)}"
        detail = f"{first.name} is {shape}{count_others(len(wrong), len(weights))}"
    difference = math.inf if shapes else abs(found - expected)
    return make_check("parameters", difference, 0.0, detail)


def check_losses(seen: Observation, probe: Probe, bounds: Bounds) -> Check:
    """Check the loss of every step."""
    found, expected = numbers(seen.get("losses")), numbers(seen.get("expected_losses"))
    if len(found) != probe.steps or len(expected) != probe.steps:
        detail = f"{len(found)} losses of {probe.steps} steps were observed"
        return make_check("losses", math.nan, bounds.loss, detail)
    differences = [loss_difference(*pair) for pair in zip(found, expected, strict=True)]
    detail = ""
    for step, (loss, other) in enumerate(zip(found, expected, strict=True)):
        if not differences[step] <= bounds.loss:
            detail = f"first at step {step}: {loss:.7g}, not {other:.7g}"
            break
    return make_check("losses", worst(differences), bounds.loss, detail)


def check_weights(seen: Observation, probe: Probe, bounds: Bounds) -> Check:
    """Check every weight after the steps: the difference against what the steps changed.

    Each step may round each element once, which weights that hardly change feel most.
    """
    rounding = probe.steps * bounds.rounding / bounds.weight
    observed = mapping(seen.get("weights"))

    def measure(weight: Weight) -> float:
        one = mapping(observed.get(weight.name))
        allowed = number(one.get("change")) + rounding * number(one.get("scale"))
        return relative(number(one.get("difference")), allowed)

    name = f"weights after {probe.steps} steps"
    return check_each(name, measure, list_weights(probe.task.layers), bounds.weight)


def judge_gradients(seen: Observation, probe: Probe, bounds: Bounds) -> Iterator[Check]:
    """Yield the checks of outputs, of the loss as the scenario reduces it, and of every gradient.

    Here in batches of the size that is measured.
    """
    name = f"outputs in batches of {probe.task.batch_size}"
    yield check_outputs(seen.get("outputs"), name, bounds.outputs)
    found, expected = number(seen.get("loss")), number(seen.get("expected_loss"))
    reduction = probe.task.loss.reduction
    detail = f"the {reduction} over labels is {found:.7g}, not {expected:.7g}"
    difference = loss_difference(found, expected)
    yield make_check(f"loss as {reduction}", difference, bounds.loss, detail)
    yield from check_gradients(seen, probe, bounds)


def check_gradients(seen: Observation, probe: Probe, bounds: Bounds) -> Iterator[Check]:
    """Yield the checks of every gradient: the difference against the gradient.

    Where a value lies next to the kink of a ReLU or to an equal maximum, rounding decides which
    way its gradient goes, and one such decision is some thousandth of a layer's gradient.  The
    last layer has none above it, and shows how exactly gradients are computed.  A gradient that is
    nothing but cancelled rounding is held against the rounding of the largest.
    """
    observed = mapping(seen.get("gradients"))
    scales = [number(mapping(one).get("scale")) for one in observed.values()]
    rounding = bounds.rounding / bounds.gradient * max(scales, default=math.nan)

    def measure(weight: Weight) -> float:
        one = mapping(observed.get(weight.name))
        return relative(number(one.get("difference")), number(one.get("scale")) + rounding)

    weights = list_weights(probe.task.layers)
    last = weights[-1].name.rpartition("/")[0]
    top = [weight for weight in weights if weight.name.rpartition("/")[0] == last]
    yield check_each("gradients", measure, weights, bounds.gradient)
    labels = probe.task.batch_size * math.prod(probe.task.target.shape)
    bound = bound_last_gradient(bounds, labels)
    yield check_each("gradients of the last layer", measure, top, bound)


def check_each(
    name: str, measure: Callable[[Weight], float], weights: Sequence[Weight], bound: float
) -> Check:
    """Check every weight, and name the first one in network order that differs."""
    differences = {weight.name: measure(weight) for weight in weights}
    wrong = [one for one, difference in differences.items() if not difference <= bound]
    detail = ""
    if wrong:
        first = f"first at {wrong[0]}: {differences[wrong[0]]:.2g}"
        detail = first + count_others(len(wrong), len(weights))
    return make_check(name, worst(list(differences.values())), bound, detail)


def loss_difference(found: float, expected: float) -> float:
    """Return how far a loss is off: relative above 1, absolute below."""
    return abs(found - expected) / max(1.0, abs(expected))


def count_others(wrong: int, total: int) -> str:
    """Say how many of all weights differ."""
    return f"; {wrong} of {total} weights differ"


# -- the probes of one layer ---------------------------------------------------------------------


def judge_optimizer(
    seen: Observation, probe: Probe, bounds: Bounds, differences: Sequence[Difference]
) -> Check:
    """Check every update of the scenario's optimizer against its definition."""
    kind = probe.task.optimizer.kind if probe.task.optimizer else ""
    name = f"optimizer {kind}"
    given = seen.get("updates")
    updates = [mapping(one) for one in given] if isinstance(given, Sequence) else []
    found = [number(one.get("difference")) for one in updates]
    detail = f"{len(found)} of {probe.steps} updates were observed"
    if len(found) == probe.steps:
        detail = describe_update(updates, found, bounds.update)
    else:
        found = [math.nan]
    check = make_check(name, worst(found), bounds.update, detail)
    return declare(check, [one.reason for one in differences if one.optimizer == kind])


def describe_update(updates: Sequence[Observation], found: Sequence[float], bound: float) -> str:
    """Say which update is the first to differ, and for what gradients it does most."""
    for step, (update, difference) in enumerate(zip(updates, found, strict=True), start=1):
        if not difference <= bound:
            row = update.get("row")
            where = f", most in row {row}" if row is not None else ""
            return f"first at update {step}: off by {difference:.2g} of it{where}"
    return ""


def declare(check: Check, reasons: Sequence[str]) -> Check:
    """Return ``check`` in the light of what the plugin declares for it."""
    if not reasons:
        return check
    said = "; ".join(reasons)
    failed = check.status == "failed"
    return Check(
        name=check.name,
        status="declared" if failed else "passed",
        difference=check.difference,
        bound=check.bound,
        detail=said if failed else f"a difference is declared and not seen: {said}",
    )


def judge_dropout(seen: Observation, probe: Probe, bounds: Bounds) -> Iterator[Check]:
    """Yield the checks of a dropout layer: rate, scaling, masks, and none of it in prediction."""
    (layer,) = [layer for layer in probe.task.layers if layer.kind == "dropout"]
    rate = float(layer.parameters["rate"])
    what = f"dropout {rate:g} of {RANKS.get(len(layer.output_shape), 'arrays')}"
    count, dropped = number(seen.get("values")), number(seen.get("dropped"))
    found = relative(dropped, count)
    deviation = math.sqrt(rate * (1 - rate) / count) if count > 0 else math.nan
    yield make_check(
        f"{what}: rate",
        abs(found - rate),
        DROPOUT_DEVIATIONS * deviation,
        f"{found:.4f} of {count:.0f} values were dropped",
    )
    wanted = 1 / (1 - rate)
    scales = number(seen.get("scale_low")), number(seen.get("scale_high"))
    yield make_check(
        f"{what}: scaling",
        worst([abs(scale - wanted) / wanted for scale in scales]),
        bounds.scale,
        f"values are multiplied by {scales[0]:.5g} to {scales[1]:.5g}, not by {wanted:.5g}",
    )
    yield check_masks(seen, rate, f"{what}: masks")
    difference = relative(number(seen.get("predict_difference")), number(seen.get("predict_scale")))
    detail = f"a prediction is off by {difference:.2g}: dropout may be on in it"
    yield make_check(f"{what}: prediction", difference, bounds.outputs, detail)


def check_masks(seen: Observation, rate: float, name: str) -> Check:
    """Check that every value is dropped for itself: neighbours share their fate by chance alone.

    In standard deviations.  Of two independent values both are dropped, or both are kept, with
    probability p = rate² + (1 - rate)²; pairs that share a value are correlated, of three in a row
    all are alike with probability rate³ + (1 - rate)³.
    """
    if seen.get("masks_differ") is not True:
        return make_check(name, math.inf, DROPOUT_DEVIATIONS, "items or steps share one mask")
    alike = rate**2 + (1 - rate) ** 2
    variance = alike * (1 - alike) + 2 * (rate**3 + (1 - rate) ** 3 - alike**2)
    largest, detail = 0.0, ""
    for axis, one in mapping(seen.get("neighbours")).items():
        pairs, equal = number(mapping(one).get("pairs")), number(mapping(one).get("equal"))
        if not pairs > 0:
            continue
        deviations = abs(equal - alike * pairs) / math.sqrt(variance * pairs)
        if not deviations <= largest:
            largest = deviations
            share = f"{equal / pairs:.1%} of neighbours"
            detail = f"{share} along {axis} share their fate, by chance {alike:.1%} would"
    return make_check(name, largest, DROPOUT_DEVIATIONS, detail)


RANKS: Mapping[int, str] = {1: "vectors", 2: "sequences", 3: "images"}

JUDGES: Mapping[str, Callable[[Observation, Probe, Bounds], Iterator[Check]]] = {
    "network": judge_network,
    "gradients": judge_gradients,
    "dropout": judge_dropout,
}
