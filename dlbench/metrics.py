"""The metrics that tables show: which phase each comes from, in what unit, and what it means.

A metric is one number a run; a table shows the median of it over runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from dlbench.peaks import read_peak, spell_rate
from dlbench.summary import PhaseSummary, RunSummary


class Metric(Struct, frozen=True, kw_only=True):
    """One number a run; ``read`` returns None where the run did not measure it."""

    name: str
    unit: str
    summary: str
    read: Callable[[RunSummary], float | None]
    #: The name as people read it, where it is not ``name`` itself.
    label: str = ""
    #: What stands in place of a number where a run that ended well has none.
    missing: str = "not measured"
    #: Further metrics that a table of this one shows beside it.
    beside: tuple[str, ...] = ()
    higher_is_better: bool = False
    #: Whether "faster" and "slower" are words for it.
    is_speed: bool = True

    @property
    def title(self) -> str:
        """The name as people read it."""
        return self.label or self.name.replace("_", " ").replace(" per second", "/s")


def _phase(
    name: str, pick: Callable[[PhaseSummary], float | None]
) -> Callable[[RunSummary], float | None]:
    def read(run: RunSummary) -> float | None:
        phase = run.phases.get(name)
        return None if phase is None else pick(phase)

    return read


def _energy(part: str) -> Callable[[RunSummary], float | None]:
    return lambda run: run.energy.get(part)


def _median(phase: PhaseSummary) -> float | None:
    return phase.median


def _last(phase: PhaseSummary) -> float | None:
    return phase.last


_read_step = _phase("pipelined", _median)
_read_import = _phase("import", _median)
_read_epoch_loss = _phase("epoch_loss", _last)
_read_step_loss = _phase("loss", _last)


def _read_rate(run: RunSummary) -> float | None:
    step = _read_step(run)
    return run.conditions.items_per_step / step if step else None


def _read_flops_per_second(run: RunSummary) -> float | None:
    step, flops = _read_step(run), run.conditions.step_flops
    return flops / step if step and flops else None


def _read_peak_share(run: RunSummary) -> float | None:
    rate, peak = _read_flops_per_second(run), run.peak_flops
    return rate / peak if rate and peak else None


def read_compiling(run: RunSummary) -> float | None:
    """Return the seconds that building and the first step take beyond a later step."""
    parts = [METRICS[name].read(run) for name in ("build", "first_step", "step")]
    build, first, step = parts
    return None if build is None or first is None or step is None else build + first - step


def _read_cost(run: RunSummary) -> float | None:
    loading, compiling = _read_import(run), read_compiling(run)
    return None if loading is None or compiling is None else loading + compiling


def _read_loss(run: RunSummary) -> float | None:
    loss = _read_epoch_loss(run)
    return _read_step_loss(run) if loss is None else loss


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name="step",
            unit="s",
            summary="one training step: a block of steps with one synchronization at its end, "
            "divided by their number",
            read=_read_step,
            beside=("stepwise", "items_per_second", "flops_per_second", "peak_share"),
        ),
        Metric(
            name="stepwise",
            unit="s",
            summary="one training step with a synchronization of its own: median of the steps",
            read=_phase("step", _median),
        ),
        Metric(
            name="epoch",
            unit="s",
            summary="one epoch of training: median of the epochs",
            read=_phase("epoch", _median),
            beside=("accuracy",),
        ),
        Metric(
            name="predict",
            unit="s",
            summary="one prediction pass over the test set: median of the passes",
            read=_phase("predict", _median),
        ),
        Metric(
            name="build",
            unit="s",
            summary="building and compiling the network, before the first step",
            read=_phase("build", _median),
            beside=("first_step",),
        ),
        Metric(
            name="first_step",
            unit="s",
            summary="the first training step, with what is compiled in it",
            read=_phase("first_step", _median),
            beside=("build",),
        ),
        Metric(
            name="accuracy",
            unit="1",
            summary="accuracy on the test set after the last epoch",
            read=_phase("epoch_accuracy", _last),
            beside=("loss",),
            higher_is_better=True,
            is_speed=False,
        ),
        Metric(
            name="loss",
            unit="1",
            summary="loss on the test set after the last epoch, of the last step without epochs",
            read=_read_loss,
            is_speed=False,
        ),
        Metric(
            name="memory",
            unit="bytes",
            summary="most memory that the worker's process had resident",
            read=_phase("peak_memory", _last),
            is_speed=False,
        ),
        Metric(
            name="device_memory",
            unit="bytes",
            summary="most memory that the framework held on the device",
            read=_phase("device_peak_memory", _last),
            is_speed=False,
        ),
        Metric(
            name="energy",
            unit="J",
            summary="energy of the processor packages over the whole run, import and build too; "
            "whatever else ran on them is in it",
            read=_energy("processor"),
            beside=("device_energy",),
            is_speed=False,
        ),
        Metric(
            name="device_energy",
            unit="J",
            summary="energy of the devices over the whole run, estimated from sampled power",
            read=_energy("device"),
            is_speed=False,
        ),
        Metric(
            name="items_per_second",
            unit="items/s",
            summary="items of one training step, divided by its seconds",
            read=_read_rate,
            beside=("step",),
            higher_is_better=True,
        ),
        Metric(
            name="flops_per_second",
            label="FLOP/s",
            unit="FLOP/s",
            summary="FLOPs that one step of the network needs, divided by its seconds",
            read=_read_flops_per_second,
            beside=("step", "peak_share"),
            higher_is_better=True,
        ),
        Metric(
            name="peak_share",
            label="share of peak",
            unit="share",
            summary="FLOP/s by those of the matrix product that dlbench calibrate measured in the "
            "same image",
            read=_read_peak_share,
            missing="not calibrated",
            beside=("step", "flops_per_second"),
            higher_is_better=True,
        ),
        Metric(
            name="cost",
            label="one-time cost",
            unit="s",
            summary="what is paid before steady steps: import, build and first step, less one "
            "later step",
            read=_read_cost,
            beside=("import", "build", "first_step", "step"),
        ),
        Metric(
            name="import",
            unit="s",
            summary="importing the framework",
            read=_read_import,
            beside=("build", "first_step"),
        ),
    )
}

#: The metric by which a scenario is compared whose file names none of these.
DEFAULT_METRIC = "step"

#: The phase whose quartiles a metric's column shows, for metrics that have many values a run.
QUARTILES = {"stepwise": "step"}


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
