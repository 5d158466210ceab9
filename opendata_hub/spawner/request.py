"""The request that asks for a start."""

from typing import Any

from jupyterhub import orm

AHEAD = "classes"
"""The service that starts servers before their users come."""


def brings_options(handler: Any) -> bool:
    """
    Whether a start's options came with this request, and not from the hub's memory.

    Args:
        handler: the spawner's; None where the hub starts a server by itself.
    """
    if handler is None:
        return False
    named = {key.removeprefix("opt-") for key in handler.request.query_arguments}
    return bool(handler.request.body) or not named.isdisjoint(("image", "custom_image"))


def is_ahead(handler: Any) -> bool:
    """Whether nobody waits for this start yet: the service of the classes asked for it."""
    who = handler and handler.current_user
    return isinstance(who, orm.Service) and who.name == AHEAD
