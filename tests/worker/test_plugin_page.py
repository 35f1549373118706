"""The plugin that docs/plugins.md writes is one: found, executed, and at one with the oracle."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = re.compile(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def install(project: Path, site: Path) -> str:
    """Make the distribution in ``project`` known under ``site``; return its folder for the path."""
    facts = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    information = site / f"{facts['name'].replace('-', '_')}-{facts['version']}.dist-info"
    information.mkdir(parents=True, exist_ok=True)
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: {facts['version']}\n"
    )
    points = "\n".join(f"{k} = {v}" for k, v in facts["entry-points"]["dlbench"].items())
    (information / "entry_points.txt").write_text(f"[dlbench]\n{points}\n")
    return str(project)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A folder with the files of the page, as the page has them."""
    files = FILE.findall((ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"))
    for name, text in files:
        path = tmp_path / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    # The lock of the same requirements, which the page has `dlbench images lock` fetch.
    lock = ROOT / "images" / "numpy" / "numpy-2.4.6" / "requirements.txt"
    shutil.copyfile(lock, tmp_path / "toy" / "dlbench_toy" / "image" / "requirements.txt")
    return tmp_path / "toy"


def dlbench(page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    site = page.parent / "site"
    folders = [install(page, site), str(site), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "dlbench", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(folders),
            "DLBENCH_RESULTS": str(page.parent / "results"),
            "DLBENCH_CACHE": str(page.parent / "cache"),
        },
        cwd=page,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def losses(record: dict[str, Any]) -> list[float]:
    return next(one["values"] for one in record["result"]["phases"] if one["name"] == "loss")


def test_the_page_states_a_whole_plugin(page: Path) -> None:
    names = {str(path.relative_to(page)) for path in page.rglob("*") if path.is_file()}
    assert names == {
        "pyproject.toml",
        "dlbench_toy/__init__.py",
        "dlbench_toy/adapter.py",
        "dlbench_toy/image/Dockerfile",
        "dlbench_toy/image/requirements.in",
        "dlbench_toy/image/requirements.txt",
        "dlbench_toy/image/verify",
        "toy-rows.yaml",
    }


def test_the_plugin_runs_and_agrees_with_the_oracle(page: Path) -> None:
    done = dlbench(
        page, "run", "./toy-rows.yaml", "--quick", "--framework", "toy", "--framework", "numpy",
        "--python", sys.executable,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    results = page.parent / "results" / "toy-rows"
    records = [json.loads(path.read_bytes()) for path in sorted(results.glob("*/*.json"))]
    found = {
        record["cell"]["framework"]: record for record in records if record["kind"] == "measurement"
    }
    assert set(found) == {"toy", "numpy"}
    assert {record["parity"]["verdict"] for record in records} == {"passed"}
    assert len(losses(found["toy"])) > 10
    assert losses(found["toy"]) == pytest.approx(losses(found["numpy"]), abs=1e-5)
    failed = [
        name for name, fact in found["toy"]["result"]["audit"].items() if fact["passed"] is False
    ]
    assert not failed


def verify(page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = ("--framework", "toy", "--python", sys.executable)
    return dlbench(page, "verify", "./toy-rows.yaml", *own, *arguments)


def test_the_plugin_is_verified_once(page: Path) -> None:
    first, second = verify(page), verify(page)
    for done in (first, second):
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search("toy-1.0 +batch_size=64 order=C +passed", done.stdout)
    assert "[parity 2/2]" in first.stderr
    assert "[parity" not in second.stderr
    assert "[parity 1/1]" in verify(page, "--again").stderr


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "return gradient * (given > 0)",
            "return gradient",
            r"gradients: failed, [\d.]+ \(bound 0.05\); first at dense_1/kernel: [\d.]+; "
            "2 of 4 weights differ",
        ),
        (
            'np.float32(given["learning_rate"])',
            'np.float32(2 * given["learning_rate"])',
            r"optimizer sgd: failed, 1 \(bound 0.0001\); first at update 1: off by 1 of it",
        ),
        (
            "logits = self.forward(prepared[0])[-1]",
            "logits = self.forward(prepared[0])[-1] * 1.001",
            r"outputs: failed, [\de.-]+ \(bound 0.0001\); predictions differ by",
        ),
    ],
    ids=["no slope of the ReLU", "another rate", "other predictions"],
)
def test_a_plugin_that_is_wrong_is_told_where(
    page: Path, right: str, wrong: str, said: str
) -> None:
    adapter = page / "dlbench_toy" / "adapter.py"
    text = adapter.read_text(encoding="utf-8")
    assert right in text
    adapter.write_text(text.replace(right, wrong), encoding="utf-8")
    done = verify(page)
    assert done.returncode == 12, done.stdout + done.stderr
    assert re.search(said, done.stdout), done.stdout
    assert "parity failed for 1 of 1 cells" in done.stderr
    (hint,) = re.findall(r"^  dlbench (show \w+)$", done.stderr, re.MULTILINE)
    shown = dlbench(page, *hint.split())
    assert re.search(said.replace(": failed", " +failed"), shown.stdout), shown.stdout
    report = json.loads(verify(page, "--json").stdout)
    assert [one["parity"]["verdict"] for one in report] == ["failed"]


def test_a_plugin_that_is_wrong_is_barred_from_ranks(page: Path) -> None:
    adapter = page / "dlbench_toy" / "adapter.py"
    text = adapter.read_text(encoding="utf-8")
    adapter.write_text(text.replace("* (given > 0)", ""), encoding="utf-8")
    done = dlbench(
        page, "run", "./toy-rows.yaml", "--quick", "--framework", "toy", "--framework", "numpy",
        "--python", sys.executable,
    )  # fmt: skip
    assert done.returncode == 12, done.stdout + done.stderr
    assert "parity   passed by 1 of 2 cells" in done.stderr
    assert "dlbench: 1 of 2 cells did not do the scenario's work" in done.stderr
    assert "parity failed: gradients: first at dense_1/kernel" in done.stdout
    unverified = dlbench(
        page, "run", "./toy-rows.yaml", "--quick", "--no-parity", "--framework", "toy",
        "--python", sys.executable,
    )  # fmt: skip
    assert "[parity" not in unverified.stderr
    assert "parity not run" in unverified.stdout


def test_what_the_plugin_cannot_do_is_refused_with_its_reason(page: Path) -> None:
    scenario = page / "toy-rows.yaml"
    scenario.write_text(scenario.read_text().replace("- relu", "- tanh"))
    done = dlbench(page, "run", "./toy-rows.yaml", "--framework", "toy", "--python", sys.executable)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "toy knows no other activation than ReLU" in done.stdout + done.stderr
