from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tiny_dataset import FILES, declare, site, write_files
from typer.testing import CliRunner

from dlbench import datasets, declaration
from dlbench.array_cache import Manifest, obtain
from dlbench.declaration import ITEM_BYTES, Declaration, declarations
from dlbench.errors import DataError, ScenarioError, UnknownNameError
from dlbench.forms import FORMS
from dlbench.scenario import Augment, Data, Input, Loss, Scenario, Target, load


def scenario(*inputs: Input, classes: int = 10, **changes: Any) -> Scenario:
    stated = Data(
        dataset="tiny", item="image", inputs=inputs, target=Target(classes=classes), **changes
    )
    return Scenario(
        name="example",
        summary="",
        source="",
        data=stated,
        network=(),
        loss=Loss(kind="cross_entropy"),
        optimizer=None,
        batch_size=2,
        plans={},
        metric="step",
    )


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declaration:
    """Return the tiny dataset, made the only one that is known."""
    declared = declare(site(write_files(tmp_path / "site").as_uri()))
    for module in (datasets, declaration):
        monkeypatch.setattr(module, "declarations", lambda: {"tiny": declared})
    return declared


def test_declarations_are_consistent() -> None:
    assert set(declarations()) == {"mnist", "fashion-mnist", "cifar10", "babi-qa1", "babi-qa2"}
    for declared in declarations().values():
        assert declared.form in FORMS
        assert declared.sources
        for spec in declared.arrays.values():
            assert spec.dtype in ITEM_BYTES
            assert set(spec.files) <= set(declared.files)
        for split in declared.splits.values():
            arrays = [split.target, *split.inputs.values()]
            assert len({declared.arrays[name].shape[0] for name in arrays}) == 1
        every = [*declared.files.values()]
        for edition in declared.editions:
            assert set(edition.remakes) == set(declared.files)
            for remade in edition.remakes.values():
                assert {remade.images, remade.labels} <= set(edition.files)
            every += edition.files.values()
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in every)
        assert all(re.fullmatch("([0-9a-f]{32})?", file.md5) for file in every)
        words = {declared.arrays[split.target].vocabulary for split in declared.splits.values()}
        assert words <= {0, declared.classes}


def test_the_digest_follows_the_content_not_the_sources() -> None:
    one, other = declare(site("http://a.example")), declare(site("http://b.example"))
    assert one.digest == other.digest
    changed = msgspec.structs.replace(one, files={**one.files, "more": one.files["test-labels"]})
    assert changed.digest != one.digest
    sizes = [math.prod(spec.shape) * ITEM_BYTES[spec.dtype] for spec in one.arrays.values()]
    assert one.array_bytes == sum(sizes) == 24 + 16 + 12 + 8


def test_an_unknown_dataset_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown dataset 'mnits'") as caught:
        datasets.ensure("mnits", cache=tmp_path)
    assert caught.value.hint == "did you mean 'mnist'?"


def test_no_dataset_means_synthetic_items() -> None:
    data = datasets.job_data(None, scenario(Input(name="image", shape=(4,)), items=64))
    assert (data.kind, data.synthetic_items, data.train) == ("synthetic", 64, None)
    assert data.augment is None


def test_a_job_says_how_images_are_augmented(tmp_path: Path, tiny: Declaration) -> None:
    augment = Augment(flip="horizontal", shift=0.1)
    image = Input(name="image", shape=(2, 3, 1))
    dataset = obtain(tiny, cache=tmp_path)
    for source, items in ((dataset, 0), (None, 8)):
        data = datasets.job_data(source, scenario(image, augment=augment, items=items))
        assert data.augment == augment


def test_items_for_validation_are_not_trained_on(tmp_path: Path, tiny: Declaration) -> None:
    stated = scenario(Input(name="image", shape=(6,)), validation=0.25)
    data = datasets.job_data(obtain(tiny, cache=tmp_path), stated)
    assert data.train is not None
    assert data.test is not None
    assert (data.train.items, data.test.items) == (3, 2)


def test_a_scenario_states_the_words_of_its_dataset(tmp_path: Path, tiny: Declaration) -> None:
    arrays = {
        name: msgspec.structs.replace(spec, vocabulary=36) if "images" in name else spec
        for name, spec in tiny.arrays.items()
    }
    dataset = obtain(msgspec.structs.replace(tiny, arrays=arrays), cache=tmp_path)
    right = scenario(Input(name="story", shape=(6,), dtype="int32", vocabulary=36))
    assert datasets.job_data(dataset, right).train is not None
    for wrong in (Input(name="story", shape=(6,), dtype="int32", vocabulary=35),
                  Input(name="story", shape=(6,))):  # fmt: skip
        with pytest.raises(ScenarioError, match="dataset tiny is 36") as caught:
            datasets.job_data(dataset, scenario(wrong))
        assert caught.value.hint == "state `dtype: int32, vocabulary: 36`"


def test_a_job_reshapes_items_to_the_scenario(tmp_path: Path, tiny: Declaration) -> None:
    dataset = obtain(tiny, cache=tmp_path)
    data = datasets.job_data(dataset, scenario(Input(name="pixels", shape=(6,), divide_by=255)))
    assert data.kind == "arrays"
    assert data.train is not None
    assert data.test is not None
    assert (data.train.items, data.test.items) == (4, 2)
    pixels = data.train.inputs["pixels"]
    assert (pixels.file, pixels.shape, pixels.dtype) == ("train_images.npy", (6,), "float32")
    assert pixels.divide_by == 255
    assert (data.test.target.file, data.test.target.dtype) == ("test_labels.npy", "int32")
    for split in (data.train, data.test):
        assert (dataset.folder / split.target.file).is_file()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            scenario(Input(name="image", shape=(7,))),
            r"inputs\.image: shape \[7\], an item of dataset tiny has \[2, 3, 1\]",
        ),
        (scenario(Input(name="image", shape=(6,)), classes=3), "3 classes, dataset tiny has 10"),
        (
            scenario(Input(name="image", shape=(6,)), Input(name="word", shape=(1,))),
            r"inputs\.word: dataset tiny has no such input",
        ),
        (
            scenario(Input(name="image", shape=(6,)), options={"task": 2}),
            "dataset tiny has no option 'task'",
        ),
    ],
)
def test_a_scenario_that_does_not_fit_is_refused(
    tmp_path: Path, tiny: Declaration, wrong: Scenario, message: str
) -> None:
    dataset = obtain(tiny, cache=tmp_path)
    with pytest.raises(ScenarioError, match=message):
        datasets.job_data(dataset, wrong)


def test_verify_says_what_is_wrong_and_what_to_do(tmp_path: Path, tiny: Declaration) -> None:
    with pytest.raises(DataError, match="is not here") as caught:
        datasets.verify("tiny", cache=tmp_path)
    assert caught.value.hint == "dlbench data fetch --again tiny"

    folder = datasets.ensure("tiny", cache=tmp_path).folder
    assert datasets.verify("tiny", cache=tmp_path).folder == folder
    (folder / "test_labels.npy").unlink()
    with pytest.raises(DataError, match=r"test_labels\.npy is missing"):
        datasets.verify("tiny", cache=tmp_path)
    assert datasets.cached_names(tmp_path) == [tiny.name]
    assert datasets.list_datasets(tmp_path)[0].dataset is None


def test_the_commands(tmp_path: Path, tiny: Declaration, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench.cli.data import app

    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    runner = CliRunner()

    def listed() -> dict[str, object]:
        answer = runner.invoke(app, ["list", "--json"], catch_exceptions=False)
        (row,) = json.loads(answer.stdout)
        assert isinstance(row, dict)
        return row

    assert listed()["folder"] is None
    assert "no" in runner.invoke(app, ["list"]).stdout.splitlines()[1].split()
    fetched = runner.invoke(app, ["fetch", "tiny"], catch_exceptions=False)
    assert fetched.exit_code == 0
    assert f"(from {(tmp_path / 'site').as_uri()})" in fetched.stdout
    assert listed()["fetched_from"] == (tmp_path / "site").as_uri()

    files = [str(tmp_path / "site" / name) for name in FILES]
    runner.invoke(app, ["import", "tiny", *files], catch_exceptions=False)
    assert listed()["fetched_from"] == "imported files"
    assert runner.invoke(app, ["verify"], catch_exceptions=False).exit_code == 0

    folder = Path(str(listed()["folder"]))
    (folder / "manifest.json").unlink()
    refused = runner.invoke(app, ["verify"])
    assert isinstance(refused.exception, DataError)
    assert tiny.name in refused.exception.message


SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_scenario_fits_its_dataset(path: Path) -> None:
    shipped = load(path)
    if shipped.data.dataset == datasets.SYNTHETIC:
        assert datasets.job_data(None, shipped).synthetic_items == shipped.data.items
        return
    declared = declaration.find_declaration(shipped.data.dataset)
    manifest = Manifest(
        format=1, name=declared.name, digest=declared.digest, source="", fetched="", arrays={}
    )
    dataset = datasets.Dataset(declaration=declared, folder=path.parent, manifest=manifest)
    data = datasets.job_data(dataset, shipped)
    assert data.train is not None
    assert set(data.train.inputs) == {stated.name for stated in shipped.data.inputs}
