"""The record of who did what, as a real hub writes it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import docker
import httpx
import pytest

from tests import stand_in, visitors
from tests.hubs import RunningHub, wait_for
from tests.visitors import PASSWORD, ask, enter, log_in

HUB_YAML = """
images: [{{slug: light, display_name: Light, image: "{image}"}}]
pulling: {{enabled: false}}
homes: {{snapshots: false}}
culling: false
classes: [{{name: course, users: [audit-zoe], instructors: [audit-carol]}}]
"""


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., str],
) -> Iterator[RunningHub]:
    """A hub as hub.yaml sets it up, whose servers are up at once."""
    settings = HUB_YAML.format(image=build(stand_in.LINES, base=stand_in.BASE))
    with visitors.hub_of(tmp_path_factory.mktemp("audit"), client, settings) as hub:
        yield hub


@pytest.fixture(scope="module")
def boss(hub: RunningHub) -> httpx.Client:
    """The admin's browser."""
    return visitors.admin(hub)


@pytest.fixture
def pupil(hub: RunningHub, boss: httpx.Client, new_name: Callable[[str], str]) -> str:
    """A student who has signed up and was let in."""
    return visitors.sign_up(hub, boss, new_name("pupil"))


def entries(hub: RunningHub) -> list[dict[str, Any]]:
    """All that is written down."""
    lines = (hub.folder / ".hub" / "audit.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def found(hub: RunningHub, event: str, **facts: Any) -> dict[str, Any]:
    """The event with these facts, for which it waits: a line comes after its answer."""

    def look() -> dict[str, Any] | None:
        known = (entry for entry in entries(hub) if {**entry, **facts} == entry)
        return next((entry for entry in known if entry["event"] == event), None)

    return wait_for(look, f"{event} with {facts} is written; there is:\n{entries(hub)}")


def test_logins_and_sign_ups(hub: RunningHub, pupil: str, boss: httpx.Client) -> None:
    """Who came in, who did not, who let whom in; from where is what the proxy says."""
    student = visitors.browser(hub, **{"X-Real-Ip": "6.6.6.6"})
    assert not log_in(student, pupil, "guess")
    assert not log_in(student, "x" * 5000, "guess")
    assert log_in(student, pupil)
    student.get("/hub/logout")

    came = found(hub, "login", by=pupil, method="native")
    assert found(hub, "login-failed", user=pupil)["address"] == came["address"]
    assert came["address"] != "6.6.6.6"
    assert len(found(hub, "login-failed", user="x" * 32 + "…")) < 6
    assert found(hub, "logout", by=pupil)
    ask(boss, "PATCH", f"users/{pupil}", {"admin": True}).raise_for_status()
    assert found(hub, "user-changed", by="admin", user=pupil, admin=True)
    assert found(hub, "sign-up", user=pupil)
    assert found(hub, "approval", by="admin", user=pupil, approved=True)


def test_servers(hub: RunningHub, pupil: str, boss: httpx.Client) -> None:
    """Who asked for a start or a stop, what became of it, and who opened another one's server."""
    student = visitors.browser(hub)
    log_in(student, pupil)
    student.get(f"/hub/spawn/{pupil}?opt-image=light")
    found(hub, "server-start-asked", by=pupil, user=pupil)
    found(hub, "server-start", user=pupil)
    enter(student, pupil)
    enter(boss, pupil)
    hub.stop(pupil)

    found(hub, "server-opened", by="admin", user=pupil)
    found(hub, "server-stop", user=pupil)
    found(hub, "server-stop-asked", by="service:tester", user=pupil, through="token")
    opened = [entry for entry in entries(hub) if entry["event"] == "server-opened"]
    assert [entry["by"] for entry in opened if entry["user"] == pupil] == ["admin"]


def test_servers_of_a_class(hub: RunningHub, boss: httpx.Client) -> None:
    """What is asked for on the page of a class is by whoever pressed the button."""
    hub.users.add("audit-zoe")
    page = "/hub/class/course/audit-zoe"
    visitors.send(boss, f"{page}/start").raise_for_status()
    found(hub, "server-start", user="audit-zoe")
    visitors.send(boss, f"{page}/stop").raise_for_status()
    found(hub, "server-stop", user="audit-zoe")

    for event in ("server-start-asked", "server-stop-asked"):
        found(hub, event, by="admin", user="audit-zoe", group="course")


def test_users_groups_and_tokens(hub: RunningHub, new_name: Callable[[str], str]) -> None:
    """Whatever the API changes, with names; and nothing that only one look has asked for."""
    user, group = new_name("user"), new_name("group")
    hub.users.add(user)
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/users", {"usernames": [user], "admin": False}),
        ("POST", f"/groups/{group}", None),
        ("POST", f"/groups/{group}/users", {"users": [user]}),
        ("DELETE", f"/groups/{group}/users", {"users": [user]}),
        ("PUT", f"/groups/{group}/properties", {}),
        ("POST", f"/users/{user}/tokens", {"note": "geheim", "scopes": ["self"]}),
        ("GET", f"/users/{user}", None),
        ("POST", f"/users/{user}/activity", {"last_activity": "2026-01-01T00:00:00Z"}),
        ("DELETE", f"/groups/{group}", None),
    ]
    answers = [hub.api.request(*one[:2], json=one[2]).raise_for_status() for one in asked]
    hub.api.request("DELETE", f"/users/{user}", content=b"no JSON").raise_for_status()
    found(hub, "user-deleted", user=user)

    written = [entry for entry in entries(hub) if {user, group} & names(entry)]
    assert [entry["event"] for entry in written] == [
        "user-made", "group-made", "group-joined", "group-left", "group-changed", "token-made",
        "group-deleted", "user-deleted",
    ]  # fmt: skip
    assert {entry["by"] for entry in written} == {"service:tester"}
    file = (hub.folder / ".hub" / "audit.jsonl").read_text()
    for secret in (answers[5].json()["token"], hub.token, PASSWORD, "geheim", "?"):
        assert secret not in file


def names(entry: dict[str, Any]) -> set[str]:
    """Users and groups that it is about."""
    return {entry.get("user", ""), entry.get("group", ""), *entry.get("users", ())}
