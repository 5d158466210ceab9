"""Our own events, through the hub's event log."""

from pathlib import Path
from typing import Any

from jupyterhub.orm import Service
from traitlets.log import get_logger

SCHEMA = "https://opendata-hub.org/events/audit"
_FILE = Path(__file__).with_name("event.yaml")
_LONGEST_NAME = 32


def emit(handler: Any, event: str, **facts: Any) -> None:
    """
    Emit an event that a request has brought.

    Whatever is wrong with an event is said in the hub's log: the request has been answered.

    Args:
        handler: of the hub; it knows the event log and the address of the client.
        facts: as ``event.yaml`` describes them; what is empty is left out.
    """
    try:
        log = handler.settings["eventlog"]
        if SCHEMA not in log.schemas:
            log.register_event_schema(_FILE)
        known = {"event": event, "address": handler.request.remote_ip, **facts}
        log.emit(schema_id=SCHEMA, data={k: v for k, v in known.items() if v not in (None, "", [])})
    except Exception:
        get_logger().exception("The event '%s' is not written down", event)


def name_of(actor: Any) -> str:
    """Name of a user, of a service, or of nobody; no user's name looks like a service's."""
    if actor is None:
        return ""
    name = str(actor.name)
    return f"service:{name}" if isinstance(actor, Service) else user(name)


def user(name: str) -> str:
    """A user's name; one that could be taken for a service or for the machine is marked."""
    return f"user:{name}" if ":" in name else name


def typed(text: Any) -> str:
    """What a stranger has typed as a name, cut so that nobody fills the file with it."""
    text = str(text or "")
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
