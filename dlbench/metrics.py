"""The metrics that tables show: which phase each comes from, in what unit, and what it means.

A metric is one number a run; a table shows the median of it over runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from dlbench.curve import (
    NOT_MEASURED,
    explain_time_to_accuracy,
    read_best_accuracy,
    read_time_to_accuracy,
    read_training,
)
from dlbench.peaks import read_peak, spell_rate
from dlbench.readings import (
    Reading,
    energy_of,
    last_of,
    median_of,
    read_compiling,
    read_cost,
    read_flops_per_second,
    read_import,
    read_loss,
    read_peak_share,
    read_rate,
    read_step,
)
from dlbench.summary import RunSummary
from dlbench.tables import SIGNIFICANT


class Metric(Struct, frozen=True, kw_only=True):
    """One number a run; ``read`` returns None where the run did not measure it."""

    name: str
    unit: str
    summary: str
    read: Reading
    #: The name as people read it, where it is not ``name`` itself.
    label: str = ""
    #: What stands in place of a number where a run that ended well has none.
    missing: str = NOT_MEASURED
    #: The same of the runs of one row, where it depends on them.
    why: Callable[[Sequence[RunSummary]], str] | None = None
    #: Whether a row has a figure only where each of its runs has one: the others would be chosen.
    of_all_runs: bool = False
    #: Further metrics that a table of this one shows beside it.
    beside: tuple[str, ...] = ()
    higher_is_better: bool = False
    #: Digits that people see of the smallest number.
    digits: int = SIGNIFICANT
    #: Whether "faster" and "slower" are words for it.
    is_speed: bool = True

    @property
    def title(self) -> str:
        """The name as people read it."""
        return self.label or self.name.replace("_", " ").replace(" per second", "/s")

    def explain(self, runs: Sequence[RunSummary]) -> str:
        """Say why ``runs`` of one row, which ended well, have no figure."""
        return self.why(runs) if self.why else self.missing


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name="step",
            unit="s",
            summary="one training step: a block of steps with one synchronization at its end, "
            "divided by their number",
            read=read_step,
            beside=("stepwise", "items_per_second", "flops_per_second", "peak_share"),
        ),
        Metric(
            name="stepwise",
            unit="s",
            summary="one training step with a synchronization of its own: median of the steps",
            read=median_of("step"),
        ),
        Metric(
            name="epoch",
            unit="s",
            summary="one epoch of training: median of the epochs",
            read=median_of("epoch"),
            beside=("accuracy",),
        ),
        Metric(
            name="train",
            label="training",
            unit="s",
            summary="all epochs of training, without the evaluation after each",
            read=read_training,
            beside=("epoch", "accuracy"),
        ),
        Metric(
            name="time_to_accuracy",
            unit="s",
            summary="training, without evaluation, up to the end of the first epoch after which "
            "the accuracy on the test set is the least that is known, or --target",
            read=read_time_to_accuracy,
            why=explain_time_to_accuracy,
            of_all_runs=True,
            beside=("epoch", "best_accuracy"),
        ),
        Metric(
            name="predict",
            unit="s",
            summary="one prediction pass over the test set: median of the passes",
            read=median_of("predict"),
        ),
        Metric(
            name="build",
            unit="s",
            summary="building and compiling the network, before the first step",
            read=median_of("build"),
            beside=("first_step",),
        ),
        Metric(
            name="first_step",
            unit="s",
            summary="the first training step, with what is compiled in it",
            read=median_of("first_step"),
            beside=("build",),
        ),
        Metric(
            name="accuracy",
            unit="1",
            summary="accuracy on the test set after the last epoch",
            read=last_of("epoch_accuracy"),
            beside=("best_accuracy", "loss"),
            higher_is_better=True,
            digits=4,
            is_speed=False,
        ),
        Metric(
            name="best_accuracy",
            unit="1",
            summary="best accuracy on the test set after any epoch",
            read=read_best_accuracy,
            beside=("accuracy", "loss"),
            higher_is_better=True,
            digits=4,
            is_speed=False,
        ),
        Metric(
            name="loss",
            unit="1",
            summary="loss on the test set after the last epoch, of the last step without epochs",
            read=read_loss,
            is_speed=False,
        ),
        Metric(
            name="memory",
            unit="bytes",
            summary="most memory that the worker's process had resident",
            read=last_of("peak_memory"),
            is_speed=False,
        ),
        Metric(
            name="device_memory",
            unit="bytes",
            summary="most memory that the framework held on the device",
            read=last_of("device_peak_memory"),
            is_speed=False,
        ),
        Metric(
            name="energy",
            unit="J",
            summary="energy of the processor packages over the whole run, import and build too; "
            "whatever else ran on them is in it",
            read=energy_of("processor"),
            beside=("device_energy",),
            is_speed=False,
        ),
        Metric(
            name="device_energy",
            unit="J",
            summary="energy of the devices over the whole run, estimated from sampled power",
            read=energy_of("device"),
            is_speed=False,
        ),
        Metric(
            name="items_per_second",
            unit="items/s",
            summary="items of one training step, divided by its seconds",
            read=read_rate,
            beside=("step",),
            higher_is_better=True,
        ),
        Metric(
            name="flops_per_second",
            label="FLOP/s",
            unit="FLOP/s",
            summary="FLOPs that one step of the network needs, divided by its seconds",
            read=read_flops_per_second,
            beside=("step", "peak_share"),
            higher_is_better=True,
        ),
        Metric(
            name="peak_share",
            label="share of peak",
            unit="share",
            summary="FLOP/s by those of the matrix product that dlbench calibrate measured in the "
            "same image",
            read=read_peak_share,
            missing="not calibrated",
            beside=("step", "flops_per_second"),
            higher_is_better=True,
        ),
        Metric(
            name="compile",
            label="compiling",
            unit="s",
            summary="building the network and the first step, less one later step",
            read=read_compiling,
            beside=("build", "first_step", "step"),
        ),
        Metric(
            name="cost",
            label="one-time cost",
            unit="s",
            summary="what is paid before steady steps: import, build and first step, less one "
            "later step",
            read=read_cost,
            beside=("import", "compile", "build", "first_step", "step"),
        ),
        Metric(
            name="import",
            unit="s",
            summary="importing the framework",
            read=read_import,
            beside=("build", "first_step"),
        ),
    )
}

#: The metric by which a scenario is compared whose file names none of these.
DEFAULT_METRIC = "step"

#: The phase whose quartiles a metric's column shows, for metrics that have many values a run.
QUARTILES = {"stepwise": "step"}


def aim_at(target: float) -> Metric:
    """Return the time to the accuracy ``target``."""
    return replace(
        METRICS["time_to_accuracy"],
        label=f"time to accuracy {target:g}",
        summary="training, without evaluation, up to the end of the first epoch after which the "
        f"accuracy on the test set is {target:g} or more",
        read=partial(read_time_to_accuracy, asked=target),
        why=partial(explain_time_to_accuracy, asked=target),
    )


def find_metric(runs: Sequence[RunSummary]) -> Metric:
    """Return the metric of the newest run's scenario; the default where no run has measured that.

    A scenario of epochs that was executed without any has steps to show.
    """
    default = METRICS[DEFAULT_METRIC]
    named = METRICS.get(runs[-1].conditions.metric, default)
    for metric in (named, default):
        if any(run.ok and metric.read(run) is not None for run in runs):
            return metric
    return named


def spell_figure(run: RunSummary) -> str:
    """Return one run's figure in words: what its scenario names; of a calibration, the peak."""
    if run.kind == "calibration":
        peak = read_peak(run)
        return spell_rate(peak.rate, peak.unit) if peak else "none"
    metric = METRICS.get(run.conditions.metric)
    value = metric.read(run) if metric and run.ok else None
    if metric is None or value is None:
        return "none"
    if metric.unit == "s" and value < 1:
        return f"{metric.title} {value * 1e3:.4g} ms"
    return f"{metric.title} {value:.4g}" + (f" {metric.unit}" if metric.unit != "1" else "")
