"""How the rows of ``dlbench images list`` are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.image_shelf import ImageRow


def describe(row: ImageRow) -> dict[str, Any]:
    """Return what programs read of a row."""
    return {
        "image": row.choice.image.id,
        "framework": row.choice.framework_name,
        "device": row.choice.device,
        "stack": row.choice.image.stack,
        "versions": dict(row.choice.image.versions),
        "tag": row.tag,
        "state": row.state,
        "size_bytes": row.size_bytes,
        "created": row.created,
    }


def table_lines(rows: Sequence[ImageRow]) -> list[str]:
    """Return a table of ``rows`` as text; an image that frameworks share is one line of it."""
    from tabulate import tabulate

    shared: dict[tuple[str, str, str], list[ImageRow]] = {}
    for row in rows:
        shared.setdefault((row.choice.image.id, row.choice.device, row.tag), []).append(row)
    cells = [
        (
            row.choice.image.id,
            ", ".join(dict.fromkeys(one.choice.framework_name for one in alike)),
            row.choice.device,
            ", ".join(dict.fromkeys(one.choice.image.stack for one in alike)),
            row.state,
            f"{row.size_bytes / 1e6:.0f} MB" if row.size_bytes else "",
            row.tag,
        )
        for alike in shared.values()
        for row in alike[:1]
    ]
    headers = ("image", "frameworks", "device", "stack", "state", "size", "tag")
    return tabulate(cells, headers=headers, tablefmt="simple", disable_numparse=True).splitlines()
