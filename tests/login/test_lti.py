"""Launches from a learning platform by LTI 1.3, in a real browser, with real signatures."""

from collections.abc import Callable, Iterator

import docker
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import Page, expect

from tests.hubs import run
from tests.login.hubs import LoginHub
from tests.login.platform import CLIENT, Platform
from tests.ports import free_ports

REFUSED = "Your learning platform's message was not accepted."


@pytest.fixture(scope="module")
def pair(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LoginHub, Platform]]:
    """A hub and its platform."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    login = {
        "method": "lti",
        "issuer": url,
        "client_id": CLIENT,
        "authorize_url": f"{url}/auth",
        "jwks_url": f"{url}/keys",
        "groups_claim": "course",
        "admins": [],
        "allow": {"courses": ["astronomy", "physics"]},
    }
    evening = {"name": "evening", "users": ["gina@example.org"]}
    hub = LoginHub(tmp_path_factory.mktemp("lti"), client, login, "", evening)
    platform = Platform(port, hub.url)
    platform.run()
    with run(hub):
        yield hub, platform
        platform.end()


def test_a_student_comes_from_a_course(
    pair: tuple[LoginHub, Platform], browse: Callable[..., Page]
) -> None:
    """One click in the course opens the hub; the course is a group, whose images are there."""
    (hub, platform), page = pair, browse()
    page.goto(platform.launch("anna@example.org", "physics"))
    page.wait_for_url(f"{hub.url}/hub/**")
    page.goto(f"{hub.url}/hub/spawn")
    expect(page.get_by_role("radio", name="Starter")).to_be_visible()
    expect(page.get_by_role("radio", name="Stars")).to_have_count(0)

    page.goto(platform.launch("anna@example.org", "astronomy"))
    page.wait_for_url(f"{hub.url}/hub/**")
    page.goto(f"{hub.url}/hub/spawn")
    expect(page.get_by_role("radio", name="Stars")).to_be_visible()
    groups = hub.api.get("/users/anna@example.org").json()["groups"]
    assert sorted(groups) == ["astronomy", "physics"]


def test_a_class_stays_beside_the_courses(
    pair: tuple[LoginHub, Platform], browse: Callable[..., Page]
) -> None:
    """Who is in a class of hub.yaml gets in from any course, and is in both groups."""
    (hub, platform), page = pair, browse()
    page.goto(platform.launch("gina@example.org", "chemistry"))
    page.wait_for_url(f"{hub.url}/hub/**")
    groups = hub.api.get("/users/gina@example.org").json()["groups"]
    assert sorted(groups) == ["chemistry", "evening"]


def test_other_courses_are_not_let_in(
    pair: tuple[LoginHub, Platform], browse: Callable[..., Page]
) -> None:
    """Whoever registers the hub for the whole platform opens it to the named courses only."""
    (hub, platform), page = pair, browse()
    page.goto(platform.launch("ben@example.org", "chemistry"))
    expect(page.get_by_text("Neither you nor this course is let in.")).to_be_visible()
    assert hub.api.get("/users/ben@example.org").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"aud": "another-tool"},
        {"iss": "https://another.example.org"},
        {"exp": 1},
        {"nonce": "of another launch"},
    ],
    ids=["key", "audience", "issuer", "expired", "nonce"],
)
def test_forged_launches_are_refused(
    pair: tuple[LoginHub, Platform], browse: Callable[..., Page], wrong: dict[str, object]
) -> None:
    """What the platform did not sign for this hub and this launch lets nobody in."""
    (hub, platform), page = pair, browse()
    page.goto(platform.launch("eve@example.org", "physics", **wrong))
    expect(page.get_by_text(REFUSED)).to_be_visible()
    assert hub.api.get("/users/eve@example.org").status_code == 404
    assert "Traceback" not in hub.log


def test_who_comes_by_hand_is_told_where_to_begin(
    pair: tuple[LoginHub, Platform], browse: Callable[..., Page]
) -> None:
    """There is no form to log in with; the platform is the way in."""
    (hub, _), page = pair, browse()
    page.goto(f"{hub.url}/hub/")
    expect(page.get_by_text("This hub is opened in a course.")).to_be_visible()
    page.goto(f"{hub.url}/hub/lti13/oauth_login")
    expect(page.get_by_text("This hub is opened in a course.")).to_be_visible()
