"""Scenarios: a workload as data, read from one YAML file.

A scenario names its data, its network as a list of layers, its loss, its optimizer and its plans.
An adapter translates each kind of layer, so one file is enough for every framework.

Two files with one digest ask for the same work.  The digest is the SHA-256, cut to 16 hexadecimal
digits, of canonical JSON (sorted keys, no spaces) of the format, the data, the network, the loss
and the optimizer, with every default spelled out, parameters still written ``$name``, and what a
parameter's values mean where the file gives them a meaning.  Prose, plans, the batch size and a
parameter's default are not in it: a cell states those itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from dlbench.document import Problems, Reader, spell
from dlbench.errors import ScenarioError, UnknownNameError, nearest
from dlbench.grammar import Layer, link
from dlbench.known import read_known
from dlbench.rounds import Rounds
from dlbench.sections import TOP, read_meaning, read_parameters, read_parity, read_plans
from dlbench.yaml_file import parse

__all__ = ["FORMAT", "Augment", "Data", "Input", "Known", "Layer", "Loss", "Optimizer"]
__all__ += ["Parameter", "Plan", "Scenario", "Target", "Trials", "Value", "Warmup", "load"]
__all__ += ["locate", "names"]

#: Version of the scenario file format.  1: first.
FORMAT = 1

Value: TypeAlias = str | int | float | bool


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One named input; ``shape`` is without the batch, images are height, width, channels."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    #: The stored array is converted to ``dtype`` and divided by this.
    divide_by: float = 1.0
    #: For integer inputs, the number of different values; 0 for real ones.
    vocabulary: int = 0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the network learns: integer class labels of ``shape`` per item (empty: one label)."""

    classes: int
    shape: tuple[int, ...] = ()


class Augment(msgspec.Struct, frozen=True, kw_only=True):
    """How every training image is changed anew in every epoch; docs/protocol.md says exactly how.

    ``shift`` is the share of height and of width that an image moves by at most, each way.
    """

    flip: Literal["none", "horizontal"] = "none"
    shift: float = 0.0


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """Where items come from: a dataset by name, or ``synthetic`` with so many random items."""

    dataset: str
    #: What one item is called in ``items per second``.
    item: str
    inputs: tuple[Input, ...]
    target: Target
    #: Only for ``synthetic``: how many items are made.
    items: int = 0
    #: The share of a dataset's training items, its last ones, that is not trained on.
    validation: float = 0.0
    augment: Augment | None = None
    options: dict[str, Any] = {}


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """``cross_entropy`` between the network's softmax and the labels; ``mean`` or ``sum``."""

    kind: str
    reduction: str = "mean"


class Optimizer(msgspec.Struct, frozen=True, kw_only=True):
    """An optimizer and all its parameters; docs/protocol.md defines each kind."""

    kind: str
    parameters: dict[str, float] = {}


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """How many trials: at most ``at_most``, fewer after ``seconds``, never under ``at_least``.

    An exact number has ``at_least == at_most`` and no ``seconds``.
    """

    at_most: int
    at_least: int = 1
    seconds: float | None = None


class Warmup(Trials, frozen=True, kw_only=True):
    """How the warm-up ends: as any trials do, and earlier by test where ``settle`` is given.

    It has settled when the medians of its last two windows of ``window`` steps each differ by no
    more than ``settle``, relative to the earlier one; the first step of a build is in no window.
    ``at_least`` holds for the test too.
    """

    settle: float | None = None
    window: int = 3


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measures: epochs, warm-up, stepwise block, pipelined block, predict."""

    warmup: Warmup
    stepwise: Trials
    pipelined: Trials
    #: Passes over the test set that are timed; 0 for none.
    predict: Trials
    epochs: int = 0
    #: Cut an epoch after so many steps; ``None`` is the whole epoch.
    steps_per_epoch: int | None = None
    #: Passes over the cell, each in a fresh container; further ones until there are verdicts.
    rounds: int = 1
    #: ``None`` is exactly ``rounds``.
    rounds_at_most: int | None = None
    #: The whole run is ended by the host after this.
    timeout_seconds: float = 3600.0

    @property
    def span(self) -> Rounds:
        """The rounds, least and most."""
        return Rounds(self.rounds, max(self.rounds, self.rounds_at_most or 0))


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Quality known from elsewhere: what runs should reach after ``epochs`` whole epochs.

    The least and the greatest of each measure that are as known, None where there is no such end.
    """

    epochs: int
    accuracy: tuple[float | None, float | None] | None = None
    loss: tuple[float | None, float | None] | None = None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario's own axis, written ``$name`` where it is used in the file.

    ``values`` has what a user types and what it means in the file (``off`` may mean 0).  Where it
    is empty, any value of the default's type will do.
    """

    name: str
    default: str
    values: dict[str, Value] = {}
    summary: str = ""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A workload as its file states it, with this choice of parameter values filled in."""

    name: str
    summary: str
    source: str
    data: Data
    network: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer | None
    batch_size: int
    plans: dict[str, Plan]
    #: The figure that tables show first: ``step``, ``epoch`` or ``predict``.
    metric: str
    parameters: tuple[Parameter, ...] = ()
    #: The values filled in, as a user types them, one for each parameter.
    values: dict[str, str] = {}
    #: Quality known from elsewhere, of these parameter values and this batch size; None for others.
    known: Known | None = None
    #: How parity runs this scenario (batch size, initializer, learning rate, steps).
    parity: dict[str, Any] = {}
    #: Digest of the meaning: data, network, loss, optimizer, parameters as the file states them.
    digest: str = ""
    #: The file it was read from, for messages.
    file: str = ""


def locate(name: str, folders: Iterable[Path]) -> Path:
    """Return the file of scenario ``name``: a path as it is, else ``<name>.yaml`` in a folder.

    The first folder that has it wins.  Raises UnknownNameError.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        if not Path(name).is_file():
            raise UnknownNameError(
                f"there is no scenario file {name}",
                "dlbench list scenarios shows those that have a name",
            )
        return Path(name)
    known = names(folders)
    if name not in known:
        raise UnknownNameError(f"unknown scenario {name!r}", nearest(name, known))
    return known[name]


def names(folders: Iterable[Path]) -> dict[str, Path]:
    """Return every scenario in ``folders`` by name, sorted; the first folder that has it wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in folder.glob("*.yaml"):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def load(path: Path, values: Mapping[str, Value] | None = None) -> Scenario:
    """Read the scenario in ``path`` with ``values`` for its parameters, defaults for the others.

    Raises ScenarioError with everything that is wrong with the file, UnknownNameError for a
    parameter or a value that the file does not have.
    """
    document = parse(path)
    _check_format(path, document)
    problems = Problems(str(path))
    plain = Reader(problems)
    top = plain.fields(document, TOP, "")
    parameters = read_parameters(plain, top["parameters"])
    tree = {key: top[key] for key in ("name", "summary", "source", "metric", "batch_size")}
    tree["plans"] = read_plans(plain, top["plans"], top["metric"])
    tree["parity"] = read_parity(plain, top["parity"])
    known, where = read_known(plain, top["known"], tree["plans"]["full"]["epochs"], parameters)
    template = read_meaning(Reader(problems, (item["name"] for item in parameters)), top)
    problems.raise_any()
    declared = msgspec.convert(parameters, tuple[Parameter, ...])
    chosen = _choose(path, declared, values or {})
    meanings = {item.name: _mean(item, chosen[item.name]) for item in declared}
    filled = read_meaning(Reader(problems, meanings, meanings), top)
    filled["network"] = link(
        problems, filled["network"], tuple(given["name"] for given in filled["data"]["inputs"])
    )
    problems.raise_any()
    loss = {"kind": filled["loss"]["kind"], **filled["loss"]["parameters"]}
    tree |= {**filled, "network": msgspec.to_builtins(filled["network"]), "loss": loss}
    tree |= {"parameters": parameters, "values": chosen, "file": str(path)}
    tree["known"] = known if all(chosen[name] in values for name, values in where.items()) else None
    return msgspec.convert({**tree, "digest": _digest(template, declared)}, Scenario)


def _check_format(path: Path, document: dict[Any, Any]) -> None:
    """Tell a file for a newer dlbench apart from one that is wrong."""
    found = document.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ScenarioError(
            f"{path}: format: {found} is newer than this dlbench reads ({FORMAT})", "update dlbench"
        )


def _choose(
    path: Path, parameters: tuple[Parameter, ...], values: Mapping[str, Value]
) -> dict[str, str]:
    chosen = {parameter.name: parameter.default for parameter in parameters}
    for name, value in values.items():
        if name not in chosen:
            raise UnknownNameError(f"{path}: no parameter {name!r}", nearest(name, chosen))
        chosen[name] = spell(value)
    return chosen


def _mean(parameter: Parameter, label: str) -> Value:
    """Return what a typed value of a parameter means in the file."""
    if label in parameter.values:
        return parameter.values[label]
    if parameter.values:
        raise UnknownNameError(
            f"{parameter.name} has no value {label!r}", nearest(label, parameter.values)
        )
    for form in (int, float):
        try:
            return form(label)
        except ValueError:
            continue
    return label


def _digest(template: dict[str, Any], parameters: tuple[Parameter, ...]) -> str:
    """Return the digest of what the file asks for; see the module's own words."""
    meanings = {
        parameter.name: parameter.values
        for parameter in parameters
        if any(spell(value) != label for label, value in parameter.values.items())
    }
    network = [entry.meaning() for entry in template["network"]]
    meaning = {"format": FORMAT, **template, "network": network, "parameters": meanings}
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
