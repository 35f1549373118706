"""Telling apart who made a container, long after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dlbench.container import KEPT_LABEL, LABEL, OWNER_LABEL
from dlbench.docker_runs import read_leftover
from dlbench.kernel import Kernel
from dlbench.owner import Owner, find_owner, find_whereabouts, read_owner, read_start

HERE = find_owner()


def test_a_label_names_this_process() -> None:
    assert read_owner(HERE.spell()) == HERE
    assert find_whereabouts(HERE, HERE, running=True) == "alive"
    assert HERE.host
    assert HERE.namespace.startswith("pid:")


@pytest.mark.parametrize("label", ["", "vm", "vm boot pid:[1] x 99", "a b c 1 2 3"])
def test_other_labels_name_nobody(label: str) -> None:
    assert read_owner(label) is None


def test_a_process_that_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = read_start(process.pid, Kernel())
    assert started is not None
    owner = replace(HERE, pid=process.pid, started=started)
    assert find_whereabouts(owner, HERE, running=True) == "alive"
    process.communicate()
    assert find_whereabouts(owner, HERE, running=True) == "ended"
    # Its number may be given to another.
    assert find_whereabouts(replace(HERE, started="1"), HERE, running=True) == "ended"


@pytest.mark.parametrize(
    ("changes", "running", "found"),
    [
        ({"host": "elsewhere"}, False, "elsewhere"),
        ({"namespace": "pid:[1]"}, False, "elsewhere"),
        ({"namespace": "unknown"}, False, "elsewhere"),
        ({"boot": "unknown"}, False, "elsewhere"),
        ({"boot": "the one before"}, False, "ended"),
        ({"boot": "of a machine of the same name"}, True, "elsewhere"),
    ],
)
def test_what_cannot_be_seen_is_nobody_s_to_remove(
    changes: dict[str, Any], running: bool, found: str
) -> None:
    owner = replace(HERE, **changes)
    assert find_whereabouts(owner, HERE, running=running) == found


def test_a_kernel_that_tells_nothing(tmp_path: Path) -> None:
    found = find_owner(Kernel(proc=tmp_path))
    assert (found.boot, found.namespace, found.started) == ("unknown",) * 3
    assert find_whereabouts(found, HERE, running=False) == "elsewhere"


DEAD = replace(HERE, started="1")


@pytest.mark.parametrize(
    ("owner", "engine_state", "kept", "state"),
    [
        (HERE, "running", False, "in use"),
        (DEAD, "running", False, "left"),
        (DEAD, "exited", False, "left"),
        (HERE, "exited", True, "kept"),
        (DEAD, "exited", True, "kept"),
        # To be kept was its end, which it has not come to.
        (DEAD, "running", True, "left"),
        (None, "exited", False, "unknown"),
    ],
)
def test_containers_as_an_engine_lists_them(
    owner: Owner | None, engine_state: str, kept: bool, state: str
) -> None:
    labels = {LABEL: "abc"}
    if owner:
        labels[OWNER_LABEL] = owner.spell()
    if kept:
        labels[KEPT_LABEL] = "yes"
    facts = {"Names": ["/dlbench-abc"], "State": engine_state, "Labels": labels}
    found = read_leftover(facts, HERE)
    assert (found.name, found.run_id, found.state) == ("dlbench-abc", "abc", state)
