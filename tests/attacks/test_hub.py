"""What a student's server may ask of the hub, by the tokens that it has or has stolen."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from tests.attacks.conftest import only_walls
from tests.attacks.ground import GroundHub
from tests.attacks.inside import network
from tests.attacks.students import Student
from tests.hubs import PATIENCE, wait_for

pytestmark = only_walls

REFUSED = {403, 404}
"""404 is what the hub answers where somebody may not even know whether there is such a user."""

OF_OTHERS = (
    ("GET", "users", None),
    ("GET", "users/{ben}", None),
    ("PATCH", "users/{ben}", {"name": "mine"}),
    ("DELETE", "users/{ben}", None),
    ("POST", "users/{ben}/server", {}),
    ("DELETE", "users/{ben}/server", None),
    ("GET", "users/{ben}/server/progress", None),
    ("POST", "users/{ben}/servers/mine", {}),
    ("GET", "users/{ben}/tokens", None),
    ("POST", "users/{ben}/tokens", {}),
    ("POST", "users/{ben}/activity", {"last_activity": "2026-01-01T00:00:00Z"}),
    ("POST", "shares/{ben}/", {"user": "{anna}"}),
    ("GET", "shares/{ben}/", None),
)
OF_THE_HUB = (
    ("PATCH", "users/{anna}", {"admin": True}),
    ("POST", "users", {"usernames": ["mine"], "admin": True}),
    ("POST", "users/mine", {}),
    ("GET", "groups", None),
    ("POST", "groups/mine", {}),
    ("POST", "groups/instructors/users", {"users": ["{anna}"]}),
    ("GET", "services", None),
    ("GET", "services/culling", None),
    ("GET", "proxy", None),
    ("PATCH", "proxy", {"api_url": "http://{anna}"}),
    ("GET", "info", None),
    ("GET", "metrics", None),
    ("POST", "shutdown", {}),
)
OF_ONES_OWN = (
    ("POST", "users/{anna}/server", {}),
    ("DELETE", "users/{anna}/server", None),
    ("POST", "users/{anna}/servers/mine", {}),
    ("GET", "users/{anna}/tokens", None),
    ("POST", "users/{anna}/tokens", {}),
)
"""What the student may, by the page, and a server may not by itself."""


async def refusals(
    hub: GroundHub, anna: Student, ben: Student, token: str, wishes: Sequence[Any]
) -> dict[str, int]:
    """Have a server send them with a token; return the answers that are no refusal."""
    names = {"{anna}": anna.name, "{ben}": ben.name}
    granted = {}
    for method, path, body in wishes:
        for word, name in names.items():
            path = path.replace(word, name)
            body = json.loads(json.dumps(body).replace(word, name))
        status, _ = await anna.does(network.asks, method, f"{anna.hub_api}/{path}", token, body)
        if status not in REFUSED:
            granted[f"{method} {path}"] = status
    return granted


async def test_the_servers_own_token(hub: GroundHub, anna: Student, ben: Student) -> None:
    """The hub's API with the server's own token, to list, start, stop, become or mint: refused."""
    wishes = (*OF_OTHERS, *OF_THE_HUB, *OF_ONES_OWN)

    assert await refusals(hub, anna, ben, "", wishes) == {}


async def test_the_students_own_token(hub: GroundHub, anna: Student, ben: Student) -> None:
    """The same with a token that may all that the student may, for what is others': refused."""
    token = hub.token_of(anna.name)

    assert await refusals(hub, anna, ben, token, (*OF_OTHERS, *OF_THE_HUB)) == {}


async def test_a_token_with_more_rights(hub: GroundHub, anna: Student) -> None:
    """A token with more rights than its owner has: refused."""
    token, url = hub.token_of(anna.name), f"{anna.hub_api}/users/{anna.name}/tokens"
    for scope in ("admin:users", "access:servers", "list:users", "tokens", "proxy"):
        status, _ = await anna.does(network.asks, "POST", url, token, {"scopes": [scope]})

        assert status in {400, 403}, scope


def sees(hub: GroundHub, method: str, path: str, token: str, body: Any = None) -> bool:
    """Whether a student's browser gets an answer by the hub's proxy that is no refusal."""
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(headers=headers, timeout=PATIENCE, follow_redirects=True) as browser:
        answer = browser.request(method, f"{hub.url}{path}", json=body)
    return answer.status_code not in REFUSED and answer.url.path != "/hub/login"


async def test_anothers_server_through_the_hub(hub: GroundHub, anna: Student, ben: Student) -> None:
    """Another student's server through the hub's proxy, with one's own tokens: refused."""
    kernel = f"api/kernels/{ben.kernel.id}"
    paths = ("lab", "api/contents", "api/kernels", kernel, f"{kernel}/channels", "files/x")
    for token in (await anna.does(network.own_token), hub.token_of(anna.name)):
        for path in paths:
            assert not sees(hub, "GET", f"/user/{ben.name}/{path}", token), path


async def test_a_stolen_token(hub: GroundHub, anna: Student, ben: Student) -> None:
    """Another student's token, stolen, for what it was not made for: refused."""
    stolen = hub.token_of(ben.name, "read:users:name!user", "users:activity!user")

    assert not sees(hub, "GET", f"/user/{ben.name}/api/contents", stolen)
    wishes = [wish for wish in OF_OTHERS if wish[:2] not in OF_THE_STOLEN]
    assert await refusals(hub, anna, ben, stolen, wishes) == {}


OF_THE_STOLEN = (("GET", "users/{ben}"), ("POST", "users/{ben}/activity"))
"""What that one was made for."""


async def test_a_services_pages(hub: GroundHub, anna: Student, ben: Student) -> None:
    """The pages and APIs of the hub's services, for what is others': refused."""
    paths = ("images/api", "images/metrics", "homes/api", "homes/all", f"homes/user/{ben.name}/")
    for token in (await anna.does(network.own_token), hub.token_of(anna.name)):
        for path in paths:
            assert not sees(hub, "GET", f"/services/{path}", token), path
        culling = f"/services/culling/user/{ben.name}/"
        assert not sees(hub, "POST", culling, token, {"keep": True})


SPOOFED = (
    {"image": "debian"},
    {"image": "opendata-hub/root:1"},
    {"custom_image": "docker.io/library/debian:12"},
    {"image": "base", "cmd": ["/bin/sh"]},
    {"image": "base", "environment": {"JUPYTERHUB_ADMIN": "1"}},
    {"image": "base", "mounts": [{"type": "bind", "source": "/", "target": "/host"}]},
    {"image": "base", "volumes": {"opendata-home-{ben}": "/home/jovyan"}},
    {"image": "base", "extra_host_config": {"privileged": True}},
    {"image": "base", "network_name": "host"},
    {"image": ["base"]},
    {"image": {"$ne": "base"}},
    {"profile": "admin"},
    ["base"],
    "base",
)


async def test_spoofed_options(hub: GroundHub, anna: Student, ben: Student) -> None:
    """Options of a start that are not for students (command, mounts, rights, images): refused."""
    token, url = hub.token_of(anna.name), f"{anna.hub_api}/users/{anna.name}/servers/mine"
    for options in SPOOFED:
        wish = json.loads(json.dumps(options).replace("{ben}", ben.name))
        status, said = await anna.does(network.asks, "POST", url, token, wish)

        assert status in {400, 403}, (options, status, said)
    assert "mine" not in hub.servers(anna.name)


async def test_spoofed_options_in_an_address(hub: GroundHub, anna: Student) -> None:
    """The same by a link: refused, and nothing starts."""
    hub.api.post(f"/users/{anna.name}")
    session = hub.session(anna.name)
    for options in ("opt-image=root", "opt-cmd=sh", "opt-image=base&opt-volumes=x", "opt-mounts=/"):
        page = session.get(f"/hub/spawn/{anna.name}/mine?{options}")

        assert page.status_code in {400, 403}, options
    assert "mine" not in hub.servers(anna.name)


async def test_names_alike(hub: GroundHub, anna: Student, ben: Student) -> None:
    """Another's home, by a server that is called as theirs is: it has its owner's home."""
    token = hub.token_of(anna.name)
    for name in (ben.name, f"../{ben.name}", f"-{ben.name}"):
        url = f"{anna.hub_api}/users/{anna.name}/servers/{quote(name, safe='')}"
        status, _ = await anna.does(network.asks, "POST", url, token, {"image": "quick"})
        if status in {400, 404}:
            continue
        wait_for(lambda name=name: hub.servers(anna.name)[name]["ready"], f"{name} is up")

        mounts = hub.container(anna.name, name)["Mounts"]

        homes = [mount["Name"] for mount in mounts if mount["Destination"] == "/home/jovyan"]
        assert homes == [f"opendata-home-{anna.name}"]
        hub.stop(anna.name, name)


async def test_a_visiting_admin(hub: GroundHub, anna: Student, ben: Student) -> None:
    """The rights of an admin who opens one's server, by the token that the login brings: it opens \
that server, and nothing else."""
    session, client = hub.session(hub.admin), f"jupyterhub-user-{anna.name}"
    back = f"/user/{anna.name}/oauth_callback"
    for scope in ("", "admin:users", "access:servers", "inherit"):
        given = await token_of_a_visit(session, anna, client, back, scope)
        if given:
            wishes = (*OF_OTHERS, *OF_THE_HUB)
            assert await refusals(hub, anna, ben, given, wishes) == {}
            assert not sees(hub, "GET", f"/user/{ben.name}/api/contents", given)


async def token_of_a_visit(session: Any, anna: Student, client: str, back: str, scope: str) -> str:
    """Have somebody open a server that asks for more than it is given; return its token."""
    wish = {"client_id": client, "redirect_uri": back, "response_type": "code", "scope": scope}
    path = "/hub/api/oauth2/authorize"
    page = session.get(path, params=wish, follow_redirects=False)
    if page.status_code == 200:  # whether to open somebody else's server
        form = {"_xsrf": session.cookies.get("_xsrf", path="/hub/"), "scopes": scope.split()}
        page = session.post(path, params=wish, data=form, follow_redirects=False)
    code = parse_qs(urlsplit(page.headers.get("Location", "")).query).get("code")
    if not code:
        return ""
    status, said = await anna.does(network.redeems, f"{anna.hub_api}/oauth2/token", code[0], back)
    return str(json.loads(said)["access_token"]) if status == 200 else ""
