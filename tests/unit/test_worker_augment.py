"""Augmentation: which pixels an image has afterwards, and that nothing else is touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlbench.worker import augment, feed

FACTS = {"flip": "horizontal", "shift": 0.25}


def images(items: int, height: int = 8, width: int = 12) -> Any:
    """Return images of which every pixel is another number."""
    return np.arange(items * height * width * 3).reshape(items, height, width, 3)


def by_hand(image: Any, down: int, right: int, mirrored: bool) -> Any:
    """Move an image pixel by pixel, and then mirror it."""
    height, width = image.shape[:2]
    moved = np.empty_like(image)
    for row in range(height):
        for column in range(width):
            source = min(max(row - down, 0), height - 1), min(max(column - right, 0), width - 1)
            moved[row, column] = image[source]
    return moved[:, ::-1] if mirrored else moved


def draw(down: float, right: float, mirrored: bool) -> augment.Draws:
    """Return draws for one item, as given."""
    draws = augment.Draws(FACTS, 1, 0, 0)
    draws.down[:], draws.right[:], draws.mirrored[:] = down, right, mirrored
    return draws


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("down", "right", "pixels"),
    [
        (0.0, 0.0, (0, 0)),
        (1.0, -1.0, (2, -3)),
        (-0.6, 0.4, (-1, 1)),
        (0.2, 0.1, (0, 0)),
    ],
)
def test_an_image_moves_and_is_mirrored(
    mirrored: bool, down: float, right: float, pixels: tuple[int, int]
) -> None:
    given = images(1)
    expected = by_hand(given[0], *pixels, mirrored)
    changed = draw(down, right, mirrored).apply(given, np.array([0]))
    assert (changed[0] == expected).all()
    assert (given == images(1)).all()


def test_an_item_has_its_own_draw_wherever_it_stands() -> None:
    draws = augment.Draws(FACTS, 9, 5, 3)
    all_of_them = draws.apply(images(9), np.arange(9))
    some = draws.apply(images(9)[[7, 2]], np.array([7, 2]))
    assert (some == all_of_them[[7, 2]]).all()


def test_more_items_than_are_changed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = augment.Draws(FACTS, 9, 5, 3)
    whole = draws.apply(images(9), np.arange(9))
    monkeypatch.setattr(augment, "_CHUNK", 4)
    parts = draws.apply(images(9), np.arange(9))
    assert (whole == parts).all()
    assert (whole != images(9)).any()


def test_draws_are_spread_as_the_protocol_says() -> None:
    draws = augment.Draws({"flip": "horizontal", "shift": 0.1}, 20000, 5, 0)
    assert draws.mirrored.mean() == pytest.approx(0.5, abs=0.02)
    for shares in (draws.down, draws.right):
        assert (shares.min(), shares.max()) == pytest.approx((-1, 1), abs=1e-3)
        pixels = np.rint(shares * 0.1 * 32)
        assert sorted(set(pixels)) == [-3, -2, -1, 0, 1, 2, 3]
    assert abs(np.corrcoef(draws.down, draws.right)[0, 1]) < 0.03


def test_every_epoch_and_every_seed_has_its_own() -> None:
    found = [augment.Draws(FACTS, 50, *which) for which in ((5, 0), (5, 1), (6, 0))]
    first, again = found[0], augment.Draws(FACTS, 50, 5, 0)
    assert (first.down == again.down).all()
    assert all((first.down != other.down).all() for other in found[1:])


def test_without_a_flip_nothing_is_mirrored() -> None:
    assert not augment.Draws({"flip": "none", "shift": 0.1}, 50, 5, 0).mirrored.any()


def test_only_images_of_the_training_split_are_changed() -> None:
    columns = {
        "image": feed.Column(images(6).astype(np.uint8), (8, 12, 3), "float32", 255),
        "words": feed.Column(np.arange(24).reshape(6, 4), (4,), "int32"),
    }
    plain = feed.Split(columns, feed.Column(np.arange(6), (), "int32"), 6)
    draws = augment.Draws(FACTS, 6, 5, 0)
    order = np.array([4, 1, 5, 0])
    before, after = plain.take(order), plain.augmented(draws).take(order)
    assert (before["target"] == after["target"]).all()
    assert (before["inputs"]["words"] == after["inputs"]["words"]).all()
    expected = draws.apply(images(6).astype(np.uint8)[order], order)
    assert after["inputs"]["image"].dtype == np.float32
    assert (after["inputs"]["image"] == expected.astype(np.float32) / np.float32(255)).all()
    assert (before["inputs"]["image"] != after["inputs"]["image"]).any()
    assert (plain.take(order)["inputs"]["image"] == before["inputs"]["image"]).all()
