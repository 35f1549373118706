from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from comparisons import FLOPS, WEIGHT_BYTES, make_calibration
from records import make_environment

from dlbench.calibration import (
    CACHE_FACTOR,
    MIXED_PRODUCTS,
    PRODUCTS,
    VECTOR_SIZES,
    find_cache_bytes,
    find_lines,
    request_calibration,
    tabulate_calibration,
)
from dlbench.cells import Request
from dlbench.network import build_task
from dlbench.peaks import PRODUCT, VECTOR
from dlbench.record import Record
from dlbench.scenario import load, names
from dlbench.summary import summarize
from dlbench.tables import render
from dlbench.work import count_step_flops, count_weight_bytes

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FOLDER = SCENARIOS / "calibration"
MIB = 2**20
MOST = [one for table in (PRODUCTS, MIXED_PRODUCTS) for some in table.values() for one in some]


def axes(device: str = "cpu", *precisions: str, cache: int = 0) -> list[tuple[str, ...]]:
    base = Request(scenarios=(), frameworks=("torch",), axes=("threads=2",), device=device)
    return [one.axes for one in request_calibration(base, FOLDER, precisions, cache)]


def test_products_are_square_and_of_several_sizes() -> None:
    assert axes() == [
        ("threads=2", "size=1024", "depth=16", "batch_size=1024"),
        ("threads=2", "size=2048", "depth=16", "batch_size=2048"),
        ("threads=2", "size=4096", "depth=4", "batch_size=4096"),
        ("threads=2", "size=4096"),
    ]
    assert axes("cuda")[2:] == [
        ("threads=2", "size=16384", "depth=4", "batch_size=16384"),
        ("threads=2", "size=8192"),
    ]


def test_a_try_is_small() -> None:
    base = Request(scenarios=(), frameworks=("torch",), quick=True)
    product, vector = request_calibration(base, FOLDER, ("float32", "bfloat16"), 10**9)
    assert product.axes == ("size=512", "depth=4", "batch_size=512", "precision=float32,bfloat16")
    assert vector.axes == ("size=512", "precision=float32")


def test_vectors_are_not_read_in_mixed_precision() -> None:
    *_, vector = axes("cpu", "bfloat16", "float32", "float64")
    assert vector == ("threads=2", "size=4096", "precision=float32")
    assert axes("cpu", "bfloat16")[-1] == ("threads=2", "size=4096")


def test_mixed_precision_multiplies_more_rows() -> None:
    requests = axes("cpu", "bfloat16", "float32", "float64")
    assert requests[2][1:] == (
        "size=4096",
        "depth=4",
        "batch_size=4096",
        "precision=float32,float64",
    )
    assert requests[3][1:] == ("size=1024", "depth=16", "batch_size=4096", "precision=bfloat16")
    assert axes("cuda", "bfloat16", "float16")[-2][1:] == (
        "size=16384", "depth=4", "batch_size=16384", "precision=bfloat16,float16",
    )  # fmt: skip
    assert load(FOLDER / f"{PRODUCT}.yaml").data.items >= max(one.rows for one in MOST)


def test_a_precision_that_nobody_knows_is_left_to_the_command_line() -> None:
    assert axes("cpu", "float3")[0][-1] == "precision=float3"


@pytest.mark.parametrize(
    ("cache", "size"),
    [(0, 4096), (128 * MIB, 4096), (129 * MIB, 8192), (480 * MIB, 8192), (10**12, 16384)],
)
def test_the_weights_are_far_larger_than_the_last_cache(cache: int, size: int) -> None:
    assert axes(cache=cache)[-1][-1] == f"size={size}"
    assert VECTOR_SIZES[size] >= CACHE_FACTOR * cache or size == max(VECTOR_SIZES)


@pytest.mark.parametrize("size", VECTOR_SIZES)
def test_the_scenario_has_the_weights_that_were_chosen(size: int) -> None:
    task = build_task(load(FOLDER / f"{VECTOR}.yaml", {"size": size}), batch_size=1)
    ours = VECTOR_SIZES[size]
    assert ours <= count_weight_bytes(task) <= 1.05 * ours


@pytest.mark.parametrize("name", [PRODUCT, VECTOR])
def test_the_scenarios_only_predict_and_are_not_among_the_users(name: str) -> None:
    scenario = load(FOLDER / f"{name}.yaml")
    assert scenario.optimizer is None
    assert scenario.plans["full"].rounds == scenario.plans["quick"].rounds == 1
    assert name not in names([SCENARIOS])


def test_a_product_is_little_but_products() -> None:
    task = build_task(load(FOLDER / f"{PRODUCT}.yaml", {"size": 2048}), batch_size=2048)
    assert [layer.kind for layer in task.layers] == ["dense"] * 4 + ["activation", "dense"]
    assert not any(layer.parameters.get("bias") for layer in task.layers)
    assert count_step_flops(task) == pytest.approx(4 * 2 * 2048**3, rel=1e-3)


def write_cache(folder: Path, cpu: int, index: int, level: str, size: str, sharers: str) -> None:
    path = folder / f"devices/system/cpu/cpu{cpu}/cache/index{index}"
    path.mkdir(parents=True)
    for name, text in (("level", level), ("size", size), ("shared_cpu_list", sharers)):
        (path / name).write_text(text + "\n")


def test_every_last_cache_counts_once(tmp_path: Path) -> None:
    for cpu in range(4):
        write_cache(tmp_path, cpu, 0, "1", "48K", str(cpu))
        write_cache(tmp_path, cpu, 3, "3", "32768K", "0-1" if cpu < 2 else "2-3")
    assert find_cache_bytes(tmp_path) == 2 * 32 * MIB


def test_a_machine_that_does_not_say_has_no_cache(tmp_path: Path) -> None:
    assert find_cache_bytes(tmp_path) == 0
    write_cache(tmp_path, 0, 0, "odd", "48K", "0")
    write_cache(tmp_path, 0, 1, "3", "unknown", "0")
    assert find_cache_bytes(tmp_path) == 0


def test_one_number_is_a_shape(tmp_path: Path) -> None:
    text = (FOLDER / f"{VECTOR}.yaml").read_text(encoding="utf-8")
    assert load(FOLDER / f"{VECTOR}.yaml", {"size": 7}).data.inputs[0].shape == (7,)
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("shape: $size", "shape: [4096]"), encoding="utf-8")
    assert load(other).data.inputs[0].shape == (4096,)


def table(*records: Record, campaign: str = "k1") -> list[list[str]]:
    lines = find_lines([summarize(record) for record in records], campaign)
    text = render([tabulate_calibration(lines)], "csv")
    return [line.split(",")[1:] for line in text.splitlines()]


def sized(record: Record, size: int) -> Record:
    scenario = msgspec.structs.replace(record.scenario, values={"size": str(size)})
    return msgspec.structs.replace(record, scenario=scenario)


def test_a_line_has_the_best_size_and_the_bandwidth() -> None:
    head, line = table(
        sized(make_calibration("k1", 0.5), 1024),
        sized(make_calibration("k2", 0.25), 2048),
        sized(make_calibration("k3", 0.3), 4096),
        make_calibration("v1", 0.01, VECTOR),
    )
    assert head[-3:] == ["peak", "size", "bandwidth_bytes_per_s"]
    assert line == [
        "torch", "torch-2.13.0", "cpu", "2", "float32",
        str(FLOPS / 0.25), "2048", str(WEIGHT_BYTES / 0.01),
    ]  # fmt: skip


def test_an_earlier_calibration_stands_beside_the_new_one() -> None:
    head, line = table(
        make_calibration("k1", 0.2, campaign="k0"),
        make_calibration("k2", 0.25),
        make_calibration(
            "k3", 0.1, environment=make_environment(host="looking-glass"), campaign="k0"
        ),
    )
    assert head[-2:] == ["peak_before", "bandwidth_before_bytes_per_s"]
    assert line[5:] == [
        str(FLOPS / 0.25), "unknown", "not measured", str(FLOPS / 0.2), "not measured",
    ]  # fmt: skip


def test_what_failed_is_no_blank() -> None:
    failed = msgspec.structs.replace(make_calibration("k1", 0.2), result=None)
    head, line = table(failed)
    assert line[-3:] == ["not measured", "none", "not measured"]
    assert len(head) == len(line)
