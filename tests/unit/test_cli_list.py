from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from golden import check_golden
from records import make_failure, make_record
from scenario_files import FCNN_DEPTH, MLP, write_scenario
from test_cells import FLOW, HIGH, make_catalog
from typer.testing import CliRunner

from dlbench.catalog import BrokenPlugin, Catalog
from dlbench.cli import list as list_command
from dlbench.errors import ScenarioError
from dlbench.store import Store

BROKEN = (
    BrokenPlugin(
        distribution="dlbench-lost",
        entry_point="dlbench_lost",
        reason="ModuleNotFoundError: No module named 'lost'",
    ),
    BrokenPlugin(
        distribution="dlbench-loud",
        entry_point="dlbench_loud",
        reason="printed while it was loaded: 'hello'",
        usable=True,
    ),
)
STACK = """
name: "{name}"
summary: the era {name}
os: Ubuntu 14.04
cuda: "8.0"
cudnn: "5.1"
image_os: Debian 11
python: "2.7"
"""


@dataclass
class Folders:
    """A workspace for tests."""

    folder: Path
    found: Catalog = field(default_factory=lambda: make_catalog(FLOW, HIGH, broken=BROKEN))

    def catalog(self) -> Catalog:
        return self.found

    @property
    def scenarios(self) -> tuple[Path, ...]:
        return (self.folder / "scenarios",)

    @property
    def images(self) -> Path:
        return self.folder / "images"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "images" / "stacks").mkdir(parents=True)
    for stack in ("2017", "2026"):
        (tmp_path / "images" / "stacks" / f"{stack}.yaml").write_text(STACK.format(name=stack))
    write_scenario(tmp_path / "scenarios", MLP, "mlp.yaml")
    write_scenario(tmp_path / "scenarios", FCNN_DEPTH, "fcnn-depth.yaml")
    folders = Folders(tmp_path)
    monkeypatch.setattr(list_command, "open_workspace", lambda *_: folders)
    return folders


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(list_command.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("what", ["frameworks", "scenarios", "stacks", "images"])
def test_list(what: str) -> None:
    check_golden(f"list-{what}.txt", invoke(what))


@pytest.mark.usefixtures("workspace")
def test_json_has_what_the_text_has() -> None:
    found = json.loads(invoke("frameworks", "--json"))
    assert [each["name"] for each in found["frameworks"]] == ["flow", "high"]
    assert found["frameworks"][0]["images"][3]["devices"] == ["cpu", "cuda"]
    assert found["broken"][0]["reason"] == "ModuleNotFoundError: No module named 'lost'"
    assert [row["name"] for row in json.loads(invoke("scenarios", "--json"))] == [
        "fcnn-depth",
        "mlp",
    ]
    assert json.loads(invoke("stacks", "--json"))[0]["images"] == [
        "flow-1.0",
        "high-2-c",
        "high-2-t",
        "high-1-t",
    ]
    assert json.loads(invoke("images", "--json"))[3]["stack"] == "2026"


def test_nothing_installed(workspace: Folders) -> None:
    workspace.found = Catalog(frameworks={})
    assert invoke("frameworks") == "no framework plugin is installed\n"
    assert invoke("images") == "no framework plugin is installed\n"


def test_wrong_scenario_does_not_hide_the_others(workspace: Folders) -> None:
    write_scenario(workspace.folder / "scenarios", "name: [", "wrong.yaml")
    result = CliRunner().invoke(list_command.app, ["scenarios"])
    assert "fcnn-depth" in result.output
    assert isinstance(result.exception, ScenarioError)
    assert "wrong.yaml" in result.exception.message


def test_results_are_listed_and_broken_ones_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(make_record("aaaa00000001"))
    store.save(make_failure("aaaa00000002", detail="no memory"))
    (tmp_path / "broken.json").write_text("{")
    chosen = ["results", "--json", "--results", str(tmp_path)]
    every = CliRunner().invoke(list_command.app, chosen)
    rows = json.loads(every.stdout)
    assert [row["run"] for row in rows] == ["aaaa00000001", "aaaa00000002"]
    assert [row["outcome"] for row in rows] == ["ok", "failed: no memory"]
    assert "broken.json" in every.stderr
    one = CliRunner().invoke(list_command.app, [*chosen, "aaaa00000002"])
    assert [row["run"] for row in json.loads(one.stdout)] == ["aaaa00000002"]
