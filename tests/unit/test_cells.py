from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from samples import make_framework
from scenario_files import FCNN_DEPTH, MLP, VGG_TOY, write_scenario

from dlbench.catalog import Catalog, Entry
from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.errors import PluginError, UnknownNameError, UsageError
from dlbench.framework import Axis, Framework, Image, Refusal, Supports

LAYERS = ("dense", "activation", "convolution", "dropout", "flatten")
OLD = Image(id="flow-1.0", versions={"flow": "1.0"}, stack="2017")
MIDDLE = Image(id="flow-1.15", versions={"flow": "1.15"}, stack="2019")
VENDOR = Image(id="vendor-flow-1.15", versions={"flow": "1.15"}, stack="2019")
NEW = Image(id="flow-2.21", versions={"flow": "2.21"}, stack="2026", devices=("cpu", "cuda"))

FLOW = make_framework(
    "flow",
    images=(OLD, MIDDLE, VENDOR, NEW),
    supports=Supports(
        layers=LAYERS,
        optimizers=("sgd", "adagrad"),
        axes=(
            Axis(name="layout", values=("NHWC", "NCHW")),
            Axis(name="xla", values=("off", "on")),
        ),
        refusals=(
            Refusal(reason="no XLA in the wheel", images=("flow-1.0",), axes={"xla": ("on",)}),
            Refusal(
                reason="no NCHW on the CPU",
                images=("flow-1.0", "flow-1.15"),
                devices=("cpu",),
                axes={"layout": ("NCHW",)},
            ),
        ),
    ),
)
PLAIN = make_framework(
    "plain",
    supports=Supports(
        layers=LAYERS,
        optimizers=("sgd",),
        axes=(Axis(name="precision", values=("float64", "float32")),),
    ),
)
HIGH = make_framework(
    "high",
    images=(
        Image(id="high-2-c", versions={"high": "2.0"}, stack="2017", axes={"backend": "c"}),
        Image(id="high-2-t", versions={"high": "2.0"}, stack="2017", axes={"backend": "t"}),
        Image(id="high-1-t", versions={"high": "1.2"}, stack="2017", axes={"backend": "t"}),
    ),
    supports=Supports(
        layers=LAYERS,
        optimizers=("sgd",),
        axes=(Axis(name="backend", values=("t", "c")), Axis(name="layout", values=("NHWC",))),
    ),
)


def make_catalog(*frameworks: Framework, **changes: Any) -> Catalog:
    entries = {
        framework.name: Entry(
            framework=framework, distribution=f"dlbench-{framework.name}", version="1"
        )
        for framework in frameworks
    }
    return Catalog(frameworks=entries, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_scenario(tmp_path, MLP, "mlp.yaml")
    write_scenario(tmp_path, FCNN_DEPTH, "fcnn-depth.yaml")
    write_scenario(tmp_path, VGG_TOY, "vgg-toy.yaml")
    return tmp_path


def chosen(
    folder: Path, *frameworks: str, scenarios: tuple[str, ...] = ("mlp",), **request: Any
) -> list[Cell | RefusedCell]:
    asked = Request(scenarios=scenarios, frameworks=frameworks, cpu_count=2, **request)
    return expand(asked, make_catalog(FLOW, PLAIN, HIGH), (folder,))


def cells(folder: Path, *frameworks: str, **request: Any) -> list[Cell]:
    found = chosen(folder, *frameworks, **request)
    assert all(isinstance(cell, Cell) for cell in found), found
    return [cell for cell in found if isinstance(cell, Cell)]


def reasons(folder: Path, *frameworks: str, **request: Any) -> list[str]:
    return [
        item.reason if isinstance(item, RefusedCell) else ""
        for item in chosen(folder, *frameworks, **request)
    ]


def test_every_default_is_spelled_out(folder: Path) -> None:
    (cell,) = cells(folder, "flow")
    assert cell.variant == {
        "batch_size": "128",
        "threads": "2",
        "feed": "host",
        "loop": "step",
        "layout": "NHWC",
        "xla": "off",
    }
    assert cell.image == NEW
    assert cell.image_choice == "newest of stack 2026"
    assert (cell.device, cell.quick, cell.not_applicable) == ("cpu", False, ())
    assert cell.entry.distribution == "dlbench-flow"


def test_parameters_and_declared_precision_are_axes(folder: Path) -> None:
    (cell,) = cells(folder, "plain", scenarios=("fcnn-depth",))
    assert cell.variant["precision"] == "float64"
    assert cell.variant["depth"] == "1"
    assert cell.variant["input_scale"] == "unit"


def test_synthetic_items_are_fed_from_the_device(folder: Path) -> None:
    (cell,) = cells(folder, "flow", scenarios=("vgg-toy",))
    assert cell.variant["feed"] == "device"


def test_axis_is_swept_as_a_product(folder: Path) -> None:
    found = cells(
        folder, "plain", scenarios=("fcnn-depth",), axes=("depth=1,2", "threads=1", "threads=2")
    )
    assert [(cell.variant["depth"], cell.variant["threads"]) for cell in found] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
        ("2", "2"),
    ]
    assert [len(cell.scenario.network) for cell in found] == [4, 4, 6, 6]


def test_axis_that_a_framework_lacks_is_marked(folder: Path) -> None:
    found = cells(folder, "flow", "plain", axes=("layout=NHWC,NCHW", "xla"))
    assert [(cell.image.id, cell.variant.get("layout"), cell.not_applicable) for cell in found] == [
        ("flow-2.21", "NHWC", ()),
        ("flow-2.21", "NCHW", ()),
        ("plain-1.0", None, ("layout", "xla")),
    ]


def test_parameter_that_a_scenario_lacks_is_marked(folder: Path) -> None:
    found = cells(folder, "plain", scenarios=("fcnn-depth", "mlp"), axes=("depth=2,3",))
    assert [(cell.scenario.name, cell.not_applicable) for cell in found] == [
        ("fcnn-depth", ()),
        ("fcnn-depth", ()),
        ("mlp", ("depth",)),
    ]


def test_axes_after_a_colon_are_that_frameworks_alone(folder: Path) -> None:
    found = cells(folder, "flow:layout=NCHW,xla=on", "flow")
    assert [(cell.variant["layout"], cell.variant["xla"]) for cell in found] == [
        ("NCHW", "on"),
        ("NHWC", "off"),
    ]


def test_values_are_spelled_as_declared(folder: Path) -> None:
    (cell,) = cells(folder, "flow", axes=("layout=nchw", "xla=true", "batch-size=032"))
    assert (cell.variant["layout"], cell.variant["xla"]) == ("NCHW", "on")
    assert cell.variant["batch_size"] == "32"


def test_equal_cells_are_made_once(folder: Path) -> None:
    assert len(cells(folder, "flow", "flow:xla=off", "flow==2.21", scenarios=("mlp", "mlp"))) == 1


@pytest.mark.parametrize(
    ("framework", "request_", "image", "words"),
    [
        ("flow==1.0", {}, "flow-1.0", "version 1.0 as asked for, of stack 2017"),
        (
            "flow==vendor-flow-1.15",
            {},
            "vendor-flow-1.15",
            "version vendor-flow-1.15 as asked for, of stack 2019",
        ),
        ("flow", {"stack": "2017"}, "flow-1.0", "newest of stack 2017"),
        ("flow", {"stack": "2019"}, "flow-1.15", "newest of stack 2019"),
        ("flow", {"device": "cuda"}, "flow-2.21", "newest of stack 2026"),
        ("high", {}, "high-2-t", "newest of stack 2017"),
        ("high==1.2", {}, "high-1-t", "version 1.2 as asked for, of stack 2017"),
        ("high:backend=c", {}, "high-2-c", "newest of stack 2017"),
    ],
)
def test_image_is_chosen_and_said(
    folder: Path, framework: str, request_: dict[str, Any], image: str, words: str
) -> None:
    (cell,) = cells(folder, framework, **request_)
    assert (cell.image.id, cell.image_choice.removesuffix(" that serves the axes")) == (
        image,
        words,
    )


def test_image_gives_its_own_axis_value(folder: Path) -> None:
    (cell,) = cells(folder, "high==high-2-c")
    assert cell.variant["backend"] == "c"


@pytest.mark.parametrize(
    ("asked", "chosen_images"),
    [
        ("flex", ["flex-3-t"]),
        ("flex:backend=T", ["flex-3-t"]),
        ("flex:backend=c", ["flex-2-c"]),
        ("flex:backend=t,c", ["flex-2-t", "flex-2-c"]),
    ],
)
def test_newest_stack_is_one_that_serves_the_axes(
    folder: Path, asked: str, chosen_images: list[str]
) -> None:
    newer = Image(id="flex-3-t", versions={"flex": "3"}, stack="2019", axes={"backend": "t"})
    older = (
        Image(id=f"flex-2-{name}", versions={"flex": "2"}, stack="2017", axes={"backend": name})
        for name in "ct"
    )
    flex = make_framework("flex", images=(*older, newer), supports=HIGH.supports)
    found = expand(Request(scenarios=("mlp",), frameworks=(asked,)), make_catalog(flex), (folder,))
    assert [cell.image.id for cell in found if isinstance(cell, Cell)] == chosen_images


def test_a_stated_reason_goes_before_the_image_that_does_not_serve(folder: Path) -> None:
    rule = Refusal(reason="t is slow here", images=("high-2-c",), axes={"backend": ("t",)})
    high = make_framework(
        "high", images=HIGH.images, supports=dataclasses.replace(HIGH.supports, refusals=(rule,))
    )
    asked = Request(scenarios=("mlp",), frameworks=("high==high-2-c:backend=t",))
    (refused,) = expand(asked, make_catalog(high), (folder,))
    assert isinstance(refused, RefusedCell)
    assert refused.reason == "t is slow here"


def test_sweep_stays_on_one_image_that_can_do_all_of_it(folder: Path) -> None:
    found = cells(folder, "flow", stack="2019", axes=("layout=NHWC,NCHW",))
    assert [cell.image.id for cell in found] == ["vendor-flow-1.15"] * 2
    assert found[0].image_choice == "newest of stack 2019 that serves the axes"


def test_sweep_takes_several_images_where_none_can_do_all(folder: Path) -> None:
    found = cells(folder, "high:backend=t,c")
    assert [(cell.variant["backend"], cell.image.id) for cell in found] == [
        ("t", "high-2-t"),
        ("c", "high-2-c"),
    ]


def test_refusals_have_their_reasons(folder: Path) -> None:
    assert reasons(folder, "flow==1.0", axes=("layout=NHWC,NCHW", "xla=off,on")) == [
        "",
        "no XLA in the wheel",
        "no NCHW on the CPU",
        "no XLA in the wheel",
    ]
    assert reasons(folder, "plain", scenarios=("vgg-toy",)) == ["plain has no optimizer 'adagrad'"]


def test_stack_and_device_that_a_framework_lacks_are_refused(folder: Path) -> None:
    assert reasons(folder, "flow", "plain", stack="2017") == [
        "",
        "plain has no image in stack 2017 for cpu (it has 2026)",
    ]
    assert reasons(folder, "plain", device="cuda") == [
        "image plain-1.0 does not exist for cuda (it does for cpu)"
    ]
    assert reasons(folder, "flow==1.0", stack="2026") == [
        "flow 1.0 has no image in stack 2026 for cpu (it has 2017)"
    ]


def test_value_of_another_framework_is_refused(folder: Path) -> None:
    assert reasons(folder, "flow", "high", axes=("layout=NCHW",)) == [
        "",
        "high has no layout=NCHW (it has NHWC)",
    ]


def test_batch_beyond_the_items_is_refused(folder: Path) -> None:
    assert reasons(folder, "flow", scenarios=("vgg-toy",), axes=("batch_size=11",)) == [
        "batch size 11 is more than the scenario's 10 items"
    ]


@pytest.mark.parametrize(
    ("frameworks", "request_", "message", "hint"),
    [
        (("flow",), {"axes": ("layuot=NCHW",)}, "unknown axis 'layuot'", "did you mean 'layout'?"),
        (
            ("flow",),
            {"axes": ("layout=NCWH",)},
            "axis layout has no value 'NCWH'",
            "did you mean 'NCHW'?",
        ),
        (
            ("plain",),
            {"axes": ("batch_size=0",)},
            "axis batch_size has no value '0'",
            "a whole number of at least 1",
        ),
        (("flow:backend=c",), {}, "flow: unknown axis 'backend'", None),
        (("flow:xla=onn",), {}, "flow: axis xla has no value 'onn'", "did you mean 'on'?"),
        (("flow==2.12",), {}, "flow has no version '2.12'", "did you mean '2.21'?"),
        (("folw",), {}, "unknown framework 'folw'", "did you mean 'flow'?"),
        (("flow",), {"scenarios": ("mpl",)}, "unknown scenario 'mpl'", "did you mean 'mlp'?"),
        (("flow",), {"stack": "2016"}, "unknown stack '2016'", "did you mean '2026'?"),
        (("flow",), {"device": "cudo"}, "unknown device 'cudo'", "did you mean 'cuda'?"),
    ],
)
def test_unknown_names(
    folder: Path,
    frameworks: tuple[str, ...],
    request_: dict[str, Any],
    message: str,
    hint: str | None,
) -> None:
    with pytest.raises(UnknownNameError) as caught:
        chosen(folder, *frameworks, **request_)
    assert caught.value.message == message
    if hint is not None:
        assert caught.value.hint == hint


def test_axis_of_a_framework_that_was_not_chosen_is_no_error(folder: Path) -> None:
    (cell,) = cells(folder, "plain", axes=("backend=c",))
    assert cell.not_applicable == ("backend",)


def test_parameter_value_that_one_scenario_lacks_is_refused(folder: Path) -> None:
    wide = FCNN_DEPTH.replace("values: [1, 2, 3, 4]", "values: [1, 8]").replace(
        "name: fcnn-depth", "name: deeper"
    )
    write_scenario(folder, wide, "deeper.yaml")
    found = reasons(folder, "plain", scenarios=("fcnn-depth", "deeper"), axes=("depth=8",))
    assert found == ["fcnn-depth has no depth=8 (it has 1, 2, 3, 4)", ""]


def test_threads_may_be_left_to_the_framework(folder: Path) -> None:
    (cell,) = cells(folder, "plain", axes=("threads=default",))
    assert cell.variant["threads"] == "default"


def test_disputed_name_stops_who_asks_for_it(folder: Path) -> None:
    catalog = replace(make_catalog(PLAIN), disputed={"flow": ("one", "two")})
    asked = Request(scenarios=("mlp",), frameworks=("plain",))
    assert len(expand(asked, catalog, (folder,))) == 1
    with pytest.raises(PluginError, match="'flow' is brought by one and two"):
        expand(replace(asked, frameworks=("flow",)), catalog, (folder,))


def test_nothing_asked_for_is_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(folder)
    assert caught.value.hint == "add --framework NAME; installed: flow, plain, high"
