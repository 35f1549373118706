"""Calibration: which runs measure a framework's peak and bandwidth, and the table of what they say.

The runs are of two built-in scenarios that users do not see among their own.  One has little but
large matrix products, of several sizes, for which is best differs from machine to machine.  The
other multiplies matrices by a single vector, so that each weight is read from memory and serves
once; all weights together are several times larger than the last cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dlbench.cells import Request
from dlbench.network import PRECISIONS
from dlbench.peaks import PRODUCT, VECTOR, Peak, find_peaks, find_place
from dlbench.summary import RunSummary
from dlbench.tables import Cell, Column, Missing, Quantity, Table

SYS = Path("/sys")


class Product(Struct, frozen=True):
    """Products of one size: ``depth`` of them, rows x size by size x size, one after another."""

    size: int
    rows: int
    depth: int


#: By kind of device.  Not more rows than columns: else weights times weights would be less work.
#: Enough products that what else is in a step is little beside them.
PRODUCTS: Mapping[str, Sequence[Product]] = {
    "cpu": (Product(1024, 1024, 16), Product(2048, 2048, 16), Product(4096, 4096, 4)),
    "cuda": (Product(4096, 4096, 16), Product(8192, 8192, 4), Product(16384, 16384, 4)),
}
#: Mixed precision converts the weights at every step, which is little beside many rows.
MIXED_PRODUCTS: Mapping[str, Sequence[Product]] = {
    "cpu": (Product(1024, 4096, 16), Product(2048, 4096, 16), Product(4096, 4096, 16)),
    "cuda": (Product(8192, 16384, 4), Product(16384, 16384, 4)),
}
TRY = Product(512, 512, 4)
#: Rows and columns of the 8 matrices that multiply a vector, and their bytes in single precision.
VECTOR_SIZES = {size: 8 * size**2 * 4 for size in (4096, 8192, 16384)}
#: On a device, one product must take much longer than to issue it.
VECTOR_SIZE_CUDA = 8192
#: So many times the size of the last cache, as the rules of STREAM (McCalpin 1995) ask for.
CACHE_FACTOR = 4


def request_calibration(
    base: Request, folder: Path, precisions: Sequence[str], cache_bytes: int
) -> list[Request]:
    """Return what is to be executed for ``base``: products in every precision, and vectors.

    ``folder`` has the scenarios, ``cache_bytes`` is the size of the machine's last cache.  Without
    ``precisions`` it is each framework's own.  Vectors are left to the first that is not mixed.
    """
    mixed = [name for name in precisions if is_mixed(name)]
    plain = [name for name in precisions if name not in mixed]
    chosen: list[tuple[Product, Sequence[str]]] = []
    if base.quick:
        chosen = [(TRY, precisions)]
    else:
        if plain or not precisions:
            chosen += [(one, plain) for one in PRODUCTS.get(base.device, PRODUCTS["cuda"])]
        if mixed:
            products = MIXED_PRODUCTS.get(base.device, MIXED_PRODUCTS["cuda"])
            chosen += [(one, mixed) for one in products]
    requests = [extend(base, folder / PRODUCT, spell_product(one), names) for one, names in chosen]
    width = choose_vector_size(base, cache_bytes)
    return [*requests, extend(base, folder / VECTOR, [f"size={width}"], plain[:1])]


def spell_product(product: Product) -> list[str]:
    """Return the axes of a product."""
    return [f"size={product.size}", f"depth={product.depth}", f"batch_size={product.rows}"]


def extend(
    base: Request, scenario: Path, axes: Sequence[str], precisions: Sequence[str]
) -> Request:
    """Return ``base`` for ``scenario``, a file without its ending, with further axes.

    No precision leaves it to the framework.
    """
    if precisions:
        axes = [*axes, f"precision={','.join(precisions)}"]
    return replace(base, scenarios=(f"{scenario}.yaml",), axes=(*base.axes, *axes))


def is_mixed(precision: str) -> bool:
    """Return whether weights are stored in another number format than they are multiplied in."""
    formats = PRECISIONS.get(precision)
    return formats is not None and formats.storage != formats.compute


def choose_vector_size(base: Request, cache_bytes: int) -> int:
    """Return the least size whose weights are far larger than ``cache_bytes``, else the largest."""
    if base.quick:
        return TRY.size
    if base.device != "cpu":
        return VECTOR_SIZE_CUDA
    enough = [size for size, total in VECTOR_SIZES.items() if total >= CACHE_FACTOR * cache_bytes]
    return min(enough, default=max(VECTOR_SIZES))


def find_cache_bytes(folder: Path = SYS) -> int:
    """Return the bytes of all last caches of this machine together, 0 where it does not say."""
    caches: dict[tuple[int, str], int] = {}
    for index in folder.glob("devices/system/cpu/cpu[0-9]*/cache/index[0-9]*"):
        try:
            level = int((index / "level").read_text())
            sharers = (index / "shared_cpu_list").read_text().strip()
            size = (index / "size").read_text().strip()
        except (OSError, ValueError):
            continue
        if size.endswith("K") and size[:-1].isdigit():
            caches[level, sharers] = int(size[:-1]) * 1024
    last = max((level for level, _ in caches), default=0)
    return sum(size for (level, _), size in caches.items() if level == last)


class Line(Struct, frozen=True, kw_only=True):
    """What calibrations say of one place: a run of it, and what was reached now and before."""

    run: RunSummary
    peak: Peak | None
    peak_before: Peak | None
    bandwidth: Peak | None
    bandwidth_before: Peak | None


def find_lines(runs: Iterable[RunSummary], campaign: str) -> list[Line]:
    """Return what ``campaign`` reached, a line for each image, device, threads and precision.

    ``runs`` are those of all campaigns, oldest first.
    """
    known = list(runs)
    peaks = find_peaks(known)
    places = {find_place(run): run for run in known if run.campaign == campaign}
    lines = []
    for place, run in places.items():
        product, product_before = split_peaks(peaks.get((PRODUCT, *place), ()), campaign)
        vector, vector_before = split_peaks(peaks.get((VECTOR, *place), ()), campaign)
        lines.append(
            Line(
                run=run,
                peak=product,
                peak_before=product_before,
                bandwidth=vector,
                bandwidth_before=vector_before,
            )
        )
    return lines


def split_peaks(peaks: Sequence[Peak], campaign: str) -> tuple[Peak | None, Peak | None]:
    """Return what ``campaign`` reached, and what the newest of the others did."""
    own = [peak for peak in peaks if peak.run.campaign == campaign]
    others = [peak for peak in peaks if peak.run.campaign != campaign]
    return (own[-1] if own else None), (others[-1] if others else None)


def tabulate_calibration(lines: Sequence[Line]) -> Table:
    """Return a table of ``lines``; what was reached before has columns where anything was."""
    before = any(line.peak_before or line.bandwidth_before for line in lines)
    columns = [Column(name=name, title=name) for name in ("framework", "image", "device")]
    columns += [Column(name=name, title=name) for name in ("threads", "precision")]
    columns.append(Column(name="peak", title="peak", unit="FLOP/s"))
    columns.append(Column(name="size", title="size"))
    columns.append(Column(name="bandwidth", title="bandwidth", unit="bytes/s"))
    if before:
        columns.append(Column(name="peak_before", title="peak before", unit="FLOP/s"))
        columns.append(Column(name="bandwidth_before", title="bandwidth before", unit="bytes/s"))
    return Table(
        title="calibration",
        columns=tuple(columns),
        rows=tuple(tabulate_line(line)[: len(columns)] for line in lines),
        caption=(
            "peak: FLOP/s of the quickest step of all sizes, forward through square dense layers",
            "bandwidth: bytes of the weights that multiply one vector, by the quickest step",
        ),
    )


def tabulate_line(line: Line) -> tuple[Cell, ...]:
    """Return the cells of a line, those of earlier calibrations last."""
    cell, facts = line.run.cell, line.run.conditions.facts
    return (
        cell.framework,
        cell.image_id,
        cell.device,
        facts["threads"],
        facts["precision"],
        spell_peak(line.peak),
        line.peak.run.axes.get("size", "unknown") if line.peak else "none",
        spell_peak(line.bandwidth),
        spell_peak(line.peak_before),
        spell_peak(line.bandwidth_before),
    )


def spell_peak(peak: Peak | None) -> Cell:
    """Return a peak as a cell."""
    return Quantity(value=peak.rate) if peak else Missing(reason="not measured")
