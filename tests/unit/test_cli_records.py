"""The commands that read records, as a user types them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from epoch_runs import make_epochs
from records import make_cell, make_failure, make_phases, make_record, make_result

from dlbench.metrics import METRICS
from dlbench.store import Store


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dlbench", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"DLBENCH_RESULTS": str(folder), "COLUMNS": "200"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(tmp_path / "results")
    for number in (1, 2):
        store.save(make_record(f"aaaa0000000{number}", round=number))
        result = make_result(make_phases(0.25), versions={"tensorflow": "2.21.0"})
        cell = make_cell("tensorflow")
        store.save(make_record(f"bbbb0000000{number}", round=number, cell=cell, result=result))
    store.save(make_failure("cccc00000001", detail="no kernel", cell=make_cell("numpy")))
    store.save(make_record("dddd00000001", kind="parity", cell=make_cell("own")))
    return store.folder


def test_compare_prints_the_newest_scenario(folder: Path) -> None:
    done = run("compare", "--baseline", "torch", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    rows = re.findall(r"^(\S+) +(tensorflow|torch|numpy) +", done.stdout, re.MULTILINE)
    assert rows == [("1-2", "tensorflow"), ("1-2", "torch"), ("none", "numpy")]
    assert "not enough data (about 3 more rounds)" in done.stdout
    assert "failed: no kernel" in done.stdout


def test_compare_prints_csv_alone_on_standard_output(folder: Path) -> None:
    (folder / "broken.json").write_text("{")
    done = run("compare", "tiny", "--format", "csv", folder=folder)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["framework"] for row in rows] == ["tensorflow", "torch", "numpy"]
    assert rows[0]["step_seconds"] == "0.25"
    assert "skipped broken.json: corrupt" in done.stderr
    assert "1 files were skipped" in done.stderr


def test_parity_runs_are_listed_with_their_verdict(folder: Path) -> None:
    done = run("list", "results", "dddd", "--json", folder=folder)
    assert [row["outcome"] for row in json.loads(done.stdout)] == ["parity passed"]


def test_runs_can_be_named(folder: Path) -> None:
    done = run("compare", "aaaa00000001", "cccc", "--format", "json", folder=folder)
    rows = json.loads(done.stdout)["tables"][0]["rows"]
    assert [row["framework"] for row in rows] == ["torch", "numpy"]
    assert rows[0]["runs"] == "1"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("compare", "tyny"), 4, "dlbench: no record matches 'tyny'"),
        (("compare", "dddd"), 4, "run dddd00000001 measured nothing: it is of kind parity"),
        (("compare", "--metric", "stepp"), 4, "dlbench: unknown metric 'stepp'"),
        (("compare", "--baseline", "jax"), 4, "dlbench: no row fits the baseline 'jax'"),
        (("compare", "--by", "xla"), 4, "dlbench: nothing here is called 'xla'"),
        (("compare", "--format", "xml"), 2, "xml"),
        (("compare", "--band", "5"), 2, "dlbench: --band '5' is no percentage"),
        (("compare", "--fail-if-slower", "5%"), 2, "--fail-if-slower needs a baseline"),
        (
            ("compare", "--baseline", "torch", "--fail-if-slower", "much"),
            2,
            "dlbench: --fail-if-slower 'much' is no percentage",
        ),
        (("compare", "--target", "0.98"), 2, "dlbench: --target belongs to a time"),
        (
            ("compare", "--metric", "time_to_accuracy", "--target", "98"),
            2,
            "dlbench: --target 98 is no accuracy",
        ),
        (("show", "aaaa00000001", "--csv"), 4, "dlbench: run aaaa00000001 has no epochs"),
        (("show", "aaaa00000001", "--csv", "--json"), 2, "dlbench: --json and --csv exclude"),
        (("show", "ffff"), 4, "dlbench: there is no run 'ffff'"),
        (("results", "import", "none.tar.gz"), 9, "dlbench: cannot read none.tar.gz"),
    ],
)
def test_errors_are_one_line_with_a_code(
    folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run(*arguments, folder=folder)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_gate_of_continuous_integration(folder: Path) -> None:
    store = Store(folder)
    for number in range(3, 6):
        store.save(make_record(f"aaaa0000000{number}", round=number))
        result = make_result(make_phases(0.25), versions={"tensorflow": "2.21.0"})
        cell = make_cell("tensorflow")
        store.save(make_record(f"bbbb0000000{number}", round=number, cell=cell, result=result))
    gate = ("compare", "--fail-if-slower", "5%", "--baseline")
    done = run(*gate, "torch", folder=folder)
    assert done.returncode == 0
    assert done.stderr == "not shown to be slower by 5 % at most: numpy-2.4.6: no figure\n"
    strict = run(*gate, "torch", "--strict", folder=folder)
    assert strict.returncode == 13
    assert strict.stdout == done.stdout
    slower = run(*gate, "tensorflow", folder=folder)
    assert slower.returncode == 13
    assert slower.stderr == (
        "dlbench: 1 of 2 rows are slower than the baseline by more than 5 %\n"
        "  torch-2.13.0 / tensorflow-2.21.0 2.000 [2.000, 2.000]\n"
    )
    assert "slower" in slower.stdout


def test_no_records_is_an_explained_error(tmp_path: Path) -> None:
    done = run("compare", folder=tmp_path / "none")
    assert done.returncode == 4
    assert "there are no records" in done.stderr
    assert "dlbench run makes some" in done.stderr


def test_show_is_for_people_and_json_is_the_record(folder: Path) -> None:
    done = run("show", "cccc", "--traceback", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "failed: no kernel" in done.stdout
    assert "Traceback (most recent call last)" in done.stdout
    as_json = run("show", "cccc", "--json", folder=folder)
    assert json.loads(as_json.stdout)["run_id"] == "cccc00000001"


def test_the_epochs_of_a_run_are_a_table_for_programs(folder: Path) -> None:
    Store(folder).save(make_epochs("eeee00000001", [0.9, 0.97], [3.0, 2.0]))
    done = run("show", "eeee", "--csv", folder=folder)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["training_seconds"] for row in rows] == ["3.0", "5.0"]


def test_the_time_to_an_accuracy(folder: Path) -> None:
    Store(folder).save(make_epochs("eeee00000001", [0.9, 0.97], [3.0, 2.0]))
    asked = ("compare", "eeee", "--metric", "time_to_accuracy", "--format", "csv")
    done = run(*asked, "--target", "0.95", folder=folder)
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert row["time_to_accuracy_seconds"] == "5.0"
    assert row["table"] == "tiny: time to accuracy 0.95"
    (row,) = csv.DictReader(io.StringIO(run(*asked, folder=folder).stdout))
    assert row["time_to_accuracy_seconds"] == "5.0"


def test_every_metric_is_in_the_help_and_can_be_asked_for(folder: Path) -> None:
    said = " ".join(run("compare", "--help", folder=folder).stdout.split())
    listed = said.partition("--metric <str> ")[2].partition(". Default")[0]
    assert set(listed.replace(" or ", ", ").split(", ")) == set(METRICS)


def test_results_go_out_and_come_in(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "out.tar.gz"
    done = run("results", "export", str(archive), "torch", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "2 records" in done.stdout
    other = tmp_path / "other"
    assert (
        "2 records imported, 0 were" in run("results", "import", str(archive), folder=other).stdout
    )
    assert (
        "0 records imported, 2 were" in run("results", "import", str(archive), folder=other).stdout
    )
    assert run("compare", folder=other).stdout.count("torch-2.13.0") == 1


def test_list_results_shows_each_figure(folder: Path) -> None:
    done = run("list", "results", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "step 250 ms" in done.stdout
    assert "failed: no kernel" in done.stdout


@pytest.mark.parametrize("command", ["compare", "show", "results"])
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "import sys; sys.argv = ['dlbench', sys.argv[1], '--help']\n"
        "from dlbench.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(','.join(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command], check=True, capture_output=True, text=True
    )
    loaded = set(done.stderr.strip().split(","))
    assert "dlbench" in loaded
    assert not loaded & {"numpy", "scipy", "docker", "tabulate", "msgspec", "sqlite3", "yaml"}
