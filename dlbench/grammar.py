"""The grammar of a network: from the file's list of layers to layers with names and inputs.

An entry is a bare word (``relu``), a word with its main parameter (``dense: 128``), or a word with
a mapping of parameters, in which ``name`` and ``inputs`` may stand too.  A layer without ``inputs``
takes the layer before it.  ``times: {count: $depth, layers: [...]}`` repeats a block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dlbench.document import Problems, Reader, join, text
from dlbench.errors import nearest
from dlbench.vocabulary import ACTIVATIONS, LAYERS, TIMES, Kind
from dlbench.yaml_file import abridge

#: Far more than any network has, and few enough to expand at once.
MOST_LAYERS = 10_000

_WORDS = {**LAYERS, **{name: Kind() for name in ACTIVATIONS}, "times": TIMES}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Layer(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One layer of a network, defaults spelled out.

    ``inputs`` names layers or network inputs.  ``layers`` is the inner chain of a
    ``time_distributed`` layer (applied to every step of axis 1 with shared weights), else empty;
    the first of the chain names the outer layer's input, and means one step of it.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    parameters: dict[str, Any] = {}
    layers: tuple[Layer, ...] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of the file's list, spelled out but neither named nor linked yet."""

    path: str
    kind: str
    parameters: dict[str, Any]
    name: str | None = None
    inputs: tuple[str, ...] | None = None
    layers: tuple[Entry, ...] = ()

    def meaning(self) -> dict[str, Any]:
        """Return what a digest is made from: everything but the place in the file."""
        facts: dict[str, Any] = {"kind": self.kind, "parameters": self.parameters}
        if self.name is not None:
            facts["name"] = self.name
        if self.inputs is not None:
            facts["inputs"] = self.inputs
        if self.layers:
            facts["layers"] = [entry.meaning() for entry in self.layers]
        return facts


def read_word(
    reader: Reader, raw: Any, known: Mapping[str, Kind], path: str
) -> tuple[str, Kind, dict[str, Any], str] | None:
    """Read ``word``, ``word: main`` or ``word: {...}``: word, kind, what is given, path."""
    if isinstance(raw, str):
        word, given = raw, None
    elif isinstance(raw, dict) and len(raw) == 1:
        word, given = next((str(key), value) for key, value in raw.items())
    else:
        fix = ""
        if isinstance(raw, dict) and len(raw) > 1:
            fix = "; further keys stand inside: `- dense: {units: 10, name: scores}`"
        reader.problems.add(
            path, f"expected one word, or one word and its value, found {abridge(raw)}{fix}"
        )
        return None
    if word not in known:
        reader.problems.add(path, f"unknown word {word!r}; {nearest(word, known)}")
        return None
    kind = known[word]
    path = f"{path} {word}"
    if given is None or isinstance(given, dict):
        return word, kind, reader.mapping(given, path), path
    if not kind.main:
        reader.problems.add(
            path, f"expected a mapping of {', '.join(kind.parameters)}, found {abridge(given)}"
        )
        return None
    return word, kind, {kind.main: given}, path


def read_network(reader: Reader, raw: Any, path: str = "network") -> tuple[Entry, ...]:
    """Read a list of layers; what is wrong goes to the reader's problems."""
    if not isinstance(raw, list) or not raw:
        reader.problems.add(path, f"expected a list of layers, found {abridge(raw)}")
        return ()
    entries = (_read_entry(reader, item, f"{path}[{index}]") for index, item in enumerate(raw))
    return tuple(entry for entry in entries if entry is not None)


def _read_entry(reader: Reader, raw: Any, path: str) -> Entry | None:
    found = read_word(reader, raw, _WORDS, path)
    if found is None:
        return None
    word, kind, given, path = found
    if word in ACTIVATIONS:
        word, kind, given = "activation", LAYERS["activation"], {"function": word, **given}
    name = inputs = None
    if word != "times":
        name, inputs = given.pop("name", None), given.pop("inputs", None)
    layers: tuple[Entry, ...] = ()
    if word in {"times", "time_distributed"}:
        layers = read_network(reader, given.pop("layers", None), join(path, "layers"))
    return Entry(
        path=path,
        kind=word,
        parameters=reader.fields(given, kind.parameters, path),
        name=None if name is None else reader.read(name, identifier, join(path, "name")),
        inputs=None if inputs is None else reader.read(inputs, _names, join(path, "inputs")),
        layers=layers,
    )


def identifier(value: Any) -> str:
    """Check for a name of a layer or an input, which is part of its weights' names."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name of letters, digits and _")
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if not names:
        raise ValueError("names of layers or network inputs")
    return tuple(text(name) for name in names)


def link(
    problems: Problems, entries: tuple[Entry, ...], inputs: tuple[str, ...]
) -> tuple[Layer, ...]:
    """Expand blocks, name every layer, and say what each takes; ``inputs`` are the network's."""
    linker = _Linker(problems, inputs)
    layers = tuple(linker.chain(entries, inputs[0] if len(inputs) == 1 else None))
    _check_use(problems, inputs, layers)
    return layers


def _check_use(problems: Problems, inputs: tuple[str, ...], layers: tuple[Layer, ...]) -> None:
    """Every input and every layer but the last must reach the end."""
    used = {name for layer in layers for name in layer.inputs}
    for name in (*inputs, *(layer.name for layer in layers[:-1])):
        if name not in used:
            problems.add("network", f"nothing takes the output of {name!r}")
    for layer in layers:
        if layer.layers:
            _check_use(problems, layer.inputs, layer.layers)


class _Linker:
    """The state of linking one network: which names mean what so far."""

    def __init__(self, problems: Problems, inputs: tuple[str, ...]) -> None:
        self.problems = problems
        self.inputs = inputs
        #: What a name in the file means now, for a block's names mean its latest copy.
        self.meaning = {name: name for name in inputs}
        self.taken = set(inputs)
        self.counts: Counter[str] = Counter()

    def chain(
        self, entries: tuple[Entry, ...], previous: str | None, suffix: str = ""
    ) -> list[Layer]:
        layers: list[Layer] = []
        for entry in entries:
            if len(self.taken) > MOST_LAYERS:
                self.problems.add("network", f"more than {MOST_LAYERS} layers")
                break
            if entry.kind == "times":
                for copy in range(entry.parameters["count"] or 0):
                    block = self.chain(entry.layers, previous, f"{suffix}_{copy + 1}")
                    layers += block
                    previous = block[-1].name if block else previous
            elif not (entry.kind == "dropout" and entry.parameters["rate"] == 0):
                layers.append(self.layer(entry, previous, suffix))
                previous = layers[-1].name
        return layers

    def layer(self, entry: Entry, previous: str | None, suffix: str) -> Layer:
        takes = self.takes(entry, previous)
        inner: tuple[Layer, ...] = ()
        if entry.kind == "time_distributed":
            inner = self.inner(entry, takes, suffix)
        return Layer(
            kind=entry.kind,
            name=self.name(entry, suffix),
            inputs=takes,
            parameters=entry.parameters,
            layers=inner,
        )

    def inner(self, entry: Entry, takes: tuple[str, ...], suffix: str) -> tuple[Layer, ...]:
        """Link an inner chain: it sees one step of the outer layer's input, and nothing else."""
        outside = self.meaning
        self.meaning = {name: name for name in takes}
        layers = tuple(self.chain(entry.layers, takes[0] if takes else None, suffix))
        self.meaning = outside
        return layers

    def takes(self, entry: Entry, previous: str | None) -> tuple[str, ...]:
        names = (previous,) if entry.inputs is None and previous else entry.inputs or ()
        if not names:
            known = ", ".join(self.inputs)
            self.problems.add(entry.path, f"missing `inputs`: the network has several ({known})")
        for name in names:
            if name not in self.meaning:
                fix = nearest(name, self.meaning)
                self.problems.add(
                    entry.path, f"inputs: no layer or input {name!r} before it; {fix}"
                )
        if entry.kind == "add" and len(names) < 2:
            self.problems.add(entry.path, "inputs: expected two names or more")
        elif entry.kind != "add" and len(names) > 1:
            self.problems.add(entry.path, f"inputs: expected one name, found {', '.join(names)}")
        return tuple(self.meaning.get(name, name) for name in names)

    def name(self, entry: Entry, suffix: str) -> str:
        if entry.name is None:
            word = str(entry.parameters["function"] if entry.kind == "activation" else entry.kind)
            name = self.number(word)
            while name in self.taken:
                name = self.number(word)
        else:
            name = entry.name + suffix
            if name in self.taken:
                self.problems.add(entry.path, f"the name {name!r} is taken already")
            self.meaning[entry.name] = name
        self.meaning[name] = name
        self.taken.add(name)
        return name

    def number(self, word: str) -> str:
        self.counts[word] += 1
        return f"{word}_{self.counts[word]}"
