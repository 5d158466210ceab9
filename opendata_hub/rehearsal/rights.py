"""What a rehearsal may do in a hub."""

from collections.abc import Collection, Iterable
from typing import Any

NAME = "rehearsal"

LOOK = ("list:users", "read:users:activity", "read:servers")
"""Scopes to see who is here."""

PLAY = ("admin:users", "tokens", "delete:servers")
"""Scopes to make the invented students, log them in, stop their servers, and delete them."""

JOIN = "groups"
"""Scope to put them into a group, for an image that only this group may start."""

_ITSELF = f"read:services:name!service={NAME}"  # asked for with each request, and else warned of


def add(c: Any) -> None:
    """
    Let a hub know rehearsals, as a service without a process and without a token.

    Whoever can write into the hub's database can make it a token for a while.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
    """
    c.JupyterHub.services.append({"name": NAME})
    role = {"name": NAME, "services": [NAME], "scopes": [*LOOK, *PLAY, JOIN, _ITSELF]}
    c.JupyterHub.load_roles.append(role)


def scopes(users: Iterable[str], group: str | None = None) -> list[str]:
    """Scopes of a token that sees who is here, and can touch nobody but these users."""
    own = [f"{scope}!user={user}" for user in users for scope in PLAY]
    return [*LOOK, *own, *([f"{JOIN}!group={group}"] if group else [])]


def missing(held: Collection[str]) -> list[str]:
    """
    Return the scopes that a token lacks.

    Args:
        held: all scopes of the token, those that follow from others included.
    """
    bare = {scope.partition("!")[0] for scope in held}
    return [scope for scope in (*LOOK, *PLAY) if scope not in bare]
