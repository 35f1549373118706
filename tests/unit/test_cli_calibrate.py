"""``dlbench calibrate``, from the command line to records and tables."""

from __future__ import annotations

import csv
import sys

from command_line import CommandLine, assert_explained

OWN = ("--python", sys.executable)


def calibrate(dlbench: CommandLine, *arguments: str) -> list[str]:
    """Calibrate the oracle in the interpreter of the tests; return the cells of its line."""
    done = dlbench("calibrate", "--quick", "-f", "numpy", *OWN, *arguments)
    assert done.returncode == 0, done.stderr
    head, _, line = done.stdout.splitlines()[-3:]
    assert "peak (GFLOP/s)" in head
    return line.split()


def test_the_oracle_is_calibrated(dlbench: CommandLine) -> None:
    printed = calibrate(dlbench)
    assert printed[:5] == ["numpy", "numpy-2.4.6", "cpu", printed[3], "float64"]
    assert float(printed[5]) > 0
    assert printed[6] == "512"
    assert float(printed[7]) > 0
    records = dlbench.records()
    assert {record["kind"] for record in records} == {"calibration"}
    assert [record["cell"]["scenario"] for record in records] == [
        "matrix-product",
        "matrix-vector",
    ]
    assert all(record["outcome"]["status"] == "ok" for record in records)
    assert all(record["job"]["task"]["optimizer"] is None for record in records)
    assert not any(
        fact["passed"] is False for record in records for fact in record["result"]["audit"].values()
    )
    listed = dlbench("list", "results").stdout
    assert "GFLOP/s" in listed
    assert "GB/s" in listed
    assert_explained(dlbench("compare"), 4, "calibration")


def test_precision_and_threads_are_those_asked_for(dlbench: CommandLine) -> None:
    calibrate(dlbench, "--precision", "float32", "--threads", "1")
    for record in dlbench.records():
        assert record["job"]["task"]["precision"]["storage"] == "float32"
        assert record["job"]["settings"]["threads"] == 1


def test_a_calibration_that_fails_says_so(dlbench: CommandLine) -> None:
    done = dlbench("calibrate", "--quick", "-f", "faulty:fault=none", *OWN)
    assert_explained(done, 10, "2 of 2 runs did not end well")
    assert done.stdout.splitlines()[-1].split()[-5:] == [
        "not", "measured", "none", "not", "measured",
    ]  # fmt: skip


def test_the_plan_has_every_size_and_precision(dlbench: CommandLine) -> None:
    done = dlbench(
        *("calibrate", "-f", "numpy", "--precision", "float32,float64", *OWN, "--dry-run"),
    )
    planned = [line.split() for line in done.stderr.splitlines() if line.startswith("run ")]
    products = [words for words in planned if words[1] == "matrix-product"]
    assert len(products) == 3 * 2
    assert [words[-2] for words in planned if words[1] == "matrix-vector"] == ["precision=float32"]
    assert not dlbench.records()


def test_a_framework_must_be_named(dlbench: CommandLine) -> None:
    assert_explained(dlbench("calibrate"), 2, "no framework is named")


def test_a_step_is_held_against_the_peak(dlbench: CommandLine) -> None:
    done = dlbench.run("none")
    assert done.returncode == 0, done.stderr
    table = list(csv.DictReader(dlbench("compare", "--format", "csv").stdout.splitlines()))
    (row,) = table
    # Softmax regression: 20 x 3 weights, forward and their gradient, for each item.
    flops = 2 * 2 * 60 * int(dlbench.records()[0]["job"]["items_per_step"])
    assert float(row["flops_per_second"]) == flops / float(row["step_seconds"])
    assert "peak_share" not in row
