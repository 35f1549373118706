"""Planted lies: does dlbench find them, by the check that names them, and nothing where none is?

    python benchmarks/lies.py [--engine docker|podman|venv] [--base torch|numpy] [--only LIE]

Every faulty framework of ``benchmarks/lies`` is verified and measured as `dlbench verify` and
`dlbench run` would, on a small network; then the honest ones.  A line tells what found a lie, and
whether that names it.  Exit code 1 where a lie escapes or is not named, or something honest is
caught.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlbench_lies.court import Finding

LIES = Path(__file__).resolve().parent / "lies"
ENGINES = ("docker", "podman", "venv")
BASES = ("torch", "numpy")


def report(findings: Sequence[Finding]) -> bool:
    """Print the sums; return whether every lie was named and nothing honest was caught."""
    lies = [one for one in findings if not one.case.honest]
    honest = [one for one in findings if one.case.honest]
    caught = [one for one in lies if one.failed]
    wrong = [one for one in honest if not one.right]
    named = sum(one.right for one in caught)
    print(f"caught by a check that names the lie: {named} of {len(caught)}")
    print(f"false catches: {len(wrong)} of {len(honest)}")
    print(f"caught {len(caught)} of {len(lies)}")
    return all(one.right for one in findings)


def main() -> None:
    """Read the options and try each case asked for."""
    sys.path.insert(0, str(LIES))
    from dlbench_lies.cases import HONEST, NAMED_BY, list_cases
    from dlbench_lies.court import open_court

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", choices=ENGINES, default="docker")
    parser.add_argument("--base", action="append", choices=BASES)
    parser.add_argument("--only", action="append", metavar="LIE", choices=[*NAMED_BY, HONEST])
    given = parser.parse_args()
    findings = []
    with open_court(given.engine) as court:
        for case in list_cases(given.base or BASES, given.only or (*NAMED_BY, HONEST)):
            findings.append(court.try_case(case))
            print(findings[-1].describe(), flush=True)
    if not report(findings):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
