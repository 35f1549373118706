import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench import bases, context, images, requirements
from dlbench.bases import fetch_options
from dlbench.build_settings import BuildSettings
from dlbench.engine import BuiltImage, EngineFacts, Exit, Recipe, RunSpec
from dlbench.errors import ImageError, UnknownNameError, UsageError
from dlbench.framework import Image

CHECKOUT = Path(__file__).parents[2] / "images"
HASH = "--hash=sha256:" + "0" * 64
IMAGE = Image(id="soft-1.0", versions={"soft": "1.0"}, stack="2026", devices=("cpu", "cuda"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "bases/tiny/base.yaml": "summary: s\nsuite: bookworm\ninstall: script\npackages: [a]\n",
        "bases/tiny/packages.lock": "a 1\n",
        "install/script": "#!/bin/sh\n",
        "inventory": "print()\n",
        "soft/soft-1.0/Dockerfile": "FROM tiny AS build\nRUN ./install\nFROM tiny\n",
        "soft/soft-1.0/verify": "print('ok')\n",
        "soft/soft-1.0/image.yaml": "disk_megabytes: {cpu: 7}\n",
        "soft/soft-1.0/requirements.in": "soft==1.0\n",
        "soft/soft-1.0/requirements.txt": f"soft==1.0 {HASH}\nextra==2 {HASH}\n",
        "soft/soft-1.0/native/shim.c": "int x;\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def render(folder: Path, device: str = "cpu", **settings: object) -> Recipe:
    return images.render(
        IMAGE,
        framework_name="soft",
        device=device,
        images_folder=folder,
        settings=BuildSettings(**settings),  # type: ignore[arg-type]
    )


def content(recipe: Recipe) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(recipe.context)) as archive:
        return {
            name: archive.extractfile(name).read().decode()  # type: ignore[union-attr]
            for name in archive.getnames()
        }


class OneImageEngine:
    """Builds by remembering."""

    name = "memory"

    def __init__(self, data_root: str = "") -> None:
        self.builds: list[Recipe] = []
        self.data_root = data_root

    def facts(self) -> EngineFacts:
        return EngineFacts(name=self.name, details={"data_root": self.data_root})

    def check_device(self, device: str) -> None:
        raise AssertionError(device)

    def find_image(self, recipe: Recipe) -> BuiltImage | None:
        known = [built for built in self.builds if built.tag == recipe.tag]
        return self._built(known[0]) if known else None

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        on_line("step")
        self.builds.append(recipe)
        return self._built(recipe)

    def execute(self, spec: RunSpec) -> Exit:
        raise AssertionError(spec)

    def cpu_seconds(self) -> float | None:
        return None

    def interrupt(self) -> None:
        raise AssertionError

    def _built(self, recipe: Recipe) -> BuiltImage:
        return BuiltImage(
            image_id=recipe.image_id,
            device=recipe.device,
            tag=recipe.tag,
            digest=recipe.digest,
            engine_id="sha256:1",
            python=recipe.python,
        )


def test_context_holds_everything_and_names_the_base_by_its_tag(folder: Path) -> None:
    recipe = render(folder)
    files = content(recipe)
    assert sorted(files) == [
        "Dockerfile",
        "install",
        "inventory",
        "native/shim.c",
        "requirements.txt",
        "verify",
        "wheels.txt",
    ]
    tag = bases.load_base(folder, "tiny").tag
    assert files["Dockerfile"] == f"FROM {tag} AS build\nRUN ./install\nFROM {tag}\n"
    assert recipe.base.tag == tag
    assert recipe.disk_bytes == 7_000_000
    assert recipe.requirements == files["requirements.txt"]


def test_what_builds_sources_is_a_file_of_its_own(folder: Path) -> None:
    lock = f"--no-binary soft\nsetuptools==44.1.1 {HASH}\nsoft==1.0 {HASH}\nwheel==0.37.1 {HASH}\n"
    (folder / "soft/soft-1.0/requirements.txt").write_text(lock)
    files = content(render(folder))
    assert files["requirements.txt"] == lock
    assert files["tools.txt"] == f"setuptools==44.1.1 {HASH}\nwheel==0.37.1 {HASH}\n"


def test_sources_without_what_builds_them_are_an_error(folder: Path) -> None:
    (folder / "soft/soft-1.0/requirements.txt").write_text(f"--no-binary soft\nsoft==1.0 {HASH}\n")
    with pytest.raises(ImageError, match="building from source needs setuptools and wheel"):
        render(folder)


def test_a_base_that_is_all_its_images_need_has_no_install_script(folder: Path) -> None:
    path = folder / "bases/tiny/base.yaml"
    path.write_text(path.read_text().replace("install: script\n", ""))
    assert "install" not in content(render(folder))


def test_rendering_twice_gives_the_same_bytes(folder: Path) -> None:
    assert render(folder).context == render(folder).context


@pytest.mark.parametrize(
    "name",
    [
        "bases/tiny/packages.lock",
        "bases/tiny/base.yaml",
        "install/script",
        "inventory",
        "soft/soft-1.0/Dockerfile",
        "soft/soft-1.0/verify",
        "soft/soft-1.0/requirements.txt",
        "soft/soft-1.0/native/shim.c",
    ],
)
def test_digest_covers_every_file_that_makes_the_image(folder: Path, name: str) -> None:
    before = render(folder)
    path = folder / name
    addition = {".yaml": "environment: {A: b}\n", ".lock": "b 1\n"}.get(path.suffix, "# more\n")
    path.write_text(path.read_text() + addition)
    after = render(folder)
    assert after.digest != before.digest
    assert after.tag != before.tag


def test_digest_ignores_what_only_the_user_or_the_lock_needs(folder: Path) -> None:
    before = render(folder)
    (folder / "soft/soft-1.0/image.yaml").write_text("disk_megabytes: {cpu: 9}\n")
    (folder / "soft/soft-1.0/requirements.in").write_text("soft\n")
    (folder / "bundle").write_text("CA")
    after = render(
        folder,
        ca_bundle=folder / "bundle",
        pip={"index-url": "elsewhere"},
        proxies={"http_proxy": "p"},
        apt_mirror="m",
    )
    assert after.digest == before.digest
    assert "elsewhere" not in repr(after.context)
    assert b"elsewhere" in bytes(after.secrets["secrets/pip.conf"])


def test_equal_devices_share_one_tag(folder: Path) -> None:
    cpu, cuda = render(folder), render(folder, "cuda")
    assert cpu.tag == cuda.tag == f"dlbench/soft-1.0:cpu-cuda-{cpu.digest[:12]}"
    assert (cpu.device, cuda.device) == ("cpu", "cuda")


def test_a_lock_of_its_own_parts_a_device(folder: Path) -> None:
    (folder / "soft/soft-1.0/requirements.cuda.txt").write_text(f"soft==1.1 {HASH}\n")
    cpu, cuda = render(folder), render(folder, "cuda")
    assert cpu.tag == f"dlbench/soft-1.0:cpu-{cpu.digest[:12]}"
    assert cuda.tag == f"dlbench/soft-1.0:cuda-{cuda.digest[:12]}"
    assert requirements.pins(cuda.requirements) == {"soft": "1.1"}


def test_local_wheel_stands_in_for_the_pinned_one(folder: Path) -> None:
    wheel = folder / "soft-9.9-py3-none-any.whl"
    wheel.write_bytes(b"one")
    other = folder / "unrelated-1-py3-none-any.whl"
    other.write_bytes(b"")
    stock, local = render(folder), render(folder, wheels=(wheel, other))
    assert requirements.pins(local.requirements) == {"extra": "2"}
    assert local.wheels == (wheel,)
    assert content(local)["wheels.txt"].startswith(wheel.name)
    wheel.write_bytes(b"two")
    assert len({stock.digest, local.digest, render(folder, wheels=(wheel,)).digest}) == 3


def test_bundle_reaches_apt_unless_apt_has_one(folder: Path) -> None:
    bundle = folder / "bundle"
    bundle.write_text("CA")
    given = f'Acquire::https::CAInfo "{bundle}"'
    assert fetch_options(render(folder, ca_bundle=bundle, apt_options=()).base) == (given,)
    own = ('Acquire::https::CAInfo "/own"',)
    assert fetch_options(render(folder, ca_bundle=bundle, apt_options=own).base) == own


def test_no_maven_is_looked_for_before_an_image_is_built(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("install/jars", "install/jar-inventory", "soft/soft-1.0/jars.txt"):
        (folder / name).write_text("")
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2/settings.xml").write_text("<settings>")
    monkeypatch.setenv("HOME", str(tmp_path))
    recipe = render(folder)
    with pytest.raises(UsageError, match=r"settings\.xml are not readable"):
        context.complete(recipe)


def test_jars_come_with_their_script_and_not_with_where_they_are(folder: Path) -> None:
    before = render(folder)
    (folder / "install/jars").write_text("fetch\n")
    (folder / "install/jar-inventory").write_text("print()\n")
    image = folder / "soft/soft-1.0"
    (image / "pom.xml").write_text("<project/>\n")
    assert render(folder).digest == before.digest
    (image / "jars.txt").write_text(f"{'0' * 64} 3 org/a/b/2/b-2.jar\n")
    here, there = (render(folder, maven_repository=name) for name in ("http://one", "http://two"))
    assert here.digest == there.digest != before.digest
    assert {"jars.txt", "install-jars", "jar-inventory"} == set(content(here)) - set(
        content(before)
    )
    assert there.find_secrets() == {"secrets/repository": b"http://two"}
    (image / "jars.txt").write_text("org/a/b/2/b-2.jar\n")
    with pytest.raises(ImageError, match=r"jars\.txt: .* is not a sha256"):
        render(folder)


def test_image_folder_of_a_plugin_is_its_own(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "plugin"
    (folder / "soft/soft-1.0").rename(own)
    recipe = images.render(
        replace(IMAGE, folder=own),
        framework_name="soft",
        device="cpu",
        images_folder=folder,
        settings=BuildSettings(),
    )
    assert recipe.base.name == "tiny"


def test_an_image_of_another_framework_serves(folder: Path) -> None:
    recipe = images.render(
        IMAGE,
        framework_name="layered",
        device="cpu",
        images_folder=folder,
        settings=BuildSettings(),
    )
    assert recipe.tag == render(folder).tag


def test_a_tag_has_no_capitals(folder: Path) -> None:
    (folder / "soft/soft-1.0").rename(folder / "soft/soft-1.0-M2.1")
    recipe = images.render(
        replace(IMAGE, id="soft-1.0-M2.1"),
        framework_name="soft",
        device="cpu",
        images_folder=folder,
        settings=BuildSettings(),
    )
    assert (recipe.image_id, recipe.tag[:22]) == ("soft-1.0-M2.1", "dlbench/soft-1.0-m2.1:")


def test_unknown_device_and_missing_folder(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match="'tpu'"):
        render(folder, "tpu")
    (folder / "soft/soft-1.0/Dockerfile").unlink()
    with pytest.raises(UnknownNameError, match=r"soft-1\.0 has no definition"):
        render(folder)


def test_faults_of_a_definition_are_explained(folder: Path) -> None:
    image = folder / "soft/soft-1.0"
    (image / "requirements.txt").write_text("soft>=1\n")
    with pytest.raises(ImageError, match="pins no version"):
        render(folder)
    (image / "requirements.txt").unlink()
    with pytest.raises(ImageError, match="no requirements for cpu"):
        render(folder)
    (image / "requirements.txt").write_text(f"soft==1 {HASH}\n")
    (image / "image.yaml").write_text("disk: 1\n")
    with pytest.raises(ImageError, match="disk"):
        render(folder)
    (image / "Dockerfile").write_text("FROM tinny\n")
    with pytest.raises(ImageError, match="must name one base") as caught:
        render(folder)
    assert "did you mean 'tiny'?" in caught.value.hint


def test_ensure_builds_once(folder: Path) -> None:
    engine = OneImageEngine()
    lines: list[str] = []
    first = images.ensure(engine, render(folder), lines.append)
    assert images.ensure(engine, render(folder), lines.append) == first
    assert len(engine.builds) == 1
    assert lines == [f"building {first.tag}", "step"]


def test_ensure_builds_again_when_asked(folder: Path) -> None:
    engine = OneImageEngine()
    for _ in range(2):
        images.ensure(engine, render(folder, use_cache=False), lambda _: None)
    assert len(engine.builds) == 2


def test_too_little_disk_is_said_before_building(folder: Path) -> None:
    (folder / "soft/soft-1.0/image.yaml").write_text("disk_megabytes: {cpu: 9000000000}\n")
    engine = OneImageEngine(data_root=str(folder))
    with pytest.raises(ImageError, match=r"needs 9000002\.0 GB free in"):
        images.ensure(engine, render(folder), lambda _: None)
    assert engine.builds == []


def asks_for_any(folder: Path) -> bool:
    """Say whether an image asks for packages beside those of its base."""
    texts = [path.read_text("utf-8") for path in folder.glob("requirements*.in")]
    lines = [line for text in texts for line in text.splitlines()]
    return any(line.strip() and not line.startswith("#") for line in lines)


def image_folders() -> list[Path]:
    return sorted(path.parent for path in CHECKOUT.glob("*/*/Dockerfile"))


def test_the_checkout_has_images() -> None:
    assert len(image_folders()) >= 4


@pytest.mark.parametrize("path", image_folders(), ids=lambda path: path.name)
def test_every_image_of_the_checkout_renders(path: Path) -> None:
    image = Image(id=path.name, versions={}, stack="2026")
    settings = BuildSettings()
    recipe = images.render(
        image,
        framework_name=path.parent.name,
        device="cpu",
        images_folder=CHECKOUT,
        settings=settings,
    )
    assert recipe.base.lock, "every base is locked"
    assert recipe.disk_bytes > 0
    assert bool(requirements.pins(recipe.requirements)) == asks_for_any(path)


def test_no_address_of_a_server_is_written_in_images() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}: {match[0]}"
        for path in sorted(CHECKOUT.rglob("*"))
        if path.is_file()
        for match in re.finditer(
            r"\b(?!file:)\w+://\S+|\b[\w.-]+\.(org|com|net|io)\b", path.read_text("utf-8")
        )
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted(CHECKOUT.rglob("requirements*.txt")), ids=str)
def test_locks_pin_and_hash_everything_and_name_no_index(path: Path) -> None:
    assert bool(requirements.parse(path.read_text("utf-8"))) == asks_for_any(path.parent)
