"""What a failed build says: the last lines of its log, and what is likely behind them."""

from __future__ import annotations

from collections.abc import Iterable

from dlbench.engine import Recipe
from dlbench.errors import ImageError

#: How much of a log an error shows.
TAIL_LINES = 15

#: What is likely behind a failure, by words in its log.
CAUSES = {
    "CERTIFICATE_VERIFY_FAILED": "the build does not know a proxy's certificate: --ca-bundle FILE",
    "SSLError": "the build does not know a proxy's certificate: --ca-bundle FILE",
    "name resolution": "the build has no network: look at the engine's DNS and proxy settings",
    "No module named pip": "the Python that runs dlbench has no pip, which makes the environments",
    "No space left on device": "the disk is full: dlbench images prune",
    "DO NOT MATCH THE HASHES": "the package index serves other files than those that were locked",
    "No matching distribution found": "the package index has no wheel of a pinned version for this"
    " Python",
}


def build_error(recipe: Recipe, reason: str, tail: list[str]) -> ImageError:
    """Return the error for a failed build, with the last lines of its log and a likely cause."""
    text = "\n".join([*tail, reason])
    hint = next((hint for words, hint in CAUSES.items() if words in text), "")
    message = f"image {recipe.image_id} for {recipe.device} could not be built: {reason}"
    return ImageError(f"{message}\n{indent(tail)}" if tail else message, hint)


def indent(lines: Iterable[str]) -> str:
    """Return ``lines`` set apart from the sentence before them."""
    return "\n".join(f"  | {line}" for line in lines)
