"""Counterparts: which metric of a run is what a published measure is of.

Published figures keep the unit that their source gives; a factor takes them to the metric's own.
"""

from __future__ import annotations

import msgspec

from dlbench.metrics import METRICS, Metric


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What a published figure is of, and what a run has that says the same."""

    name: str
    title: str
    #: The unit in which figures are published.
    unit: str
    #: The metric of ``metrics``, empty where a run has none.
    metric: str = ""
    #: Why there is none.
    reason: str = ""
    #: A published figure times this is in ``table_unit``.
    factor: float = 1.0
    #: The unit of tables.
    table_unit: str = "s"
    #: Whether it is of the training as a whole, so that only as many epochs give the same.
    is_of_training: bool = False
    higher_is_better: bool = False

    @property
    def counterpart(self) -> Metric | None:
        """The metric that says the same of a run, None where there is none."""
        return METRICS.get(self.metric)


#: Every measure that published rows may name.
MEASURES = {
    measure.name: measure
    for measure in (
        Measure(name="time_ms", title="training step", unit="ms", factor=1e-3, metric="step"),
        Measure(name="epoch_s", title="training epoch", unit="s", metric="epoch"),
        Measure(name="train", title="training pass over the items", unit="s", metric="epoch"),
        Measure(
            name="train_s",
            title="training in all",
            unit="s",
            metric="train",
            is_of_training=True,
        ),
        Measure(name="predict_s", title="prediction of the test set", unit="s", metric="predict"),
        Measure(name="predict", title="prediction of the items", unit="s", metric="predict"),
        Measure(name="compile", title="compiling", unit="s", metric="compile"),
        Measure(
            name="accuracy",
            title="accuracy",
            unit="1",
            table_unit="1",
            metric="accuracy",
            is_of_training=True,
            higher_is_better=True,
        ),
        Measure(
            name="loss",
            title="loss",
            unit="1",
            table_unit="1",
            metric="loss",
            is_of_training=True,
        ),
        *(
            Measure(
                name=name,
                title=title,
                unit="ms",
                factor=1e-3,
                reason="runs time whole training steps, with the update",
            )
            for name, title in (
                ("forward_ms", "forward pass"),
                ("backward_ms", "backward pass"),
                ("forward_backward_ms", "forward and backward pass"),
            )
        ),
        Measure(
            name="source_lines",
            title="source lines",
            unit="lines",
            table_unit="lines",
            reason="it is counted over programs, not measured by runs",
        ),
        Measure(
            name="final_ranking",
            title="final ranking",
            unit="1",
            table_unit="1",
            reason="it is the source's own judgement of everything",
        ),
    )
}
