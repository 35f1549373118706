"""Files that are no scenario, or a wrong one, as ``dlbench run`` reports them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from command_line import SCENARIOS, CommandLine, assert_explained

ROWS = (SCENARIOS / "rows.yaml").read_text(encoding="utf-8")

#: Ten lists of ten, ten times over: some kilobytes that stand for 10^9 words.
BOMB = "\n".join([
    "k0: &k0 [x, x, x, x, x, x, x, x, x, x]",
    *(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 10)}]" for n in range(1, 9)),
])


def run_file(dlbench: CommandLine, content: str | bytes) -> tuple[int, str]:
    path = dlbench.folder / "mine.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    done = dlbench("run", str(path), "-f", "faulty")
    assert_explained(done, 3, "mine.yaml: ", "dlbench scenario check FILE")
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("metric: step", "metrik: step", "unknown key 'metrik'; did you mean 'metric'?"),
        ("batch_size: 8", "batch_size: eight", "batch_size: expected a whole number"),
        ("rate: 0.1", "rate: .nan", "optimizer sgd: learning_rate: expected a number"),
        ("format: 1", "format: one", "format: expected a whole number"),
        ("name: rows", "name: ../rows", "name: expected a name of letters"),
        ("  - dense: 3", "  - dens: 3", "did you mean 'dense'?"),
        ("summary:", "name:", "the key 'name' is given twice"),
    ],
)
def test_wrong_keys_and_types(dlbench: CommandLine, old: str, new: str, said: str) -> None:
    assert said in run_file(dlbench, ROWS.replace(old, new, 1))[1]


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("[dense: 4, softmax]", "layer softmax_1: the network gives 4, but the target has 3"),
        (
            "[convolution: {filters: 4, kernel: 3}, dense: 3, softmax]",
            "layer convolution_1: needs an image: height x width x channels; row gives 20",
        ),
        (
            "[dense: {units: 4, name: left}, dense: {units: 5, name: right}, "
            "add: {inputs: [left, right]}, dense: 3, softmax]",
            "layer add_1: needs inputs of one shape; left gives 4, right gives 5",
        ),
    ],
)
def test_shapes_that_do_not_fit(dlbench: CommandLine, network: str, said: str) -> None:
    changed = re.sub(r"network:\n  - .*\n  - .*\n", f"network: {network}\n", ROWS)
    assert changed != ROWS
    assert said in run_file(dlbench, changed)[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected a mapping of keys to values, found None"),
        ("- a\n- b\n", "expected a mapping of keys to values, found ['a', 'b']"),
        ("{[", ": line "),
        (b"\0" * 3000, "cannot be read as YAML: "),
        (bytes(range(256)) * 20, "cannot be read: it is not UTF-8 text"),
        (ROWS + "#" * 2**20, "more than 1 MiB"),
        ("a: " + "[" * 100_000, "line 1: nested more than 30 deep"),
        (ROWS.replace("format: 1", "format: !!python/object/apply:os.getcwd []"), "line 1"),
        (BOMB + "\n" + ROWS.replace("batch_size: 8", "batch_size: *k8"), "batch_size: expected"),
        (BOMB + "\n" + ROWS.replace("  - softmax", "  - *k8"), "network"),
        (ROWS.replace("batch_size: 8", "batch_size: &me [*me]"), "an alias within itself"),
    ],
    ids=[
        "empty", "list", "broken", "zeros", "binary", "huge", "deep", "object", "bomb", "layers",
        "self",
    ],
)  # fmt: skip
def test_what_is_no_scenario(dlbench: CommandLine, content: str | bytes, said: str) -> None:
    text = run_file(dlbench, content)[1]
    assert said in text
    assert max(map(len, text.splitlines())) < 500


def test_newer_format(dlbench: CommandLine) -> None:
    (dlbench.folder / "newer.yaml").write_text("format: 99\n", encoding="utf-8")
    done = dlbench("run", "newer.yaml", "-f", "faulty")
    assert_explained(done, 3, "format: 99 is newer than this dlbench reads", "update dlbench")


def test_folder_or_pipe_in_place_of_a_file(dlbench: CommandLine) -> None:
    (dlbench.folder / "folder.yaml").mkdir()
    os.mkfifo(dlbench.folder / "pipe.yaml")
    for name in ("folder.yaml", "pipe.yaml"):
        done = dlbench("run", name, "-f", "faulty")
        assert_explained(done, 4, f"no scenario file {name}", "list scenarios")


def test_several_wrong_files_in_a_folder_of_scenarios(dlbench: CommandLine) -> None:
    folder = dlbench.folder / "scenarios"
    folder.mkdir()
    (folder / "good.yaml").write_text(ROWS, encoding="utf-8")
    (folder / "wrong.yaml").write_text("[", encoding="utf-8")
    (folder / "folder.yaml").mkdir()
    (folder / "dangling.yaml").symlink_to("nowhere")
    done = dlbench("list", "scenarios", DLBENCH_SCENARIOS=str(folder))
    assert_explained(done, 3, "wrong.yaml: ", "folder.yaml: ", "dangling.yaml: ")
    assert "good" in done.stdout


def test_unreadable_file(dlbench: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dlbench.folder / "mine.yaml"
    path.write_text(ROWS, encoding="utf-8")
    opened = Path.open

    def refuse(self: Path, *arguments: str, **options: str) -> object:
        # The tests may run as root, for whom every file is readable.
        if self.name == path.name:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    done = dlbench("run", "mine.yaml", "-f", "faulty")
    assert_explained(done, 3, "mine.yaml: cannot be read: Permission denied")
