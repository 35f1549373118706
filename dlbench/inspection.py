"""Looking into an image that was built: does it work, and what is in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from dlbench import context
from dlbench.build_log import TAIL_LINES, indent
from dlbench.engine import BuiltImage, Exit, Recipe, RunSpec
from dlbench.errors import ImageError

INSPECT_SECONDS = 900.0


class Candidate(Struct, frozen=True, kw_only=True):
    """An image before it is given out: the engine's name for it, and where things lie inside."""

    engine_id: str
    python: str
    #: Where the files of the context lie, as commands inside see it.
    context: str


class Findings(Struct, frozen=True, kw_only=True):
    """What was found inside an image."""

    verified: str
    packages: dict[str, str]
    system_packages: dict[str, str]


def inspect(
    recipe: Recipe,
    candidate: Candidate,
    execute: Callable[[RunSpec], Exit],
    on_line: Callable[[str], None],
) -> Findings:
    """Run verify and inventory of ``recipe`` in ``candidate``; raises ImageError."""
    verified = verify(recipe, candidate, execute, on_line)
    listing = _run(recipe, candidate, execute, recipe.inventory, "inventory")
    packages, system = context.read_inventory(listing)
    return Findings(verified=verified, packages=packages, system_packages=system)


def verify(
    recipe: Recipe,
    candidate: Candidate,
    execute: Callable[[RunSpec], Exit],
    on_line: Callable[[str], None],
) -> str:
    """Run verify alone; return what it printed, or raise ImageError with the end of that."""
    text = _run(recipe, candidate, execute, recipe.verify, "verify")
    for line in text.splitlines():
        on_line(line)
    return text.strip()


def _run(
    recipe: Recipe,
    candidate: Candidate,
    execute: Callable[[RunSpec], Exit],
    command: tuple[str, ...],
    purpose: str,
) -> str:
    with tempfile.TemporaryDirectory(prefix=f"dlbench-{purpose}-") as name:
        spec = make_spec(recipe, candidate, command, Path(name))
        ended = execute(spec)
        text = spec.log.read_text("utf-8", "replace") if spec.log.exists() else ""
    if ended.how != "exited" or ended.code != 0:
        how = f"exit code {ended.code}" if ended.how == "exited" else ended.how
        raise ImageError(
            f"image {recipe.image_id} was built, but its {purpose} failed ({how}):\n"
            + indent(text.splitlines()[-TAIL_LINES:]),
            ended.detail or f"{purpose} in the image's folder says what must hold",
        )
    return text


def make_spec(
    recipe: Recipe, candidate: Candidate, command: tuple[str, ...], folder: Path
) -> RunSpec:
    """Return how to run a command of the image itself, with its folders below ``folder``."""
    in_folder, out_folder = folder / "in", folder / "out"
    in_folder.mkdir()
    out_folder.mkdir()
    image = BuiltImage(
        image_id=recipe.image_id,
        device=recipe.device,
        tag=recipe.tag,
        digest=recipe.digest,
        engine_id=candidate.engine_id,
        python=candidate.python,
    )
    return RunSpec(
        run_id=folder.name,
        name=folder.name,
        image=image,
        command=tuple(word.replace("{context}", candidate.context) for word in command),
        in_folder=in_folder,
        out_folder=out_folder,
        data_folder=None,
        log=folder / "log",
        timeout_seconds=INSPECT_SECONDS,
    )
