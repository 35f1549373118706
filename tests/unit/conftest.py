"""Fixtures of the tests that go through the command line."""

from pathlib import Path

import pytest
from command_line import CommandLine


@pytest.fixture
def dlbench(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)
