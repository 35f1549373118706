"""What is installed, how much memory was used: asked outside any timed part."""
from __future__ import absolute_import

import importlib
import platform
import resource

import numpy as np


def versions(adapter):
    """Return the adapter's versions, the interpreter's and NumPy's."""
    found = dict((name, str(version)) for name, version in adapter.versions().items())
    found["python"] = platform.python_version()
    found.setdefault("numpy", np.__version__)
    return found


def packages():
    """Return name -> version of the installed Python packages, as far as they can be listed."""
    try:
        metadata = importlib.import_module("importlib.metadata")
    except ImportError:
        return _packages_of_old_pythons()
    found = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name and distribution.version:
            found.setdefault(name.lower(), distribution.version)
    return found


def _packages_of_old_pythons():
    try:
        import pkg_resources
    except ImportError:
        return {}
    return dict((one.project_name.lower(), one.version) for one in pkg_resources.working_set)


def peak_memory_bytes():
    """Return the most memory that this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
