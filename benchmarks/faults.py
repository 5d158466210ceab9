"""
What faults do to a class that works: the tests of tests/faults, told as a table.

It takes some minutes, and writes faults.md beside this file, which the docs show.
"""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import docker
import pytest

from benchmarks import machine

_IMAGE = "opendata-hub/starter:1"
_HEAD = (
    "| what happens | servers before | ran on | after | files checked | lost | seconds |\n"
    "|---|---|---|---|---|---|---|\n"
)


class _Listener:
    """Hears what became of each class."""

    def __init__(self) -> None:
        self.outcomes: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            told = (value for name, value in report.user_properties if name == "fault")
            self.outcomes += [value for value in told if isinstance(value, dict)]


def table(outcomes: list[dict[str, Any]]) -> str:
    """Return the outcomes as Markdown."""
    return _HEAD + "".join(map(_row, outcomes))


def _row(outcome: dict[str, Any]) -> str:
    cells = (
        outcome["fault"][0].upper() + outcome["fault"][1:],
        outcome["servers"],
        outcome["ran_on"],
        outcome["back"],
        f"{outcome['files']:,}",
        len(outcome["lost"]),
        f"{outcome['seconds']:.1f}",
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def main() -> None:
    """Run them, print the table, and keep it if nothing went wrong."""
    listener = _Listener()
    code = pytest.main(["-q", "--no-cov", "-p", "no:cacheprovider", *_TESTS], plugins=[listener])
    told = table(listener.outcomes)
    print(told)
    if code:
        raise SystemExit("Something went wrong, see above; the table was not kept.")
    facts = machine.facts(docker.APIClient(version="auto"), _IMAGE)
    where = (
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gb']} GB, "
        f"{facts['system']}, Linux {facts['kernel']}, Docker {facts['engine']}. {date.today()}."
    )
    file = Path(__file__).with_suffix(".md")
    file.write_text(f"<!-- made by python -m benchmarks.faults -->\n\n{told}\n{where}\n", "utf-8")


_TESTS = [str(Path(__file__).parents[1] / "tests" / "faults"), *sys.argv[1:]]

if __name__ == "__main__":
    main()
