from pathlib import Path

import pytest

from dlbench import image_shelf
from dlbench.build_settings import BuildSettings
from dlbench.catalog import Catalog, Entry
from dlbench.engine import StoredImage
from dlbench.errors import EngineError, UnknownNameError, UsageError
from dlbench.framework import Framework, Image, Supports

CHECKOUT = Path(__file__).parents[2] / "images"
NUMPY = Image(id="numpy-2.4.6", versions={"numpy": "2.4.6"}, stack="2026")
TORCH = Image(
    id="torch-2.13.0", versions={"torch": "2.13.0"}, stack="2026", devices=("cpu", "cuda")
)
LOST = Image(id="lost-1", versions={"lost": "1"}, stack="2026")


def entry(name: str, image: Image) -> Entry:
    framework = Framework(
        name=name,
        summary="",
        adapter=Path("adapter.py"),
        images=(image,),
        supports=Supports(layers=(), optimizers=()),
    )
    return Entry(framework=framework, distribution=name, version="1")


CATALOG = Catalog(
    frameworks={
        "numpy": entry("numpy", NUMPY),
        "torch": entry("torch", TORCH),
        "lost": entry("lost", LOST),
    }
)


def stored(tag: str) -> StoredImage:
    return StoredImage(tag=tag, engine_id="x", image_id="i", size_bytes=5, created="now")


def test_choosing() -> None:
    everything = image_shelf.choose(CATALOG)
    assert [(one.image.id, one.device) for one in everything] == [
        ("lost-1", "cpu"),
        ("numpy-2.4.6", "cpu"),
        ("torch-2.13.0", "cpu"),
        ("torch-2.13.0", "cuda"),
    ]
    assert len(image_shelf.choose(CATALOG, ["torch-2.13.0"])) == 2
    assert len(image_shelf.choose(CATALOG, framework="torch", device="cuda")) == 1


def test_choosing_what_is_not_there() -> None:
    with pytest.raises(UnknownNameError) as caught:
        image_shelf.choose(CATALOG, ["torch-2.13"])
    assert "did you mean 'torch-2.13.0'?" in caught.value.hint
    with pytest.raises(UnknownNameError, match="no image for device 'cuda'"):
        image_shelf.choose(CATALOG, framework="numpy", device="cuda")
    with pytest.raises(UnknownNameError, match="no framework plugin is installed"):
        image_shelf.choose(Catalog(frameworks={}))


def test_rows_say_what_is_built_and_what_cannot_be() -> None:
    choices = image_shelf.choose(CATALOG)
    tag = choices[-1].render(CHECKOUT, BuildSettings()).tag
    rows = image_shelf.list_rows(choices, CHECKOUT, BuildSettings(), [stored(tag)])
    assert [row.state for row in rows[1:]] == ["defined", "built", "built"]
    assert "lost-1 has no definition" in rows[0].state
    assert rows[2].size_bytes == 5


def test_stale_is_what_nothing_leads_to() -> None:
    choices = image_shelf.choose(CATALOG)
    recipe = choices[1].render(CHECKOUT, BuildSettings())
    old = stored("dlbench/numpy-2.4.6:cpu-0123456789ab")
    kept = [stored(recipe.tag), stored(recipe.base.tag), stored("dlbench/lost-1:cpu-0123456789ab")]
    gone = [old, stored("dlbench/base-tiny:0"), stored("dlbench/dropped-1:cpu-1")]
    assert list(image_shelf.find_stale([*kept, *gone], choices, CHECKOUT)) == gone


def test_wheel_for_nothing_is_an_error(tmp_path: Path) -> None:
    wheel = tmp_path / "numpy-9-py3-none-any.whl"
    wheel.write_bytes(b"")
    settings = BuildSettings(wheels=(wheel,))
    recipes = [image_shelf.choose(CATALOG, framework="numpy")[0].render(CHECKOUT, settings)]
    image_shelf.check_wheels(recipes, settings)
    other = tmp_path / "other-9-py3-none-any.whl"
    other.write_bytes(b"")
    settings = BuildSettings(wheels=(wheel, other))
    with pytest.raises(UsageError, match="other-9"):
        image_shelf.check_wheels(recipes, settings)


def test_engine_without_a_store_is_refused() -> None:
    class Bare:
        name = "bare"

    with pytest.raises(EngineError, match="engine bare keeps no images"):
        image_shelf.keeper(Bare())  # type: ignore[arg-type]
