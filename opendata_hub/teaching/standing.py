"""How the server of a student is, for their instructors to read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jupyterhub import orm
from jupyterhub.user import User

from opendata_hub.spawner import OpenDataSpawner

STOPPED, FAILED, STARTING, RUNNING, STOPPING = (
    "stopped", "failed", "starting", "running", "stopping",
)  # fmt: skip


class Standing(NamedTuple):
    """
    One server.

    Attributes:
        server: its name; empty for the default one.
        state: one of the words above.
        text: what is to say about it: the image, the place in line, why it failed.
        notice: what its student reads on the next visit; may be empty.
        url: where it is opened.
    """

    user: str
    server: str
    state: str
    text: str = ""
    notice: str = ""
    url: str = ""


def standings(user: User) -> Iterator[Standing]:
    """Yield the default server of a user, and the named ones that run or are on their way."""
    for name in sorted(user.orm_spawners):
        if not name or _is_active(user, name):
            yield _standing(user, user.spawners[name])


def _is_active(user: User, name: str) -> bool:
    return name in user.spawners and bool(user.spawners[name].active)


def _standing(user: User, spawner: OpenDataSpawner) -> Standing:
    state, text = _state(spawner)
    return Standing(
        user.name, spawner.name, state, text, spawner.notice, user.server_url(spawner.name)
    )


def _state(spawner: OpenDataSpawner) -> tuple[str, str]:
    if spawner.pending == "stop":
        return STOPPING, ""
    if spawner.pending:
        return STARTING, spawner.latest_news
    if spawner.ready:
        return RUNNING, _image(spawner)
    if reason := _failure(spawner):
        return FAILED, reason
    return STOPPED, ""


def _failure(spawner: OpenDataSpawner) -> str:
    """Why the last start failed, as its student was told; empty where it did not."""
    start = spawner._spawn_future
    error = start.exception() if start and start.done() and not start.cancelled() else None
    return str(getattr(error, "jupyterhub_message", "The start failed.")) if error else ""


def _image(spawner: OpenDataSpawner) -> str:
    """What people call the image; its slug where the hub was started since."""
    if spawner.choice:
        return str(spawner.choice.name)
    options: dict[str, str] = dict(spawner.orm_spawner.user_options or {})
    return options.get("image") or options.get("custom_image", "")


def students(db: Any, group: str) -> list[orm.User]:
    """Return the members of a group, by name."""
    found = orm.Group.find(db, group)
    return sorted(found.users, key=lambda user: str(user.name)) if found else []
