"""People who come to a hub that hub.yaml sets up: a browser, an account and a password each."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import httpx

from tests.hubs import RunningHub, running_hub

PASSWORD = "a long enough password"

_EXTRA = """
roles = c.JupyterHub.load_roles
from opendata_hub.settings import configure
configure(c, beside=__file__, port=int(c.JupyterHub.bind_url.rpartition(":")[2]))
roles[0]["scopes"] += ["tokens", "list:services", "read:services"]
c.JupyterHub.load_roles += roles
"""


@contextmanager
def hub_of(folder: Path, client: docker.APIClient, hub_yaml: str) -> Iterator[RunningHub]:
    """Run a hub with these settings."""
    (folder / "hub.yaml").write_text(hub_yaml)
    with running_hub(folder, client, _EXTRA) as hub:
        yield hub


def browser(hub: RunningHub, **headers: str) -> httpx.Client:
    """A browser that knows nothing of the hub; closed with it."""
    browser = httpx.Client(base_url=hub.url, follow_redirects=True, timeout=60, headers=headers)
    hub.sessions.append(browser)
    return browser


def token(browser: httpx.Client) -> str:
    """The hub's token against forgery."""
    jar = browser.cookies.jar
    return str(next(c.value for c in jar if c.name == "_xsrf" and c.path == "/hub/"))


def send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open a page with a form, and send it."""
    browser.get(path)
    return browser.post(path, data={**fields, "_xsrf": token(browser)})


def ask(browser: httpx.Client, method: str, path: str, body: Any = None) -> httpx.Response:
    """Ask the hub's API as its own pages do."""
    headers = {"X-XSRFToken": token(browser)}
    return browser.request(method, f"/hub/api/{path}", json=body, headers=headers)


def log_in(browser: httpx.Client, name: str, password: str = PASSWORD) -> bool:
    """Whether somebody gets in."""
    answer = send(browser, "/hub/login?next=/hub/home", username=name, password=password)
    return answer.status_code == 200


def admin(hub: RunningHub, **headers: str) -> httpx.Client:
    """The browser of the admin, with the password that the first start made."""
    lines = (hub.folder / ".hub" / "logins").read_text().splitlines()
    boss = browser(hub, **headers)
    assert log_in(boss, "admin", dict(map(str.split, lines))["admin"])
    return boss


def ask_for_account(browser: httpx.Client, name: str) -> None:
    """Sign up."""
    twice = {"signup_password": PASSWORD, "signup_password_confirmation": PASSWORD}
    send(browser, "/hub/signup", username=name, **twice).raise_for_status()


def sign_up(hub: RunningHub, boss: httpx.Client, name: str) -> str:
    """Make somebody an account, and let them in."""
    hub.users.add(name)
    ask_for_account(browser(hub), name)
    send(boss, f"/hub/authorize/{name}", approve="yes").raise_for_status()
    return name


def enter(browser: httpx.Client, owner: str) -> None:
    """Get into somebody's server by the hub's login, as its own login page does."""
    back = f"/user/{owner}/oauth_callback"
    client = f"client_id=jupyterhub-user-{owner}&redirect_uri={back}&response_type=code&state=x"
    page = f"/hub/api/oauth2/authorize?{client}"
    answer = browser.get(page, follow_redirects=False)
    if answer.status_code == 200:  # it asks whether this server may know who one is
        form = re.findall('name="_xsrf" value="([^"]+)"', answer.text)
        answer = browser.post(page, data={"_xsrf": form[0]}, follow_redirects=False)
    assert "code=" in answer.headers["Location"]
