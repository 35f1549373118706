"""Locks made anew: requirements with all hashes, and the system packages of bases."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from dlbench import bases, build_settings, context, images, jars, maven, requirements, uv
from dlbench.build_settings import BuildSettings
from dlbench.engine import Engine, ImageKeeper, Recipe, repository
from dlbench.errors import EngineError, ImageError
from dlbench.framework import Image

_HEADER = "# Made by dlbench images lock out of {}: every file that there is of each version.\n"
_JARS_HEADER = "# Made by dlbench images lock out of pom.xml: sha256, bytes, path of every jar.\n"
#: Resolves for every interpreter from the image's own up, so that one lock serves them all.
_UNIVERSAL = ("--universal", "--fork-strategy=fewest")
#: With pins given, uv only lists files: any interpreter that the versions of the time knew will do.
_FILES_ONLY = ("--no-deps", "--python-platform=linux", "--python-version=3.6", "--no-annotate")


class Relocked(Struct, frozen=True, kw_only=True):
    """A lock as it was written, and what is new in it, one sentence each."""

    path: Path
    changes: tuple[str, ...]


class Locker(Struct, frozen=True, kw_only=True):
    """Makes locks anew; what it writes lies in the images folder, or in a plugin's own."""

    images_folder: Path
    settings: BuildSettings
    #: Asked for only where an image's interpreter is too old for uv.
    engine: Callable[[], Engine]
    on_line: Callable[[str], None]

    def lock_image(self, image: Image, framework_name: str, device: str) -> Relocked:
        """Resolve the requirements of ``image`` for ``device`` and write the lock.

        Raises ImageError where they cannot be resolved or the lock cannot be written.
        """
        folder = images.folder_of(image, framework_name, self.images_folder)
        source = source_path(folder, device)
        name = images.base_name(folder, self.images_folder)
        script = bases.load_definition(self.images_folder, name).resolve
        if script:
            recipe = self._resolving_recipe(source, name, script)
            sources = requirements.sources(source.read_text("utf-8"))
            text = requirements.format_sources(sources)
            text += list_files(self._resolve_inside(recipe), self.settings)
        else:
            options = (*_UNIVERSAL, f"--python-version={image.python_version}")
            text = uv.compile_requirements(source, self.settings, options)
        path = source.with_suffix(".txt")
        return _write(path, _HEADER.format(source.name) + text, requirements.pins)

    def lock_jars(self, image: Image, framework_name: str) -> Relocked | None:
        """Resolve the jars of ``image`` and write their lock; None where it asks for none."""
        folder = images.folder_of(image, framework_name, self.images_folder)
        source = folder / jars.SOURCE
        if not source.is_file():
            return None
        text = jars.write(maven.resolve(source, self.settings))
        return _write(folder / jars.LOCK, _JARS_HEADER + text, jars.pins)

    def lock_base(self, name: str) -> Relocked:
        """Bootstrap base ``name``, throw the result away, and write its list of packages."""
        base = images.base_recipe(self.images_folder, name, self.settings)
        self.on_line(f"bootstrapping base {name}")
        with bases.bootstrap(base, lambda _: None) as made:
            while made.stream.read(1 << 20):
                pass
        path = self.images_folder / "bases" / name / "packages.lock"
        return _write(path, bases.format_lock(made.packages), bases.parse_lock)

    def _resolve_inside(self, recipe: Recipe) -> dict[str, str]:
        """Return file -> sha256 as the base's own pip resolves the requirements."""
        engine = self.engine()
        if not isinstance(engine, ImageKeeper):
            raise EngineError(
                f"{recipe.image_id} resolves inside its base: that needs a container engine",
                "start Docker, or use --engine podman",
            )
        built = engine.build_image(recipe, self.on_line)
        engine.remove_image(recipe.tag)
        rows = (line.split() for line in built.verified.splitlines() if line.strip())
        return {file_name.lstrip("*"): sha256 for sha256, file_name in rows}

    def _resolving_recipe(self, source: Path, base_name: str, script: str) -> Recipe:
        base = images.base_recipe(self.images_folder, base_name, self.settings)
        dockerfile = (
            f"FROM {base.tag} AS build\nWORKDIR /build\nCOPY . .\n"
            "RUN sh ./resolve > resolved.txt\n"
            f"FROM {base.tag}\nCOPY --from=build /build/resolved.txt {context.IN_IMAGE}/\n"
        )
        files = {
            "Dockerfile": dockerfile.encode(),
            "resolve": (self.images_folder / "install" / script).read_bytes(),
            "requirements.in": source.read_bytes(),
        }
        archive = context.pack(files)
        digest = context.digest_of(archive)
        image_id = f"lock-{source.parent.name}"
        return Recipe(
            image_id=image_id,
            device="cpu",
            tag=f"{repository(image_id)}:{digest[:12]}",
            digest=digest,
            base=base,
            context=archive,
            requirements="",
            python_version="",
            python="python",
            verify=("cat", "{context}/resolved.txt"),
            inventory=("echo", '{"packages": {}, "system_packages": {}}'),
            build_arguments=self.settings.proxies,
            secrets=build_settings.secrets(self.settings, ""),
            use_cache=False,
        )


def source_path(folder: Path, device: str) -> Path:
    """Return the file that the lock for ``device`` is made of; raises ImageError."""
    for path in (folder / f"requirements.{device}.in", folder / "requirements.in"):
        if path.is_file():
            return path
    raise ImageError(f"{folder} has neither requirements.{device}.in nor requirements.in")


def _write(path: Path, text: str, read: Callable[[str], Mapping[str, str]]) -> Relocked:
    old = read(path.read_text("utf-8")) if path.is_file() else {}
    try:
        part = path.with_name(path.name + ".part")
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        raise ImageError(f"{path} cannot be written: {error}") from error
    return Relocked(path=path, changes=tuple(bases.differences(old, read(text))))


def list_files(files: Mapping[str, str], settings: BuildSettings) -> str:
    """Return the lock of ``files`` (name -> sha256), of wheels with the hashes of all others too.

    A source archive stands alone, and so does a wheel where the index has its version for no other
    interpreter.
    """
    return "".join(_list_version(name, files[name], settings) for name in sorted(files))


def _list_version(file_name: str, sha256: str, settings: BuildSettings) -> str:
    name, version = requirements.file_pin(file_name)
    alone = f"{name}=={version} \\\n    --hash=sha256:{sha256}\n"
    if not file_name.endswith(".whl"):
        return alone
    with tempfile.TemporaryDirectory(prefix="dlbench-lock-") as folder:
        pin = Path(folder, "requirements.in")
        pin.write_text(f"{name}=={version}\n")
        try:
            block = uv.compile_requirements(pin, settings, _FILES_ONLY)
        except ImageError:
            block = alone
    if sha256 not in block:
        raise ImageError(f"the index does not list the {file_name} that it served")
    return block
