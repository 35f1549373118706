"""The options of ``dlbench images``, declared once for its commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Ids = Annotated[
    list[str] | None, typer.Argument(help="Image ids, as dlbench images list shows them.")
]
Framework = Annotated[str | None, typer.Option(help="Only images of this framework.")]
Device = Annotated[str | None, typer.Option(help="Only images for this device: cpu or cuda.")]
EngineName = Annotated[str | None, typer.Option(help="docker or podman.")]
Wheels = Annotated[
    list[Path] | None,
    typer.Option("--wheel", help="A local wheel in place of the pinned one; may be repeated."),
]
CaBundle = Annotated[
    Path | None,
    typer.Option(help="Certificate authorities for the build (default: those of your pip)."),
]
IndexUrl = Annotated[str | None, typer.Option(help="Package index (default: that of your pip).")]
FindLinks = Annotated[
    list[str] | None,
    typer.Option(help="Folder or page with further wheels; may be repeated."),
]
AptMirror = Annotated[
    str | None, typer.Option(help="Package mirror for bases (default: that of your apt).")
]
MavenRepository = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Maven repository, or a folder laid out as one (default: that of your Maven).",
    ),
]
Registry = Annotated[
    str | None,
    typer.Option(
        metavar="HOST[/FOLDER]",
        help="Container registry that may have images already (default: DLBENCH_REGISTRY).",
    ),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Build again what is there already.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
