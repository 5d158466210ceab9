"""The class as a picture: matplotlib, where it is installed."""

import io
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from opendata_hub.rehearsal.course import WAITING, Phase, counts
from opendata_hub.rehearsal.meter import shares_of
from opendata_hub.rehearsal.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people who see fewer of them tell apart too.
_BLUE, _VERMILION, _ORANGE, _SKY, _GREEN = "#0072B2", "#D55E00", "#E69F00", "#56B4E9", "#009E73"
_PURPLE, _YELLOW, _GREY, _PALE = "#CC79A7", "#F0E442", "#999999", "#E5E5E5"

_BARS = {
    Phase.ASKED: ("has pressed Start", _YELLOW),
    Phase.IMAGE: ("gets the image", _GREY),
    Phase.LINE: ("in line", _ORANGE),
    Phase.MEMORY: ("waits for memory", _VERMILION),
    Phase.STARTING: ("starts", _SKY),
    Phase.PAGE: ("page loads", _PURPLE),
    Phase.IN: ("is in", _PALE),
    Phase.WORK: ("runs the notebook", _GREEN),
}
_STARTING = frozenset({Phase.STARTING, Phase.PAGE})
_IN = frozenset({Phase.IN, Phase.WORK, Phase.DONE})

_WIDTH, _PANEL, _PER_STUDENT, _FRAME = 9.0, 1.7, 0.14, 0.9  # inches
_COLUMNS = 5  # of a legend
_GIB = 2**30

GET_PLOT = "pip install 'opendata-hub[rehearse]'"
"""What brings matplotlib."""

_Panel = tuple[float, Callable[["Axes", Record], None]]
"""Height in inches, and what draws it."""


def is_there() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw(record: Record) -> str | None:
    """Return the picture as SVG; None where matplotlib is not installed."""
    if not is_there():
        return None
    from matplotlib.figure import Figure  # half a second, which only a report is worth

    panels: list[_Panel] = [(_FRAME + _PER_STUDENT * len(record.courses), _students)]
    panels += [(_PANEL, _line)]
    panels += [(_PANEL, _processor), (_PANEL, _memory)] if record.cores else []
    heights = [height for height, _ in panels]
    figure = Figure(figsize=(_WIDTH, sum(heights) + _FRAME), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
    for ax, (_, paint) in zip(axes[:, 0], panels, strict=True):
        paint(ax, record)
        ax.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("seconds since the class pressed Start")
    axes[-1, 0].set_xlim(0, max(record.ended, record.settled, 1.0))
    return _svg(figure)


def _svg(figure: "Figure") -> str:
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(out, format="svg")
    return out.getvalue().partition("<svg")[2].join(("<svg", ""))


def _students(ax: "Axes", record: Record) -> None:
    """One bar for each student, in the order in which they got in."""
    last = max(record.ended, record.settled)
    order = sorted(record.courses, key=lambda course: (not course.is_in, _seen(course.steps)))
    for row, course in enumerate(order):
        ends = [when for when, _ in course.steps[1:]] + [last]
        for (begin, phase), end in zip(course.steps, ends, strict=True):
            if phase in _BARS:
                label, colour = _BARS[phase]
                ax.barh(row, end - begin, left=begin, height=0.8, color=colour, label=label)
        if course.trouble:
            ax.text(course.steps[-1][0], row, " out", va="center", color=_VERMILION)
    ax.set_yticks([])
    ax.set_ylabel("students")
    ax.invert_yaxis()
    handles, labels = ax.get_legend_handles_labels()
    found = dict(zip(labels, handles, strict=True))
    shown = [label for label, _ in _BARS.values() if label in found]
    ax.legend([found[label] for label in shown], shown, ncols=_COLUMNS, **_ABOVE)


_ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "frameon": False,
    "fontsize": "small",
}


def _seen(steps: list[tuple[float, Phase]]) -> float:
    return next((when for when, phase in steps if phase is Phase.IN), steps[-1][0])


def _line(ax: "Axes", record: Record) -> None:
    last = max(record.ended, record.settled)
    for label, phases, colour in (
        ("in line", WAITING, _ORANGE),
        ("starting", _STARTING, _SKY),
        ("in", _IN, _GREEN),
    ):
        curve = counts(record.courses, phases)
        if curve:
            times, heights = zip(*curve, (last, curve[-1][1]), strict=True)
            ax.step(times, heights, where="post", color=colour, label=label)
    ax.set_ylabel("students")
    ax.legend(ncols=3, **_ABOVE)


def _processor(ax: "Axes", record: Record) -> None:
    shares = shares_of(record.samples, record.cores or 1)
    ax.plot([when for when, _ in shares], [100 * share for _, share in shares], color=_BLUE)
    ax.set_ylim(0, 105)
    ax.set_ylabel("processor, %")


def _memory(ax: "Axes", record: Record) -> None:
    used = [(sample.when, sample.memory / _GIB) for sample in record.samples]
    ax.plot(*zip(*used, strict=True), color=_VERMILION, label="machine")
    if record.containers:
        theirs = [(when, sum(u.memory for u in uses) / _GIB) for when, uses in record.containers]
        style: dict[str, Any] = {"color": _PURPLE, "marker": "o", "markersize": 3}
        ax.plot(*zip(*theirs, strict=True), label="students' containers", **style)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("memory, GB")
    ax.legend(ncols=2, **_ABOVE)
