"""Links to image and notebook, in every state that a student's server can be in."""

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from tests.hubs import RunningHub, wait_for

REPO = "https://git.example.org/owner/course.git"
LINK = f"/hub/lesson?image=small&repo={REPO}&open=first.ipynb"
ON_THE_WAY = ("/hub/spawn-pending/", "/hub/lesson")


def image(hub: RunningHub, user: str) -> str:
    """Slug of the image that runs."""
    return str(hub.container(user)["Config"]["Labels"]["org.opendata-hub.image"])


def words(page: httpx.Response) -> str:
    """A page's text, unescaped and on one line."""
    return " ".join(html.unescape(page.text).split())


def arrive(hub: RunningHub, user: str, session: httpx.Client, link: str) -> httpx.Response:
    """Open a link as often as its pages do by themselves, until it has led somewhere."""

    def somewhere() -> httpx.Response | None:
        page = session.get(link)
        return None if page.url.path.startswith(ON_THE_WAY) else page

    return wait_for(somewhere, f"{link} leads {user} somewhere; the log:\n{hub.log[-3000:]}")


def assert_pulls(page: httpx.Response, user: str) -> None:
    """It is nbgitpuller's page in the user's own server, told what to fetch and where to go."""
    assert page.status_code == 200
    assert page.url.path == f"/user/{user}/git-pull"
    assert parse_qs(page.url.query.decode()) == {
        "repo": [REPO],
        "targetpath": ["course"],
        "urlpath": ["lab/tree/course/first.ipynb"],
    }


def test_from_no_server_to_the_notebook_and_to_another_image(hub: RunningHub, user: str) -> None:
    """A link starts its image; where another one runs it asks, and stops only when told to."""
    session = hub.session(user)
    assert_pulls(arrive(hub, user, session, LINK), user)
    assert image(hub, user) == "small"

    other = LINK.replace("image=small", "image=starter")
    container = hub.container(user)["Id"]
    hub.end()
    hub.run()  # what runs must be known also to a hub that has not started it
    asked = session.get(other)
    assert asked.status_code == 200
    assert "Switch to Starter?" in words(asked)
    assert "You have a server running with <strong>Small</strong>" in words(asked)
    assert session.post(other).status_code == 403  # a page elsewhere cannot press the button
    assert hub.container(user)["Id"] == container
    assert_pulls(session.get(other.replace("image=starter&", "")), user)  # "Open in Small"

    form = {"_xsrf": re.findall('name="_xsrf" value="([^"]+)"', asked.text)[0]}
    session.post(other, data=form)
    assert_pulls(arrive(hub, user, session, other), user)
    assert image(hub, user) == "starter"
    container = hub.container(user)["Id"]
    session.post(other, data=form)  # from the page of before
    assert hub.container(user)["Id"] == container
    assert "/user/" in session.get("/hub/lesson?image=starter").url.path


def test_while_a_server_starts(hub: RunningHub, user: str, build: Callable[[str], str]) -> None:
    """The link shows how the start goes on, and is followed after it."""
    session, slow = hub.session(user), build('CMD ["sleep", "600"]')
    session.get(f"/hub/spawn/{user}?opt-custom_image={slow}")

    waiting = session.get(LINK)

    assert waiting.url.path == f"/hub/spawn-pending/{user}"
    assert waiting.url.params["next"] == LINK


def test_an_image_without_nbgitpuller(
    hub: RunningHub, user: str, build: Callable[[str], str]
) -> None:
    """A page says what is missing, and who can help; links without a repository work."""
    bare = "RUN rm -r /opt/venv/lib/python3.11/site-packages/nbgitpuller"
    assert hub.start(user, {"custom_image": build(bare)}).ok
    session = hub.session(user)

    page = session.get(LINK.replace("image=small&", ""))

    assert "cannot fetch this notebook" in words(page)
    assert f"brings files from {REPO} with nbgitpuller, which the image" in words(page)
    asked = words(session.get(LINK))
    assert "Switch to Small?" in asked
    assert "Open in opendata-hub/" not in asked
    assert session.get("/hub/lesson?open=first.ipynb").url.path.endswith("/lab/tree/first.ipynb")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("image=smal", "There is no image 'smal' for you here; choose one of: starter, small."),
        ("image=smal", "Did you mean 'small'?"),
        ("image=staff", "There is no image 'staff' for you here"),
        ("repo=ext::sh&branch=--force", "The link: repo is 'ext::sh'; write the address"),
        ("repo=ext::sh&branch=--force", "The link: branch is '--force'; write the name"),
        ("open=<script>alert(1)</script>/..", "open is '<script>"),
    ],
)
def test_a_link_that_cannot_work_is_refused(
    hub: RunningHub, user: str, query: str, reason: str
) -> None:
    """The page says why, in words and with every value escaped; nothing is started."""
    page = hub.session(user).get(f"/hub/lesson?{query}")

    assert page.status_code == 400
    assert reason in words(page)
    assert "<script>alert" not in page.text
    assert hub.servers(user) == {}


def test_a_link_that_leaves_the_image_open(hub: RunningHub, user: str) -> None:
    """Who has no server chooses a notebook, and the link goes on from there."""
    page = hub.session(user).get("/hub/lesson?open=first.ipynb")

    assert page.url.path == f"/hub/spawn/{user}"
    assert page.url.params["next"] == "/hub/lesson?open=first.ipynb"
    assert 'value="small"' in page.text
