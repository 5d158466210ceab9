"""What a restore has done, for the next one to go on from."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from opendata_hub.errors import BackupError
from opendata_hub.fields import Model

FOLDER = ".restore"
"""Folder in that of the hub, while a restore of it is under way."""


class _Notes(Model):
    run: str
    done: tuple[str, ...] = ()
    fetched: bool = False


class Journal:
    """
    Notes on the restore of a hub into ``folder``.

    Attributes:
        place: for files that are on their way.
    """

    def __init__(self, folder: Path) -> None:
        self.place = folder / FOLDER
        self._file = self.place / "journal.json"

    @property
    def is_begun(self) -> bool:
        """Whether there is anything to go on from."""
        return self._file.exists()

    def begin(self, run: str) -> None:
        """
        Begin, or go on.

        Raises:
            BackupError: it has begun with another run, or the folder cannot be written.
        """
        if not self.is_begun:
            self._write(_Notes(run=run))
        begun = self._read().run
        if begun != run:
            raise BackupError(
                f"In {self.place.parent}, a restore of {begun} has not ended. End it: --run "
                f"{begun}. To give it up, remove {self.place} and the homes that it made."
            )

    @property
    def done(self) -> tuple[str, ...]:
        """Users whose homes are whole."""
        return self._read().done

    def add(self, users: Sequence[str]) -> None:
        """Write down that homes are whole."""
        notes = self._read()
        self._write(notes.model_copy(update={"done": (*notes.done, *users)}))

    @property
    def is_fetched(self) -> bool:
        """Whether all is here, if not yet in its place."""
        return self._read().fetched

    def set_fetched(self) -> None:
        """Write down that all is here."""
        self._write(self._read().model_copy(update={"fetched": True}))

    def end(self) -> None:
        """Forget it all."""
        shutil.rmtree(self.place)

    def _read(self) -> _Notes:
        try:
            return _Notes.model_validate_json(self._file.read_bytes())
        except (OSError, ValueError) as error:
            raise BackupError(f"{self._file} cannot be read: {error}.") from None

    def _write(self, notes: _Notes) -> None:
        draft = self._file.with_suffix(".new")
        try:
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as file:
                file.write(notes.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file)
        except OSError as error:
            raise BackupError(f"{self._file} cannot be written: {error.strerror}.") from None
