"""An event as a sentence."""

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "login": "{by} logged in",
    "login-failed": "Login failed as {user}",
    "logout": "{by} logged out",
    "sign-up": "Somebody asked for an account as {user}",
    "approval": "{by} {approves}",
    "account-discarded": "{by} discarded the account {user}",
    "password-change": "{by} asked for a new password of {user}",
    "server-start-asked": "{by} started {whose}",
    "server-stop-asked": "{by} stopped {whose}",
    "server-restart-asked": "{by} started {whose} again",
    "server-start": "{Whose} is up",
    "server-stop": "{Whose} has stopped",
    "server-opened": "{by} opened {whose}",
    "token-made": "{by} made a token of {user}",
    "token-revoked": "{by} revoked the token {token} of {user}",
    "user-made": "{by} added {user}",
    "user-deleted": "{by} deleted {user}",
    "user-changed": "{by} changed {user}",
    "group-made": "{by} added the group {group}",
    "group-deleted": "{by} deleted the group {group}",
    "group-changed": "{by} changed the group {group}",
    "group-joined": "{by} put {user} into the group {group}",
    "group-left": "{by} took {user} out of the group {group}",
    "hub-stopped": "{by} stopped the hub",
    "hub-started": "{by} started the hub{changes}",
    "request": "{by} sent {method} {path}",
    "command": "{by} ran opendata-hub {command}",
}


def sentence(entry: Mapping[str, Any]) -> str:
    """Tell what happened; an event of a later version is told by its name and its facts."""
    words = _SENTENCES.get(str(entry["event"]), "")
    text = words.format_map(_Facts(entry)) if words else _plain(entry)
    return text + _ending(entry)


class _Facts(dict[str, str]):
    """Facts of an entry for a sentence; what it does not say is a question mark."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        super().__init__({name: _shown(value) for name, value in entry.items()})
        self.setdefault("user", _shown(entry.get("users", "")) or "?")
        own = bool(entry.get("by")) and entry.get("by") == entry.get("user")
        server = f"server {self['server']}" if self.get("server") else "server"
        self["Whose"] = f"{self['user']}'s {server}"
        self["whose"] = f"their {server}" if own else self["Whose"]
        yes = bool(entry.get("approved"))
        self["approves"] = f"{'lets' if yes else 'no longer lets'} {self['user']} in"
        self["by"] = _actor(self.get("by", ""))
        changed = _shown(entry.get("changed", ""))
        self["changes"] = f"; other than before: {changed}" if changed else ""

    def __missing__(self, key: str) -> str:
        return "?"


def _actor(name: str) -> str:
    kind, _, rest = name.partition(":")
    words = {
        "service": f"The service {rest}",
        "machine": f"{rest}, on the machine itself,",
        "user": rest,
    }
    return words.get(kind, name) if rest else name or "Somebody"


def _plain(entry: Mapping[str, Any]) -> str:
    facts = (f"{name}={_shown(value)}" for name, value in entry.items())
    return ", ".join(fact for fact in facts if not fact.startswith(("time=", "event=")))


def _ending(entry: Mapping[str, Any]) -> str:
    more = {"True": "as an admin", "False": "as no admin"}.get(str(entry.get("admin")), "")
    through = "by a token" if entry.get("through") == "token" else ""
    method = entry.get("method", "") if entry["event"] in ("login", "login-failed") else ""
    arguments = _shown(entry.get("arguments", ""))
    why = (_shown(entry.get(name, "")) for name in ("reason", "outcome"))
    notes = ", ".join(filter(None, (more, through, _shown(method), *why)))
    return (f" {arguments}" if arguments else "") + (f" ({notes})" if notes else "")


def _shown(value: Any) -> str:
    """Write a fact so that it moves no cursor and sets no colour: strangers may have typed it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value))
