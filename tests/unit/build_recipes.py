"""Recipes of a few lines, for the tests of builds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from dlbench import context
from dlbench.engine import BaseRecipe, Recipe

INVENTORY = b'import json; print(json.dumps({"packages": {"a": "1"}, "system_packages": {}}))\n'


def make_recipe(
    dockerfile: str = "FROM scratch\n",
    files: Mapping[str, bytes] | None = None,
    **changes: Any,
) -> Recipe:
    """Return a recipe without a base of its own; ``files`` join its context."""
    content = {
        "Dockerfile": dockerfile.encode(),
        "requirements.txt": b"",
        "inventory": INVENTORY,
        "verify": b"print('it works')\n",
    }
    archive = context.pack(content | dict(files or {}))
    digest = hashlib.sha256(archive).hexdigest()
    settings: dict[str, Any] = {
        "image_id": "test-1.0",
        "device": "cpu",
        "tag": f"dlbench/test-1.0:cpu-{digest[:12]}",
        "digest": digest,
        "base": BaseRecipe(name="", tag="", suite="", packages=(), digest=""),
        "context": archive,
        "requirements": "",
        "python_version": "3.11",
        "python": "/opt/venv/bin/python",
        "verify": ("{python}", "{context}/verify"),
        "inventory": ("{python}", "{context}/inventory"),
    }
    return Recipe(**(settings | changes))
