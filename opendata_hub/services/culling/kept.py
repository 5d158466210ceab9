"""Which servers somebody keeps, for longer than one run of the service."""

import json
import logging
from math import inf
from pathlib import Path

log = logging.getLogger("opendata_hub.culling")


class Kept:
    """
    Until when servers are kept, by the id of their container.

    Times are those of ``time.monotonic``, which goes on from process to process. It begins anew
    with the machine, and so do all containers.

    Args:
        file: what outlives this process; None for nothing.
        clock: now.
        longest: seconds for which a server is kept at most, from now on.
    """

    def __init__(self, file: Path | None, clock: float, longest: float) -> None:
        self._file = file
        known = _read(file) if file else {}
        self._until = {one: min(until, clock + longest) for one, until in known.items()}

    def until(self, container: str) -> float:
        """When it ends; minus infinity for never kept."""
        return self._until.get(container, -inf)

    def keep(self, container: str, clock: float, until: float) -> None:
        """Keep one; those whose time is over are forgotten."""
        self._until = {one: end for one, end in self._until.items() if end > clock}
        self._until[container] = until
        try:
            self._write()
        except OSError as error:
            log.error("A restart of the hub forgets who keeps servers: %s", error)

    def _write(self) -> None:
        if self._file:
            draft = self._file.with_suffix(".new")
            draft.write_text(json.dumps(self._until), "utf-8")
            draft.replace(self._file)


def _read(file: Path) -> dict[str, float]:
    try:
        known = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):  # there is none, or the power went meanwhile
        return {}
    times = known.items() if isinstance(known, dict) else ()
    return {one: until for one, until in times if isinstance(until, int | float)}
