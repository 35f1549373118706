"""What gives a parity run another key, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from samples import ADAPTER, make_framework, make_job, make_prepared_run

from dlbench.fingerprint import digest_files, parity_key, reference_key
from dlbench.job import Job, Parity, Probe, Settings
from dlbench.runner import PreparedRun

RUN = make_prepared_run()
PROBE = Probe(name="network", kind="network", task=RUN.job.task, steps=10)
JOB = make_job(parity=Parity(role="compare", probes=(PROBE,)))


def key(job: Job = JOB, run: PreparedRun = RUN, reference: str = "0") -> str:
    return parity_key(job, run.built, run.framework, run.image, reference)


def with_image(**changes: Any) -> PreparedRun:
    return replace(RUN, built=replace(RUN.built, **changes))


def with_settings(**changes: Any) -> Job:
    fields: dict[str, Any] = {"axes": {}, "seed": 1, "threads": 2, "device": "cpu"}
    return msgspec.structs.replace(JOB, settings=Settings(**(fields | changes)))


def test_equal_for_equal_work() -> None:
    assert key() == key()
    for same in (
        with_settings(threads=1),
        msgspec.structs.replace(JOB, run_id="other", feed="device", loop="epoch"),
        msgspec.structs.replace(JOB, items_per_step=99),
    ):
        assert key(same) == key()
    assert key(run=with_image(engine_id="sha256:other", size_bytes=9)) == key()


def test_another_for_other_work() -> None:
    more = msgspec.structs.replace(PROBE, steps=11)
    larger = msgspec.structs.replace(PROBE.task, batch_size=PROBE.task.batch_size * 2)
    filled = msgspec.structs.replace(PROBE, task=larger, items=PROBE.task.batch_size)
    others = [
        key(with_settings(axes={"layout": "NCHW"})),
        key(with_settings(seed=2)),
        key(msgspec.structs.replace(JOB, parity=Parity(role="compare", probes=(more,)))),
        key(msgspec.structs.replace(JOB, parity=Parity(role="compare", probes=(filled,)))),
        key(run=with_image(digest="4567")),
        key(run=with_image(device="cuda")),
        key(reference="1"),
    ]
    assert len({key(), *others}) == 1 + len(others)


def test_what_is_not_pinned_is_told_by_what_it_holds() -> None:
    own = with_image(pinned=False, digest="", packages={"torch": "2.13.0"})
    newer = with_image(pinned=False, digest="", packages={"torch": "2.14.0"})
    rebuilt = replace(own, built=replace(own.built, engine_id="sha256:1"))
    assert len({key(), key(run=own), key(run=newer), key(run=rebuilt)}) == 4


def test_other_processors_take_other_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr("dlbench.fingerprint.identify_processor", lambda _device: ["other"])
    assert key() != before


@pytest.mark.parametrize("name", ["adapter.py", "adapter_layers.py"])
def test_code_is_told_by_name_and_content(tmp_path: Path, name: str) -> None:
    adapter, further = tmp_path / "adapter.py", tmp_path / "adapter_layers.py"
    adapter.write_text("a = 1\n")
    further.write_text("b = 2\n")
    framework = make_framework(adapter=adapter, files=(further,))
    run = replace(RUN, framework=framework)
    before = key(run=run), reference_key(JOB, run.built, framework, run.image)
    (tmp_path / name).write_text("c = 3\n")
    after = key(run=run), reference_key(JOB, run.built, framework, run.image)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_files_are_told_apart_in_any_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"xy")
    second.write_bytes(b"")
    both = digest_files([first, second])
    assert digest_files([second, first]) == both
    first.write_bytes(b"x")
    second.write_bytes(b"y")
    assert digest_files([first, second]) != both
    assert digest_files([ADAPTER]) == digest_files([ADAPTER])
