"""The oracle's modules, which lie flat beside an adapter, imported for a test and forgotten."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from dlbench import worker

FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "numpy" / "dlbench_numpy"


@contextmanager
def oracle_modules() -> Iterator[SimpleNamespace]:
    """Yield the oracle's modules under their names without ``adapter_``."""
    names = [file.stem for file in sorted(FOLDER.glob("adapter*.py"))]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    # As the worker is called where adapters run.
    sys.modules["dlbench_worker"] = worker
    sys.path.insert(0, str(FOLDER))
    try:
        modules = {name.removeprefix("adapter_"): importlib.import_module(name) for name in names}
        yield SimpleNamespace(**modules)
    finally:
        sys.path.remove(str(FOLDER))
        for name in (*names, "dlbench_worker"):
            sys.modules.pop(name, None)
        sys.modules.update(before)
