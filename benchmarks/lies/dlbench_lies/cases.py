"""The cases: each lie where it can show, the honest frameworks beside them, and what names a lie.

Written after the lies, with the checks at hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dlbench_lies import BASES

#: The name of the honest framework among the lies.
HONEST = "honest"

#: Whatever is not said here is asked with these.
OPTIMIZER = "rmsprop"
THREADS = "threads=1"

#: What a lie about an axis is asked for, by base.
AXES: Mapping[str, Mapping[str, str]] = {
    "half_claimed_single": {"torch": "precision=float32", "numpy": "precision=float32"},
    "wrong_layout": {"torch": "layout=NHWC", "numpy": "layout=NCHW"},
    "xla_absent": {"torch": "compile=on,layout=NHWC", "numpy": "xla=on"},
}

#: The honest frameworks are asked for everything that a lie is, as far as they have it.  Compiled
#: channels first, torch 2.13.0 is rightly caught in smaller batches than these: docs/measuring.md
#: says by what.
HONEST_AXES: Mapping[str, tuple[str, ...]] = {
    "torch": ("", "layout=NHWC", "compile=on,layout=NHWC"),
    "numpy": ("", "precision=float32"),
}

#: Lies about an optimizer are told with further ones.
OPTIMIZERS: Mapping[str, tuple[str, ...]] = {
    "momentum_added": ("sgd",),
    "wrong_rho": ("adadelta",),
    "wrong_epsilon": ("adadelta", "adam"),
    "update_race": ("sgd",),
    HONEST: ("adadelta", "adam", "sgd"),
}

#: What each optimizer is in a scenario file.
WRITTEN: Mapping[str, str] = {
    "rmsprop": "{rmsprop: {learning_rate: 0.001}}",
    "adadelta": "{adadelta: {learning_rate: 1.0, rho: 0.95}}",
    "adam": "{adam: {learning_rate: 0.001}}",
    "sgd": "{sgd: {learning_rate: 0.05}}",
}

#: Lie -> the checks of which at least one names what it does, the clearest first: parity's by part
#: of their names, the audit's facts by their names.
NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "asynchronous_timing": ("synchronization",),
    "bias_left_out": ("gradients", "losses"),
    "dropout_left_on": (": prediction",),
    "dropout_off": (": rate",),
    "evaluation_on_training_data": ("outputs after", "inputs_matter"),
    "flatten_order_wrong": ("outputs",),
    "frozen_first_layer": ("weights_changed", "gradients"),
    "gradient_clipped": ("gradients", "optimizer"),
    "gradient_reused": ("weights after", "losses"),
    "half_claimed_single": ("precision_as_set", "outputs"),
    "honest_at_first": ("every_step_updates",),
    "labels_leaked": ("labels_unseen",),
    "labels_shuffled": ("loss as",),
    "layer_dropped": ("outputs",),
    "momentum_added": ("optimizer",),
    "output_cached": ("outputs after", "update_seen"),
    "prediction_from_training_graph": ("weights_kept", ": prediction"),
    "relu_missing": ("outputs",),
    "right_in_small_batches": ("gradients",),
    "smaller_batch": ("loss as",),
    "threads_ignored": ("threads_as_set",),
    "update_race": ("gradients",),
    "update_skipped": ("weights_changed", "gradients"),
    "weights_transposed": ("outputs",),
    "work_deferred": ("synchronization",),
    "wrong_epsilon": ("optimizer",),
    "wrong_layout": ("layout_as_set",),
    "wrong_loss_scale": ("loss as", "gradients"),
    "wrong_padding": ("outputs",),
    "wrong_rho": ("optimizer",),
    "xla_absent": ("compiled_as_set",),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One framework asked for one thing."""

    base: str
    lie: str
    optimizer: str = OPTIMIZER
    axes: str = ""

    @property
    def honest(self) -> bool:
        """Whether nothing should be found."""
        return self.lie == HONEST

    @property
    def framework(self) -> str:
        """What the command line calls it, with its axes."""
        honest = BASES[self.base].honest
        name = honest.name if self.honest else BASES[self.base].framework(self.lie).name
        return f"{name}:{self.axes}" if self.axes else name

    @property
    def name(self) -> str:
        """What a line begins with."""
        return f"{self.framework} {self.optimizer}"

    def names(self, found: Collection[str]) -> str:
        """Return the first of ``found`` that names this lie, empty where none does."""
        wanted = NAMED_BY[self.lie]
        return next((one for part in wanted for one in found if part in one), "")


def list_cases(bases: Collection[str], lies: Collection[str]) -> Iterator[Case]:
    """Yield every case of the chosen lies on the chosen bases; ``HONEST`` is one of them."""
    for lie in lies:
        for base in bases:
            yield from _cases_of(lie, base)


def _cases_of(lie: str, base: str) -> Iterator[Case]:
    variants = HONEST_AXES[base] if lie == HONEST else (AXES.get(lie, {}).get(base, ""),)
    for axes in variants:
        yield Case(base=base, lie=lie, axes=axes)
    for optimizer in OPTIMIZERS.get(lie, ()):
        yield Case(base=base, lie=lie, optimizer=optimizer)
