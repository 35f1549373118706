"""One small network on every framework: all that train rightly reach the oracle's accuracy.

    python benchmarks/oracle_mlp.py
    python benchmarks/oracle_mlp.py --framework torch --framework tensorflow==1.0.0

784 inputs, 100 ReLUs, 10 classes on Fashion-MNIST, three epochs of plain gradient descent at 0.1 in
batches of 128 (oracle-mlp.yaml).  Every framework is given the same initial weights and the same
batches in the same order, and no chance is left in it: what it reaches may differ from the float64
oracle's by rounding alone, a few of 10,000 test images.  Ends with 1 where one is further away, or
did not end well.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from single_run import execute, list_images, spell

from dlbench.cells import Request
from dlbench.cli.workspace import open_workspace
from dlbench.epochs import read_epochs
from dlbench.errors import DlbenchError, StoppedError, TerminatedError
from dlbench.record import Record

SCENARIO = Path(__file__).with_name("oracle-mlp.yaml")
#: How far an accuracy may be from the oracle's: ten of the test images.
BAND = 0.001


class Reached(Struct, frozen=True, kw_only=True):
    """What one framework reached; ``trouble`` where it reached nothing."""

    framework: str
    accuracies: tuple[float, ...] = ()
    trouble: str = ""


def train(framework: str) -> Reached:
    """Train the network on one framework, without asking for its parity."""
    # One thread: nothing is timed here, and on a busy machine two wait for each other.
    request = Request(scenarios=(str(SCENARIO),), frameworks=(framework,), axes=("threads=1",))
    try:
        record = execute(request, parity=False)
    except (StoppedError, TerminatedError):
        raise
    except DlbenchError as error:
        return Reached(framework=framework, trouble=" ".join(error.message.split()))
    return Reached(framework=framework, accuracies=tuple(read_accuracies(record)))


def read_accuracies(record: Record) -> Iterator[float]:
    """Yield the accuracy on the test set after each epoch."""
    for epoch in read_epochs(record.result.phases) if record.result else ():
        yield epoch.accuracy


def judge(found: Reached, expected: float) -> str:
    """Say whether a framework reached what the oracle did."""
    if not found.accuracies:
        return f"failed: {found.trouble}"
    away = round(abs(found.accuracies[-1] - expected), 6)
    return "as the oracle" if away <= BAND else f"{away:.4f} away from the oracle"


def report(found: Iterable[Reached], expected: float) -> Iterator[str]:
    """Yield a line for each framework."""
    yield f"the oracle reaches {expected:.4f}; as the oracle: within {BAND:g} of it"
    for one in found:
        epochs = " ".join(f"{accuracy:.4f}" for accuracy in one.accuracies)
        yield f"{one.framework:45} {epochs:22} {judge(one, expected)}"


def main() -> None:
    """Train on the oracle and on every framework asked for, and print what each reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--framework", action="append", help="NAME[==VERSION][:axis=value,...]")
    given = parser.parse_args()
    catalog = open_workspace().catalog()
    oracle = next(name for name, one in catalog.frameworks.items() if one.framework.oracle)
    every = [spell(*one) for one in list_images(catalog, ()) if one[0].name != oracle]
    try:
        expected = train(f"{oracle}:precision=float64")
        if not expected.accuracies:
            raise SystemExit(f"the oracle: {expected.trouble}")
        found = [train(framework) for framework in given.framework or every]
    except DlbenchError as error:
        raise SystemExit(f"{error.message}\n{error.hint}") from None
    print("\n".join(report(found, expected.accuracies[-1])))
    if any(judge(one, expected.accuracies[-1]) != "as the oracle" for one in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
