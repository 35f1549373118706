"""The sections of a scenario file, as tables of fields; each is read to plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dlbench.document import (
    Field,
    Reader,
    anything,
    choice,
    flag,
    join,
    natural,
    positive,
    share,
    sizes,
    spell,
    text,
    whole,
)
from dlbench.grammar import identifier, read_network, read_word
from dlbench.rounds import ONCE, UNTIL_VERDICT, Rounds, parse_rounds
from dlbench.vocabulary import INITIALIZERS, LOSSES, OPTIMIZERS, Kind
from dlbench.yaml_file import abridge

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

#: The plans that every scenario has.
PLANS = ("full", "quick")


def _scenario_name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name of letters, digits, '-', '_' and '.'")
    return value


def _shape(value: Any) -> list[int]:
    return [] if value == [] else sizes(value)


def _input_shape(value: Any) -> list[int]:
    return sizes(value if isinstance(value, list) else [value])


def _trials(value: Any) -> dict[str, Any]:
    """Check for a number of trials, or ``{at_most, at_least, seconds}``."""
    expected = "a whole number, or {at_most: 100, at_least: 5, seconds: 120}"
    if not isinstance(value, dict):
        try:
            count = natural(value)
        except ValueError:
            raise ValueError(expected) from None
        return {"at_most": count, "at_least": count}
    bounds = {"at_least": 1, **value}
    try:
        natural(bounds["at_most"])
        natural(bounds["at_least"])
        bounds["seconds"] = positive(bounds["seconds"])
    except (KeyError, ValueError):
        raise ValueError(expected) from None
    if set(bounds) != {"at_most", "at_least", "seconds"} or bounds["at_most"] < bounds["at_least"]:
        raise ValueError(expected)
    return bounds


def _rounds(value: Any) -> Rounds:
    """Check for a number of rounds, or a span of them written ``5..15``."""
    if isinstance(value, str):
        return parse_rounds(value)
    try:
        return Rounds(whole(value), value)
    except ValueError:
        return parse_rounds("")


#: Steps that a warm-up by test has whatever it finds.
_WARMUP_FLOOR = 3
#: What a warm-up by test is where the file does not say.
_SETTLING = {"settle": 0.05, "window": 3, "at_most": 30, "at_least": _WARMUP_FLOOR, "seconds": 60.0}
_WARMUP_FORMS = (
    "a whole number, {at_most: 100, at_least: 5, seconds: 120}, "
    "or {settle: 0.05, window: 3, at_most: 30, at_least: 3, seconds: 60}"
)


def _warmup(value: Any) -> dict[str, Any]:
    """Check for trials, or ``{settle, window, at_most, at_least, seconds}``."""
    by_test = isinstance(value, dict) and "settle" in value
    try:
        return _settling({**_SETTLING, **value}) if by_test else _trials(value)
    except ValueError:
        raise ValueError(_WARMUP_FORMS) from None


def _settling(bounds: dict[str, Any]) -> dict[str, Any]:
    """Check a warm-up by test; it needs the first step and two windows at least."""
    for name in ("settle", "seconds"):
        bounds[name] = positive(bounds[name])
    for name in ("window", "at_most", "at_least"):
        whole(bounds[name])
    fewest = max(bounds["at_least"], 2 * bounds["window"] + 1)
    right = set(bounds) == set(_SETTLING) and bounds["settle"] < 1
    if not right or bounds["at_least"] < _WARMUP_FLOOR or bounds["at_most"] < fewest:
        raise ValueError(_WARMUP_FORMS)
    return bounds


TOP = {
    "format": Field(whole),
    "name": Field(_scenario_name),
    "summary": Field(text, ""),
    "source": Field(text, ""),
    "metric": Field(choice("step", "epoch", "predict"), "step"),
    "data": Field(anything),
    "network": Field(anything),
    "loss": Field(anything),
    "optimizer": Field(anything),
    "batch_size": Field(whole),
    "plans": Field(anything),
    "parameters": Field(anything, None),
    "known": Field(anything, None),
    "parity": Field(anything, None),
}
_DATA = {
    "dataset": Field(text),
    "item": Field(text, "item"),
    "inputs": Field(anything),
    "target": Field(anything),
    "items": Field(natural, 0),
    "validation": Field(share, 0.0),
    "augment": Field(anything, None),
    "options": Field(anything, None),
}
_AUGMENT = {
    "when": Field(flag, True),
    "flip": Field(choice("none", "horizontal"), "none"),
    "shift": Field(share, 0.0),
}
#: Keys of data that are younger than the first digests, and in one only where they say something.
_YOUNGER = {"validation": 0.0, "augment": None}
_INPUT = {
    "shape": Field(_input_shape),
    "dtype": Field(choice("float32", "int32"), "float32"),
    "divide_by": Field(positive, 1.0),
    "vocabulary": Field(natural, 0),
}
_TARGET = {"classes": Field(whole), "shape": Field(_shape, [])}
_PARAMETER = {
    "default": Field(anything),
    "values": Field(anything, None),
    "summary": Field(text, ""),
}
_PARITY = {
    "batch_size": Field(whole, None),
    "initializer": Field(choice(*INITIALIZERS), None),
    "learning_rate": Field(positive, None),
    "steps": Field(whole, None),
}
_PLAN = {
    "epochs": Field(natural, 0),
    "steps_per_epoch": Field(whole, None),
    "warmup": Field(_warmup, _SETTLING),
    "stepwise": Field(_trials, _trials(10)),
    "pipelined": Field(_trials, _trials(10)),
    "predict": Field(_trials, _trials(0)),
    "rounds": Field(_rounds, None),
    "timeout_seconds": Field(positive, 3600.0),
}


def read_meaning(reader: Reader, top: dict[str, Any]) -> dict[str, Any]:
    """Read what a digest covers: data, network (as entries), loss, optimizer."""
    return {
        "data": _read_data(reader, top["data"]),
        "network": read_network(reader, top["network"]),
        "loss": _read_kind(reader, top["loss"], LOSSES, "loss"),
        "optimizer": None
        if top["optimizer"] is None
        else _read_kind(reader, top["optimizer"], OPTIMIZERS, "optimizer"),
    }


def _read_data(reader: Reader, raw: Any) -> dict[str, Any]:
    data = reader.fields(raw, _DATA, "data")
    given = reader.mapping(data["inputs"], "data: inputs")
    data["inputs"] = [
        {
            "name": reader.read(name, identifier, "data: inputs"),
            **reader.fields(value, _INPUT, f"data: inputs: {name}"),
        }
        for name, value in given.items()
    ]
    if not data["inputs"]:
        reader.problems.add("data: inputs", "expected at least one: `image: {shape: [28, 28, 1]}`")
    data["target"] = reader.fields(data["target"], _TARGET, "data: target")
    options = reader.mapping(data["options"], "data: options")
    data["options"] = {
        key: reader.read(value, anything, f"data: options: {key}") for key, value in options.items()
    }
    if (data["dataset"] == "synthetic") != bool(data["items"]):
        reader.problems.add("data: items", "stands with `dataset: synthetic`, and only there")
    if data["dataset"] == "synthetic" and data["validation"]:
        reader.problems.add("data: validation", "stands with a dataset, not with synthetic items")
    data["augment"] = _read_augment(reader, data["augment"], data["inputs"])
    return {
        key: value for key, value in data.items() if key not in _YOUNGER or value != _YOUNGER[key]
    }


def _read_augment(reader: Reader, raw: Any, inputs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Read how images are changed; None where they are not, or not with these values."""
    if raw is None:
        return None
    found = reader.fields(raw, _AUGMENT, "data: augment")
    if reader.values is None:
        return found
    if (found["flip"], found["shift"]) == ("none", 0):
        reader.problems.add("data: augment", "expected a flip, a shift, or both")
    if not any(len(given["shape"] or ()) == 3 for given in inputs):
        reader.problems.add("data: augment", "needs an input of height, width and channels")
    return found if found.pop("when") else None


def _read_kind(reader: Reader, raw: Any, known: Mapping[str, Kind], path: str) -> dict[str, Any]:
    found = read_word(reader, raw, known, path)
    if found is None:
        return {}
    word, kind, given, path = found
    return {"kind": word, "parameters": reader.fields(given, kind.parameters, path)}


def read_parameters(reader: Reader, raw: Any) -> list[dict[str, Any]]:
    """Read the scenario's own axes: each with its default, and what its values mean."""
    return [
        _read_parameter(reader, name, value)
        for name, value in reader.mapping(raw, "parameters").items()
    ]


def _read_parameter(reader: Reader, name: str, raw: Any) -> dict[str, Any]:
    path = f"parameters: {name}"
    found = reader.fields(raw, _PARAMETER, path)
    values = found["values"]
    if isinstance(values, list):
        values = {spell(value): value for value in values}
    values = reader.mapping(values, join(path, "values"))
    default = spell(found["default"])
    for value in [*values.values(), found["default"]]:
        if not isinstance(value, str | int | float):
            reader.problems.add(path, f"expected words or numbers, found {abridge(value)}")
    if not values:
        values = {}
    elif default not in values:
        known = ", ".join(values)
        reader.problems.add(join(path, "default"), f"expected one of {known}, found {default!r}")
    return {"name": name, "default": default, "values": values, "summary": found["summary"]}


def read_plans(reader: Reader, raw: Any, metric: str) -> dict[str, Any]:
    """Read the plans by name; each must be there.

    The full plan of a scenario whose ``metric`` is ``step`` has rounds until there is a verdict.
    """
    plans = {
        name: reader.fields(plan, _PLAN, f"plans: {name}")
        for name, plan in reader.fields(raw, dict.fromkeys(PLANS, Field(anything)), "plans").items()
    }
    for name, plan in plans.items():
        if plan["steps_per_epoch"] and not plan["epochs"]:
            reader.problems.add(f"plans: {name}", "steps_per_epoch says nothing without epochs")
        usual = UNTIL_VERDICT if (name, metric) == ("full", "step") else ONCE
        rounds = plan["rounds"] or usual
        plan["rounds"], plan["rounds_at_most"] = rounds
    return plans


def read_parity(reader: Reader, raw: Any) -> dict[str, Any]:
    """Read how parity runs the scenario; what the file does not say is absent."""
    found = reader.fields(raw, _PARITY, "parity")
    return {key: value for key, value in found.items() if value is not None}
