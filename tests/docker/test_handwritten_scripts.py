"""The scripts that adapters are compared with do train: each in its own image, on little data."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from container_fixtures import IMAGES

from dlbench import images
from dlbench.cli.workspace import open_workspace
from dlbench.docker_engine import DockerEngine
from dlbench.engine import BuiltImage, RunSpec
from dlbench.runner import new_id

pytestmark = [pytest.mark.docker, pytest.mark.full]

HANDWRITTEN = Path(__file__).parents[2] / "benchmarks" / "handwritten"
SCENARIOS = ("mnist_mlp", "mnist_cnn", "cifar10_cnn", "mnist_hrnn", "fcnn")
EPOCHS = 3

#: All scripts of a framework in one process, which imports it once; a Java program starts its own.
DRIVER = """
import importlib, os, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
data, out = sys.argv[1:3]
for name in sys.argv[3:]:
    folder = os.path.join(data, "cifar10" if "cifar10" in name else "mnist")
    output = os.path.join(out, name + ".json")
    given = ["--data", folder, "--epochs", "EPOCHS", "--steps", "2", "--output", output]
    if os.path.exists(os.path.join(here, name + ".java")):
        subprocess.check_call([sys.executable, os.path.join(here, "java_program.py"), name] + given)
    else:
        sys.argv = [name] + given
        importlib.import_module(name).main()
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures whose brightness is their class, so that a few steps learn something."""
    folder = tmp_path_factory.mktemp("data")
    for name, shape in (("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))):
        (folder / name).mkdir()
        for part in ("train", "test"):
            labels = np.arange(256, dtype=np.int32) % 10
            images_ = np.zeros((256, *shape), np.uint8) + (labels * 25).reshape(-1, 1, 1, 1)
            np.save(folder / name / f"{part}_images.npy", images_.astype(np.uint8))
            np.save(folder / name / f"{part}_labels.npy", labels)
    return folder


def find_image(framework: str, image_id: str) -> tuple[DockerEngine, BuiltImage]:
    entry = open_workspace().catalog().find(framework)
    (image,) = (one for one in entry.framework.images if one.id == image_id)
    engine = DockerEngine()
    settings = images.read_settings()
    recipe = images.render(
        image, framework_name=framework, device="cpu", images_folder=IMAGES, settings=settings
    )
    return engine, images.ensure(engine, recipe, print)


@pytest.mark.parametrize(
    ("image_id", "scripts"),
    [
        ("torch-2.13.0", [f"{name}_torch" for name in SCENARIOS]),
        ("tensorflow-2.21.0", [f"{name}_tensorflow" for name in SCENARIOS]),
        ("tensorflow-1.0.0", ["fcnn_tensorflow1", "mnist_mlp_tensorflow1"]),
        ("theano-0.9.0", ["mnist_mlp_theano"]),
        pytest.param(
            "caffe-1.0",
            ["mnist_mlp_caffe", "fcnn_caffe"],
            marks=pytest.mark.image("caffe-1.0"),
        ),
        pytest.param("cntk-2.7", ["mnist_mlp_cntk"], marks=pytest.mark.image("cntk-2.7")),
        pytest.param("mxnet-0.11.0", ["mnist_mlp_mxnet"], marks=pytest.mark.image("mxnet-0.11.0")),
        pytest.param(
            "torch-1.0.0",
            ["mnist_mlp_torch1", "fcnn_torch1", "mnist_mlp_torch7", "fcnn_torch7"],
            marks=pytest.mark.image("torch-1.0.0"),
        ),
        ("keras-2.0.5-tensorflow-1.0.0", ["mnist_mlp_keras", "fcnn_keras"]),
        pytest.param(
            "deeplearning4j-1.0.0-M2.1",
            ["mnist_mlp_deeplearning4j", "mnist_cnn_deeplearning4j"],
            marks=pytest.mark.image("deeplearning4j-1.0.0-M2.1"),
        ),
        pytest.param(
            "deeplearning4j-0.4-rc3.8",
            ["fcnn_deeplearning4j0", "mnist_mlp_deeplearning4j0"],
            marks=pytest.mark.image("deeplearning4j-0.4-rc3.8"),
        ),
    ],
)
def test_every_script_trains(image_id: str, scripts: list[str], data: Path, tmp_path: Path) -> None:
    engine, image = find_image(image_id.partition("-")[0], image_id)
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    for file in HANDWRITTEN.iterdir():
        if file.suffix in {".py", ".java"}:
            shutil.copyfile(file, tmp_path / "in" / file.name)
    driver = DRIVER.replace("EPOCHS", str(EPOCHS))
    (tmp_path / "in" / "driver.py").write_text(driver, encoding="utf-8")
    run_id = new_id()
    ended = engine.execute(
        RunSpec(
            run_id=run_id,
            name=f"dlbench-{run_id}",
            image=image,
            command=("{python}", "{in}/driver.py", "{data}", "{out}", *scripts),
            in_folder=tmp_path / "in",
            out_folder=tmp_path / "out",
            data_folder=data,
            log=tmp_path / "log",
            memory_bytes=4 * 2**30,
            timeout_seconds=300,
        )
    )
    engine.close()
    assert (ended.how, ended.code) == ("exited", 0), (tmp_path / "log").read_text()[-3000:]
    for script in scripts:
        epochs = json.loads((tmp_path / "out" / f"{script}.json").read_bytes())["epochs"]
        losses = [epoch["loss"] for epoch in epochs]
        assert len(losses) == EPOCHS
        assert all(map(math.isfinite, losses)), script
        assert min(losses[1:]) < losses[0], script
        assert all(0 <= epoch["accuracy"] <= 1 < 1 + epoch["seconds"] for epoch in epochs)
