"""The numbers in a file, each as soon as it is there."""

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.scenarios import Row

_DIGITS = 5


class Results:
    """
    Rows of all scenarios, from one machine.

    Attributes:
        machine: :func:`benchmarks.machine.facts` of it.
        load: how many processes wanted to run, over the last minute, before the first row.
        rows: in the order in which they were made.
    """

    def __init__(self, machine: dict[str, Any], rows: list[Row], load: float) -> None:
        self.machine, self.rows, self.load = machine, rows, load

    @classmethod
    def begin(cls, file: Path, machine: dict[str, Any], again: set[str] | None) -> "Results":
        """
        Make room for new numbers.

        Args:
            again: scenarios that are measured again, the others stay; None for a new file.

        Raises:
            SystemExit: the rest comes from another machine, image or version.
        """
        load = round(os.getloadavg()[0], 2)
        if again is None or not file.exists():
            return cls(machine, [], load)
        old = cls.read(file)
        if old.machine != machine:
            raise SystemExit(
                f"{file} holds numbers of another machine, image or version, which do not compare. "
                "Measure all, without --only, or name another folder with --to."
            )
        return cls(machine, [row for row in old.rows if row["scenario"] not in again], load)

    @classmethod
    def read(cls, file: Path) -> "Results":
        """Read what :meth:`add` wrote."""
        read = json.loads(file.read_text("utf-8"))
        return cls(read["machine"], read["rows"], read["load"])

    def of(self, scenario: str, kind: str = "ours") -> list[Row]:
        """Return the rows of one kind of hub."""
        return [row for row in self.rows if (row["scenario"], row["kind"]) == (scenario, kind)]

    @property
    def herds(self) -> list[str]:
        """Scenarios in which a class presses Start together, the smallest first."""
        sizes = {row["scenario"]: row["users"] for row in self.rows if "waits" in row}
        return sorted(sizes.keys() - {"one"}, key=lambda scenario: sizes[scenario])

    def add(self, scenario: str, row: Row, file: Path) -> None:
        """Add a row, and write the file."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.rows.append({"scenario": scenario, "when": now, **_rounded(row)})
        content = {"machine": self.machine, "load": self.load, "rows": self.rows}
        file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return value
