"""How long ``dlbench --help`` takes beside an import of typer, in the same environment.

    python benchmarks/overhead_help.py [--pairs 15]

Each time is of a whole process; the two alternate.  Target: a ratio of at most 1.5.  Prints also
which slow modules the help imports (target: none).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

SLOW_MODULES = ("docker", "scipy", "numpy", "plotly", "jinja2", "requests", "rich", "yaml")


def time_command(command: list[str]) -> float:
    """Return the seconds that ``command`` takes from start to end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def find_slow_imports() -> list[str]:
    """Return the slow modules that ``dlbench --help`` imports."""
    listing = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dlbench", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    imported = {line.rpartition("|")[2].strip() for line in listing.splitlines()}
    return [module for module in SLOW_MODULES if module in imported]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    pairs = parser.parse_args().pairs
    # The console script, as users start it, beside the interpreter that it belongs to.
    script = str(Path(sys.executable).parent / "dlbench")
    commands = {
        "dlbench --help": [script, "--help"],
        "import typer": [sys.executable, "-c", "import typer"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(pairs):
        for name, command in commands.items():
            seconds[name].append(time_command(command))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"{name:<16} {median * 1000:7.1f} ms (median of {pairs})")
    ratio = medians["dlbench --help"] / medians["import typer"]
    print(f"ratio            {ratio:7.2f}    (target: at most 1.5)")
    print(f"slow imports     {', '.join(find_slow_imports()) or 'none'}")


if __name__ == "__main__":
    main()
