"""Fixtures: the command line; an interpreter after the other, and a worker to start on it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from babi_files import which_files
from chosen_tests import is_left_out
from command_line import CommandLine
from real_worker import Interpreter, Worker, find_interpreters


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="execute what is marked full, too")
    parser.addoption(
        "--without-image",
        action="append",
        default=[],
        metavar="ID",
        help="leave out what needs this image; may be repeated",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    full, missing = config.getoption("--full"), config.getoption("--without-image")
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for one in items:
        (left_out if is_left_out(one, full=full, missing=missing) else chosen).append(one)
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen


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
