"""Evidence for the tables of studies, put together by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from comparisons import make_run, plan_fields
from records import each, make_phases, make_step_job, once

from dlbench import published, studies
from dlbench.record import Record
from dlbench.reproduction import FORMAT, Place, Reproduction
from dlbench.scenario import Plan
from dlbench.source_lines import Script, SourceLines
from dlbench.studies import Study
from dlbench.study_cells import Asked, choose_lines
from dlbench.study_figures import Evidence
from dlbench.summary import summarize

STUDIES = Path(__file__).parents[2] / "studies"

ABSENT = "no plugin for it is installed"

SOURCE_LINES = SourceLines(
    tool="counter 1.0",
    rule="lines that are neither empty nor a comment",
    scripts=tuple(
        Script(
            framework=framework,
            version=version,
            language="Python",
            script="fcnn",
            file=f"fcnn_{framework}.py",
            lines=lines,
        )
        for framework, version, lines in (
            ("torch", "2.13.0", 40),
            ("tensorflow", "1.0.0", 70),
            ("tensorflow", "2.21.0", 50),
        )
    ),
)


def make_epoch_run(
    run_id: str,
    framework: str,
    seconds: float,
    accuracy: float,
    epochs: int = 10,
    **changes: Any,
) -> Record:
    """Return a record of epochs of so many seconds, with this accuracy after the last."""
    phases = make_phases(
        epoch=each("epoch", [seconds] * epochs),
        epoch_accuracy=each("epoch_accuracy", [accuracy] * epochs, "1"),
        predict=each("predict", [seconds / 10] * 3),
        build=once("build", seconds / 2),
    )
    job = make_step_job(plan=Plan(**plan_fields(epochs=epochs)))
    return make_run(run_id, framework=framework, phases=phases, job=job, **changes)


def gather(
    study: Study,
    frameworks: Sequence[str],
    records: Mapping[tuple[str, str, str], Iterable[Record]],
    reasons: Mapping[str, str] = {},
) -> Evidence:
    """Return evidence with ``records`` by line, scenario and axes as ``a=1,b=2``.

    A line without a record has the reason that ``reasons`` has for it, and is absent otherwise.
    """
    lines = choose_lines(study, Asked(frameworks=tuple(frameworks)))
    places = []
    for line, row in lines:
        for work in study.work:
            if row.scenarios and work.scenario not in row.scenarios:
                continue
            for axes in work.combinations():
                spelled = ",".join(f"{name}={value}" for name, value in axes.items())
                found = list(records.get((line.key, work.scenario, spelled), ()))
                reason = "" if found else reasons.get(line.key, ABSENT)
                image = found[0].cell.image_id if found else ""
                image = image or ("an-image" if line.key in reasons else "")
                runs = tuple(record.run_id for record in found)
                places.append(
                    Place(
                        line=line.key,
                        scenario=work.scenario,
                        axes=axes,
                        image=image,
                        runs=runs,
                        reason=reason,
                    )
                )
    return Evidence(
        study=study,
        published=published.load([STUDIES]).study(study.published),
        reproduction=Reproduction(
            format=FORMAT,
            study=study.name,
            command=f"dlbench reproduce {study.name}",
            quick=False,
            lines=tuple(line for line, _ in lines),
            places=tuple(places),
        ),
        runs={record.run_id: summarize(record) for found in records.values() for record in found},
        source_lines=SOURCE_LINES,
    )


def gather_titanx() -> Evidence:
    """Return the six rows with four measured, and two of torch, one out of memory."""
    study = studies.load("titanx-2017", [STUDIES])
    records = {}
    steps = {
        "tensorflow==1.15.0+intel:layout=NHWC,xla=off": (5.0, 5.1),
        "tensorflow==1.15.0+intel:layout=NHWC,xla=on": (4.0, 4.1),
        "tensorflow==1.15.0+intel:layout=NCHW,xla=off": (4.5, 4.6),
        "tensorflow==1.15.0+intel:layout=NCHW,xla=on": (4.2, 4.3),
        "torch==2.13.0:layout=NCHW": (2.0, 2.1),
    }
    for number, (line, seconds) in enumerate(steps.items()):
        name, _, axes = line.partition(":")
        framework = name.partition("==")[0]
        records[line, "vgg16", ""] = [
            make_run(
                f"{number}{turn}00aaaa",
                step,
                framework,
                scenario="vgg16",
                axes=dict(part.split("=") for part in axes.split(",")),
            )
            for turn, step in enumerate(seconds)
        ]
    return gather(study, (), records, {"torch==2.13.0:layout=NHWC": "oom 2 GiB"})


def gather_fcnn(epochs: int = 10) -> Evidence:
    """Return two frameworks in all depths and widths; of the others nothing is there."""
    study = studies.load("fcnn-mnist-2016", [STUDIES])
    records = {}
    for line, factor in (("tensorflow==1.0.0", 2.0), ("torch==2.13.0", 1.0)):
        framework = line.partition("==")[0]
        for work in study.work:
            for axes in work.combinations():
                size = float(axes.get("depth", "1")) + float(axes.get("width", "0")) / 64
                spelled = ",".join(f"{name}={value}" for name, value in axes.items())
                run_id = f"{framework[:2]}{work.scenario[5]}{spelled}"
                record = make_epoch_run(
                    run_id,
                    framework,
                    factor * size,
                    0.9 + size / 200,
                    epochs,
                    scenario=work.scenario,
                )
                records[line, work.scenario, spelled] = [record]
    return gather(study, (), records)
