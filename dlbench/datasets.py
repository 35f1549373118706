"""Datasets by name: fetched, imported, verified, and stated as the data of a job."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from dlbench.array_cache import Dataset, faults, find, ignore, obtain, place
from dlbench.declaration import Declaration, declarations, find_declaration
from dlbench.errors import DataError, ScenarioError
from dlbench.job import ArrayFile, JobData, Split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dlbench.declaration import SplitSpec
    from dlbench.scenario import Input, Scenario
    from dlbench.sources import Progress

__all__ = [
    "SYNTHETIC",
    "Dataset",
    "DatasetRow",
    "cached_names",
    "ensure",
    "import_files",
    "job_data",
    "list_datasets",
    "verify",
]

#: The dataset name of scenarios whose items are made from the seed.
SYNTHETIC = "synthetic"


class DatasetRow(Struct, frozen=True, kw_only=True):
    """A dataset as ``dlbench data list`` shows it; ``dataset`` is None where it is not here."""

    declaration: Declaration
    dataset: Dataset | None


def ensure(
    name: str,
    *,
    cache: Path,
    on_progress: Callable[[Progress], None] = ignore,
    again: bool = False,
) -> Dataset:
    """Return dataset ``name`` from the cache, fetching it from its sources where it is absent.

    ``again`` fetches it even if it is there.  Raises UnknownNameError, or DataError naming
    every source and why it did not do.
    """
    return obtain(find_declaration(name), cache=cache, on_progress=on_progress, again=again)


def import_files(name: str, files: Sequence[Path], *, cache: Path) -> Dataset:
    """Make dataset ``name`` from files that the user has: plain, gzip, tar, .deb, or folders.

    Raises UnknownNameError, or DataError naming each file that is missing or wrong.
    """
    return obtain(find_declaration(name), cache=cache, files=files, again=True)


def verify(name: str, *, cache: Path) -> Dataset:
    """Hash every array of a cached dataset; DataError where it is absent or has changed."""
    declared = find_declaration(name)
    folder = place(declared, cache)
    problems = faults(declared, cache, thorough=True)
    dataset = find(declared, cache)
    if problems or dataset is None:
        raise DataError(
            f"dataset {name} in {folder}: {'; '.join(problems)}",
            f"dlbench data fetch --again {name}",
        )
    return dataset


def list_datasets(cache: Path) -> list[DatasetRow]:
    """Return every declared dataset, and whether it lies in the cache."""
    return [
        DatasetRow(declaration=declared, dataset=find(declared, cache))
        for declared in declarations().values()
    ]


def cached_names(cache: Path) -> list[str]:
    """Return the datasets that have a folder in the cache, whole or not."""
    return [name for name, declared in declarations().items() if place(declared, cache).is_dir()]


def job_data(dataset: Dataset | None, scenario: Scenario) -> JobData:
    """State where a job's items come from; no dataset means synthetic items.

    The shapes of the array files are those of the scenario, without the batch: every item is
    reshaped to them.  Raises ScenarioError where items or labels do not fit the scenario.
    """
    stated = scenario.data
    if dataset is None:
        return JobData(
            kind="synthetic",
            item=stated.item,
            synthetic_items=stated.items,
            augment=stated.augment,
        )
    declared = dataset.declaration
    if declared.classes != stated.target.classes:
        raise ScenarioError(
            f"scenario {scenario.name}: target: {stated.target.classes} classes, "
            f"dataset {dataset.name} has {declared.classes}",
        )
    if stated.options:
        raise ScenarioError(
            f"scenario {scenario.name}: data.options: dataset {dataset.name} has no option "
            f"{next(iter(stated.options))!r}",
        )
    splits = {name: job_split(declared, split, scenario) for name, split in declared.splits.items()}
    return JobData(
        kind="arrays",
        item=stated.item,
        train=without_validation(splits.get("train"), stated.validation),
        test=splits.get("test"),
        augment=stated.augment,
    )


def without_validation(split: Split | None, validation: float) -> Split | None:
    """Return the training split without its last items, the share that is for validation."""
    if split is None:
        return None
    return structs.replace(split, items=round(split.items * (1 - validation)))


def job_split(declared: Declaration, split: SplitSpec, scenario: Scenario) -> Split:
    """State one split of a dataset as the scenario's inputs and target."""
    inputs: dict[str, ArrayFile] = {}
    for stated in scenario.data.inputs:
        array = array_for(declared, split, scenario, stated.name)
        check_shape(declared, array, scenario, f"inputs.{stated.name}", stated.shape)
        check_vocabulary(declared, array, scenario, stated)
        inputs[stated.name] = ArrayFile(
            file=f"{array}.npy", shape=stated.shape, dtype=stated.dtype, divide_by=stated.divide_by
        )
    shape = scenario.data.target.shape
    check_shape(declared, split.target, scenario, "target", shape)
    target = ArrayFile(file=f"{split.target}.npy", shape=shape, dtype="int32")
    return Split(inputs=inputs, target=target, items=declared.arrays[split.target].shape[0])


def array_for(declared: Declaration, split: SplitSpec, scenario: Scenario, name: str) -> str:
    """Return the array that is input ``name``; where both sides have one, names need not agree."""
    if len(scenario.data.inputs) == len(split.inputs) == 1:
        return next(iter(split.inputs.values()))
    if name not in split.inputs:
        raise ScenarioError(
            f"scenario {scenario.name}: inputs.{name}: dataset {declared.name} has no such input",
            "known: " + ", ".join(split.inputs),
        )
    return split.inputs[name]


def check_shape(
    declared: Declaration, array: str, scenario: Scenario, key: str, shape: tuple[int, ...]
) -> None:
    """Raise ScenarioError where an item of an array cannot be reshaped to what a key states."""
    item_shape = declared.arrays[array].shape[1:]
    if math.prod(item_shape) != math.prod(shape):
        raise ScenarioError(
            f"scenario {scenario.name}: {key}: shape {list(shape)}, "
            f"an item of dataset {declared.name} has {list(item_shape)}",
        )


def check_vocabulary(declared: Declaration, array: str, scenario: Scenario, stated: Input) -> None:
    """Raise ScenarioError where an input has another number of words than its array."""
    words = declared.arrays[array].vocabulary
    if words and stated.vocabulary != words:
        raise ScenarioError(
            f"scenario {scenario.name}: inputs.{stated.name}: vocabulary {stated.vocabulary}, "
            f"that of dataset {declared.name} is {words}",
            f"state `dtype: int32, vocabulary: {words}`",
        )
