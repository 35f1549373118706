"""Fixtures: the command line; an interpreter after the other, and a worker to start on it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from babi_files import which_files
from command_line import CommandLine
from real_worker import Interpreter, Worker, find_interpreters


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would everything tested here.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"files of bAbI: {which_files()}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "interpreter" in metafunc.fixturenames:
        found = find_interpreters()
        metafunc.parametrize("interpreter", found, ids=[f"python{one.version}" for one in found])


@pytest.fixture
def interpreters() -> list[Interpreter]:
    return find_interpreters()


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)


@pytest.fixture
def dlbench(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)
