"""``dlbench images list`` as a table."""

from __future__ import annotations

from dlbench.cli.image_rows import table_lines
from dlbench.framework import Image
from dlbench.image_shelf import Choice, ImageRow


def make_row(framework: str, stack: str, tag: str) -> ImageRow:
    image = Image(id="x-1", versions={"x": "1"}, stack=stack, python="python", python_version="3.9")
    choice = Choice(framework_name=framework, image=image, device="cpu")
    return ImageRow(choice=choice, tag=tag, state="built", size_bytes=5_000_000)


def test_an_image_that_frameworks_share_is_one_line() -> None:
    rows = [make_row("x", "2019", "x:1"), make_row("y", "2017", "x:1"), make_row("z", "2017", "")]
    _, _, *lines = table_lines(rows)
    assert [line.split() for line in lines] == [
        ["x-1", "x,", "y", "cpu", "2019,", "2017", "built", "5", "MB", "x:1"],
        ["x-1", "z", "cpu", "2017", "built", "5", "MB"],
    ]
