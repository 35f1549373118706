from pathlib import Path

import pytest

from dlbench import requirements, stack
from dlbench.errors import ImageError, UnknownNameError
from dlbench.published import load as load_published

CHECKOUT = Path(__file__).parents[2] / "images"


def test_stacks_of_the_checkout() -> None:
    old, middle, java, new = stack.load_stacks(CHECKOUT)
    assert (old.name, old.cuda, old.cudnn, old.os) == ("2017", "8.0", "5.1.10", "Ubuntu 14.04")
    titan = old.studies[0]
    assert (titan.id, titan.versions["keras"]) == ("titanx-2017", "1.2.2")
    assert any("Theano is the release 0.9.0" in text for text in titan.differs)
    assert (middle.name, middle.python, middle.gpu) == ("2019", "2.7", None)
    assert (java.name, java.image_os) == ("2022", "Debian 12 (bookworm), with OpenJDK 17")
    assert (new.name, new.python) == ("2026", "3.11")


def test_every_study_of_a_stack_is_one_that_is_published() -> None:
    published = load_published([CHECKOUT.parent / "studies"])
    for one in stack.load_stacks(CHECKOUT):
        for study in one.studies:
            assert published.study(study.id)


def test_images_for_old_gpus_are_written_down_and_marked() -> None:
    gpu = stack.load_stack(CHECKOUT, "2017").gpu
    assert gpu is not None
    assert gpu.state == "defined, never built here"
    folder = CHECKOUT / "cuda-8.0"
    files = {path.name.removesuffix(".Dockerfile"): path for path in folder.glob("*.Dockerfile")}
    assert set(files) == set(gpu.dockerfiles)
    for name, path in files.items():
        lock = (folder / f"{name}.requirements.txt").read_text(encoding="utf-8")
        assert {"numpy", "pip", "setuptools", "wheel"} <= requirements.pins(lock).keys()
        assert all("--hash=sha256:" in item.text for item in requirements.parse(lock))
        text = path.read_text(encoding="utf-8")
        assert f"# {gpu.state.capitalize()}" in text
        assert f"FROM {gpu.base} AS system" in text


def test_unknown_stack_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        stack.load_stack(CHECKOUT, "2027")
    assert "did you mean" in caught.value.hint


@pytest.mark.parametrize("change", [("cuda:", "cudda:"), ('name: "2026"', 'name: "2025"')])
def test_wrong_file_is_explained(tmp_path: Path, change: tuple[str, str]) -> None:
    folder = tmp_path / "stacks"
    folder.mkdir()
    text = (CHECKOUT / "stacks/2026.yaml").read_text().replace(*change)
    (folder / "2026.yaml").write_text(text)
    with pytest.raises(ImageError, match=r"2026\.yaml"):
        stack.load_stack(tmp_path, "2026")
