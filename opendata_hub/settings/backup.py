"""What hub.yaml may hold about the nightly backup, and how the last one went."""

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field

from opendata_hub.fields import Count, Matching, Model
from opendata_hub.settings.state import State, private

JOURNAL = "OPENDATA_HUB_JOURNAL"
"""Variable that a backup has whose words are kept in a journal: no password is among them."""

Time = Annotated[
    str, Matching(r"([01]\d|2[0-3]):[0-5]\d", 'write hours and minutes in quotes, such as "03:30"')
]


class Backup(Model):
    """A backup each night, of a hub that `opendata-hub install` set up."""

    to: str | None = Field(
        None,
        min_length=1,
        description="Where it goes, as for `opendata-hub backup`: a folder, or an address such as "
        "`sftp:me@host:/hub`. `opendata-hub install` then sets up a timer; without it there is "
        "none. What restic takes from the environment, such as keys of S3, is written into "
        "`backup.env` beside hub.yaml.",
        examples=["/mnt/usb/hub"],
    )
    at: Time = Field("03:30", description="When, by the clock of the machine.")
    keep: Count = Field(14, ge=1, description="So many backups are kept, the last ones.")


@dataclass(frozen=True)
class Note:
    """
    How the last backup went, whoever has started it.

    Attributes:
        place: where it went.
        ended: when, in Unix seconds.
        problem: why it did not go well; None if it did.
        saved: when the last one went well, in Unix seconds; None if none ever did.
    """

    place: str
    ended: float
    problem: str | None
    saved: float | None


def read_note(state: State) -> Note | None:
    """Return how the last backup went; None before the first."""
    try:
        return Note(**json.loads(state.last_backup.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def note(state: State, place: str, problem: str | None) -> None:
    """Write down that a backup has ended; a state that cannot be written is no reason to fail."""
    before, now = read_note(state), time.time()
    saved = now if problem is None else before.saved if before else None
    draft = state.last_backup.with_suffix(".new")
    with (
        suppress(OSError),
        open(draft, "w", encoding="utf-8", opener=private) as stream,
    ):
        json.dump(asdict(Note(place, now, problem, saved)), stream)
        stream.flush()
        draft.replace(state.last_backup)
