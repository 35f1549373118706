"""What the builds of a container engine say, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from build_recipes import make_recipe

from dlbench.build_log import build_error
from dlbench.docker_builds import read_import, read_messages
from dlbench.docker_images import read_stored
from dlbench.errors import ImageError


def test_a_log_is_lines_however_it_comes() -> None:
    messages: list[dict[str, Any]] = [
        {"stream": "Step 1/2 : FROM "},
        {"stream": "base\n ---> 123"},
        {"stream": "\n\n"},
        {"aux": {"ID": "sha256:1"}},
        {"stream": "last"},
    ]
    assert list(read_messages(messages)) == ["Step 1/2 : FROM base", " ---> 123", "last"]


def test_an_error_is_the_last_line() -> None:
    messages = [{"stream": "working"}, {"error": "it failed\n"}, {"stream": "never seen"}]
    assert list(read_messages(messages)) == ["working", "error: it failed"]


def test_a_failed_build_shows_its_end_and_a_cause() -> None:
    error = build_error(make_recipe(), "pip failed", ["one", "SSLError: certificate"])
    assert error.message == (
        "image test-1.0 for cpu could not be built: pip failed\n  | one\n  | SSLError: certificate"
    )
    assert "--ca-bundle" in error.hint


def test_an_imported_base_has_an_id() -> None:
    base = make_recipe().base
    assert read_import(base, '{"status":"sha256:12"}\r\n') == "sha256:12"
    with pytest.raises(ImageError, match="cannot be imported: broken tar"):
        read_import(base, '{"error":"broken tar"}')
    with pytest.raises(ImageError, match="names no image"):
        read_import(base, "")


def test_only_images_of_ours_are_listed() -> None:
    found: list[dict[str, Any]] = [
        {
            "Id": "1",
            "RepoTags": ["dlbench/a:1", "other:2"],
            "Created": 0,
            "Size": 5,
            "Labels": None,
        },
        {"Id": "2", "RepoTags": None, "Created": 0},
        {
            "Id": "3",
            "RepoTags": ["docker.io/dlbench/b:1", "localhost/dlbench/c:1"],
            "Created": 60,
            "Labels": {"dlbench.image": "b", "dlbench.digest": "d"},
        },
    ]
    stored = list(read_stored(found))
    assert [image.tag for image in stored] == ["dlbench/a:1", "dlbench/b:1", "dlbench/c:1"]
    assert stored[1].image_id == "b"
    assert stored[1].created == "1970-01-01T00:01:00+00:00"
