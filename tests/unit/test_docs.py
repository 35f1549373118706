"""The pages name what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "dlbench").glob("*.py") if "__" not in path.name)


@pytest.mark.parametrize("module", MODULES)
def test_onboarding_names_every_module(module: str) -> None:
    assert f"`{module}`" in (ROOT / "docs" / "onboarding.md").read_text(encoding="utf-8")


def test_links_between_pages_lead_somewhere() -> None:
    import re

    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
