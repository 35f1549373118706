from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from dlbench.catalog import Catalog, load_catalog
from dlbench.errors import PluginError, UnknownNameError

GOOD = """
    from pathlib import Path
    from dlbench.framework import Framework, Image, Supports, hookimpl

    @hookimpl
    def dlbench_frameworks():
        return [
            Framework(
                name="{name}",
                summary="a toy",
                adapter=Path(__file__),
                images=(Image(id="{name}-1.0", versions={{"{name}": "1.0"}}, stack="2026"),),
                supports=Supports(layers=("dense",), optimizers=("sgd",)),
            )
        ]
"""


class FakeDistribution(Distribution):
    """A distribution that is only a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        return f"Name: {self._name}\nVersion: 1.2\n" if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


class Plugins:
    """Plugin modules in a folder, and the entry points that name them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.points: list[EntryPoint] = []

    def add(self, name: str, code: str) -> None:
        (self.folder / f"{name}.py").write_text(dedent(code), encoding="utf-8")
        point = EntryPoint(name=name, value=name, group="dlbench")
        vars(point)["dist"] = FakeDistribution(f"dist-{name}")
        self.points.append(point)

    def load(self) -> Catalog:
        return load_catalog(self.points)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    monkeypatch.syspath_prepend(tmp_path)
    found = Plugins(tmp_path)
    yield found
    for point in found.points:
        sys.modules.pop(point.value, None)


def reason(plugins: Plugins, code: str) -> str:
    """Return why a plugin with ``code`` is broken, having seen that a good one still loads."""
    plugins.add("fine", GOOD.format(name="fine"))
    plugins.add("faulty", code)
    catalog = plugins.load()
    assert list(catalog.frameworks) == ["fine"]
    assert [plugin.distribution for plugin in catalog.broken] == ["dist-faulty"]
    assert not catalog.broken[0].usable
    return catalog.broken[0].reason


def test_plugin_brings_its_framework(plugins: Plugins) -> None:
    plugins.add("toy", GOOD.format(name="toy"))
    catalog = plugins.load()
    entry = catalog.find("toy")
    assert (entry.distribution, entry.version) == ("dist-toy", "1.2")
    assert entry.framework.images[0].version == "1.0"
    assert catalog.broken == ()


def test_plugin_that_fails_to_import(plugins: Plugins) -> None:
    assert reason(plugins, "import no_such_module_anywhere") == (
        "ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    )


def test_plugin_that_ends_the_process_at_import(plugins: Plugins) -> None:
    assert reason(plugins, "import sys; sys.exit(3)") == "SystemExit: 3"


def test_plugin_that_fails_in_its_hook(plugins: Plugins) -> None:
    code = """
        from dlbench.framework import hookimpl

        @hookimpl
        def dlbench_frameworks():
            raise RuntimeError("no\\nluck")
    """
    assert reason(plugins, code) == "RuntimeError: no luck"


def test_hook_that_fails_while_its_answer_is_read(plugins: Plugins) -> None:
    code = """
        from dlbench.framework import hookimpl

        @hookimpl
        def dlbench_frameworks():
            yield 1 / 0
    """
    assert reason(plugins, code) == "ZeroDivisionError: division by zero"


def test_misspelt_hook(plugins: Plugins) -> None:
    code = GOOD.format(name="toy").replace("def dlbench_frameworks", "def dlbench_framework")
    assert "unknown hook 'dlbench_framework'" in reason(plugins, code)


def test_hook_without_its_mark(plugins: Plugins) -> None:
    code = GOOD.format(name="toy").replace("@hookimpl", "")
    assert "no hook `dlbench_frameworks` marked" in reason(plugins, code)


def test_wrong_type_from_the_hook(plugins: Plugins) -> None:
    code = """
        from dlbench.framework import hookimpl

        @hookimpl
        def dlbench_frameworks():
            return ["tensorflow"]
    """
    assert reason(plugins, code) == "its hook returned str, expected Framework"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name="toy"', "name=None", "None: name is NoneType, expected str"),
        ("images=(", "images=(1,) or (", "toy: an image is int, expected Image"),
        ("images=(", "images=() and (", "toy: expected images, each with an id of its own"),
        ("Path(__file__)", 'Path("gone.py")', "toy: there is no file gone.py beside the plugin"),
        (
            'summary="a toy"',
            'summary="a toy", api_version=99',
            "toy: written for plugin API 99, this dlbench offers 1: update dlbench",
        ),
        (
            'summary="a toy"',
            'summery="a toy"',
            "TypeError: Framework.__init__() got an unexpected keyword argument 'summery'",
        ),
    ],
)
def test_wrong_facts(plugins: Plugins, old: str, new: str, expected: str) -> None:
    code = GOOD.format(name="toy")
    assert old in code
    assert reason(plugins, code.replace(old, new)) == expected


def test_what_a_plugin_prints_is_swallowed_and_told(
    plugins: Plugins, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins.add("loud", "print('hello')\n" + dedent(GOOD.format(name="loud")))
    catalog = plugins.load()
    assert capsys.readouterr().out == ""
    assert list(catalog.frameworks) == ["loud"]
    assert catalog.broken[0].usable
    assert catalog.broken[0].reason == "printed while it was loaded: 'hello'"


def test_one_name_from_two_plugins(plugins: Plugins) -> None:
    plugins.add("one", GOOD.format(name="same"))
    plugins.add("two", GOOD.format(name="same"))
    plugins.add("fine", GOOD.format(name="fine"))
    catalog = plugins.load()
    assert list(catalog.frameworks) == ["fine"]
    assert {plugin.distribution for plugin in catalog.broken} == {"dist-one", "dist-two"}
    with pytest.raises(PluginError, match="'same' is brought by dist-one and dist-two"):
        catalog.find("same")


def test_unknown_framework_has_the_nearest_name(plugins: Plugins) -> None:
    plugins.add("toy", GOOD.format(name="toyflow"))
    with pytest.raises(UnknownNameError, match="unknown framework 'toyflo'") as caught:
        plugins.load().find("toyflo")
    assert caught.value.hint == "did you mean 'toyflow'?"


def test_unknown_framework_tells_of_broken_plugins(plugins: Plugins) -> None:
    plugins.add("faulty", "1 / 0")
    with pytest.raises(UnknownNameError) as caught:
        plugins.load().find("faulty")
    assert "broken plugins: dist-faulty (see `dlbench list frameworks`)" in caught.value.hint


def test_installed_plugin_is_found_through_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "toy_plugin.py").write_text(dedent(GOOD.format(name="toy")), encoding="utf-8")
    info = tmp_path / "toy_plugin-3.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-plugin\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text("[dlbench]\ntoy = toy_plugin\n")
    code = (
        "from dlbench.catalog import load_catalog\n"
        "entry = load_catalog().find('toy')\n"
        "print(entry.distribution, entry.version)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "toy-plugin 3.1\n"
