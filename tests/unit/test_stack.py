from pathlib import Path

import pytest

from dlbench import stack
from dlbench.errors import ImageError, UnknownNameError

CHECKOUT = Path(__file__).parents[2] / "images"


def test_stacks_of_the_checkout() -> None:
    old, new = stack.load_stacks(CHECKOUT)
    assert (old.name, old.cuda, old.cudnn, old.os) == ("2017", "8.0", "5.1.10", "Ubuntu 14.04")
    assert old.study is not None
    assert old.study.versions["keras"] == "1.2.2"
    assert (new.name, new.python) == ("2026", "3.11")


def test_unknown_stack_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        stack.load_stack(CHECKOUT, "2027")
    assert "did you mean" in caught.value.hint


@pytest.mark.parametrize("change", [("cuda:", "cudda:"), ('name: "2026"', 'name: "2025"')])
def test_wrong_file_is_explained(tmp_path: Path, change: tuple[str, str]) -> None:
    folder = tmp_path / "stacks"
    folder.mkdir()
    text = (CHECKOUT / "stacks/2026.yaml").read_text().replace(*change)
    (folder / "2026.yaml").write_text(text)
    with pytest.raises(ImageError, match=r"2026\.yaml"):
        stack.load_stack(tmp_path, "2026")
