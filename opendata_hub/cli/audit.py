"""``opendata-hub audit``: who did what on the hub."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from opendata_hub.audit import Ledger, sentence
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import ConfigError
from opendata_hub.fields import parse_duration
from opendata_hub.settings.audit import ledger

_PAUSE = 0.5  # seconds between two looks for more
_COLOURS = {"login-failed": "red", "server-opened": "yellow", "command": "cyan"}


def _seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}; {error}.") from None


@click.command()
@click.option("--user", metavar="NAME", help="Only what this user did, or what was done to them.")
@click.option(
    "--since", metavar="TIME", callback=_seconds, help="Only of the last 30m, 2h, 7d or so."
)
@click.option("--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@options.config
@in_words()
def audit(user: str | None, since: float | None, follow: bool, config: Path | None) -> None:
    """
    Tell who logged in, failed to, started, stopped and opened whose server, and changed what.

    Times are those of this machine. The file itself has one JSON object a line.
    """
    book = _ledger(config)
    after = datetime.now(timezone.utc).timestamp() - since if since else 0.0
    console = Console(highlight=False, soft_wrap=True)
    if not book.file.exists() and not follow:
        raise ConfigError(f"Nothing is written down yet: there is no {book.file}.")
    try:
        for entry in _entries(book, follow):
            if _when(entry) >= after and (user is None or user.lower() in _names(entry)):
                console.print(_line(entry))
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be read: {error.strerror}; run this as the user who runs the "
            "hub, such as with sudo."
        ) from None
    except KeyboardInterrupt:
        return


def _ledger(config: Path | None) -> Ledger:
    settings = options.settings_of(config)
    found = ledger(settings.audit, settings.folder)
    if found is None:
        raise ConfigError("hub.yaml says audit: false, so nothing is written down.")
    return found


def _entries(book: Ledger, follow: bool) -> Iterator[dict[str, Any]]:
    news = book.follow(_PAUSE)
    if follow:
        next(news)  # it begins where the others end
    yield from book.read()
    if follow:
        yield from (entry for entry in news if entry)


def _when(entry: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(entry["time"].replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _names(entry: Mapping[str, Any]) -> set[str]:
    named = (entry.get("by"), entry.get("user"), *entry.get("users", ()))
    return {str(name).lower().rpartition(":")[2] for name in named if name}


def _line(entry: Mapping[str, Any]) -> Text:
    when = datetime.fromtimestamp(_when(entry)).astimezone()
    text = sentence(entry)
    return Text.assemble(
        (f"{when:%Y-%m-%d %H:%M:%S}", "dim"),
        "  ",
        (text, _COLOURS.get(str(entry["event"]), "")),
        (f"  {entry['address']}" if entry.get("address") else "", "dim"),
    )
