"""What was to be reached, and whether it was."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.results import Results
from benchmarks.scenarios import Row

_NOISE = 1e-4  # CPU-seconds


@dataclass(frozen=True)
class Promise:
    """
    One number that must reach a bound.

    Attributes:
        which: "at least", "at most", "under" or "all".
        how: the number's format with its unit.
        seen: what else there is to say of it.
    """

    what: str
    value: float
    which: str
    bound: float
    how: str
    seen: str = ""

    @property
    def reached(self) -> bool:
        """Whether it does."""
        if self.which == "under":
            return self.value < self.bound
        return self.value <= self.bound if self.which == "at most" else self.value >= self.bound

    def row(self) -> str:
        """Return it as a row of a table."""
        target = f"{self.which} {self.how.format(self.bound)}"
        seen = self.how.format(self.value) + (f": {self.seen}" if self.seen else "")
        return f"| {self.what} | {target} | {seen} | {'yes' if self.reached else '**no**'} |"


def promises(results: Results) -> list[Promise]:
    """Return all that the rows tell of; what was not measured is left out."""
    found = [*_one(results)]
    for scenario in results.herds:
        found += _herd(results, scenario)
    return [*found, *_early(results), *_many(results), *_computing(results)]


def _one(results: Results) -> Iterator[Promise]:
    ours, plain = results.of("one"), results.of("one", "plain")
    if ours and plain:
        yield _times("One student, from click to notebook", plain, ours, "makespan", 3.5)


def _herd(results: Results, scenario: str) -> Iterator[Promise]:
    rows = results.of(scenario)
    if not rows:
        return
    who = f"{rows[0]['users']} at once"
    fewest = min(row["ok"] for row in rows)
    yield Promise(f"{who}: get in", fewest, "all", rows[0]["users"], "{:.0f}")
    if "looks" in rows[0]:
        yield from _watched(results, rows, who)
    else:
        yield from _side_by_side(rows, results.of(scenario, "plain-300"), who)
        yield from _cpu(rows, results.machine["cores"], who)


def _side_by_side(ours: list[Row], plain: list[Row], who: str) -> Iterator[Promise]:
    if plain:
        yield _times(f"{who}: the last one in", plain, ours, "makespan", 2.5)
        yield _times(f"{who}: mean wait", plain, ours, "mean", 3.5)


def _cpu(rows: list[Row], cores: int, who: str) -> Iterator[Promise]:
    each = _median(rows, "cpu")
    yield Promise(f"{who}: CPU for each", each, "at most", 1.0, "{:.2f} CPU-seconds")
    full = statistics.median(row["makespan"] * cores / (row["users"] * row["cpu"]) for row in rows)
    what = f"{who}: the last one in, against CPU-seconds / cores"
    yield Promise(what, full, "at most", 1.15, "{:.2f} times")


def _watched(results: Results, rows: list[Row], who: str) -> Iterator[Promise]:
    users = rows[0]["users"]
    smaller = [results.of(other) for other in results.herds]
    smaller = [other for other in smaller if other and other[0]["users"] < users]
    if smaller:
        fewer = smaller[-1][0]["users"]
        linear = _median(smaller[-1], "makespan") * users / fewer
        growth = _median(rows, "makespan") / linear
        what = f"{who}: the last one in, against {fewer} at once in proportion"
        yield Promise(what, growth, "at most", 1.1, "{:.2f} times")
    failed, looks = (sum(row[column] for row in rows) for column in ("failed", "looks"))
    yield Promise(f"{who}: pages that fail", failed, "at most", 0, "{:.0f}", f"of {looks}")
    for path in ("health", "home"):
        slow = _median(rows, f"{path}_p95")
        yield Promise(f"{who}: `/hub/{path}` meanwhile, p95", slow, "under", 0.5, "{:.2f} s")


def _early(results: Results) -> Iterator[Promise]:
    rows = results.of("early")
    if rows:
        alone = [seconds for row in rows for seconds in row["alone"]]
        who = "Started early, from click to JupyterLab's page"
        yield Promise(f"{who}: one", statistics.median(alone), "under", 0.1, "{:.3f} s")
        together = f"{who}: {rows[0]['users']} at once, p95"
        yield Promise(together, _median(rows, "p95"), "under", 1, "{:.2f} s")


def _many(results: Results) -> Iterator[Promise]:
    none, some = _beside(results, "many")
    for act in ("start", "poll", "stop") if some else ():
        who = f"Beside {some[0]['users']} servers, one more: {act}"
        yield _growth(who, _median(none, act), _median(some, act))
        yield _growth(f"{who}, the hub's CPU", _hub_cpu(none, act), _hub_cpu(some, act))


def _growth(what: str, before: float, now: float) -> Promise:
    seen = f"{1000 * now:.0f} ms against {1000 * before:.0f} ms"
    return Promise(what, now / before, "at most", 1.2, "{:.2f} times", seen)


def _hub_cpu(rows: list[Row], act: str) -> float:
    """CPU-seconds that this took, without those of as many seconds in which nobody did anything."""
    anyway = _median(rows, "idle_hub") * _median(rows, act)
    return max(_median(rows, f"{act}_hub") - anyway, _NOISE)


def _computing(results: Results) -> Iterator[Promise]:
    none, some = _beside(results, "computing")
    if some:
        before, now = _median(none, "start"), _median(some, "start")
        what = f"A start while {some[0]['users']} kernels compute, against one at rest"
        seen = f"{now:.2f} s against {before:.2f} s"
        yield Promise(what, now / before, "at most", 3, "{:.1f} times", seen)


def _times(what: str, theirs: list[Row], ours: list[Row], column: str, bound: float) -> Promise:
    slow, quick = _median(theirs, column), _median(ours, column)
    seen = f"{quick:.2f} s against {slow:.2f} s"
    return Promise(what, slow / quick, "at least", bound, "{:.1f} times faster", seen)


def _beside(results: Results, scenario: str) -> tuple[list[Row], list[Row]]:
    """Rows beside nobody, and those beside many; the second is empty if either is."""
    rows = results.of(scenario)
    none = [row for row in rows if not row["users"]]
    return none, [row for row in rows if row["users"]] if none else []


def _median(rows: list[Row], column: str) -> float:
    return float(statistics.median(row[column] for row in rows))
