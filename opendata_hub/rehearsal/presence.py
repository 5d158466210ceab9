"""Who is in the hub besides a rehearsal; no I/O."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from opendata_hub.errors import RehearsalError

RECENT = timedelta(minutes=5)
_NAMED = 5  # people; more are counted


def present(
    users: Iterable[dict[str, Any]], now: datetime, ours: Collection[str] = (), owner: str = ""
) -> list[str]:
    """
    Say who has a server, or was active lately.

    Args:
        users: as the hub's API has them.
        ours: names that rehearsals made.
        owner: whose token asks; its requests are no sign of a person.

    Returns:
        list: one such as ``anna (has a server)`` for each.
    """
    found = []
    for user in users:
        if user["name"] in ours:
            continue
        if user.get("servers"):
            found.append(f"{user['name']} (has a server)")
        elif user["name"] != owner and (said := _lately(user.get("last_activity"), now)):
            found.append(f"{user['name']} ({said})")
    return found


def _lately(moment: str | None, now: datetime) -> str:
    if not moment:
        return ""
    when = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    if now - when > RECENT:
        return ""
    minutes = int((now - when).total_seconds() // 60)
    return f"active {minutes} min ago" if minutes else "active just now"


def refusal(people: list[str]) -> RehearsalError:
    """Say that these people would be disturbed."""
    more = len(people) - _NAMED
    named = ", ".join(people[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    who = "1 person uses" if len(people) == 1 else f"{len(people)} people use"
    return RehearsalError(
        f"{who} this hub: {named}. A rehearsal takes all of the machine, and would measure them "
        f"too. Come back when they have stopped their servers and been away for "
        f"{RECENT.seconds // 60} minutes, or add --even-if-in-use."
    )
