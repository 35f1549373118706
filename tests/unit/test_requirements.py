import pytest

from dlbench import requirements

HASH = "sha256:" + "a" * 64
LOCK = f"""\
# Made by something.
Some_Package==1.0 \\
    --hash={HASH} \\
    --hash=sha256:{"b" * 64}
    # via -r requirements.in
torch==2.13.0+cpu ; python_version < '3.15' and sys_platform == 'linux' \\
    --hash={HASH}
tensorflow[and-cuda]==2.21.0 --hash={HASH}
"""


def test_lock_is_read() -> None:
    some, torch, tensorflow = requirements.parse(LOCK)
    assert (some.name, some.version, some.marker, len(some.hashes)) == (
        "some-package",
        "1.0",
        "",
        2,
    )
    assert torch.marker == "python_version < '3.15' and sys_platform == 'linux'"
    assert (torch.name, torch.version) == ("torch", "2.13.0+cpu")
    assert (tensorflow.name, tensorflow.version, tensorflow.hashes) == (
        "tensorflow",
        "2.21.0",
        (HASH,),
    )
    assert requirements.pins(LOCK) == {
        "some-package": "1.0",
        "torch": "2.13.0+cpu",
        "tensorflow": "2.21.0",
    }


def test_without_leaves_out_whole_requirements() -> None:
    left = requirements.without(LOCK, {"some-package"})
    assert list(requirements.pins(left)) == ["torch", "tensorflow"]
    assert "b" * 64 not in left


def test_without_nothing_is_the_same_text() -> None:
    assert requirements.without(LOCK, set()) == LOCK


SOURCES = f"""\
--no-binary tiny,Old_Soft
old-soft==0.9 \\
    --hash={HASH}
setuptools==44.1.1 \\
    --hash={HASH}
tiny==1.0 \\
    --hash={HASH}
wheel==0.37.1 \\
    --hash={HASH}
"""


def test_a_lock_names_what_is_built_from_source_and_what_builds_it() -> None:
    assert requirements.sources(SOURCES) == {"old-soft", "tiny"}
    assert list(requirements.pins(SOURCES)) == ["old-soft", "setuptools", "tiny", "wheel"]
    assert list(requirements.pins(requirements.tools(SOURCES))) == ["setuptools", "wheel"]
    assert requirements.format_sources(["tiny", "old-soft"]) == "--no-binary old-soft,tiny\n"


def test_a_lock_of_wheels_needs_no_tools() -> None:
    assert requirements.sources(LOCK) == set()
    assert requirements.tools(LOCK) == requirements.format_sources(()) == ""


def test_tools_that_are_not_pinned_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"needs setuptools and wheel, which is not pinned"):
        requirements.tools(f"--no-binary tiny\ntiny==1.0 --hash={HASH}\n")


def test_without_keeps_what_is_built_from_source() -> None:
    left = requirements.without(SOURCES, {"tiny"})
    assert requirements.sources(left) == {"old-soft"}
    assert "tiny" not in left


def test_archive_names() -> None:
    assert requirements.file_pin("Theano-0.9.0.tar.gz") == ("theano", "0.9.0")
    assert requirements.file_pin("some_soft-extra-1.2.2.1.zip") == ("some-soft-extra", "1.2.2.1")
    assert requirements.file_pin("a-1-py3-none-any.whl") == ("a", "1")
    assert requirements.file_pin("functools32-3.2.3-2.tar.gz") == ("functools32", "3.2.3.post2")
    assert requirements.file_pin("some-2to3-1.0.tar.gz") == ("some-2to3", "1.0")


@pytest.mark.parametrize("name", ["a.tar.gz", "a-1.egg", "-1.zip", "a-b.zip"])
def test_what_is_no_source_archive_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a source archive"):
        requirements.file_pin(name)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("torch>=2", "pins no version"),
        ("torch==2.13.0", "has no sha256 hash"),
        ("--index-url somewhere", "pins no version"),
        ("--no-binary :all:", "pins no version"),
    ],
)
def test_what_is_not_locked_is_an_error(line: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        requirements.parse(line)


def test_wheel_names() -> None:
    name = "Intel_Tensorflow-1.15.0+x-cp27-cp27mu-manylinux_2_28_x86_64.whl"
    assert requirements.wheel_name(name) == ("intel-tensorflow", "1.15.0+x")
    assert requirements.wheel_name("a-1-7-py3-none-any.whl") == ("a", "1")


@pytest.mark.parametrize("name", ["a.whl", "a-1.tar.gz", "a-1-py3-none-any.zip"])
def test_what_is_no_wheel_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a wheel"):
        requirements.wheel_name(name)
