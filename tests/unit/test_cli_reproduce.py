"""``dlbench reproduce RUN``: a record's cell again, as it was, and whether it agrees."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from command_line import CommandLine, Done, assert_explained
from records import make_record

from dlbench.cli.repetition import check_image, compare_builds
from dlbench.errors import ImageError
from dlbench.store import read_record

#: Steps that sleep take the same time on a machine that has other things to do, within this.
WIDE = ("--band", "50%")


@pytest.fixture
def measured(dlbench: CommandLine) -> CommandLine:
    """Five runs of one cell, whose steps sleep."""
    assert dlbench.run("slow", "--rounds", "5", "--trials", "1").returncode == 0
    return dlbench


@pytest.fixture
def single(dlbench: CommandLine) -> CommandLine:
    """One run."""
    assert dlbench.run("none").returncode == 0
    return dlbench


def reproduce(dlbench: CommandLine, run: str, *arguments: str, **changes: str | None) -> Done:
    own = ("--no-parity", "--python", sys.executable)
    return dlbench("reproduce", run, *own, *arguments, **changes)


def change_records(dlbench: CommandLine, change: Callable[[dict[str, Any]], None]) -> None:
    for file in dlbench.record_files():
        record = json.loads(file.read_bytes())
        change(record)
        file.write_text(json.dumps(record), encoding="utf-8")


def slow_down(record: dict[str, Any]) -> None:
    for phase in record["result"]["phases"]:
        if phase["unit"] == "s":
            phase["values"] = [value * 10_000 for value in phase["values"]]


def test_what_was_measured_before_agrees(measured: CommandLine) -> None:
    before = measured.records()
    done = reproduce(measured, before[0]["run_id"][:8], *WIDE)
    assert done.returncode == 0, done.stderr
    assert "agrees: again / record" in done.stdout
    after = [record for record in measured.records() if record not in before]
    assert len(after) == 5
    assert {record["campaign"] for record in after}.isdisjoint(
        record["campaign"] for record in before
    )
    for name in ("cell", "scenario", "limits"):
        assert all(record[name] == before[0][name] for record in after), name
    plans = [record["job"]["plan"] | {"rounds": 0, "rounds_at_most": 0} for record in after]
    old = before[0]["job"]["plan"] | {"rounds": 0, "rounds_at_most": 0}
    assert all(plan == old for plan in plans)


def test_one_record_alone_is_held_against_five_runs(single: CommandLine) -> None:
    change_records(single, slow_down)
    file = single.record_files()[0]
    alone = single.folder / "kept.json"
    file.rename(alone)
    done = reproduce(single, str(alone), "--json")
    assert_explained(done, 14, "differs: again / record", "it is faster", "dlbench show")
    assert "5 rounds" in done.stderr
    rows = json.loads(done.stdout)["tables"][0]["rows"]
    assert [row["runs"] for row in rows] == ["1", "5"]


def test_one_run_for_one_leaves_it_open(single: CommandLine) -> None:
    done = reproduce(single, "last", "--rounds", "1")
    assert_explained(done, 14, "undecided", "one run on either side", "--rounds")


def test_the_record_has_the_scenario_with_it(single: CommandLine) -> None:
    done = reproduce(single, "last", "--dry-run", DLBENCH_SCENARIOS=None)
    assert done.returncode == 0, done.stderr


def test_a_dry_run_starts_nothing(single: CommandLine) -> None:
    before = single.record_files()
    done = reproduce(single, "last", "--dry-run")
    assert done.returncode == 0
    assert "5 rounds" in done.stderr
    assert single.record_files() == before


def set_other(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        for name in path[:-1]:
            record = record[name]
        record[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "code", "parts"),
    [
        (set_other("scenario", "digest", value="0123"), 11, ["otherwise (digest", "made it"]),
        (set_other("job", "settings", "seed", value=1), 11, ["do otherwise", "settings"]),
        (set_other("image", "wheels", value=["own-1.whl"]), 2, ["local wheels", "--wheel"]),
        (set_other("cell", "framework", value="lost"), 4, ["unknown framework 'lost'"]),
    ],
)
def test_work_that_is_no_longer_the_same(
    single: CommandLine, change: Callable[[dict[str, Any]], None], code: int, parts: list[str]
) -> None:
    change_records(single, change)
    assert_explained(reproduce(single, "last"), code, *parts)
    assert len(single.record_files()) == 1


def test_an_environment_of_somebodys_own_has_to_be_named(single: CommandLine) -> None:
    done = single("reproduce", "last", "--no-parity")
    assert_explained(done, 2, "somebody's own Python", "--python")


def test_a_run_that_failed_has_nothing_to_agree_with(dlbench: CommandLine) -> None:
    assert dlbench.run("error").returncode == 10
    assert_explained(reproduce(dlbench, "last"), 2, "has no figure to agree with", "dlbench show")


def test_a_run_that_measured_nothing(single: CommandLine) -> None:
    change_records(single, set_other("kind", value="calibration"))
    assert_explained(reproduce(single, "last"), 2, "of kind calibration", "dlbench calibrate")


def test_unknown_runs(single: CommandLine) -> None:
    assert_explained(reproduce(single, "0123456789ab"), 4, "no run '0123456789ab'")


def test_an_image_that_is_defined_otherwise_now(single: CommandLine) -> None:
    record = read_record(single.record_files()[0])
    check_image(record, record.image.context_digest)
    with pytest.raises(ImageError, match="is defined otherwise now") as caught:
        check_image(record, "0123456789abcdef")
    assert "made it" in caught.value.hint


def test_an_image_that_was_built_again_is_remarked_upon() -> None:
    record = make_record()
    assert compare_builds(record, record) == []
    image = msgspec.structs.replace(record.image, engine_id="sha256:cafe")
    again = msgspec.structs.replace(record, image=image)
    assert compare_builds(record, again) == [
        "the image was built again from the same definition: sha256:cafe, it was sha256:beef"
    ]
