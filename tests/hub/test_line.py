"""The line in front of a start: places, seconds, one slot after the other, and a hub that dies."""

import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from opendata_hub import homes
from tests import stand_in
from tests.hubs import RunningHub, Start, running_hub, wait_for

EXTRA = """
c.OpenDataSpawner.catalogue = [
    dict(slug="gated", display_name="Gated", image="{gated}", default=True),
    dict(slug="quick", display_name="Quick", image="{quick}"),
    dict(slug="broken", display_name="Broken", image="{broken}"),
]
c.OpenDataSpawner.start_slots = {slots}
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # a request is answered at once
"""
IN_LINE = re.compile(r"You are number (\d+) in line, about (\d+) seconds? to go")


@pytest.fixture(scope="module")
def images(build: Callable[..., str]) -> dict[str, str]:
    """One whose server waits for the test, one that is up at once, one that ends at once."""
    quick = build(stand_in.LINES, base=stand_in.BASE)
    gated = build(f"{stand_in.GATE}{stand_in.LINES}", base=stand_in.BASE)
    return {"quick": quick, "gated": gated, "broken": build('CMD ["false"]', base=quick)}


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, images: dict[str, str]
) -> Iterator[RunningHub]:
    """A hub that starts one server at a time."""
    extra = EXTRA.format(slots=1, **images)
    with running_hub(tmp_path_factory.mktemp("line"), client, extra) as hub:
        yield hub


def _follow(hub: RunningHub, user: str, starts: dict[str, Start]) -> threading.Thread:
    """Watch a start until its end, as a browser does."""

    def watch() -> None:
        events = hub.follow(user)
        starts[user] = Start(202, str(events[-1]["message"]), events)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def _ask(hub: RunningHub, user: str, image: str) -> None:
    assert hub.ask(user, {"image": image}).status_code == 202


def _see(hub: RunningHub, user: str, words: str) -> None:
    """Wait until the user's page says this."""
    with hub.api.stream("GET", f"/users/{user}/server/progress") as stream:
        next(line for line in stream.iter_lines() if words in line)


def test_they_are_told_their_place_and_get_in_one_after_the_other(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """First come, first served; places and seconds go down, the bar does not."""
    users = [hub.add_user(new_name("line")) for _ in range(3)]
    starts: dict[str, Start] = {}
    threads = []
    for place, user in enumerate(users):
        _ask(hub, user, "gated")
        threads.append(_follow(hub, user, starts))
        if place:
            _see(hub, user, f"You are number {place} in line")
        else:
            wait_for(lambda: hub.runs(users[0]), "the first one has the slot")
    for user in users:
        hub.open_gate(user)
        wait_for(lambda who=user: who in starts, f"{user} is in")
        assert starts[user].ok, starts[user]
    for thread in threads:
        thread.join()
    places = [_places(starts[user]) for user in users]
    assert [max(numbers, default=0) for numbers, _ in places] == [0, 1, 2]
    for numbers, _ in places:
        assert numbers == sorted(numbers, reverse=True)
    for start in starts.values():
        bar = [event["progress"] for event in start.events]
        assert bar == sorted(bar)


def _places(start: Start) -> tuple[list[int], list[int]]:
    found = [match for event in start.events if (match := IN_LINE.search(event["message"]))]
    return [int(match[1]) for match in found], [int(match[2]) for match in found]


def test_a_start_that_fails_gives_its_place_on(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Behind a server that ends at once the next one comes up."""
    failing, next_one = (hub.add_user(new_name("line")) for _ in range(2))
    _ask(hub, failing, "broken")
    assert hub.start(next_one, {"image": "quick"}).ok
    wait_for(lambda: not hub.servers(failing), "the other one has failed")


def test_two_tabs_are_one_start(hub: RunningHub, new_name: Callable[[str], str]) -> None:
    """Who presses Start twice is in line once, and in by the first."""
    user = hub.add_user(new_name("line"))
    _ask(hub, user, "gated")
    assert hub.ask(user, {"image": "gated"}).status_code in (202, 400)
    hub.open_gate(user)
    assert hub.follow(user)[-1]["ready"]
    hub.container(user)  # asserts that there is one


def test_a_hub_that_is_killed_loses_nobody(
    client: docker.APIClient,
    tmp_path: Path,
    images: dict[str, str],
    new_name: Callable[[str], str],
) -> None:
    """Of thirteen, three starting, each gets in by one click; no container is left over."""
    with running_hub(tmp_path, client, EXTRA.format(slots=3, **images)) as hub:
        users = [hub.add_user(new_name("line")) for _ in range(13)]
        for user in users:
            _ask(hub, user, "gated")
        wait_for(lambda: len(_containers(client, users)) == 3, "three containers are starting")
        never_back = _containers(client, users)[0]
        hub.end(signal.SIGKILL)
        hub.run()
        back = [user for user in users if user != never_back]
        starts: dict[str, Start] = {}
        for user in back:
            _ask(hub, user, "quick")
        for thread in [_follow(hub, user, starts) for user in back]:
            thread.join()
        assert all(start.ok for start in starts.values()), starts
        assert _containers(client, users) == sorted(back)


def _containers(client: docker.APIClient, users: list[str]) -> list[str]:
    label = f"{homes.LABEL}.user"
    found = client.containers(all=True, filters={"label": label})
    return sorted(c["Labels"][label] for c in found if c["Labels"][label] in users)
