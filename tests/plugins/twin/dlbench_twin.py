"""A plugin for tests whose framework has the name of another plugin's."""

from dlbench_faulty import dlbench_frameworks

__all__ = ["dlbench_frameworks"]
