"""``dlbench images`` on an engine that keeps images in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from dlbench.catalog import Catalog, Entry
from dlbench.cli import images as command
from dlbench.engine import BuiltImage, EngineFacts, Exit, Recipe, RunSpec, StoredImage
from dlbench.errors import EngineError, ImageError, UnknownNameError, UsageError
from dlbench.framework import Framework, Image, Supports

CHECKOUT = Path(__file__).parents[2] / "images"
NUMPY = Image(id="numpy-2.4.6", versions={"numpy": "2.4.6"}, stack="2026")
TORCH = Image(
    id="torch-2.13.0", versions={"torch": "2.13.0"}, stack="2026", devices=("cpu", "cuda")
)


class MemoryEngine:
    """Builds by remembering, keeps by tag."""

    name = "memory"

    def __init__(self) -> None:
        self.images: dict[str, BuiltImage] = {}
        self.built: list[Recipe] = []
        self.verified: list[str] = []
        self.in_use: set[str] = set()
        self.pushed: list[str] = []

    def facts(self) -> EngineFacts:
        return EngineFacts(name=self.name)

    def check_device(self, device: str) -> None:
        raise AssertionError(device)

    def find_image(self, recipe: Recipe) -> BuiltImage | None:
        return self.images.get(recipe.tag)

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        self.built.append(recipe)
        on_line("Step 1/1")
        self.images[recipe.tag] = BuiltImage(
            image_id=recipe.image_id,
            device=recipe.device,
            tag=recipe.tag,
            digest=recipe.digest,
            engine_id=f"sha256:{len(self.built)}",
            python=recipe.python,
            size_bytes=250_000_000,
            verified='{"numpy": "2.4.6"}\n',
        )
        return self.images[recipe.tag]

    def verify_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        self.verified.append(recipe.tag)
        return self.images[recipe.tag]

    def list_images(self) -> list[StoredImage]:
        return [
            StoredImage(
                tag=image.tag,
                engine_id=image.engine_id,
                image_id=image.image_id,
                size_bytes=image.size_bytes,
                created="2026-01-01T00:00:00+00:00",
            )
            for image in self.images.values()
        ]

    def remove_image(self, tag: str) -> int:
        if tag in self.in_use:
            raise ImageError(f"{tag} cannot be removed", "it is in use")
        removed = self.images.pop(tag, None)
        return removed.size_bytes if removed else 0

    def push_image(self, tag: str, registry: str) -> str:
        name = f"{registry}/{tag.removeprefix('dlbench/')}"
        self.pushed.append(name)
        return name

    def save_images(self, tags: tuple[str, ...], path: Path) -> None:
        path.write_text("\n".join(tags))

    def load_images(self, path: Path) -> tuple[str, ...]:
        return tuple(path.read_text().split("\n"))

    def execute(self, spec: RunSpec) -> Exit:
        raise AssertionError(spec)

    def cpu_seconds(self) -> float | None:
        return None

    def interrupt(self) -> None:
        raise AssertionError


class World:
    """A workspace, and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.images = folder
        self.the_engine = MemoryEngine()
        self.no_engine = False

    def catalog(self) -> Catalog:
        images = {"numpy": NUMPY, "torch": TORCH}
        entries = {
            name: Entry(
                framework=Framework(
                    name=name,
                    summary="",
                    adapter=Path("adapter.py"),
                    images=(image,),
                    supports=Supports(layers=(), optimizers=()),
                ),
                distribution=f"dlbench-{name}",
                version="1",
            )
            for name, image in images.items()
        }
        return Catalog(frameworks=entries)

    def engine(self, name: str | None = None) -> MemoryEngine:
        if self.no_engine:
            raise EngineError("no engine")
        return self.the_engine

    def run(self, *arguments: str) -> Result:
        done = CliRunner().invoke(command.app, arguments)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    folder = tmp_path / "images"
    shutil.copytree(CHECKOUT, folder)
    made = World(folder)
    monkeypatch.setattr(command, "open_workspace", lambda: made)
    monkeypatch.setattr("dlbench.cli.console.out", command_console("stdout"))
    monkeypatch.setattr("dlbench.cli.console.err", command_console("stderr"))
    return made


def command_console(name: str) -> Callable[[], object]:
    """Return a factory of consoles that write to what the runner captures."""

    def make() -> object:
        import sys

        from rich.console import Console

        return Console(file=getattr(sys, name), highlight=False, soft_wrap=True)

    return make


def test_images_are_built_once_and_shared_between_devices(world: World) -> None:
    first = world.run("build")
    assert [recipe.image_id for recipe in world.the_engine.built] == ["numpy-2.4.6", "torch-2.13.0"]
    assert "dlbench/torch-2.13.0:cpu-cuda-" in first.stdout
    assert "250 MB" in first.stdout
    assert "Step 1/1" in first.stderr
    again = world.run("build")
    assert len(world.the_engine.built) == 2
    assert again.stderr == ""


def test_no_cache_builds_again(world: World) -> None:
    world.run("build", "numpy-2.4.6")
    world.run("build", "numpy-2.4.6", "--no-cache")
    assert [recipe.use_cache for recipe in world.the_engine.built] == [True, False]


def test_settings_reach_the_build(world: World, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("CA")
    wheel = tmp_path / "numpy-9-py3-none-any.whl"
    wheel.write_bytes(b"")
    world.run(
        "build", "--framework", "numpy", "--ca-bundle", str(bundle), "--index-url", "own-index",
        "--apt-mirror", "own-mirror", "--wheel", str(wheel),
    )  # fmt: skip
    (recipe,) = world.the_engine.built
    assert recipe.secrets["secrets/ca.pem"] == bundle
    assert b"index-url = own-index" in bytes(recipe.secrets["secrets/pip.conf"])
    assert recipe.base.mirror == "own-mirror"
    assert recipe.wheels == (wheel,)


def test_wheel_that_no_image_needs_is_refused_before_building(world: World, tmp_path: Path) -> None:
    wheel = tmp_path / "other-9-py3-none-any.whl"
    wheel.write_bytes(b"")
    with pytest.raises(UsageError, match="other-9"):
        world.run("build", "--wheel", str(wheel))
    assert world.the_engine.built == []


def test_list_says_what_is_built(world: World) -> None:
    world.run("build", "torch-2.13.0")
    rows = json.loads(world.run("list", "--json").stdout)
    assert [(row["image"], row["device"], row["state"]) for row in rows] == [
        ("numpy-2.4.6", "cpu", "defined"),
        ("torch-2.13.0", "cpu", "built"),
        ("torch-2.13.0", "cuda", "built"),
    ]
    line = "torch-2.13.0  torch         cuda      2026     built    250 MB"
    assert line in world.run("list").stdout


def test_list_needs_no_engine_unless_one_is_named(world: World) -> None:
    world.no_engine = True
    assert "defined" in world.run("list").stdout
    with pytest.raises(EngineError):
        world.run("list", "--engine", "docker")


def test_verify_runs_what_is_built(world: World) -> None:
    with pytest.raises(ImageError, match="none of the chosen images is built"):
        world.run("verify")
    world.run("build", "torch-2.13.0")
    done = world.run("verify")
    assert len(world.the_engine.verified) == 1
    assert '{"numpy": "2.4.6"}' in done.stdout


def test_prune_removes_what_nothing_leads_to(world: World) -> None:
    world.run("build")
    old = replace(next(iter(world.the_engine.images.values())), tag="dlbench/numpy-1:cpu-1")
    world.the_engine.images[old.tag] = old
    assert "would remove dlbench/numpy-1:cpu-1" in world.run("prune", "--dry-run").stdout
    assert old.tag in world.the_engine.images
    assert "removed dlbench/numpy-1:cpu-1  250 MB" in world.run("prune").stdout
    assert len(world.the_engine.images) == 2
    assert world.run("prune").stdout == "nothing to remove\n"
    world.run("prune", "--all")
    assert world.the_engine.images == {}


def test_an_image_in_use_keeps_no_other_from_being_removed(world: World) -> None:
    world.run("build")
    first, second = world.the_engine.images
    world.the_engine.in_use = {first}
    with pytest.raises(ImageError, match=first):
        world.run("prune", "--all")
    assert set(world.the_engine.images) == {first}
    assert second not in world.the_engine.images


def test_save_and_load(world: World, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="none of the chosen images is built"):
        world.run("save", str(tmp_path / "archive"))
    world.run("build")
    assert "saved dlbench/numpy" in world.run("save", str(tmp_path / "archive")).stdout
    assert "loaded dlbench/torch" in world.run("load", str(tmp_path / "archive")).stdout


def test_push_needs_a_registry_and_something_built(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DLBENCH_REGISTRY", raising=False)
    with pytest.raises(UsageError, match="no registry is named") as caught:
        world.run("push")
    assert "DLBENCH_REGISTRY" in caught.value.hint
    with pytest.raises(ImageError, match="none of the chosen images is built"):
        world.run("push", "--registry", "here/team")
    world.run("build", "--registry", "here/team")
    assert {recipe.registry for recipe in world.the_engine.built} == {"here/team"}
    monkeypatch.setenv("DLBENCH_REGISTRY", "there")
    done = world.run("push", "--framework", "numpy")
    assert [name.partition(":")[0] for name in world.the_engine.pushed] == ["there/numpy-2.4.6"]
    assert done.stdout == f"pushed {world.the_engine.pushed[0]}\n"


def test_lock_writes_one_lock_for_devices_that_share_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho 'torch==2.14.0 --hash=sha256:{'a' * 64}'\n")
    program.chmod(0o755)
    monkeypatch.setattr("dlbench.uv._find_program", lambda: str(program))
    done = world.run("lock", "torch-2.13.0")
    path = world.images / "torch/torch-2.13.0/requirements.txt"
    assert done.stdout.count(str(path)) == 1
    assert "  torch is 2.14.0, locked 2.13.0\n" in done.stdout
    assert "torch==2.14.0" in path.read_text()


def test_lock_of_something_unknown(world: World) -> None:
    with pytest.raises(UnknownNameError, match=r"torch-9"):
        world.run("lock", "torch-9")
