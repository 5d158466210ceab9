"""The class password: students get in by it, nobody else does, and nobody guesses it."""

import html
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import docker
import httpx
import pytest

from tests.hubs import run
from tests.login.hubs import LoginHub

CLASS = "Äpfel und Birnen"
ADMINS = "only for those who run this hub: 7421"

EXTRA = """
c.JupyterHub.load_roles.append({
    "name": "instructors-physics", "scopes": ["list:users!group=physics"], "users": ["iris"],
})
"""


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginHub]:
    """A hub with a class password."""
    login = {
        "method": "shared-password",
        "admins": ["boss"],
        "allow": {"everybody": True},
        "options": {"user_password": CLASS, "admin_password": ADMINS},
    }
    hub = LoginHub(tmp_path_factory.mktemp("shared"), client, login, EXTRA)
    with run(hub):
        yield hub


def log_in(browser: httpx.Client, user: str, password: str) -> str:
    """Log in; return the reason of a refusal, or nothing."""
    browser.cookies.clear()
    browser.get("/hub/login")
    form = {"username": user, "password": password, "_xsrf": browser.cookies["_xsrf"]}
    answer = browser.post("/hub/login?next=/hub/home", data=form)
    said = re.search(r'class="login_error">\s*(.*?)\s*<', answer.text)
    return html.unescape(said[1]) if said else ""


def is_admin(browser: httpx.Client) -> bool:
    """Whether this session may look after the hub."""
    return browser.get("/hub/admin").status_code == 200


def test_students_get_in_by_the_class_password(hub: LoginHub) -> None:
    """With letters of all alphabets; the admins' password is not theirs."""
    browser = hub.browser()
    assert log_in(browser, "anna", CLASS) == ""
    assert not is_admin(browser)
    assert log_in(browser, "anna", ADMINS) == "Invalid username or password"


@pytest.mark.parametrize("user", ["boss", "Boss", " boss", "iris", "IRIS"])
def test_nobody_with_rights_gets_in_by_the_class_password(hub: LoginHub, user: str) -> None:
    """Neither an admin nor an instructor, however the name is written."""
    browser = hub.browser()
    assert log_in(browser, user, CLASS) == "Invalid username or password"
    assert browser.get("/hub/home").url.path == "/hub/login"
    assert log_in(browser, user, ADMINS) == ""
    assert is_admin(browser) == (user.strip().lower() == "boss")


def test_a_class_gets_in_at_once(hub: LoginHub) -> None:
    """Thirty students behind one address, each of whom mistypes twice, and nobody waits."""

    def come(user: str) -> list[str]:
        browser = hub.browser("127.0.0.30")
        return [log_in(browser, user, password) for password in ("apfel", "Apfel", CLASS)]

    with ThreadPoolExecutor(10) as class_room:
        said = list(class_room.map(come, (f"student{number}" for number in range(30))))

    assert all(reasons[-1] == "" for reasons in said)


def test_the_class_password_cannot_be_guessed(hub: LoginHub) -> None:
    """Under ever new names from one address: two hundred tries, then half a minute for each."""
    browser = hub.browser("127.0.0.66")
    browser.get("/hub/login")
    xsrf = browser.cookies["_xsrf"]
    tried = 0
    began = time.monotonic()
    for number in range(230):
        form = {"username": f"guess{number}", "password": f"pass{number}", "_xsrf": xsrf}
        answer = browser.post("/hub/login", data=form)
        tried += answer.status_code == 403

    assert tried <= 200 + (time.monotonic() - began) / 30 + 1
    assert "Too many failed logins from your network. Wait" in answer.text
    assert log_in(hub.browser("127.0.0.67"), "anna", CLASS) == ""


@pytest.mark.parametrize("header", ["X-Real-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip"])
def test_an_address_cannot_be_made_up(hub: LoginHub, header: str) -> None:
    """What a request says of its own origin buys no further tries."""
    browser = hub.browser("127.0.0.66")
    browser.headers[header] = "198.51.100.7"

    said = [log_in(browser, f"eve{number}", "wrong again") for number in range(5)]
    assert any("from your network" in reason for reason in said)
