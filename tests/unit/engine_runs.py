"""What the tests of engines share: a run of a few lines of Python, and its log."""

from __future__ import annotations

import secrets
from pathlib import Path
from textwrap import dedent
from typing import Any

from msgspec.structs import replace

from dlbench.engine import BuiltImage, RunSpec

COMMAND = ("{python}", "-m", "program", "{in}", "{out}", "{data}")


def make_image(python: str, engine_id: str = "none") -> BuiltImage:
    return BuiltImage(
        image_id="test", device="cpu", tag="test", digest="", engine_id=engine_id, python=python
    )


def make_spec(folder: Path, image: BuiltImage, program: str, **changes: Any) -> RunSpec:
    """Return a run of ``program`` in ``image``, with its folders below ``folder``."""
    for name in ("in", "out"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "out").chmod(0o777)
    (folder / "in" / "program.py").write_text(dedent(program))
    run_id = f"test-{secrets.token_hex(4)}"
    spec = RunSpec(
        run_id=run_id,
        name=f"dlbench-{run_id}",
        image=image,
        command=COMMAND,
        in_folder=folder / "in",
        out_folder=folder / "out",
        data_folder=None,
        log=folder / "log",
        timeout_seconds=60,
    )
    return replace(spec, **changes)


def read_log(spec: RunSpec) -> str:
    return spec.log.read_text("utf-8", "replace")
