"""What scripts of one student's server can do to somebody who opens its page while logged in."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests import stand_in
from tests.browser.people import log_in, send_login
from tests.browser.product import ProductHub

Browse = Callable[..., Page]

ASK = """async ([method, path]) => {
    try {
        return (await fetch(path, {method, credentials: "include", redirect: "manual"})).status;
    } catch { return 0 }
}"""
REACH = """() => {
    try { return window.other.document.body.innerHTML } catch { return "" }
}"""
FRAME = """path => new Promise(tell => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
        try { tell(Boolean(frame.contentDocument && frame.contentDocument.querySelector("a"))) }
        catch { tell(false) }
    };
    frame.src = path;
    document.body.append(frame);
})"""

UNPROVEN = """async path => {
    const answer = await fetch(path, {mode: "no-cors"});
    return [answer.status, await answer.text()];
}"""
PLACES_OF_COOKIES = {
    "frame": """() => new Promise(tell => {
        const frame = document.createElement("iframe");
        frame.onload = () => tell(frame.contentDocument.cookie);
        frame.src = "/hub/static/favicon.ico";
        document.body.append(frame);
    })""",
    "window": """() => new Promise(tell => {
        const other = window.open("/hub/static/favicon.ico");
        other.onload = () => tell(other.document.cookie);
    })""",
}


@pytest.fixture(scope="module")
def stage(hub: ProductHub, build: Callable[..., str]) -> Iterator[str]:
    """A student whose server has a page of its own making."""
    student = hub.newcomer()
    image = build(stand_in.LINES, base=stand_in.BASE)
    assert hub.start(student, {"custom_image": image}).ok
    yield student
    hub.stop(student)


@pytest.fixture
def visit(stage: str, hub: ProductHub, browse: Browse) -> Iterator[tuple[Page, str]]:
    """Somebody who is logged in, and has opened that page; with their name."""
    visitor = hub.newcomer()
    page = browse()
    log_in(page, hub, visitor)
    page.goto(f"/user/{stage}/")
    yield page, visitor


def test_scripts_that_ask_the_hub(visit: tuple[Page, str]) -> None:
    """Scripts of a student's page that ask the hub's API or its services in the name of who opens \
it: refused."""
    page, visitor = visit
    wishes = [
        ("GET", f"/hub/api/users/{visitor}"),
        ("POST", f"/hub/api/users/{visitor}/tokens"),
        ("POST", f"/hub/api/users/{visitor}/server"),
        ("GET", "/services/homes/"),
        ("POST", "/services/homes/delete"),
    ]

    said = {wish: page.evaluate(ASK, list(wish)) for wish in wishes}

    # 0 is a redirection that a script cannot see the end of: a page asks for a login.
    assert set(said.values()) <= {0, 403}, said


def test_scripts_that_read_pages(visit: tuple[Page, str]) -> None:
    """Scripts of a student's page that take from the hub's pages what proves the visitor's will: \
it is not in them."""
    page, _ = visit
    text = page.evaluate("fetch('/hub/token').then(answer => answer.text())")

    found = re.findall(r'xsrf(?:_token: |" value=)"([^"]*)"', text)
    assert found
    assert set(found) == {""}


@pytest.mark.parametrize("path", ["/hub/token", "/services/homes/"])
def test_scripts_that_open_windows(visit: tuple[Page, str], path: str) -> None:
    """Scripts of a student's page that open the hub's page in a window, to work in it: they \
cannot reach into it."""
    page, _ = visit
    with page.expect_popup() as opened:
        page.evaluate("path => { window.other = window.open(path) }", path)
    opened.value.wait_for_url(f"**{path}")

    assert page.evaluate(REACH) == ""


def test_scripts_that_read_cookies(visit: tuple[Page, str]) -> None:
    """Scripts of a student's page that read the cookies of who opens it: there are none of the \
hub's login."""
    page, _ = visit
    kept = {cookie["name"] for cookie in page.context.cookies()}

    assert "jupyterhub-hub-login" in kept
    assert "jupyterhub" not in page.evaluate("document.cookie")


@pytest.mark.parametrize("place", PLACES_OF_COOKIES)
def test_scripts_that_read_the_proof(visit: tuple[Page, str], place: str) -> None:
    """Scripts of a student's page that open a file of the hub, to read the cookie that proves the \
visitor's will: they do not see it."""
    page, _ = visit
    kept = [cookie["path"] for cookie in page.context.cookies() if cookie["name"] == "_xsrf"]

    assert "/hub/" in kept
    assert "_xsrf" not in page.evaluate(PLACES_OF_COOKIES[place])


def test_scripts_that_read_services(stage: str, hub: ProductHub, browse: Browse) -> None:
    """Scripts of a student's page that ask a service as if for an image, to take from its page \
what proves the visitor's will: refused."""
    page = browse()
    send_login(page, stage, hub.password(stage))  # who has a home, and so a form on that page
    page.goto("/services/homes/")
    assert 'name="_xsrf"' in page.content()
    page.goto(f"/user/{stage}/")

    status, text = page.evaluate(UNPROVEN, "/services/homes/")

    assert (status, "_xsrf" in text) == (403, False)
    closed = {c["path"]: c["httpOnly"] for c in page.context.cookies() if c["name"] == "_xsrf"}
    assert closed["/services/homes/"]


def test_pages_in_frames(visit: tuple[Page, str]) -> None:
    """The hub's pages in a frame of a student's page, to be read or clicked unseen: refused."""
    page, _ = visit

    assert not page.evaluate(FRAME, "/hub/home")
    assert not page.evaluate(FRAME, "/hub/token")
