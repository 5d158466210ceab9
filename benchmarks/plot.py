"""The picture in the docs: how long each student of a class waits, plainly and with ours."""

import statistics
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks.results import Results

_SIZE = (7.2, 3.8)  # inches
_INK = {"light": "#333333", "dark": "#dddddd"}
_CURVES: dict[str, tuple[str, str, float, Callable[[list[float]], float], int]] = {
    "plain-300": ("#d9731a", "plain DockerSpawner, http_timeout=300", 0.3, min, -16),
    "ours": ("#2f7fd6", "opendata-hub", 0.5, max, 14),
}
"""Colour and name; from which share of the students on the name stands below the lowest run, or up
to which one above the highest, so many points. Runs rise: there it touches none."""


def draw(results: Results, folder: Path) -> None:
    """Write ``herd-light.svg`` and ``herd-dark.svg``; nothing without a class of both kinds."""
    both = [herd for herd in results.herds if all(results.of(herd, kind) for kind in _CURVES)]
    for name, ink in _INK.items() if both else ():
        # Text stays text, in a type that the reader has; the same numbers make the same file.
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "herd", "font.size": 11}):
            file = folder / f"herd-{name}.svg"
            metadata = {"Date": None, "Creator": None}
            _figure(results, both[-1], ink).savefig(file, transparent=True, metadata=metadata)


def _figure(results: Results, herd: str, ink: str) -> Figure:
    figure = Figure(_SIZE, layout="constrained")
    axes = figure.subplots()
    for kind in _CURVES:
        _curve(axes, [row["waits"] for row in results.of(herd, kind)], kind)
    users = results.of(herd)[0]["users"]
    axes.set_title(f"{users} students press Start together", loc="left", color=ink)
    axes.set_xlabel("students, the first one in to the last", color=ink)
    axes.set_ylabel("seconds until the notebook is there", color=ink)
    axes.set_xlim(0, users + 1)
    axes.set_ylim(0)
    _furniture(axes, ink)
    return figure


def _curve(axes: Axes, runs: list[list[float]], kind: str) -> None:
    """Each run thinly, their median thickly, with its name where it runs into neither."""
    colour, name, share, edge, offset = _CURVES[kind]
    for waits in runs:
        axes.plot(range(1, len(waits) + 1), waits, color=colour, linewidth=0.8, alpha=0.5)
    places = range(max(len(waits) for waits in runs))
    at = [[waits[place] for waits in runs if len(waits) > place] for place in places]
    middle = [statistics.median(waits) for waits in at]
    numbers = [place + 1 for place in places]
    axes.plot(numbers, middle, color=colour, linewidth=2.5, marker="o", markersize=3.5)
    end = int(len(at) * share)
    axes.annotate(
        name, (numbers[end], edge(at[end])), (0, offset), textcoords="offset points",
        ha="right" if offset > 0 else "left", va="center", color=colour, weight="bold",
    )  # fmt: skip


def _furniture(axes: Axes, ink: str) -> None:
    axes.tick_params(colors=ink, length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=ink, alpha=0.2, linewidth=0.7)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(ink)
