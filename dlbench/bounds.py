"""How far a correct program may be from the oracle, for each number format.

Bounds are relative, and state what correct programs of different summation orders were measured to
need, times a margin; docs/measuring.md has the figures and where they come from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

from dlbench.job import Precision


class Bounds(Struct, frozen=True, kw_only=True):
    """The largest difference that passes, of each kind of thing that parity compares."""

    #: Of a loss, relative to it where it is above 1, else absolute.
    loss: float
    #: Of the outputs: the largest difference, relative to the largest output.
    outputs: float
    #: The same after the steps, in which decisions that fell differently have had an effect.
    outputs_after: float
    #: Of a gradient: L2 norm of the difference, relative to the L2 norm of the gradient.
    gradient: float
    #: The same of the last layer, which no kink of a ReLU or maximum lies above.
    last_gradient: float
    #: Of a weight after the steps: L2 norm of the difference, relative to that of its change.
    weight: float
    #: Of the elements of an optimizer's update, relative to the element.
    update: float
    #: Of what dropout multiplies values with, relative to 1 / (1 - rate).
    scale: float
    #: Half the distance of 1 from the next number in the format that weights are kept in.
    rounding: float = 2.0**-24


#: Formats with ten bits after the point.
_HALF = Bounds(
    loss=2e-3,
    outputs=1e-2,
    outputs_after=2e-2,
    gradient=0.2,
    last_gradient=1e-2,
    weight=0.2,
    update=5e-3,
    scale=5e-3,
)

#: By the format that products are computed in.
BOUNDS: Mapping[str, Bounds] = {
    "float64": Bounds(
        loss=1e-9,
        outputs=1e-9,
        outputs_after=1e-8,
        gradient=1e-6,
        last_gradient=1e-6,
        weight=1e-6,
        update=1e-6,
        scale=1e-6,
        rounding=2.0**-53,
    ),
    "float32": Bounds(
        loss=1e-5,
        outputs=1e-4,
        outputs_after=1e-3,
        gradient=5e-2,
        last_gradient=1e-4,
        weight=5e-2,
        update=1e-4,
        scale=1e-4,
    ),
    "tf32": _HALF,
    "float16": _HALF,
    # Deep networks have nearly as much noise as gradient; a gradient that is missing differs by 1.
    "bfloat16": Bounds(
        loss=1e-2,
        outputs=1e-1,
        outputs_after=1e-1,
        gradient=0.8,
        last_gradient=5e-2,
        weight=0.8,
        update=2e-2,
        scale=2e-2,
    ),
}

#: A fraction of so many standard deviations from the rate is found once in 10 million probes of
#: a correct dropout (normal approximation of the binomial distribution).
DROPOUT_DEVIATIONS = 5.3

#: Of a sum of n terms so many times sqrt(n) roundings: they are sqrt(n) where they are independent
#: (Higham 2002, section 2.8), and correct programs were measured to need 0.8 of that.
SUM_MARGIN = 8.0


def find_bounds(precision: Precision) -> Bounds:
    """Return the bounds of what computes in ``precision``."""
    return BOUNDS[precision.compute]


def bound_last_gradient(bounds: Bounds, labels: int) -> float:
    """Return the bound of the last layer's gradients, each a sum over so many labels."""
    return max(bounds.last_gradient, SUM_MARGIN * bounds.rounding * math.sqrt(labels))
