"""JSON as the wire spells it: ASCII, no non-finite numbers, files complete or absent."""
from __future__ import absolute_import

import json
import numbers
import os
import re
import sys

import numpy as np

#: Halves of a character, which no JSON reader takes.
_LONE_SURROGATE = re.compile(
    u"[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"
)

PYTHON_2 = sys.version_info[0] == 2


def read(path):
    """Return the JSON object of a file; strings are the interpreter's own ``str``."""
    with open(path, "rb") as file:
        content = json.loads(file.read().decode("utf-8"))
    return _native(content) if PYTHON_2 else content


def write(path, value):
    """Write ``value`` to ``path`` so that the file is complete or is not there."""
    part = path + ".part"
    with open(part, "wb") as file:
        file.write(dump(value))
        file.flush()
        os.fsync(file.fileno())
    os.rename(part, path)


def dump(value):
    """Return ``value`` as ASCII bytes on one line."""
    return json.dumps(plain(value), sort_keys=True, allow_nan=False).encode("ascii")


def number(value):
    """Return a float, or its name where JSON has none."""
    value = float(value)
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value


def text(value):
    """Return any string as text that can be encoded; what cannot be read is replaced."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return _LONE_SURROGATE.sub(u"\ufffd", value)


def plain(value):
    """Return ``value`` made of what JSON has, whatever an adapter handed in."""
    if value is None or isinstance(value, (bool, np.bool_)):
        return None if value is None else bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return number(value)
    if isinstance(value, dict):
        return dict((_key(key), plain(item)) for key, item in value.items())
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, type(u""))):
        return text(value)
    return text(repr(value))


def _key(key):
    return text(key) if isinstance(key, (bytes, type(u""))) else text(str(key))


def _native(value):
    if isinstance(value, dict):
        return dict((_native(key), _native(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_native(item) for item in value]
    if isinstance(value, type(u"")):
        return value.encode("utf-8")
    return value
