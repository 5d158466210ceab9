"""Login as hub.yaml sets it up by default: a password each, approval, a throttle."""

import html
import re
from collections.abc import Callable, Iterator

import docker
import httpx
import pytest

from tests.hubs import RunningHub, running_hub

HUB_YAML = """
login: {admins: [admin, carol]}
images: [{slug: starter, display_name: Starter, image: opendata-hub/starter:1}]
"""

EXTRA = """
roles = c.JupyterHub.load_roles
from opendata_hub.settings import configure
configure(c, beside=__file__, port=int(c.JupyterHub.bind_url.rpartition(":")[2]))
c.JupyterHub.load_roles += roles
"""

PASSWORD = "a long enough password"
WRONG = "Invalid username or password."


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that was started for the first time."""
    folder = tmp_path_factory.mktemp("login")
    (folder / "hub.yaml").write_text(HUB_YAML)
    with running_hub(folder, client, EXTRA) as hub:
        yield hub


@pytest.fixture(scope="module")
def logins(hub: RunningHub) -> dict[str, str]:
    """The passwords that the first start wrote down."""
    lines = (hub.folder / ".hub" / "logins").read_text().splitlines()
    return dict(line.split() for line in lines)


@pytest.fixture
def browser(hub: RunningHub) -> Iterator[httpx.Client]:
    """Somebody's browser."""
    with httpx.Client(base_url=hub.url, follow_redirects=True, timeout=30) as browser:
        yield browser


def send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open a page with a form and send it."""
    browser.get(path)
    return browser.post(path, data={**fields, "_xsrf": browser.cookies["_xsrf"]})


def log_in(browser: httpx.Client, name: str, password: str) -> str:
    """Log in; return the reason of a refusal, or nothing."""
    answer = send(browser, "/hub/login?next=/hub/home", username=name, password=password)
    refusal = re.search(r'class="login_error">\s*(.*?)\s*<', answer.text)
    assert answer.status_code in ((403, 429) if refusal else (200,))
    return html.unescape(refusal[1]) if refusal else ""


def sign_up(browser: httpx.Client, name: str, password: str = PASSWORD) -> str:
    """Sign up; return the page."""
    fields = {"signup_password": password, "signup_password_confirmation": password}
    answer = send(browser, "/hub/signup", username=name, **fields)
    assert answer.status_code == 200
    return answer.text


def test_the_first_logins_work(
    browser: httpx.Client, hub: RunningHub, logins: dict[str, str]
) -> None:
    """Admin and student get in with what the first start printed; only one is an admin."""
    for name, status in (("admin", 200), ("student", 403)):
        browser.cookies.clear()
        assert f"New login: {name}  password: {logins[name]}" in hub.log
        assert log_in(browser, name, logins[name]) == ""
        assert browser.get("/hub/admin").status_code == status
        assert browser.get("/hub/authorize").status_code == status


def test_a_stranger_waits_for_an_admin(
    browser: httpx.Client, logins: dict[str, str], new_name: Callable[[str], str]
) -> None:
    """A sign-up gets nobody in, and says so; an admin's approval does."""
    name = new_name("stranger")
    sign_up(browser, name)

    assert log_in(browser, name, PASSWORD) == (
        f"The account {name} waits for an admin to approve it."
    )
    assert log_in(browser, name, "another password") == WRONG

    assert log_in(browser, "admin", logins["admin"]) == ""
    decide(browser, f"authorize/{name}", approve="yes")
    browser.cookies.clear()
    assert log_in(browser, name, PASSWORD) == ""


def decide(admin: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Press a button on the page of accounts."""
    page = admin.get("/hub/authorize").text
    assert f'action="/hub/{path}"' in page
    xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page)
    assert xsrf
    return admin.post(f"/hub/{path}", data={**fields, "_xsrf": xsrf[1]})


def test_a_link_lets_nobody_in(
    browser: httpx.Client, logins: dict[str, str], new_name: Callable[[str], str]
) -> None:
    """An admin who opens a page with such an image has approved nobody; a button does."""
    name, gone = new_name("stranger"), new_name("stranger")
    sign_up(browser, name)
    sign_up(browser, gone)
    log_in(browser, "admin", logins["admin"])
    for answer in (
        browser.get(f"/hub/authorize/{name}"),
        browser.get(f"/hub/discard/{name}"),
        browser.post(f"/hub/authorize/{name}", data={"approve": "yes"}),
    ):
        assert "Accounts</h1>" in answer.text or answer.status_code == 403
    assert decide(browser, f"discard/{gone}").status_code == 200
    assert f'action="/hub/discard/{gone}"' not in browser.get("/hub/authorize").text

    browser.cookies.clear()
    assert "waits for an admin" in log_in(browser, name, PASSWORD)
    assert log_in(browser, gone, PASSWORD) == WRONG


def test_nobody_can_sign_up_as_an_admin(
    browser: httpx.Client, hub: RunningHub, logins: dict[str, str]
) -> None:
    """The name is taken; and once that admin was deleted, a sign-up waits like any other."""
    assert "already in use" in sign_up(browser, "Carol")

    hub.api.delete("/users/carol").raise_for_status()
    sign_up(browser, "carol")

    assert "waits for an admin" in log_in(browser, "carol", PASSWORD)
    assert log_in(browser, "carol", logins["carol"]) == WRONG


@pytest.mark.parametrize("known", [True, False])
def test_failed_logins_are_throttled(
    browser: httpx.Client, new_name: Callable[[str], str], known: bool
) -> None:
    """After five wrong passwords the right one has to wait, too; whether the name exists or not."""
    name = new_name("guessed")
    if known:
        sign_up(browser, name)
    refusals = [log_in(browser, name, "wrong") for _ in range(5)]

    assert refusals == [WRONG] * 5
    said = re.fullmatch(
        rf"Too many failed logins as {name}\. Wait (\d+) seconds, then try again\.",
        log_in(browser, name, PASSWORD),
    )
    assert said and 0 < int(said[1]) <= 60


def test_guesses_by_the_api_count_as_well(
    browser: httpx.Client, logins: dict[str, str], new_name: Callable[[str], str]
) -> None:
    """A token asked for with a password is a login, too; the API says no more than no."""
    name = new_name("guessed")
    ask = {"auth": {"username": name, "password": "wrong"}}
    answers = [browser.post(f"/hub/api/users/{name}/tokens", json=ask) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {403}
    assert f"Too many failed logins as {name}" in log_in(browser, name, PASSWORD)


def test_guesses_at_the_own_password_count_as_well(
    browser: httpx.Client, logins: dict[str, str]
) -> None:
    """Who finds a session open cannot find out the password, nor change it."""
    log_in(browser, "student", logins["student"])
    form = {"new_password": PASSWORD, "new_password_confirmation": PASSWORD}
    for _ in range(5):
        answer = send(browser, "/hub/change-password", old_password="wrong", **form)
        assert "current password was incorrect" in answer.text
    answer = send(browser, "/hub/change-password", old_password=logins["student"], **form)

    assert answer.status_code == 429
    assert "Too many failed logins as student" in answer.text


@pytest.mark.parametrize("password", ["x" * 100, "", "ü" * 40])
def test_odd_passwords_are_refused_in_plain_words(
    browser: httpx.Client, hub: RunningHub, password: str
) -> None:
    """Longer than bcrypt takes, or none at all: a sentence, and nothing breaks."""
    assert log_in(browser, "admin", password) == WRONG
    assert "Something went wrong" in sign_up(browser, "odd", password)
    assert "Traceback" not in hub.log


def test_a_form_without_fields_is_refused(browser: httpx.Client) -> None:
    """What no browser sends gets the same page."""
    assert send(browser, "/hub/login").status_code == 403


def test_an_expired_form_is_shown_again(browser: httpx.Client) -> None:
    """The hub's own refusals appear on the login page, not as an error of ours."""
    answer = browser.post("/hub/login", data={"username": "admin", "password": "x"})

    assert answer.status_code == 403
    assert "Login form invalid or expired. Try again." in answer.text
    assert 'name="password"' in answer.text


def test_a_flood_of_sign_ups_ends(browser: httpx.Client) -> None:
    """A class can sign up at once; a hundred from one address are enough."""
    fields = {"signup_password": PASSWORD, "signup_password_confirmation": "another"}
    browser.get("/hub/signup")
    form = {**fields, "username": "flood", "_xsrf": browser.cookies["_xsrf"]}
    answers = [browser.post("/hub/signup", data=form) for _ in range(101)]

    assert answers[-1].status_code == 429
    assert "Too many accounts were made from your network. Wait" in answers[-1].text
