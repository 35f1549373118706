"""From cells to prepared runs: image, data, job and limits, settled before anything starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from dlbench import datasets, images
from dlbench.cells import Cell
from dlbench.engine import BuiltImage, Engine, Recipe
from dlbench.errors import ImageError
from dlbench.job import PROTOCOL, Job, JobData, Plan, Settings
from dlbench.network import build_task
from dlbench.record import CellFacts, Kind, Limits, ScenarioFacts
from dlbench.runner import PreparedRun
from dlbench.scenario import Known

#: Axes that are parts of the job of their own, and no business of an adapter's.
JOB_AXES = frozenset({"batch_size", "threads", "feed", "loop"})

#: The seed of initial weights, batch order, dropout and synthetic data.
SEED = 20170226


class Choices(Struct, frozen=True, kw_only=True):
    """What the command line fixes for every run of a campaign."""

    campaign: str
    change_plan: Callable[[Plan], Plan]
    memory_bytes: int
    pids: int = 4096
    keep: bool = False
    kind: Kind = "measurement"


class Preparation(Struct, frozen=True, kw_only=True):
    """Prepares the runs of a campaign on one engine."""

    engine: Engine
    images_folder: Path
    cache: Path
    settings: images.BuildSettings
    on_progress: Callable[[str], None]

    def render(self, cell: Cell) -> Recipe:
        """Return the recipe of the cell's image."""
        return images.render(
            cell.image,
            framework_name=cell.entry.framework.name,
            device=cell.device,
            images_folder=self.images_folder,
            settings=self.settings,
        )

    def list_missing(self, cells: Sequence[Cell]) -> Iterator[str]:
        """Yield a line for every dataset and image that ``cells`` need and that is not there."""
        there = {datasets.SYNTHETIC, *datasets.cached_names(self.cache)}
        for name in sorted({cell.scenario.data.dataset for cell in cells} - there):
            yield f"fetch    {name}"
        yield from self.list_missing_images(cells)

    def list_missing_images(self, cells: Sequence[Cell]) -> Iterator[str]:
        """Yield a line for every image that ``cells`` need and that is not there."""
        wanted = {(cell.image.id, cell.device): cell for cell in cells}
        for (image_id, device), cell in wanted.items():
            if self.engine.find_image(self.render(cell)) is None:
                yield f"build    {image_id} ({device})"

    def ensure_images(
        self, cells: Sequence[Cell]
    ) -> tuple[dict[tuple[str, str], BuiltImage], list[ImageError]]:
        """Find or build every image that ``cells`` need; one that fails stops no other.

        Returns the images by (id, device), and the errors of those that could not be had.
        """
        built: dict[tuple[str, str], BuiltImage] = {}
        errors: list[ImageError] = []
        wanted = {(cell.image.id, cell.device): cell for cell in cells}
        for key, cell in wanted.items():
            try:
                built[key] = images.ensure(self.engine, self.render(cell), self.on_progress)
            except ImageError as error:
                errors.append(error)
        return built, errors

    def ensure_data(self, cells: Sequence[Cell]) -> dict[str, datasets.Dataset]:
        """Fetch every dataset that ``cells`` need; raises DataError."""
        names = {cell.scenario.data.dataset for cell in cells} - {datasets.SYNTHETIC}
        return {
            name: datasets.ensure(
                name, cache=self.cache, on_progress=lambda progress: self.on_progress(str(progress))
            )
            for name in sorted(names)
        }


def prepare_run(
    cell: Cell,
    built: BuiltImage,
    dataset: datasets.Dataset | None,
    choices: Choices,
    wheels: tuple[str, ...] = (),
) -> PreparedRun:
    """Settle everything about one run of ``cell``; raises ScenarioError where shapes do not fit."""
    scenario = cell.scenario
    plan = choices.change_plan(scenario.plans["quick" if cell.quick else "full"])
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    return PreparedRun(
        cell=cell_facts(cell),
        scenario=ScenarioFacts(
            name=scenario.name,
            digest=scenario.digest,
            metric=scenario.metric,
            file_text=cell.scenario_path.read_text(encoding="utf-8"),
            values=dict(scenario.values),
            known=find_known(cell),
        ),
        framework=cell.entry.framework,
        image=cell.image,
        built=built,
        job=make_job(cell, datasets.job_data(dataset, scenario), plan),
        limits=Limits(
            timeout_seconds=plan.timeout_seconds,
            memory_bytes=choices.memory_bytes,
            cpus=cpus,
            pids=choices.pids,
        ),
        data_folder=dataset.folder if dataset else None,
        campaign=choices.campaign,
        round=1,
        wheels=wheels,
        keep=choices.keep,
        kind=choices.kind,
    )


def find_known(cell: Cell) -> Known | None:
    """Return the quality that is known of ``cell``: none at a batch size of the user's own."""
    scenario = cell.scenario
    return scenario.known if int(cell.variant["batch_size"]) == scenario.batch_size else None


def cell_facts(cell: Cell) -> CellFacts:
    """Return what records keep of a cell."""
    return CellFacts(
        scenario=cell.scenario.name,
        framework=cell.entry.framework.name,
        plugin=cell.entry.distribution,
        plugin_version=cell.entry.version,
        image_id=cell.image.id,
        stack=cell.image.stack,
        device=cell.device,
        axes=dict(cell.variant),
        not_applicable=cell.not_applicable,
        quick=cell.quick,
    )


def make_job(cell: Cell, data: JobData, plan: Plan) -> Job:
    """Return the job of ``cell``, its run id still empty."""
    variant = cell.variant
    batch_size = int(variant["batch_size"])
    threads = variant.get("threads", "default")
    declared = {axis.name for axis in cell.entry.framework.supports.axes}
    return Job(
        protocol=PROTOCOL,
        run_id="",
        adapter=(cell.image.adapter or cell.entry.framework.adapter).name,
        task=build_task(
            cell.scenario,
            batch_size=batch_size,
            precision=variant.get("precision", "float32"),
        ),
        settings=Settings(
            axes={n: v for n, v in variant.items() if n in declared and n not in JOB_AXES},
            seed=SEED,
            threads=None if threads == "default" else int(threads),
            device=cell.device,
        ),
        plan=plan,
        data=data,
        items_per_step=batch_size,
        item=cell.scenario.data.item,
        devices=(f"{cell.device}:0",),
        feed="device" if variant.get("feed") == "device" else "host",
        loop="epoch" if variant.get("loop") == "epoch" else "step",
    )
