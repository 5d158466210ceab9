"""`audit` in hub.yaml: who did what, and what of hub.yaml has changed since the last start."""

import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import click
from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from opendata_hub import audit
from opendata_hub.audit import Ledger
from opendata_hub.fields import Duration, Model, Size
from opendata_hub.settings.state import State, private


def _switch(value: object) -> object:
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, str | int | float):
        raise ValueError("write false, or keys such as keep: 90d")
    return value


class Audit(Model):
    """Who logged in, failed to, started, stopped and opened whose server, and changed what."""

    enabled: bool = Field(True, description="`audit: false` is enough, and nothing is kept.")
    file: Path | None = Field(
        None,
        description="Where it is written, relative to hub.yaml, in a folder that is there; "
        "`.hub/audit.jsonl` unless written.",
    )
    keep: Duration = Field(
        90 * 86400,
        description="How long events are kept. They name people: no longer than you need them.",
        json_schema_extra={"default": "90d"},
    )
    size: Size = Field(
        100 * 2**20,
        description="Room on the disk for all of it; the oldest go before it gets larger.",
        json_schema_extra={"default": "100M"},
    )


AuditEntry = Annotated[
    Audit, BeforeValidator(_switch, json_schema_input_type=Literal[False] | Audit)
]


def ledger(entry: Audit, folder: Path) -> Ledger | None:
    """
    Return the ledger of a hub, or None where there shall be none.

    Args:
        folder: of hub.yaml.
    """
    if not entry.enabled:
        return None
    own = State(folder).folder / "audit.jsonl"
    file = folder / entry.file.expanduser() if entry.file else own
    return Ledger(file, entry.size, entry.keep)


def faults(entry: Audit, folder: Path) -> Iterator[str]:
    """Say what is wrong with ``audit``: one sentence per fault, with its key."""
    if entry.enabled and entry.file:
        file = folder / entry.file.expanduser()
        if not file.parent.is_dir() or file.is_dir():
            yield f"audit.file is {str(file)!r}; write the name of a file, in a folder that exists."


def begin(c: Any, settings: Any, state: State) -> None:
    """Have the hub write down who does what, and this start of it."""
    book = ledger(settings.audit, settings.folder)
    if book is None:
        return
    audit.add(c, book)
    try:
        note_start(book, settings, state.last_settings)
    except OSError as error:  # a full disk stops no class
        click.echo(f"{book.file}: the start of the hub is not written down: {error.strerror}")


def note_start(ledger: Ledger, settings: BaseModel, state: Path) -> None:
    """
    Write down that the hub starts, by whom, and which top-level keys say something else now.

    Args:
        state: file of the digests of the last start.

    Raises:
        OSError: the ledger or that file cannot be written.
    """
    now, before = _digests(settings), _read(state)
    changed = sorted(name for name in {*now, *before} if now.get(name) != before.get(name))
    if now != before:
        _write(state, now)
    ledger.append("hub-started", {"by": operator(), "changed": changed if before else []})


def operator() -> str:
    """Who runs this process: a user of the machine, behind sudo, too."""
    name = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    try:
        return f"machine:{name or getpass.getuser()}"
    except (KeyError, OSError):  # a number without a name
        return f"machine:{os.geteuid()}"


def _digests(settings: BaseModel) -> dict[str, str]:
    """Digests of what is written under each key; it may be a secret."""
    written = settings.model_dump(exclude_unset=True, exclude={"folder", "lock"})
    return {name: _digest(value) for name, value in written.items() if value not in (None, {}, ())}


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _read(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}


def _write(file: Path, digests: dict[str, str]) -> None:
    draft = file.with_suffix(".new")
    with open(draft, "w", opener=private, encoding="utf-8") as stream:
        json.dump(digests, stream)
    draft.replace(file)
