"""A class: its servers start by themselves, and let those who click go first."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests import stand_in
from tests.hubs import RunningHub, running_hub, wait_for

EXTRA = """
from datetime import datetime, timedelta, timezone
from opendata_hub.services import classes
c.OpenDataSpawner.catalogue = [
    dict(slug="other", display_name="Other", image="opendata-hub/none:1", default=True),
    dict(slug="lesson", display_name="Lesson", image="{image}"),
]
c.OpenDataSpawner.start_slots = 1
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
c.JupyterHub.load_groups = {{"class": {{"users": {users!r}}}}}
now = datetime.now(timezone.utc)
classes.add(c, [classes.Lesson(
    name="today", users={users!r}, image="lesson",
    start=now, end=now + timedelta(hours=1), warm_up=1,
)])
"""


@pytest.fixture(scope="module")
def image(build: Callable[..., str]) -> str:
    """One whose server comes up when the test opens the gate."""
    return build(f"{stand_in.GATE}{stand_in.LINES}", base=stand_in.BASE)


@pytest.fixture
def users(new_name: Callable[[str], str]) -> list[str]:
    """Students in the order of their list."""
    return [new_name(f"student-{number}") for number in range(4)]


@pytest.fixture
def hub(
    client: docker.APIClient, tmp_path: Path, image: str, users: list[str]
) -> Iterator[RunningHub]:
    """A hub whose class has just begun; one server starts at a time."""
    with running_hub(tmp_path, client, EXTRA.format(image=image, users=users)) as hub:
        hub.users |= set(users)
        yield hub


def test_a_class_is_ready_and_whoever_clicks_goes_first(
    hub: RunningHub, users: list[str], new_name: Callable[[str], str]
) -> None:
    """All come up without a click; one who looks, and one from elsewhere, overtake the others."""
    wait_for(lambda: all(hub.servers(user) for user in users), "all are in line")
    first = wait_for(lambda: next((u for u in users if hub.runs(u)), None), "one starts")
    *others, looking = (user for user in users if user != first)
    guest = hub.add_user(new_name("guest"))
    assert hub.ask(guest, {"image": "lesson"}).status_code == 202
    watching = threading.Thread(target=hub.follow, args=(looking,))
    watching.start()
    with hub.api.stream("GET", f"/users/{looking}/server/progress") as stream:
        next(line for line in stream.iter_lines() if "You are number 1 in line" in line)
    for user in (first, looking, guest):
        hub.open_gate(user)
        wait_for(lambda who=user: hub.servers(who)[""]["ready"], f"{user} is in")
    watching.join()
    while others:
        user = wait_for(lambda: next((u for u in others if hub.runs(u)), None), "the next one")
        hub.open_gate(user)
        wait_for(lambda who=user: hub.servers(who)[""]["ready"], f"{user} is in")
        others.remove(user)
