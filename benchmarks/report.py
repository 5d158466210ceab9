"""The numbers in words: the promises, the medians of all runs, and where they come from."""

import statistics

from benchmarks.hubs import KINDS
from benchmarks.promises import promises
from benchmarks.results import Results
from benchmarks.scenarios import Row

_COLUMNS = {
    "makespan": "last, s",
    "mean": "mean, s",
    "p95": "p95, s",
    "cpu": "CPU-s",
    "cpu_containers": "containers",
    "cpu_hub": "hub",
}


def markdown(results: Results) -> str:
    """Return all of it."""
    parts = (_promises(results), _medians(results), _notes(results))
    return "\n".join(["<!-- made by python -m benchmarks -->\n", *parts])


def _promises(results: Results) -> str:
    head = "| what | target | measured | reached |\n|---|---|---|---|\n"
    return head + "".join(promise.row() + "\n" for promise in promises(results))


def _medians(results: Results) -> str:
    head = f"| students | hub | got in | range, s | {' | '.join(_COLUMNS.values())} |\n"
    head += "|---" * (4 + len(_COLUMNS)) + "|\n"
    groups = [(results.of(one, kind), kind) for one in ("one", *results.herds) for kind in KINDS]
    return head + "".join(_group(rows, kind) for rows, kind in groups if rows)


def _group(rows: list[Row], kind: str) -> str:
    users, ok = rows[0]["users"], sum(row["ok"] for row in rows)
    lasts = [row["makespan"] for row in rows]
    span = f"{min(lasts):.1f} to {max(lasts):.1f}"
    medians = (f"{statistics.median(row[name] for row in rows):.2f}" for name in _COLUMNS)
    return f"| {users} | {kind} | {ok}/{users * len(rows)} | {span} | {' | '.join(medians)} |\n"


def _notes(results: Results) -> str:
    machine, idle = results.machine, [row["idle_hub"] for row in results.of("many") if row["users"]]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    image = dict(machine["image"])
    name = image.pop("name")
    inside = ", ".join(f"{package} {number}" for package, number in image.items())
    lines = [
        "Medians, and the range of the last one in. CPU-seconds are those of the whole machine "
        "for each student, then what its container and the hub's process have of them.",
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, "
        f"{machine['system']}, Linux {machine['kernel']}, Docker {machine['engine']}; "
        f"load before {results.load}. Python {machine['python']}, {versions}. "
        f"Image `{name}`: {inside}. {results.rows[-1]['when'][:10]}.",
    ]
    if idle:
        beside = max(row["users"] for row in results.of("many"))
        took = statistics.median(idle)
        lines.insert(1, f"To look after {beside} servers takes the hub {took:.1%} of a core.")
    return "\n".join(line + "\n" for line in lines)
