"""How far an installation is: a file that people, a page and scripts read meanwhile."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opendata_hub import places
from opendata_hub.errors import MachineError, OpenDataError

_BROKEN_OFF = "It was broken off; run it again, and it goes on."


def file() -> Path:
    """Where it is: for everybody to read, so no secret is in it."""
    return places.RUN / "install.json"


def read() -> dict[str, Any] | None:
    """
    Return ``steps`` (``name``, ``state``, ``since``), ``problem`` and ``url``; None without any.

    A state is ``done``, ``running``, ``failed`` or ``waiting``; ``since`` is in Unix seconds.
    """
    try:
        content = json.loads(file().read_text("utf-8"))
        return content if isinstance(content, dict) else None
    except (OSError, ValueError):
        return None


class Progress:
    """
    Writes the file; what another program did before, such as ``bootstrap.py``, stays in it.

    Args:
        names: the steps to come.
    """

    def __init__(self, names: Sequence[str]) -> None:
        before = (read() or {}).get("steps", ())
        self._steps = [step for step in before if _is_done_by_others(step, names)]
        self._url: str | None = None
        self.expect(names)

    def expect(self, names: Sequence[str]) -> None:
        """Announce steps to come; those that are known already stay as they are."""
        known = {step["name"] for step in self._steps}
        self._steps += [
            {"name": name, "state": "waiting", "since": _now()}
            for name in names
            if name not in known
        ]
        self._write()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Note that a step is under way, and how it ended."""
        self._set(name, "running")
        try:
            yield
        except BaseException as error:
            problem = str(error) if isinstance(error, OpenDataError) else _BROKEN_OFF
            self._set(name, "failed", problem=problem)
            raise
        self._set(name, "done")

    def tell_url(self, url: str) -> None:
        """Note where the hub is, or is about to be."""
        self._url = url
        self._write()

    def _set(self, name: str, state: str, problem: str | None = None) -> None:
        for step in self._steps:
            if step["name"] == name:
                step.update(state=state, since=_now())
        self._write(problem=problem)

    def _write(self, problem: str | None = None) -> None:
        content = {"steps": self._steps, "problem": problem, "url": self._url}
        target = file()
        draft = target.with_suffix(".new")
        try:
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            draft.write_text(json.dumps(content), "utf-8")
            draft.chmod(0o644)
            draft.replace(target)
        except OSError as error:
            raise MachineError(f"{target} cannot be written: {error.strerror}.") from None


def _is_done_by_others(step: dict[str, Any], names: Sequence[str]) -> bool:
    return step.get("state") == "done" and step.get("name") not in names


def _now() -> int:
    return int(time.time())
