"""
The numbers that ``invariant-mass.ipynb`` must print, from a formula written out in plain numpy.

``python reference.py FILE PARTICLE`` prints them as JSON. It runs wherever uproot is: beside the
tests, or in the image beside the notebook.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import uproot


def numbers(file: Path, particle: str) -> dict[str, float]:
    """
    Count and average the pairs of one file.

    Args:
        particle: "Muon" (events with two, of opposite charge) or "Jet" (the two leading ones above
            30 GeV).

    Returns:
        dict: events, pairs, mean (GeV, of all pairs), peak (pairs between 81 and 101 GeV).
    """
    root = uproot.open(file)
    tree = root[root.keys(filter_classname="TTree")[0]]
    columns = tree.arrays(filter_name=f"{particle}_*", library="np")
    fields = {name.split("_", 1)[1].lower(): column for name, column in columns.items()}
    events = [{n: c[i] for n, c in fields.items()} for i in range(tree.num_entries)]
    masses = np.array([_mass(event, rows) for event in events if (rows := _pair(event, particle))])
    peak = int(((masses > 81) & (masses < 101)).sum())
    return {
        "events": tree.num_entries,
        "pairs": len(masses),
        "mean": float(masses.mean()),
        "peak": peak,
    }


def _pair(event: dict[str, Any], particle: str) -> list[int]:
    """Rows of the two that are paired in one event; empty if it has no such pair."""
    if particle == "Muon":
        return [0, 1] if sorted(event["charge"]) == [-1, 1] else []
    above = np.flatnonzero(event["pt"] > 30)
    return [int(row) for row in above[:2]] if len(above) >= 2 else []


def _mass(event: dict[str, Any], rows: list[int]) -> float:
    e, x, y, z = sum(_four_momentum(event, row) for row in rows)
    return float(np.sqrt(max(e**2 - x**2 - y**2 - z**2, 0.0)))


def _four_momentum(event: dict[str, Any], row: int) -> Any:
    if "px" in event:
        return np.array([float(event[name][row]) for name in ("e", "px", "py", "pz")])
    pt, eta, phi, mass = (float(event[name][row]) for name in ("pt", "eta", "phi", "mass"))
    x, y, z = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.array([np.sqrt(x**2 + y**2 + z**2 + mass**2), x, y, z])


if __name__ == "__main__":
    print(json.dumps(numbers(Path(sys.argv[1]), sys.argv[2])))
