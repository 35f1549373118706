"""Prediction: timed passes over the test split."""
from __future__ import absolute_import

from .run import quiet
from .blocks import enough


def forward(run, keep=False):
    """Predict the whole test split once; return its seconds, and the outputs if they are kept.

    The last batch is padded; with a host feed preparing is part of the time.
    """
    batches = run.test_batches()
    now, predict, prepare = run.now, run.adapter.predict, run.adapter.prepare
    outputs = []
    if not run.host_feed:
        batches = [run.prepare(batch) for batch in batches]
    run.adapter.synchronize()
    start = now()
    for batch in batches:
        output = predict(prepare(batch) if run.host_feed else batch)
        if keep:
            outputs.append(output)
    return now() - start, outputs


def measure(run):
    """Time the plan's prediction passes; the first batch of all is recorded apart."""
    trials = run.job["plan"]["predict"]
    if not trials["at_most"]:
        return
    run.events.emit("phase", name="predict", total=trials["at_most"])
    prepared = run.prepare(run.test_batches()[0])
    start = run.now()
    run.adapter.predict(prepared)
    run.phases.once("first_predict", run.now() - start)
    run.phases.once("predict_items", run.test_items(), unit="item")
    begin = run.now()
    for index in range(trials["at_most"]):
        with quiet():
            seconds, _ = forward(run)
        run.phases.each("predict", seconds)
        run.events.progress("predict", index + 1, trials["at_most"], run.phases.values("predict"))
        if enough(trials, index + 1, run.now() - begin):
            break
