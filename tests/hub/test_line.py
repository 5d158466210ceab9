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
    dict(slug="slow", display_name="Slow", image="{slow}", default=True),
    dict(slug="quick", display_name="Quick", image="{quick}"),
    dict(slug="broken", display_name="Broken", image="{broken}"),
]
c.OpenDataSpawner.start_slots = {slots}
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # a request is answered at once
"""
LATE = r"""
ENTRYPOINT ["sh", "-c", "sleep 3; exec \"$@\"", "--"]
"""
IN_LINE = re.compile(r"You are number (\d+) in line, about (\d+) seconds? to go")


@pytest.fixture(scope="module")
def images(build: Callable[..., str]) -> dict[str, str]:
    """One whose server takes its time, one that is up at once, one that ends at once."""
    quick = build(stand_in.LINES, base=stand_in.BASE)
    slow = build(f"{LATE}{stand_in.LINES}", base=stand_in.BASE)
    return {"quick": quick, "slow": slow, "broken": build('CMD ["false"]', base=quick)}


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, images: dict[str, str]
) -> Iterator[RunningHub]:
    """A hub that starts one server at a time."""
    extra = EXTRA.format(slots=1, **images)
    with running_hub(tmp_path_factory.mktemp("line"), client, extra) as hub:
        yield hub


def _press(hub: RunningHub, users: list[str], image: str = "slow") -> dict[str, Start]:
    """All press Start, one right after the other, and watch until they are in."""
    starts: dict[str, Start] = {}
    for user in users:
        assert hub.ask(user, {"image": image}).status_code == 202

    def watch(user: str) -> None:
        events = hub.follow(user)
        starts[user] = Start(202, str(events[-1]["message"]), events)

    threads = [threading.Thread(target=watch, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return starts


def test_they_are_told_their_place_and_get_in_one_after_the_other(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """First come, first served; places and seconds go down, the bar does not."""
    users = [hub.add_user(new_name("line")) for _ in range(3)]
    starts = _press(hub, users)
    assert all(start.ok for start in starts.values()), starts
    places = [_places(starts[user]) for user in users]
    assert [max(numbers, default=0) for numbers, _ in places] == [0, 1, 2]
    for numbers, seconds in places:
        assert numbers == sorted(numbers, reverse=True)
        assert len(set(seconds)) > 1 or not seconds
    for start in starts.values():
        bar = [event["progress"] for event in start.events]
        assert bar == sorted(bar)
    made = [hub.container(user)["Created"] for user in users]
    assert made == sorted(made)


def _places(start: Start) -> tuple[list[int], list[int]]:
    found = [match for event in start.events if (match := IN_LINE.search(event["message"]))]
    return [int(match[1]) for match in found], [int(match[2]) for match in found]


def test_a_start_that_fails_gives_its_place_on(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Behind a server that ends at once the next one comes up."""
    failing, next_one = (hub.add_user(new_name("line")) for _ in range(2))
    assert hub.ask(failing, {"image": "broken"}).status_code == 202
    starts = _press(hub, [next_one], "quick")
    assert starts[next_one].ok
    assert failing not in hub.servers(failing)


def test_two_tabs_are_one_start(hub: RunningHub, new_name: Callable[[str], str]) -> None:
    """Who presses Start twice is in line once, and in by the first."""
    user = hub.add_user(new_name("line"))
    assert hub.ask(user, {"image": "slow"}).status_code == 202
    assert hub.ask(user, {"image": "slow"}).status_code in (202, 400)
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
            assert hub.ask(user).status_code == 202
        wait_for(lambda: len(_containers(client, users)) == 3, "three containers are starting")
        hub.end(signal.SIGKILL)
        hub.run()
        back = users[1:]  # the first one, whose server was starting, never comes back
        starts = _press(hub, back, "quick")
        assert all(start.ok for start in starts.values()), starts
        assert _containers(client, users) == sorted(back)


def _containers(client: docker.APIClient, users: list[str]) -> list[str]:
    label = f"{homes.LABEL}.user"
    found = client.containers(all=True, filters={"label": label})
    return sorted(c["Labels"][label] for c in found if c["Labels"][label] in users)
