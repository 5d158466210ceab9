"""The line in front of a start: places, seconds, one slot after the other, and a hub that dies."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from opendata_hub import homes
from tests import stand_in
from tests.hub.lines import ask, follow, see
from tests.hubs import RunningHub, Start, running_hub, wait_for

EXTRA = """
c.OpenDataSpawner.catalogue = [
    dict(slug="gated", display_name="Gated", image="{gated}", default=True),
    dict(slug="quick", display_name="Quick", image="{quick}"),
    dict(slug="broken", display_name="Broken", image="{broken}"),
    dict(slug="stubborn", display_name="Stubborn", image="{stubborn}"),
]
c.OpenDataSpawner.start_slots = {slots}
# a request is answered at once
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0, "slow_stop_timeout": 0}}
"""
IN_LINE = re.compile(r"You are number (\d+) in line, about (\d+) seconds? to go")


@pytest.fixture(scope="module")
def images(build: Callable[..., str]) -> dict[str, str]:
    """Up at once, waiting for the test, ended at once, and never willing to end."""
    quick = build(stand_in.LINES, base=stand_in.BASE)
    return {
        "quick": quick,
        "gated": build(f"{stand_in.GATE}{stand_in.LINES}", base=stand_in.BASE),
        "broken": build('CMD ["false"]', base=quick),
        "stubborn": build(f"{stand_in.STUBBORN}{stand_in.LINES}", base=stand_in.BASE),
    }


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, images: dict[str, str]
) -> Iterator[RunningHub]:
    """A hub that starts one server at a time."""
    extra = EXTRA.format(slots=1, **images)
    with running_hub(tmp_path_factory.mktemp("line"), client, extra) as hub:
        yield hub


def test_they_are_told_their_place_and_get_in_one_after_the_other(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """First come, first served; places and seconds go down, the bar does not."""
    users = [hub.add_user(new_name("line")) for _ in range(3)]
    starts: dict[str, Start] = {}
    threads = []
    for place, user in enumerate(users):
        ask(hub, user, "gated")
        threads.append(follow(hub, user, starts))
        if place:
            see(hub, user, f"You are number {place} in line")
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
    ask(hub, failing, "broken")
    assert hub.start(next_one, {"image": "quick"}).ok
    wait_for(lambda: not hub.servers(failing), "the other one has failed")


def test_two_tabs_are_one_start(hub: RunningHub, new_name: Callable[[str], str]) -> None:
    """Who presses Start twice is in line once, and in by the first."""
    user = hub.add_user(new_name("line"))
    ask(hub, user, "gated")
    assert hub.ask(user, {"image": "gated"}).status_code in (202, 400)
    hub.open_gate(user)
    assert hub.follow(user)[-1]["ready"]
    hub.container(user)  # asserts that there is one


def test_who_leaves_the_line_gives_the_place_on(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """A stop in line lets those behind move up, leaves nothing, and bars no later click."""
    first, leaving, last = _in_line(hub, new_name)
    hub.stop(leaving)
    see(hub, last, "You are number 1 in line")
    assert not _containers(hub.client, [leaving])

    ask(hub, leaving, "quick")
    see(hub, leaving, "You are number 2 in line")
    hub.open_gate(first)
    for user in (first, last, leaving):
        assert hub.follow(user)[-1]["ready"]


def test_a_start_that_is_stopped_is_no_failure(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Who stops a server that is coming up is told of no fault, leaves nothing, may come back."""
    user = hub.add_user(new_name("line"))
    ask(hub, user, "gated")
    wait_for(lambda: hub.runs(user), "the container runs")
    hub.stop(user)

    assert not _containers(hub.client, [user])
    assert f"Server of {user}" not in hub.log
    assert "did not answer within" not in hub.page(user, f"/hub/spawn/{user}")
    assert hub.start(user, {"image": "quick"}).ok


def test_the_line_needs_no_open_tab_and_counts_no_second_one(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Who comes back has the same place, and so has who presses Start in another tab."""
    first, absent, last = _in_line(hub, new_name)
    see(hub, absent, "You are number 1 in line")  # and closes the tab

    assert hub.ask(absent, {"image": "quick"}).status_code in (202, 400)
    see(hub, last, "You are number 2 in line")
    see(hub, absent, "You are number 1 in line")
    hub.open_gate(first)
    for user in (first, absent, last):
        assert hub.follow(user)[-1]["ready"]
        hub.container(user)  # asserts that there is one


def _in_line(hub: RunningHub, new_name: Callable[[str], str]) -> tuple[str, str, str]:
    """One who has the slot until the gate is opened, and two who wait for it."""
    first, second, third = (hub.add_user(new_name("line")) for _ in range(3))
    ask(hub, first, "gated")
    wait_for(lambda: hub.runs(first), "the first one has the slot")
    ask(hub, second, "quick")
    ask(hub, third, "quick")
    see(hub, third, "You are number 2 in line")
    return first, second, third


def test_servers_that_will_not_stop_delay_no_start(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """While three are asked to end and do not listen, somebody else gets in."""
    leaving = [hub.add_user(new_name("stubborn")) for _ in range(3)]
    for user in leaving:
        ask(hub, user, "stubborn")
        assert hub.follow(user)[-1]["ready"]
    for user in leaving:
        hub.api.delete(f"/users/{user}/server").raise_for_status()
    coming = hub.add_user(new_name("line"))
    ask(hub, coming, "quick")

    assert hub.follow(coming)[-1]["ready"]

    assert all(hub.servers(user)[""]["pending"] == "stop" for user in leaving)
    for user in leaving:
        hub.client.kill(hub.container(user)["Id"])
        wait_for(lambda who=user: not hub.servers(who), "the server has ended")


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
            ask(hub, user, "gated")
        wait_for(lambda: len(_containers(client, users)) == 3, "three containers are starting")
        never_back = _containers(client, users)[0]
        hub.end(signal.SIGKILL)
        hub.run()
        back = [user for user in users if user != never_back]
        starts: dict[str, Start] = {}
        for user in back:
            ask(hub, user, "quick")
        for thread in [follow(hub, user, starts) for user in back]:
            thread.join()
        assert all(start.ok for start in starts.values()), starts
        assert _containers(client, users) == sorted(back)


def _containers(client: docker.APIClient, users: list[str]) -> list[str]:
    label = f"{homes.LABEL}.user"
    found = client.containers(all=True, filters={"label": label})
    return sorted(c["Labels"][label] for c in found if c["Labels"][label] in users)
