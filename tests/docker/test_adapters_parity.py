"""The adapters against the oracle: same weights, same batches, real containers, the real worker."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from laboratory import SCENARIOS, Laboratory

from dlbench.cells import RefusedCell, Request, expand
from dlbench.cli.workspace import open_workspace
from dlbench.docker_engine import DockerEngine
from dlbench.record import Record

pytestmark = pytest.mark.docker

PROBES = sorted(path.stem for path in SCENARIOS.glob("probe-*.yaml"))

#: Ten steps at these rates stay far below this in every correct framework.
LOSS_BOUND = 1e-5

#: Every image's framework in its default variant, and the image.
FRAMEWORKS = {
    "torch==2.13.0": "torch-2.13.0",
    "tensorflow==2.21.0": "tensorflow-2.21.0",
    "tensorflow==1.0.0": "tensorflow-1.0.0",
    "tensorflow==1.15.0": "tensorflow-1.15.0",
    "tensorflow==1.15.0+intel": "intel-tensorflow-1.15.0",
    "theano==0.9.0": "theano-0.9.0",
    "theano==1.0.5": "theano-1.0.5",
    "mxnet==0.11.0": "mxnet-0.11.0",
    "mxnet==1.5.1": "mxnet-1.5.1",
    "caffe==1.0.0": "caffe-1.0",
    "cntk==2.7": "cntk-2.7",
    "torch==1.0.0": "torch-1.0.0",
    "torch7": "torch-1.0.0",
    "keras==tensorflow-1.0.0": "tensorflow-1.0.0",
    "keras==keras-2.0.5-tensorflow-1.0.0": "keras-2.0.5-tensorflow-1.0.0",
    "keras==tensorflow-1.15.0": "tensorflow-1.15.0",
    "keras==theano-0.9.0": "theano-0.9.0",
    "keras==theano-1.0.5": "theano-1.0.5",
    "keras==cntk-2.7": "cntk-2.7",
    "keras==mxnet-0.11.0": "mxnet-0.11.0",
    "keras==mxnet-1.5.1": "mxnet-1.5.1",
    "deeplearning4j==1.0.0-M2.1": "deeplearning4j-1.0.0-M2.1",
    "deeplearning4j==0.4-rc3.8": "deeplearning4j-0.4-rc3.8",
}

#: Frameworks that take minutes to compile, on images that others are seen on in each change.
SLOW = ("keras==theano-0.9.0", "keras==theano-1.0.5")

#: Frameworks with an axis for a compiler.
COMPILERS = ("torch==", "tensorflow")

#: What a framework refuses: a probe, and a framework out of FRAMEWORKS.
REFUSED: tuple[tuple[str, str], ...] = (
    ("probe-stories", "caffe==1.0.0"),
    ("probe-rows", "torch7"),
    ("probe-stories", "torch7"),
    ("probe-images", "keras==theano-0.9.0"),
    ("probe-images", "keras==theano-1.0.5"),
    ("probe-images", "keras==mxnet-0.11.0"),
    ("probe-images", "keras==mxnet-1.5.1"),
    ("probe-rows", "keras==mxnet-1.5.1"),
    ("probe-stories", "keras==mxnet-1.5.1"),
    ("probe-images", "deeplearning4j==0.4-rc3.8"),
    ("probe-rows", "deeplearning4j==0.4-rc3.8"),
    ("probe-stories", "deeplearning4j==0.4-rc3.8"),
)

#: Where an optimizer is declared to have another definition, which shows after the first step.
DIFFERENT = (
    ("probe-rows", "keras==mxnet-0.11.0"),
    ("probe-vectors", "deeplearning4j==0.4-rc3.8"),
)

#: What only the adapter finds it cannot do, and a word of what it says.
UNSUPPORTED = {
    ("probe-momentum", "keras==mxnet-0.11.0"): "Nesterov",
    ("probe-momentum", "keras==mxnet-1.5.1"): "Nesterov",
    ("probe-pixels", "deeplearning4j==0.4-rc3.8"): "no loss but the mean over items",
}

#: Kinds of layer that the probes have only beside what a framework refuses.
APART = (
    ("words", "torch7"),
    *(
        ("padding", f"keras=={image}")
        for image in ("theano-0.9.0", "theano-1.0.5", "mxnet-0.11.0", "mxnet-1.5.1")
    ),
)

#: Each axis where it changes what is computed.
AXES = (
    ("probe-images", "torch==2.13.0:layout=NHWC"),
    ("probe-pixels", "torch==2.13.0:layout=NHWC"),
    ("probe-vectors", "torch==2.13.0:compile=on"),
    ("probe-images", "tensorflow==2.21.0:layout=NCHW"),
    ("probe-pixels", "tensorflow==2.21.0:layout=NCHW"),
    ("probe-images", "tensorflow==2.21.0:xla=on"),
    ("probe-images", "tensorflow==2.21.0:xla=on,layout=NCHW"),
    ("probe-stories", "tensorflow==2.21.0:xla=on"),
    ("probe-images", "tensorflow==1.15.0:xla=on"),
    *(
        (probe, f"tensorflow==1.15.0+intel:{axes}")
        for probe in ("probe-images", "probe-pixels")
        for axes in ("layout=NCHW", "xla=on", "xla=on,layout=NCHW")
    ),
    ("probe-stories", "caffe==1.0.0:gate_activation=sigmoid"),
    *(
        (probe, f"deeplearning4j==1.0.0-M2.1:{axes}")
        for probe in ("probe-images", "probe-pixels")
        for axes in ("preset=stock", "preset=stock,layout=NHWC")
    ),
)

#: What every change must pass, beside every framework on its probe; all else waits for --full.
PROBE = "probe-images"
#: The probe of frameworks that refuse that one, or compile each operation apart for half a second.
SMALL = {
    "theano==0.9.0": "probe-momentum",
    "theano==1.0.5": "probe-momentum",
    "keras==mxnet-0.11.0": "probe-vectors",
    "keras==mxnet-1.5.1": "probe-vectors",
    "deeplearning4j==0.4-rc3.8": "probe-momentum",
}
CHOSEN = (
    ("probe-stories", "torch==2.13.0"),
    ("probe-stories", "tensorflow==2.21.0"),
    ("probe-images", "torch==2.13.0:layout=NHWC"),
    ("probe-vectors", "torch==2.13.0:compile=on"),
    ("probe-images", "tensorflow==2.21.0:layout=NCHW"),
    ("probe-images", "tensorflow==2.21.0:xla=on"),
    *((SMALL.get(name, PROBE), name) for name in FRAMEWORKS if name not in SLOW),
)


def needs(framework: str) -> pytest.MarkDecorator:
    """Return the mark of a test that needs the image of ``framework``, which may have axes."""
    name = max((name for name in FRAMEWORKS if framework.startswith(name)), key=len)
    return pytest.mark.image(FRAMEWORKS[name])


def variants() -> Iterator[Any]:
    """Yield every probe with every framework or axis, as a test's parameters."""
    for variant in (*itertools.product(PROBES, FRAMEWORKS), *APART, *AXES):
        if variant not in (*REFUSED, *UNSUPPORTED):
            marks = () if variant in CHOSEN else (pytest.mark.full,)
            yield pytest.param(*variant, marks=(needs(variant[1]), *marks))


VARIANTS = tuple(variants())


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    engine = DockerEngine()
    yield Laboratory(open_workspace(), engine, tmp_path_factory.mktemp("runs"))
    engine.close()


def losses(record: Record) -> list[float]:
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    (phase,) = [phase for phase in record.result.phases if phase.name == "loss"]
    return [float(value) for value in phase.values]


def oracle_of(framework: str) -> str:
    """Return the oracle, with the scenario's own parameters as ``framework`` has them."""
    _, _, axes = framework.partition(":")
    own = [axis for axis in axes.split(",") if axis.startswith("gate_activation=")]
    return ",".join(["numpy:precision=float64", *own])


def finished_settings(record: Record) -> dict[str, Any]:
    assert record.result is not None
    return record.result.settings["finished"]


def test_every_image_is_seen_in_each_change() -> None:
    seen = {FRAMEWORKS[name] for probe, name in CHOSEN if name in FRAMEWORKS}
    entries = open_workspace().catalog().frameworks.values()
    every = [one.framework for one in entries if not one.framework.oracle]
    assert seen == {image.id for one in every for image in one.images if "cpu" in image.devices}
    assert not set(CHOSEN) & set(REFUSED)


def test_what_is_not_tried_is_refused() -> None:
    for probe, framework in REFUSED:
        request = Request(scenarios=(probe,), frameworks=(framework,))
        (cell,) = expand(request, open_workspace().catalog(), (SCENARIOS,))
        assert isinstance(cell, RefusedCell), (probe, framework)


@pytest.mark.full
@pytest.mark.parametrize(("scenario", "framework"), UNSUPPORTED)
def test_what_an_adapter_cannot_do_it_says(
    laboratory: Laboratory, scenario: str, framework: str
) -> None:
    outcome = laboratory.execute(scenario, framework).outcome
    assert outcome.status == "unsupported"
    assert UNSUPPORTED[scenario, framework] in outcome.detail


@pytest.mark.parametrize(("scenario", "framework"), VARIANTS)
def test_losses_are_those_of_the_oracle(
    laboratory: Laboratory, scenario: str, framework: str
) -> None:
    expected = losses(laboratory.execute(scenario, oracle_of(framework)))
    found = losses(laboratory.execute(scenario, framework))
    assert len(found) == len(expected) == 10
    if (scenario, framework) in DIFFERENT:
        assert found != pytest.approx(expected, rel=LOSS_BOUND, abs=LOSS_BOUND)
        found, expected = found[:1], expected[:1]
    assert found == pytest.approx(expected, rel=LOSS_BOUND, abs=LOSS_BOUND)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(("scenario", "framework"), VARIANTS)
def test_audit_finds_nothing(laboratory: Laboratory, scenario: str, framework: str) -> None:
    result = laboratory.execute(scenario, framework).result
    assert result is not None
    assert {fact["passed"] for fact in result.audit.values()} <= {True, None}, result.audit
    shown = {"loss_agrees", "update_seen", "synchronization", "threads_as_set", "precision_as_set"}
    if "compiled_as_set" in result.audit or framework.startswith(COMPILERS):
        shown.add("compiled_as_set")
    assert [name for name in shown if not result.audit[name]["passed"]] == [], result.audit
    oracle = laboratory.execute(scenario, oracle_of(framework)).result
    assert oracle is not None
    assert result.parameter_count == oracle.parameter_count


@pytest.mark.parametrize(
    ("framework", "layout"),
    [
        pytest.param(framework, layout, marks=[needs(framework), *marks])
        for framework, layout, *marks in (
            ("torch==2.13.0", ["NCHW"]),
            ("torch==2.13.0:layout=NHWC", ["NHWC"]),
            ("tensorflow==2.21.0", ["NHWC"]),
            ("tensorflow==2.21.0:layout=NCHW", ["NCHW"]),
            ("tensorflow==1.0.0", ["NHWC"]),
            ("keras==tensorflow-1.0.0", ["NHWC"]),
            ("tensorflow==1.15.0+intel", ["NHWC"]),
            ("tensorflow==1.15.0+intel:layout=NCHW", ["NCHW"], pytest.mark.full),
            ("caffe==1.0.0", ["NCHW"]),
            ("mxnet==0.11.0", ["NCHW"]),
            ("cntk==2.7", ["NCHW"]),
            ("torch7", ["NCHW"]),
            ("torch==1.0.0", ["NCHW"]),
            ("deeplearning4j==1.0.0-M2.1", ["NCHW"]),
            ("deeplearning4j==1.0.0-M2.1:preset=stock,layout=NHWC", ["NHWC"], pytest.mark.full),
        )
    ],
)
def test_the_layout_found_is_the_one_asked_for(
    laboratory: Laboratory, framework: str, layout: list[str]
) -> None:
    found = finished_settings(laboratory.execute("probe-images", framework))["layout"]
    assert [name for name in found if name != "either"] == layout


def test_xla_is_shown_by_the_program_that_it_made(laboratory: Laboratory) -> None:
    off = finished_settings(laboratory.execute("probe-images", "tensorflow==2.21.0"))
    on = finished_settings(laboratory.execute("probe-images", "tensorflow==2.21.0:xla=on"))
    assert off["compiled_programs"] == 0
    assert "xla_instructions" not in off
    assert on["compiled_programs"] == 1
    assert on["xla_instructions"] > 100
    assert on["traces"] == 1


@pytest.mark.full
@pytest.mark.parametrize("framework", ["tensorflow==1.15.0", "tensorflow==1.15.0+intel"])
def test_clusters_of_xla_are_seen_in_the_trace(laboratory: Laboratory, framework: str) -> None:
    off = finished_settings(laboratory.execute("probe-images", framework))
    on = finished_settings(laboratory.execute("probe-images", f"{framework}:xla=on"))
    assert off["compiled_programs"] == 0
    assert on["compiled_programs"] > 0


def test_compile_is_shown_by_the_graphs_that_it_made(laboratory: Laboratory) -> None:
    off = finished_settings(laboratory.execute("probe-vectors", "torch==2.13.0"))
    on = finished_settings(laboratory.execute("probe-vectors", "torch==2.13.0:compile=on"))
    assert off["compiled_programs"] == 0
    assert on["compiled_programs"] >= 1


@pytest.mark.full
def test_defaults_of_deeplearning4j_fit_five_times(laboratory: Laboratory) -> None:
    framework = "deeplearning4j==0.4-rc3.8"
    tuned = laboratory.execute("probe-momentum", framework)
    stock = laboratory.execute("probe-momentum", f"{framework}:preset=stock")
    found = [finished_settings(one) for one in (tuned, stock)]
    assert [one["iterations"] for one in found] == [1, 5]
    assert [one["algorithm"] for one in found] == [
        "stochastic_gradient_descent",
        "conjugate_gradient",
    ]
    assert {one["blas_vendor"] for one in found} == {"NativeSystemBLAS"}
    assert losses(stock) != pytest.approx(losses(tuned), rel=1e-3)


@pytest.mark.full
def test_helpers_of_onednn_are_shown_by_the_operations_that_ran(laboratory: Laboratory) -> None:
    framework = "deeplearning4j==1.0.0-M2.1"
    tuned = finished_settings(laboratory.execute("probe-images", framework))
    stock = finished_settings(laboratory.execute("probe-images", f"{framework}:preset=stock"))
    assert (tuned["convolutions"], stock["convolutions"]) == (["conv2d"], ["im2col and a product"])
    assert tuned["helpers"] == ["MKLDNNConvHelper", "MKLDNNSubsamplingHelper"]
    assert stock["helpers"] == []
    assert (tuned["omp_wait_policy"], stock["omp_wait_policy"]) == ("PASSIVE", "unset")


@pytest.mark.parametrize(
    "framework", [pytest.param(name, marks=needs(name)) for name in FRAMEWORKS if name not in SLOW]
)
def test_threads_are_those_asked_for(laboratory: Laboratory, framework: str) -> None:
    found = finished_settings(laboratory.execute(SMALL.get(framework, PROBE), framework))
    wanted = min(2, len(os.sched_getaffinity(0)))
    assert found["threads"] == wanted


@pytest.mark.full
@pytest.mark.image("cntk-2.7")
def test_the_mend_of_keras_on_cntk_is_named_where_it_acts(laboratory: Laboratory) -> None:
    folding = [
        finished_settings(laboratory.execute(probe, "keras==cntk-2.7"))["folding"]
        for probe in ("probe-rows", "probe-images")
    ]
    assert folding == ["mended: to_batch", "none"]
