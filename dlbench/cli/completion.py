"""What a shell may complete the word under the cursor to: names that are known here and now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlbench.cli.workspace import Workspace


def find_workspace() -> Workspace:
    """Return where things are; it is imported for a completion alone, and not for a help text."""
    from dlbench.cli.workspace import open_workspace

    return open_workspace()


def complete_scenario(incomplete: str) -> list[str]:
    """Return the scenarios that ``incomplete`` may become."""
    from dlbench.scenario import names

    return [name for name in names(find_workspace().scenarios) if name.startswith(incomplete)]


def complete_framework(incomplete: str) -> list[str]:
    """Return the frameworks, and after ``==`` the versions, that ``incomplete`` may become."""
    known: list[str] = []
    for name, entry in find_workspace().catalog().frameworks.items():
        known.append(name)
        if "=" in incomplete:
            versions = {image.versions.get(name, image.id) for image in entry.framework.images}
            known += [f"{name}=={version}" for version in sorted(versions)]
    return [word for word in known if word.startswith(incomplete)]


def complete_stack(incomplete: str) -> list[str]:
    """Return the stacks that ``incomplete`` may become."""
    from dlbench.stack import load_stacks

    stacks = load_stacks(find_workspace().images)
    return [stack.name for stack in stacks if stack.name.startswith(incomplete)]


def complete_engine(incomplete: str) -> list[str]:
    """Return the engines that ``incomplete`` may become."""
    from dlbench.cli.workspace import ENGINES

    return [name for name in ENGINES if name.startswith(incomplete)]


def complete_device(incomplete: str) -> list[str]:
    """Return the kinds of devices that ``incomplete`` may become."""
    return [name for name in ("cpu", "cuda") if name.startswith(incomplete)]


def complete_published(incomplete: str) -> list[str]:
    """Return the studies with published figures that ``incomplete`` may become."""
    from dlbench.published import load

    studies = load(find_workspace().studies).studies
    return [study.id for study in studies if study.id.startswith(incomplete)]


def complete_study(incomplete: str) -> list[str]:
    """Return the studies that can be reproduced and ``incomplete`` may become."""
    from dlbench.studies import names

    return [name for name in names(find_workspace().studies) if name.startswith(incomplete)]
