"""What a person sees of a run while it goes on, and when it has ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from machines import make_disturbed, make_loads
from records import make_record

from dlbench.cli.display import Display, spell_image


def test_what_disturbed_a_run_is_said_when_it_has_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Display() as display:
        display.end_run(make_record(environment=make_disturbed()), Path("quiet"))
        assert "disturbed" not in capsys.readouterr().err
        loud = make_disturbed(samples=make_loads([0.8] * 20), during={"throttled": 3})
        display.end_run(make_record(environment=loud), Path("loud"))
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "disturbed: beside foreign load (0.8 CPUs); on a CPU throttled for heat (3 times)" in said
    )


@pytest.mark.parametrize(
    ("framework", "image", "said"),
    [
        ("torch", "torch-2.13.0", "torch-2.13.0"),
        ("tensorflow", "intel-tensorflow-1.15.0", "intel-tensorflow-1.15.0"),
        ("keras", "theano-0.9.0", "keras in theano-0.9.0"),
        ("torch7", "torch-1.0.0", "torch7 in torch-1.0.0"),
    ],
)
def test_a_shared_image_is_named_with_the_framework(framework: str, image: str, said: str) -> None:
    assert spell_image(framework, image) == said
