"""Parity of a whole network: shapes, outputs, losses and weights of some steps; gradients of one.

Norms are L2 over a tensor, in float64, a piece at a time.  A batch may have fewer different items
than places, each as often: means over it are those of the different items, sums so many times theirs.
"""
from __future__ import absolute_import

import math

import numpy as np

from . import feed, initial
from .references import slices


def observe_network(bench):
    """Predict, then train, then predict from another batch; compare every weight after that."""
    weights = bench.task.weights()
    batches = _batches(bench)
    bench.set_weights((one.name, _initial(bench, index)) for index, one in enumerate(weights))
    bench.built()
    facts = _shapes(bench)
    facts["outputs"] = _outputs(bench, "outputs", bench.predict(batches[0]))
    facts.update({"losses": [], "weights": {}})
    if bench.task.optimizer is None:
        return facts
    losses = [bench.step(batches[step % len(batches)], step) for step in range(bench.steps)]
    facts["losses"] = losses
    expected = bench.references.keep("losses", losses)
    if bench.references.compares:
        facts["expected_losses"] = expected
    facts["outputs_after"] = _outputs(bench, "outputs_after", bench.predict(batches[-1]))
    for index, weight in enumerate(weights):
        facts["weights"][weight.name] = _norms(
            bench, index, _change, ("difference", "change", "scale")
        )
    return facts


def observe_gradients(bench):
    """Take one step at a rate so large that the change of a weight is its gradient."""
    weights = bench.task.weights()
    rate = bench.task.optimizer.parameters["learning_rate"]
    repeats = bench.task.batch_size // bench.items if bench.task.loss.reduction == "sum" else 1
    batch = _batches(bench)[0]
    bench.set_weights((one.name, _initial(bench, index)) for index, one in enumerate(weights))
    bench.built()
    outputs = _outputs(bench, "outputs", bench.predict(batch))
    loss = bench.step(batch, 0)
    expected = bench.references.keep("losses", [loss])
    facts = {"outputs": outputs, "loss": loss, "gradients": {}}
    if bench.references.compares:
        facts["expected_loss"] = repeats * expected[0]

    def gradient(found, first):
        return (first - found) / rate

    for index, weight in enumerate(weights):
        facts["gradients"][weight.name] = _norms(
            bench, index, gradient, ("difference", "scale"), repeats
        )
    return facts


def places(batch_size, items):
    """Return which of so many different items stands at each place of a batch.

    Each stands in as many places, side by side, and two neighbours of different items changed
    places: neither the first half of the batch, nor every second place, holds all items equally,
    so that a program which leaves out a part of the batch is seen.
    """
    if batch_size % items:
        raise ValueError("%d items do not fill a batch of %d equally" % (items, batch_size))
    repeats = batch_size // items
    found = np.repeat(np.arange(items), repeats)
    if items > 1 and repeats > 1:
        found[repeats - 1 : repeats + 1] = 1, 0
    return found


def _change(found, first):
    return found - first


def _batches(bench):
    """Return the probe's batches: synthetic items in their order, each at its places."""
    data = {"kind": "synthetic", "synthetic_items": bench.batches * bench.items}
    split, _ = feed.load(data, bench.task, bench.seed, "")
    one = places(bench.task.batch_size, bench.items)
    order = [one + batch * bench.items for batch in range(bench.batches)]
    return feed.cut(split.take(np.concatenate(order)), bench.task.batch_size)


def _initial(bench, index):
    return initial.make(bench.task.weights()[index], index, bench.seed)


def _shapes(bench):
    count, wrong = 0, {}
    for weight in bench.task.weights():
        found = bench.weight(weight.name)
        count += found.size
        if found.shape != weight.shape:
            wrong[weight.name] = list(found.shape)
    return {"parameter_count": count, "wrong_shapes": wrong}


def _outputs(bench, name, found):
    """Compare the outputs with the oracle's; the shape is the task's, or they differ endlessly."""
    if found.shape != (bench.task.batch_size,) + bench.task.output_shape:
        return {"difference": float("inf"), "shape": list(found.shape)}
    expected = bench.references.keep(name, found[: bench.items])
    facts = {"scale": np.abs(expected).max()}
    if bench.references.compares:
        # One after another: outputs for every pixel of a batch are large.
        pairs = zip(found, places(len(found), bench.items))
        facts["difference"] = np.max([np.abs(one - expected[item]).max() for one, item in pairs])
    return facts


def _norms(bench, index, quantity, names, repeats=1):
    """Return the norms of found - expected, of expected, and of expected + initial, as named.

    ``quantity`` makes what is compared of a piece of the weight found and one of the initial one;
    ``repeats`` times what the oracle kept is expected.
    """
    weight = bench.task.weights()[index]
    found = bench.weight(weight.name)
    if found.shape != weight.shape:
        return {"difference": float("inf"), "shape": list(found.shape)}
    found = found.reshape(-1)
    first = _initial(bench, index).reshape(-1)
    sums = [0.0, 0.0, 0.0]
    with bench.references.pieces(weight.name, weight.shape) as pieces:
        for rows in slices(found.size):
            before = first[rows].astype(np.float64)
            made = quantity(found[rows].astype(np.float64), before)
            expected = repeats * pieces(rows, made)
            for place, part in enumerate((made - expected, expected, expected + before)):
                sums[place] += float(np.dot(part, part))
    norms = dict(zip(names, (math.sqrt(one) if one == one else one for one in sums)))
    if not bench.references.compares:
        del norms["difference"]
    return norms
