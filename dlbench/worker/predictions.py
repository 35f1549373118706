"""Prediction: timed passes over the test split."""
from __future__ import absolute_import

from .blocks import enough
from .run import quiet


def first(run):
    """Predict the first batch of all and record its seconds apart: a framework may compile."""
    if run.phases.values("first_predict"):
        return
    prepared = run.prepare(run.test_batches()[0])
    start = run.now()
    run.adapter.predict(prepared)
    run.phases.once("first_predict", run.now() - start)


def forward(run, keep=False):
    """Predict the whole test split once; return its seconds, and the outputs if they are kept.

    The last batch is padded; with a host feed preparing is part of the time.
    """
    outputs = []
    timed = _host_fed if run.host_feed else _device_fed
    batches = run.test_batches() if run.host_feed else run.prepared_test_batches()
    run.adapter.synchronize()
    return timed(run, batches, outputs if keep else None), outputs


def _host_fed(run, batches, outputs):
    now, predict, prepare = run.now, run.adapter.predict, run.adapter.prepare
    start = now()
    for batch in batches:
        output = predict(prepare(batch))
        if outputs is not None:
            outputs.append(output)
    return now() - start


def _device_fed(run, batches, outputs):
    now, predict = run.now, run.adapter.predict
    start = now()
    for prepared in batches:
        output = predict(prepared)
        if outputs is not None:
            outputs.append(output)
    return now() - start


def measure(run):
    """Time the plan's prediction passes."""
    trials = run.job["plan"]["predict"]
    if not trials["at_most"]:
        return
    run.events.emit("phase", name="predict", total=trials["at_most"])
    first(run)
    run.phases.once("predict_items", run.test_items(), unit="item")
    begin = run.now()
    for index in range(trials["at_most"]):
        with quiet():
            seconds, _ = forward(run)
        run.phases.each("predict", seconds)
        run.events.progress("predict", index + 1, trials["at_most"], seconds)
        if enough(trials, index + 1, run.now() - begin):
            break
