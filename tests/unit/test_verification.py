"""Finding verdicts: what is executed, what is known already, and what stands in the way."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from parity_worker import ParityEngine
from samples import ADAPTER, make_provenance
from scenario_files import MLP

from dlbench.catalog import Catalog, Entry
from dlbench.cells import Cell, Request, expand
from dlbench.engine import Exit
from dlbench.errors import PluginError
from dlbench.framework import Axis, Difference, Framework, Image, Supports
from dlbench.images import read_settings
from dlbench.job import Event, Parity
from dlbench.oracle import find_oracle
from dlbench.preparation import Choices, Preparation
from dlbench.record import ParityFacts, Record
from dlbench.references import References
from dlbench.runner import PreparedRun
from dlbench.store import Store
from dlbench.verification import Verifier

IMAGES = Path(__file__).parents[2] / "images"
MAKE, COMPARE = ("make", "adapter.py"), ("compare", "adapter.py")


class Silent:
    """An observer that only remembers."""

    def __init__(self) -> None:
        self.waited: list[str] = []
        self.noted: list[str] = []

    def progress(self, text: str) -> None:
        self.waited.append(text)

    def note(self, text: str) -> None:
        self.noted.append(text)

    def begin_run(self, number: int, total: int, run: PreparedRun) -> None:
        assert 1 <= number <= total

    def see_event(self, event: Event) -> None:
        """Nothing is told while a run is played."""

    def end_run(self, record: Record, path: Path) -> None:
        assert path.exists()


def framework(name: str, *axes: Axis, **changes: Any) -> Framework:
    image = Image(
        id=f"{name}-1.0",
        versions={name: "1.0"},
        stack="2026",
        folder=IMAGES / "numpy" / "numpy-2.4.6",
    )
    supports = Supports(layers=("dense", "activation"), optimizers=("sgd",), axes=axes)
    fields: dict[str, Any] = {"name": name, "summary": "", "adapter": ADAPTER}
    return Framework(**(fields | {"images": (image,), "supports": supports} | changes))


ORACLE = framework("oracle", Axis(name="precision", values=("float64", "float32")), oracle=True)
LAYOUT = Axis(name="layout", values=("NHWC", "NCHW"))


@dataclass
class Laboratory:
    """Verifies cells of a small scenario, with folders and frameworks of its own."""

    folder: Path
    engine: ParityEngine = field(default_factory=ParityEngine)
    results: str = "results"
    cache: str = "cache"
    frameworks: Sequence[Framework] = (
        ORACLE,
        framework("one", LAYOUT),
        framework("two", LAYOUT),
    )
    observer: Silent = field(default_factory=Silent)

    @property
    def store(self) -> Store:
        return Store(self.folder / self.results)

    @property
    def catalog(self) -> Catalog:
        return Catalog(
            frameworks={
                one.name: Entry(framework=one, distribution=f"dlbench-{one.name}", version="1")
                for one in self.frameworks
            }
        )

    def cells(self, *chosen: str, axes: tuple[str, ...] = ()) -> list[Cell]:
        path = self.folder / "mlp.yaml"
        request = Request(scenarios=(str(path),), frameworks=chosen, axes=axes, cpu_count=2)
        found = expand(request, self.catalog, ())
        assert all(isinstance(cell, Cell) for cell in found), found
        return [cell for cell in found if isinstance(cell, Cell)]

    def verify(self, *chosen: str, axes: tuple[str, ...] = (), **changes: Any) -> list[ParityFacts]:
        preparation = Preparation(
            engine=self.engine,
            images_folder=IMAGES,
            cache=self.folder / self.cache,
            settings=read_settings(wheels=()),
            on_progress=lambda line: None,
        )
        cells = self.cells(*chosen, axes=axes)
        built, errors = preparation.ensure_images(cells)
        assert not errors
        verifier = Verifier(
            preparation=preparation,
            catalog=self.catalog,
            store=self.store,
            choices=Choices(campaign="c", change_plan=lambda plan: plan, memory_bytes=2**30),
            scratch=self.folder / "runs",
            provenance=make_provenance(),
            observer=self.observer,
            **changes,
        )
        return verifier.verify([(cell, built[cell.image.id, cell.device]) for cell in cells])

    def executed(self) -> list[tuple[str, str]]:
        """Return the runs since the last time this was asked."""
        runs, self.engine.runs = self.engine.runs, []
        return runs


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    text = MLP.replace("dataset: mnist", "dataset: synthetic\n  items: 512")
    (tmp_path / "mlp.yaml").write_text(text, encoding="utf-8")
    return Laboratory(tmp_path)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_verdict_is_reached_once(laboratory: Laboratory) -> None:
    (first,) = laboratory.verify("one")
    assert (first.verdict, first.reason) == ("passed", "")
    assert len(first.checks) == 10
    assert laboratory.executed() == [MAKE, COMPARE]
    assert laboratory.verify("one") == [first]
    assert laboratory.executed() == []
    record = laboratory.store.load(first.run_id)
    assert (record.kind, record.parity) == ("parity", first)


def test_frameworks_share_what_the_oracle_made(laboratory: Laboratory) -> None:
    laboratory.verify("one")
    laboratory.executed()
    found = laboratory.verify("one", "two", "oracle")
    assert [facts.verdict for facts in found] == ["passed"] * 3
    assert len({facts.key for facts in found}) == 3
    assert laboratory.executed() == [COMPARE, COMPARE]


def test_axes_that_change_no_result_share_a_verdict(laboratory: Laboratory) -> None:
    axes = ("threads=1,2", "feed=host,device")
    found = laboratory.verify("one", axes=axes)
    assert len(found) == 4
    assert len({facts.run_id for facts in found}) == 1
    assert laboratory.executed() == [MAKE, COMPARE]
    found = laboratory.verify("one", axes=("layout=NHWC,NCHW",))
    assert len({facts.run_id for facts in found}) == 2
    assert laboratory.executed() == [COMPARE]


def test_a_batch_size_has_a_verdict_of_its_own(laboratory: Laboratory) -> None:
    found = laboratory.verify("one", axes=("batch_size=32,128",))
    assert len({facts.run_id for facts in found}) == 2
    assert laboratory.executed() == [MAKE, COMPARE, COMPARE]
    sizes = [
        {probe.name: probe.task.batch_size for probe in parity_of(laboratory, facts).probes}
        for facts in found
    ]
    assert [one["gradients"] for one in sizes] == [32, 128]
    assert [one["network"] for one in sizes] == [32, 128]


def parity_of(laboratory: Laboratory, facts: ParityFacts) -> Parity:
    parity = laboratory.store.load(facts.run_id).job.parity
    assert parity is not None
    return parity


def test_an_adapter_that_changed_is_verified_again(laboratory: Laboratory) -> None:
    (before,) = laboratory.verify("one")
    laboratory.executed()
    adapter = laboratory.folder / "adapter.py"
    adapter.write_text(ADAPTER.read_text(encoding="utf-8") + "# changed\n")
    laboratory.frameworks = (ORACLE, framework("one", LAYOUT, adapter=adapter))
    (after,) = laboratory.verify("one")
    assert laboratory.executed() == [COMPARE]
    assert after.key != before.key


def test_a_new_oracle_makes_new_arrays(laboratory: Laboratory) -> None:
    laboratory.verify("one")
    laboratory.executed()
    adapter = laboratory.folder / "adapter.py"
    adapter.write_text("# another oracle\n")
    laboratory.frameworks = (replace(ORACLE, adapter=adapter), framework("one", LAYOUT))
    laboratory.verify("one")
    assert laboratory.executed() == [MAKE, COMPARE]


def test_again_leaves_the_oracles_arrays(laboratory: Laboratory) -> None:
    (before,) = laboratory.verify("one")
    (after,) = laboratory.verify("one", again=True)
    assert laboratory.executed() == [MAKE, COMPARE, COMPARE]
    assert before.run_id != after.run_id
    assert laboratory.verify("one")[0].run_id == after.run_id


def test_other_results_get_a_copy_of_the_record(laboratory: Laboratory) -> None:
    (known,) = laboratory.verify("one")
    laboratory.executed()
    laboratory.results = "other"
    assert laboratory.verify("one") == [known]
    assert laboratory.executed() == []
    assert laboratory.store.load(known.run_id).run_id == known.run_id
    # Moved about below the folder it is still there, and not saved again.
    (path,) = laboratory.store.folder.rglob("*.json")
    path.rename(laboratory.store.folder / "moved.json")
    laboratory.verify("one")
    assert len(list(laboratory.store.folder.rglob("*.json"))) == 1


def test_records_speak_where_the_cache_is_lost(laboratory: Laboratory) -> None:
    (known,) = laboratory.verify("one")
    laboratory.executed()
    shutil.rmtree(laboratory.folder / laboratory.cache)
    assert laboratory.verify("one") == [known]
    assert laboratory.executed() == []


@pytest.mark.parametrize("damage", ["missing", "cut", "manifest"])
def test_arrays_that_are_not_whole_are_made_again(laboratory: Laboratory, damage: str) -> None:
    laboratory.verify("one")
    laboratory.executed()
    (array,) = (laboratory.folder / laboratory.cache / "parity").rglob("losses.npy")
    if damage == "missing":
        array.unlink()
    elif damage == "cut":
        array.write_bytes(b"arr")
    else:
        (array.parents[1] / "manifest.json").write_text("{")
    laboratory.verify("two")
    assert laboratory.executed() == [MAKE, COMPARE]


def test_a_failure_is_a_verdict_and_is_kept(laboratory: Laboratory) -> None:
    def drop(result: dict[str, Any]) -> None:
        for weight in ("dense_1/kernel", "dense_2/kernel"):
            result["parity"]["gradients"]["gradients"][weight]["difference"] = 0.5

    laboratory.engine.changes["compare"] = drop
    (facts,) = laboratory.verify("one")
    assert facts.verdict == "failed"
    assert facts.reason.startswith("gradients: first at dense_1/kernel: 0.5; 2 of 4")
    laboratory.engine.changes.clear()
    laboratory.executed()
    assert laboratory.verify("one")[0] == facts
    assert laboratory.executed() == []


def test_what_is_known_is_judged_anew(laboratory: Laboratory) -> None:
    def shift(result: dict[str, Any]) -> None:
        result["parity"]["optimizer"]["updates"] = [{"difference": 0.5, "row": 3}] * 3

    laboratory.engine.changes["compare"] = shift
    assert laboratory.verify("one")[0].verdict == "failed"
    own = framework("one", LAYOUT)
    declared = Difference(optimizer="sgd", reason="its own", axes={"layout": ("NHWC",)})
    supports = replace(own.supports, differences=(declared,))
    laboratory.frameworks = (ORACLE, replace(own, supports=supports))
    laboratory.executed()
    (facts,) = laboratory.verify("one")
    assert facts.verdict == "passed"
    assert [check.status for check in facts.checks if check.name == "optimizer sgd"] == ["declared"]
    assert laboratory.executed() == []
    # Where the difference is not declared, it is none.
    assert laboratory.verify("one:layout=NCHW")[0].verdict == "failed"


def end_badly(result: dict[str, Any]) -> None:
    result["status"] = "unsupported"
    result["reason"] = "no such unit"
    result["parity"] = {}


def end_late(result: dict[str, Any]) -> None:
    result["status"] = "failed"
    result["failure"] = {"type": "ValueError", "message": "no gradient"}
    del result["parity"]["optimizer"]


def test_a_run_that_ended_badly_is_no_verdict(laboratory: Laboratory) -> None:
    laboratory.engine.changes["compare"] = end_badly
    (facts,) = laboratory.verify("one")
    assert (facts.verdict, facts.reason) == ("not run", "unsupported: no such unit")
    assert laboratory.store.load(facts.run_id).parity == facts
    laboratory.engine.changes.clear()
    assert laboratory.verify("one")[0].verdict == "passed"
    assert laboratory.executed() == [MAKE, COMPARE, COMPARE]


def test_what_was_observed_before_a_run_ended_badly_counts(laboratory: Laboratory) -> None:
    laboratory.engine.changes["compare"] = end_late
    (facts,) = laboratory.verify("one")
    assert (facts.verdict, facts.reason) == ("not run", "failed: ValueError: no gradient")

    def differ(result: dict[str, Any]) -> None:
        end_late(result)
        result["parity"]["network"]["losses"] = [3.0] * 10

    laboratory.engine.changes["compare"] = differ
    (facts,) = laboratory.verify("one")
    assert facts.verdict == "failed"
    assert facts.reason.startswith("losses: first at step 0")


def diverge(result: dict[str, Any]) -> None:
    result["parity"]["network"]["losses"][3] = "nan"


@pytest.mark.parametrize(
    ("change", "reason"),
    [(end_badly, "the oracle: unsupported: no such unit"), (diverge, "do not stay finite")],
)
def test_without_the_oracle_there_is_no_verdict(
    laboratory: Laboratory, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    laboratory.engine.changes["make"] = change
    found = laboratory.verify("one")
    assert found[0].verdict == "not run"
    assert reason in found[0].reason
    assert laboratory.executed() == [MAKE]
    laboratory.engine.changes.clear()
    assert laboratory.verify("one")[0].verdict == "passed"


def test_frameworks_that_are_not_one_oracle(laboratory: Laboratory) -> None:
    laboratory.frameworks = (framework("one", LAYOUT),)
    (facts,) = laboratory.verify("one")
    assert facts.verdict == "not run"
    assert "no installed framework is the oracle" in facts.reason
    laboratory.frameworks = (ORACLE, replace(ORACLE, name="other"), framework("one", LAYOUT))
    assert "oracle and other both say" in laboratory.verify("one")[0].reason
    with pytest.raises(PluginError):
        find_oracle(laboratory.catalog)


def test_what_the_oracle_cannot_do_is_not_verified(laboratory: Laboratory) -> None:
    few = replace(ORACLE.supports, layers=("dense",))
    laboratory.frameworks = (replace(ORACLE, supports=few), framework("one", LAYOUT))
    (facts,) = laboratory.verify("one")
    assert facts.verdict == "not run"
    assert "the oracle cannot do it: oracle has no layer 'activation'" in facts.reason


def test_an_interrupted_run_ends_it(laboratory: Laboratory) -> None:
    stopped = threading.Event()

    def interrupt(_result: dict[str, Any]) -> Exit:
        stopped.set()
        return Exit(how="interrupted")

    laboratory.engine.changes["compare"] = interrupt
    found = laboratory.verify("one", "two", is_stopped=stopped.is_set)
    assert [(facts.verdict, facts.reason) for facts in found] == [("not run", "interrupted")] * 2
    assert laboratory.executed() == [MAKE, COMPARE]


def test_two_at_once_make_the_arrays_once(laboratory: Laboratory) -> None:
    other = replace(laboratory, observer=Silent(), results="other")
    waited = [laboratory.observer.waited, other.observer.waited]
    # The arrays are not there before the other one waits for them.
    laboratory.engine.changes["make"] = lambda _result: wait_for(lambda: any(waited))
    threads = [
        threading.Thread(target=one.verify, args=(name,))
        for one, name in ((laboratory, "one"), (other, "two"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(laboratory.executed()) == [COMPARE, COMPARE, MAKE]
    assert {*waited[0], *waited[1]} == {
        "waiting for another dlbench that makes the oracle's arrays"
    }


def test_arrays_that_are_of_no_more_use_make_room(laboratory: Laboratory) -> None:
    laboratory.verify("one")
    (manifest,) = (laboratory.folder / laboratory.cache / "parity").rglob("manifest.json")
    adapter = laboratory.folder / "adapter.py"
    adapter.write_text("# another oracle\n")
    laboratory.frameworks = (replace(ORACLE, adapter=adapter), framework("one", LAYOUT))
    os.utime(manifest, (0, 0))
    laboratory.verify("one")
    assert not manifest.parent.exists()
    assert laboratory.observer.noted == [
        "dropped 0 MB of the oracle's arrays that are of no more use"
    ]
    assert len(list((laboratory.folder / laboratory.cache).rglob("manifest.json"))) == 1


def test_arrays_are_not_dropped_while_a_run_reads_them(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlbench.references.LIMIT_BYTES", 0)
    references = References(cache=laboratory.folder / laboratory.cache)
    dropped: list[int] = []

    def drop(_result: dict[str, Any]) -> None:
        dropped.append(references.drop_useless("another"))

    laboratory.engine.changes["compare"] = drop
    assert laboratory.verify("one")[0].verdict == "passed"
    assert dropped == [0]
    assert references.drop_useless("another") > 0


def test_only_so_many_verdicts_stay_in_the_cache(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlbench.verdicts.MOST", 2)
    layouts = ("one:layout=NHWC", "one:layout=NCHW", "two:layout=NHWC")
    found = [laboratory.verify(layouts[0])[0]]
    files = laboratory.folder / laboratory.cache / "parity" / "verdicts"
    os.utime(files / f"{found[0].key}.json", (0, 0))
    found.append(laboratory.verify(layouts[1])[0])
    os.utime(files / f"{found[1].key}.json", (1, 1))
    laboratory.verify(layouts[0])
    found.append(laboratory.verify(layouts[2])[0])
    kept = {path.stem for path in files.iterdir()}
    assert kept == {found[0].key, found[2].key}
    laboratory.executed()
    assert laboratory.verify(layouts[1]) == [found[1]]
    assert laboratory.executed() == []


def test_waiting_can_be_stopped(laboratory: Laboratory) -> None:
    given_up = threading.Event()

    def make(_result: dict[str, Any]) -> None:
        assert given_up.wait(30)

    laboratory.engine.changes["make"] = make
    thread = threading.Thread(target=laboratory.verify, args=("one",))
    thread.start()
    wait_for(lambda: laboratory.engine.runs)
    other = replace(laboratory, results="other")
    (facts,) = other.verify("two", is_stopped=lambda: True)
    given_up.set()
    thread.join(30)
    assert (facts.verdict, facts.reason) == ("not run", "interrupted")
    assert laboratory.executed() == [MAKE, COMPARE]


def test_arrays_need_room(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(laboratory.folder)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    (facts,) = laboratory.verify("one")
    assert facts.verdict == "not run"
    assert "the oracle's arrays need 1 MB" in facts.reason
    assert laboratory.executed() == []
