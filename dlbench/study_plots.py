"""Plots of a study's tables, as PNG and SVG: the same figures give the same SVG, byte for byte.

A table with columns becomes lines over its axis, one panel a figure.  A list becomes bars of the
ratio to the best of the group, published beside measured: seconds of two machines do not compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.study_figures import Entry, FilledTable, Group
from dlbench.study_remarks import name_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

#: Colours that the colour-blind can tell apart (Okabe and Ito 2008), one for each line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

#: What was published, beside the colours of what was measured.
GREY = "#999999"

STYLE: dict[Any, Any] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.size": 9,
    "legend.frameon": False,
    # Ids inside the SVG come from this instead of chance.
    "svg.hashsalt": "dlbench",
    "svg.fonttype": "none",
}

PANEL_WIDTH_INCHES = 4.2
PANEL_HEIGHT_INCHES = 3.2
BAR_HEIGHT_INCHES = 0.42

#: From this ratio of the greatest to the least on, a panel has a logarithmic scale.
WIDE = 20.0

DOTS_PER_INCH = 120


def plot_table(filled: FilledTable, folder: Path, title: str) -> list[Path]:
    """Draw one table into ``folder`` and return its files, none where nothing was measured."""
    if all(entry.measured is None for entry in filled.list_entries()):
        return []
    # Importing it takes longer than most commands.
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(STYLE):
        draw = draw_lines if filled.table.across else draw_bars
        canvas = Canvas(layout="constrained")
        FigureCanvasAgg(canvas)
        draw(canvas, filled)
        canvas.suptitle(title)
        return save(canvas, folder / filled.table.name)


def save(canvas: Canvas, path: Path) -> list[Path]:
    """Write a drawing as PNG and SVG without anything that changes from run to run."""
    png, svg = path.with_suffix(".png"), path.with_suffix(".svg")
    canvas.savefig(png, dpi=DOTS_PER_INCH, metadata={"Software": None})
    canvas.savefig(svg, metadata={"Date": None, "Creator": None})
    return [png, svg]


def draw_lines(canvas: Canvas, filled: FilledTable) -> None:
    """Draw a panel for each figure: measured values joined, published ones hollow."""
    titles = list(dict.fromkeys(group.figure.title for group in filled.groups))
    canvas.set_size_inches(PANEL_WIDTH_INCHES * len(titles) + 1.6, PANEL_HEIGHT_INCHES)
    panels = canvas.subplots(1, len(titles), sharey=True, squeeze=False)[0]
    for panel, title in zip(panels, titles, strict=True):
        groups = [group for group in filled.groups if group.figure.title == title]
        draw_panel(panel, groups)
        panel.set_title(title)
        panel.set_xlabel(filled.table.across)
    panels[0].set_ylabel(filled.unit if filled.unit != "1" else filled.groups[0].figure.metric)
    scale_axis(panels[0], [entry for group in filled.groups for entry in group.entries])
    handles = {
        label: handle
        for panel in panels
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    canvas.legend(list(handles.values()), list(handles), loc="outside right upper")


def draw_panel(panel: Axes, groups: Sequence[Group]) -> None:
    """Draw one line for each line of the study over the values of the axis across."""
    places = range(len(groups))
    for number, entries in enumerate(zip(*(group.entries for group in groups), strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        marker = MARKERS[number % len(MARKERS)]
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5}
        drawn = [(place, one.measured) for place, one in enumerate(entries) if one.measured]
        if drawn:
            heights = [found.value for _, found in drawn]
            label = label_line(entries[0])
            panel.plot([place for place, _ in drawn], heights, label=label, **style)
        stated = [(place, one.stated) for place, one in enumerate(entries) if one.stated]
        if stated:
            label = f"{entries[0].line.title}, published"
            style |= {"linestyle": "none", "markerfacecolor": "none"}
            panel.plot(*zip(*stated, strict=True), label=label, **style)
    panel.set_xticks(list(places), [group.value for group in groups])


def label_line(entry: Entry) -> str:
    """Return what a legend calls a line: two images of one framework must not be confused."""
    return f"{name_line(entry)}, {entry.image}" if entry.image else name_line(entry)


def scale_axis(panel: Axes, entries: Sequence[Entry]) -> None:
    """Give times a scale from zero, or a logarithmic one where they lie far apart."""
    numbers = [one.measured.value for one in entries if one.measured]
    numbers += [one.stated for one in entries if one.stated]
    if any(one.measured and one.measured.value <= 0 for one in entries):
        return
    if max(numbers) > WIDE * min(numbers):
        panel.set_yscale("log")
    elif max(numbers) > 1 or min(numbers) < max(numbers) / 2:
        panel.set_ylim(bottom=0)


def draw_bars(canvas: Canvas, filled: FilledTable) -> None:
    """Draw a panel for each group: two bars an entry, both as ratios to the best of theirs."""
    groups = [group for group in filled.groups if group.entries]
    heights = [len(group.entries) * BAR_HEIGHT_INCHES + 0.7 for group in groups]
    canvas.set_size_inches(PANEL_WIDTH_INCHES * 2, sum(heights) + 0.6)
    panels = canvas.subplots(len(groups), 1, squeeze=False, height_ratios=heights)[:, 0]
    for panel, group in zip(panels, groups, strict=True):
        draw_group(panel, group)
        if len(groups) > 1:
            panel.set_title(group.figure.title, loc="left")
    common = any(group.has_common_basis for group in groups)
    whose = "the rows that have both figures" if common else "the group"
    panels[-1].set_xlabel(f"ratio to the best of {whose}")
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=2)


def draw_group(panel: Axes, group: Group) -> None:
    """Draw the entries of one group from top to bottom; what is missing is said."""
    places = list(range(len(group.entries)))
    for label, colour, offset, best, numbers in (
        ("published", GREY, -0.2, group.best_stated, [one.stated for one in group.entries]),
        ("measured", COLOURS[0], 0.2, group.best_measured, [one.sound for one in group.entries]),
    ):
        ratios = [divide(number, best) for number in numbers]
        middles = [place + offset for place in places]
        panel.barh(middles, ratios, height=0.36, color=colour, label=label)
        for middle, ratio, number in zip(middles, ratios, numbers, strict=True):
            text = f" {ratio:.2f}" if ratio else " none" if number is None else " no other"
            panel.text(ratio, middle, text, va="center", fontsize="x-small")
    panel.set_yticks(places, [label_line(entry) for entry in group.entries])
    panel.invert_yaxis()
    panel.margins(x=0.12)


def divide(number: float | None, best: float | None) -> float:
    """Return the ratio of a figure to the best, 0 where there is none."""
    return number / best if number is not None and best else 0.0
