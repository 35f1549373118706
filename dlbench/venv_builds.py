"""Virtual environments made from the pins of images, each in a folder named by its digest.

``image.json`` is written last: a folder without it is what an interrupted build has left, and is
made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from dlbench import context
from dlbench.build_log import build_error
from dlbench.engine import BuiltImage, Exit, Recipe, RunSpec
from dlbench.errors import ImageError
from dlbench.inspection import Candidate, inspect, verify
from dlbench.interpreter import Interpreter, find_interpreters
from dlbench.venv_install import InstallError, install

FACTS = "image.json"
#: Without the right version, how many others are tried.
NEAREST = 3


class VenvShelf:
    """The virtual environments below ``folder``; ``execute`` runs what looks into them."""

    def __init__(self, folder: Path, execute: Callable[[RunSpec], Exit]) -> None:
        self._folder = folder
        self._execute = execute

    def place(self, recipe: Recipe) -> Path:
        """Return the folder of the environment of ``recipe``."""
        return self._folder / re.sub(r"[^\w.-]+", "-", recipe.tag)

    def find(self, recipe: Recipe) -> BuiltImage | None:
        """Return the environment of ``recipe`` if it is there and was verified."""
        try:
            text = (self.place(recipe) / FACTS).read_bytes()
            built = msgspec.json.decode(text, type=BuiltImage)
        except (OSError, msgspec.DecodeError):
            return None
        # Its interpreter may have gone with an update of the machine.
        whole = built.digest == recipe.digest and Path(built.python).exists()
        return built if whole else None

    def build(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Make and verify the environment; raises ImageError with the log's last lines."""
        with self._locked(recipe):
            if recipe.use_cache and (found := self.find(recipe)):
                return found
            place = self.place(recipe)
            shutil.rmtree(place, ignore_errors=True)
            try:
                place.mkdir(parents=True)
                context.unpack(io.BytesIO(recipe.context), place / "context")
                interpreter = self._install(recipe, place / "env", on_line)
                return self._admit(recipe, place, interpreter, on_line)
            except OSError as error:
                reason = f"{error.strerror}: {error.filename or place}"
                raise ImageError(f"{recipe.image_id} could not be built: {reason}") from error
            finally:
                if not (place / FACTS).exists():
                    shutil.rmtree(place, ignore_errors=True)

    def verify(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Verify an environment that is there; raises ImageError with what it printed."""
        built = self.find(recipe)
        if built is None:
            raise ImageError(f"environment {recipe.tag} is not there", "run, or images build")
        verify(recipe, self._candidate(self.place(recipe)), self._execute, on_line)
        return built

    @contextlib.contextmanager
    def _locked(self, recipe: Recipe) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / f"{self.place(recipe).name}.lock").open("w")
        except OSError as error:
            raise ImageError(
                f"environments cannot be made in {self._folder}: {error.strerror}",
                "DLBENCH_CACHE names another folder",
            ) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _install(
        self, recipe: Recipe, environment: Path, on_line: Callable[[str], None]
    ) -> Interpreter:
        """Make the environment with the first interpreter that the pins install on."""
        found = find_interpreters(recipe.python_version)[:NEAREST]
        with tempfile.TemporaryDirectory(prefix="dlbench-build-") as name:
            work = Path(name)
            with context.complete(recipe) as file:
                context.unpack(file, work)
            for interpreter in found:
                on_line(f"making an environment with Python {interpreter.version}")
                shutil.rmtree(environment, ignore_errors=True)
                if try_install(interpreter, environment, work, recipe, on_line):
                    return interpreter
        tried = ", ".join(interpreter.version for interpreter in found)
        raise ImageError(
            f"no wheel for Python {tried}: {recipe.image_id} needs Python {recipe.python_version}"
            if tried
            else f"{recipe.image_id} needs Python {recipe.python_version}, and none was found",
            f"install Python {recipe.python_version} (pyenv, uv), or use --engine docker",
        )

    def _admit(
        self,
        recipe: Recipe,
        place: Path,
        interpreter: Interpreter,
        on_line: Callable[[str], None],
    ) -> BuiltImage:
        """Look into the new environment, and write down that it is good."""
        candidate = self._candidate(place)
        found = inspect(recipe, candidate, self._execute, on_line)
        built = BuiltImage(
            image_id=recipe.image_id,
            device=recipe.device,
            tag=recipe.tag,
            digest=recipe.digest,
            engine_id=candidate.engine_id,
            python=candidate.python,
            # The pins hold for the image's own Python only.
            pinned=not recipe.wheels and interpreter.series_text == recipe.python_version,
            size_bytes=sum(f.lstat().st_size for f in place.rglob("*") if not f.is_dir()),
            packages=found.packages,
            verified=found.verified,
        )
        part = place / f"{FACTS}.part"
        part.write_bytes(msgspec.json.encode(built))
        part.replace(place / FACTS)
        return built

    @staticmethod
    def _candidate(place: Path) -> Candidate:
        return Candidate(
            engine_id=str(place),
            python=str(place / "env/bin/python"),
            context=str(place / "context"),
        )


def try_install(
    interpreter: Interpreter,
    environment: Path,
    work: Path,
    recipe: Recipe,
    on_line: Callable[[str], None],
) -> bool:
    """Install the pins; return False where another interpreter may have what this one lacks.

    Raises ImageError for every other failure.
    """
    try:
        install(interpreter, environment, work, recipe, on_line)
    except InstallError as error:
        if error.lacks_wheel and interpreter.series_text != recipe.python_version:
            return False
        raise build_error(recipe, error.reason, error.tail) from None
    return True
