"""Attacks from outside on a real hub: by strangers, by students, by pages of other sites."""

import re
import socket
from collections.abc import Callable, Iterator
from urllib.parse import quote, urljoin, urlsplit

import docker
import httpx
import pytest

from tests import stand_in, visitors
from tests.hub import addresses
from tests.hub.addresses import SAFE, Address
from tests.hubs import RunningHub, wait_for
from tests.visitors import ask, log_in

HUB_YAML = """
images: [{{slug: light, display_name: Light, image: "{image}"}}]
homes: {{snapshots: false}}
classes: [{{name: user, users: [user], instructors: [outside-carol]}}]
"""
FOREIGN = {
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/page",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
}
"""What a browser adds to a request that a page of another site has made it send."""

NOBODYS = {"GET /hub/login", "GET /hub/signup", "GET /hub", "GET /hub/error/404", "GET /hub/logout",
           "GET /hub/health", "GET /hub/api/health", "GET /hub/api", "GET /hub/confirm/user",
           "POST /hub/security/csp-report", "POST /hub/api/authorizations/token/user"}  # fmt: skip
"""What everybody may open: the way in, and signs of life; the last one fails for everybody."""


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, build: Callable[..., str]
) -> Iterator[RunningHub]:
    """A hub as hub.yaml sets it up, with all that it has."""
    settings = HUB_YAML.format(image=build(stand_in.LINES, base=stand_in.BASE))
    with visitors.hub_of(tmp_path_factory.mktemp("outside"), client, settings) as hub:
        for name in addresses.known():
            wait_for(lambda name=name: _answers(hub, name), f"{name} answers:\n{hub.log}")
        yield hub


def _answers(hub: RunningHub, service: str) -> bool:
    return httpx.get(f"{hub.url}/services/{service}/").status_code < 500


@pytest.fixture(scope="module")
def boss(hub: RunningHub) -> httpx.Client:
    """The admin's browser, which knows the services."""
    boss = visitors.admin(hub)
    for name in ("homes", "images"):
        boss.get(f"/services/{name}/").raise_for_status()
    return boss


@pytest.fixture(scope="module")
def student(hub: RunningHub, boss: httpx.Client) -> httpx.Client:
    """A student's browser, which knows their own service."""
    name, student = visitors.sign_up(hub, boss, "outside-anna"), visitors.browser(hub)
    assert log_in(student, name)
    student.get("/services/homes/").raise_for_status()
    return student


@pytest.fixture
def stranger(hub: RunningHub) -> httpx.Client:
    """Somebody without an account."""
    return visitors.browser(hub)


def send(browser: httpx.Client, address: Address, **headers: str) -> httpx.Response:
    """Send a request as it stands."""
    return browser.request(address.method, address.path, headers=headers, follow_redirects=False)


def leads_to_login(answer: httpx.Response) -> bool:
    """Whether all that somebody got is the way to the login."""
    place = urlsplit(answer.headers.get("Location", "")).path
    return answer.is_redirect and place in ("/hub/login", "/hub/api/oauth2/authorize")


# -- who gets what


def test_the_addresses_of_all_services_are_known() -> None:
    """A service with pages that is not in the list would not be attacked."""
    assert addresses.known() == addresses.with_pages()


def test_strangers_get_nothing(stranger: httpx.Client) -> None:
    """Every address of the hub and of its services, every method: the way in, or a refusal."""
    given = {}
    for address in (*addresses.of_services(), *addresses.of_hub()):
        answer = send(stranger, address)
        if not (leads_to_login(answer) or answer.status_code in (400, 401, 403, 404, 405)):
            given[str(address)] = answer.status_code

    assert set(given) - NOBODYS == set(), given


def test_students_get_nothing_of_the_admins(hub: RunningHub, student: httpx.Client) -> None:
    """Not with a browser that is logged in, nor with a token of theirs."""
    token = ask(student, "POST", "users/outside-anna/tokens").json()["token"]
    for address in addresses.of_services():
        if address.path in ("/services/homes/", "/services/homes/delete"):
            continue  # their own home
        answer = send(student, address, **{"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code in (302, 400, 403), address
        assert address.path.endswith("oauth_callback") or answer.status_code != 400
        bare = httpx.request(address.method, hub.url + address.path, headers=bearer(token))
        assert bare.status_code in (302, 400, 403), address
    for path in ("admin", "authorize", "discard/admin", "change-password/admin", "class"):
        assert student.get(f"/hub/{path}").status_code in (403, 404), path


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"token {token}"}


def test_a_token_opens_what_it_is_for(hub: RunningHub, student: httpx.Client) -> None:
    """Not one of another hub, of less scope, in an address; nor any after its end."""
    made = ask(student, "POST", "users/outside-anna/tokens", {"scopes": ["read:users!user"]}).json()
    whole = ask(student, "POST", "users/outside-anna/tokens").json()
    me, homes = "/hub/api/users/outside-anna", "/services/homes/user/outside-anna/"
    assert _status(hub, me, whole["token"]) == 200
    assert _status(hub, homes, whole["token"]) != 403

    assert _status(hub, homes, made["token"]) == 403
    assert _status(hub, homes, "0123456789abcdef" * 2) == 403
    assert _status(hub, me + "/server", made["token"], "DELETE") in (403, 404)
    for path in (me, homes, "/services/homes/"):
        assert httpx.get(f"{hub.url}{path}?token={whole['token']}").status_code in (302, 403)
    ask(student, "DELETE", f"users/outside-anna/tokens/{whole['id']}").raise_for_status()
    assert _status(hub, me, whole["token"]) == 403


def _status(hub: RunningHub, path: str, token: str, method: str = "GET") -> int:
    return httpx.request(method, hub.url + path, headers=bearer(token)).status_code


def test_a_token_ends_everywhere(hub: RunningHub, student: httpx.Client) -> None:
    """By its time; and, revoked, also where a service has just let it in."""
    scopes = ["access:services!service=homes", "read:users!user"]
    tokens, me = "users/outside-anna/tokens", "/hub/api/users/outside-anna"
    short = ask(student, "POST", tokens, {"scopes": scopes, "expires_in": 1}).json()["token"]
    made = ask(student, "POST", tokens, {"scopes": scopes}).json()
    assert _status(hub, "/services/homes/", made["token"]) == 200

    ask(student, "DELETE", f"{tokens}/{made['id']}").raise_for_status()

    wait_for(lambda: _status(hub, me, short) == 403, "its time is over")
    wait_for(lambda: _status(hub, "/services/homes/", made["token"]) != 200, "it is refused")


def test_a_student_makes_no_token_of_another(hub: RunningHub, student: httpx.Client) -> None:
    """Nor sees, nor revokes one, nor makes one that may do more than they."""
    for method, path, body in (
        ("GET", "users/admin/tokens", None),
        ("POST", "users/admin/tokens", {}),
        ("DELETE", "users/admin/tokens/a1", None),
        ("POST", "users/outside-anna/tokens", {"scopes": ["admin:users"]}),
        ("POST", "users/outside-anna/tokens", {"roles": ["admin"]}),
        ("PATCH", "users/outside-anna", {"admin": True}),
        ("POST", "users/admin/server", {}),
        ("POST", "groups/staff/users", {"users": ["outside-anna"]}),
        ("GET", "proxy", None),
        ("POST", "shutdown", {}),
    ):
        assert ask(student, method, path, body).status_code in (400, 403, 404), (method, path)


# -- pages of other sites


def test_no_page_of_another_site_changes_anything(boss: httpx.Client) -> None:
    """Whatever a browser with the admin's login is made to send, to any address, is refused."""
    done = {}
    for address in (*addresses.of_services(), *addresses.of_hub()):
        if address.method not in SAFE:
            answer = send(boss, address, **FOREIGN)
            if answer.status_code not in (403, 404, 405):
                done[str(address)] = answer.status_code

    assert set(done) - NOBODYS - {"POST /hub/api/oauth2/token"} == set(), done


def test_no_link_changes_anything(hub: RunningHub, boss: httpx.Client) -> None:
    """Nor does an image or a link of another site let anybody in, or discard an account."""
    name = "outside-waiting"
    visitors.ask_for_account(visitors.browser(hub), name)
    for what in ("authorize", "discard"):
        boss.get(f"/hub/{what}/{name}", headers=FOREIGN)

    page = boss.get("/hub/authorize").text
    assert name in page
    assert not log_in(visitors.browser(hub), name)


def test_no_page_is_framed_and_none_is_shared(hub: RunningHub, boss: httpx.Client) -> None:
    """Whoever asks, for whatever: not in another site's frame, not read by its scripts."""
    paths = {a.path for a in (*addresses.of_services(), *addresses.of_hub()) if a.method == "get"}
    for path in (*sorted(paths - {"/hub/logout"}), "/services/homes/none", "/hub/none"):
        answer = boss.get(path, headers={"Origin": FOREIGN["Origin"]}, follow_redirects=False)
        if not answer.headers.get("Content-Type", "text/html").startswith("application/json"):
            policy = answer.headers.get("Content-Security-Policy", "")
            assert re.search("frame-ancestors '(none|self)'", policy), (path, answer.headers)
        shared = answer.headers.get("Access-Control-Allow-Origin")
        assert shared is None or path == "/hub/api", path  # which tells everybody the version
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_cookies_stay_with_the_hub(hub: RunningHub, student: httpx.Client) -> None:
    """No script of a page reads the login, and no other site sends it along with a form."""
    answer = sent_login(visitors.browser(hub))

    login = [c for c in answer.headers.get_list("Set-Cookie") if "login" in c.partition("=")[0]]
    assert login
    for cookie in login:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie or "SameSite" not in cookie  # what browsers then take
        assert "Path=/hub/" in cookie


# -- ways out


ELSEWHERE = ("//evil.example", "///evil.example", "////evil.example", r"\\evil.example",
             r"/\evil.example", "/%2f%2fevil.example", "/%5cevil.example", "https:evil.example",
             "https://evil.example", "http:///evil.example", "javascript:alert(1)",
             "/\t/evil.example", "//evil.example/hub/", "https://evil.example\\@127.0.0.1/",
             "%68ttps://evil.example", "data:text/html,x", "/.//evil.example",
             "//user@evil.example:80")  # fmt: skip


def test_no_link_of_the_hub_leads_elsewhere(hub: RunningHub, student: httpx.Client) -> None:
    """Whatever ``next`` says: who is logged in already stays on the hub."""
    pages = ("/hub/login", "/hub/spawn", "/hub/spawn-pending/outside-anna", "/hub/", "/hub/lesson",
             "/services/homes/")  # fmt: skip
    for place in ELSEWHERE:
        asked = [*(f"{page}?next={quote(place)}" for page in pages),
                 f"/hub/user-redirect/{quote(place)}"]  # fmt: skip
        for path in asked:
            answer = student.get(path, follow_redirects=False)
            assert _stays(hub, answer.headers.get("Location", "/")), (path, answer.headers)


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", r"/\evil.example"])
def test_no_login_leads_elsewhere(hub: RunningHub, student: httpx.Client, place: str) -> None:
    """Nor who logs in by such a link."""
    fresh = visitors.browser(hub)
    answer = sent_login(fresh, f"/hub/login?next={quote(place)}")

    assert answer.is_redirect
    assert _stays(hub, answer.headers["Location"])


def sent_login(browser: httpx.Client, page: str = "/hub/login") -> httpx.Response:
    """The answer to the student's name and password."""
    browser.get(page)
    form = {"username": "outside-anna", "password": visitors.PASSWORD}
    data = {**form, "_xsrf": visitors.token(browser)}
    return browser.post(page, data=data, follow_redirects=False)


def _stays(hub: RunningHub, place: str) -> bool:
    """Whether a browser, which takes backslashes for slashes and drops tabs, stays on the hub."""
    seen = re.sub(r"[\t\r\n]", "", place).replace("\\", "/")
    return urlsplit(urljoin(hub.url, seen)).netloc == urlsplit(hub.url).netloc


BREAKS = (
    "x%0d%0aSet-Cookie:%20evil=1",
    "x%0aLocation:%20//evil.example",
    "x%E5%98%8A%E5%98%8Dx",
    "%00",
)


@pytest.mark.parametrize("text", BREAKS)
def test_no_header_is_broken_open(hub: RunningHub, student: httpx.Client, text: str) -> None:
    """Line breaks in addresses, names and options become no headers."""
    for path in (f"/hub/login?next=/hub/{text}", f"/hub/spawn/{text}", f"/hub/user/{text}/",
                 f"/hub/lesson?open={text}", f"/hub/spawn/outside-anna?next=/{text}",
                 f"/services/homes/{text}", f"/services/homes/?path={text}", f"/user/{text}/",
                 f"/hub/spawn/outside-anna?opt-image={text}",
                 f"/hub/user-redirect/{text}"):  # fmt: skip
        answer = student.get(path, follow_redirects=False)
        assert "evil" not in answer.headers.get("Set-Cookie", "")
        assert not answer.headers.get("Location", "").startswith("//")


def test_the_name_of_the_host_is_not_believed(hub: RunningHub, student: httpx.Client) -> None:
    """A request that names another host gets no address there, on no page and in no header."""
    paths = ["/", "/hub/", "/hub/login", "/hub/home", "/hub/spawn", "/hub/token", "/hub/nothing",
             "/user/outside-anna/", "/services/homes/", "/hub/api/user"]  # fmt: skip
    for browser in (student, visitors.browser(hub)):
        for path in paths:
            for name in ("Host", "X-Forwarded-Host", "Forwarded"):
                value = "host=evil.example" if name == "Forwarded" else "evil.example"
                answer = browser.get(path, headers={name: value}, follow_redirects=False)
                assert "evil.example" not in answer.text, (name, path)
                assert "evil.example" not in str(answer.headers), (name, path)


# -- what is too much, and what is none


def test_what_is_too_large_is_refused_at_once(hub: RunningHub, boss: httpx.Client) -> None:
    """A body that is announced, or comes in pieces without an end; and headers without an end."""
    ports = _ports(hub)
    piece = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    for port, path in (
        (hub.port, "/hub/login"),
        (hub.port, "/services/homes/delete"),
        (ports["homes"], "/services/homes/delete"),
        (ports["images"], "/services/images/api/light"),
        (ports["culling"], "/services/culling/user/x/"),
    ):
        assert _cut(port, f"POST {path}", "Content-Length: 104857600", piece)
        assert _cut(port, f"POST {path}", "Transfer-Encoding: chunked", piece)
        assert _cut(port, f"GET {path}", f"X-Long: {'x' * 200_000}")
    assert boss.get("/hub/home").status_code == 200


def _ports(hub: RunningHub) -> dict[str, int]:
    """Where the services listen themselves."""
    services = hub.api.get("/services").raise_for_status().json()
    urls = {name: urlsplit(facts["url"] or "") for name, facts in services.items()}
    return {name: url.port for name, url in urls.items() if url.port}


def _cut(port: int, line: str, header: str, piece: bytes = b"") -> bool:
    """Whether a request of our own making ends in a refusal, or just ends."""
    head = f"{line} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(head + piece * 4)
            answer = connection.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            return True
    return not answer or int(answer.split()[1]) in (400, 413, 431, 502, 503)


@pytest.mark.parametrize("name", ["culling", "homes", "images"])
def test_the_port_of_a_service_believes_no_header(hub: RunningHub, name: str) -> None:
    """Who reaches it past the proxy is a stranger there, too, whoever they say they are."""
    stories = {"X-Forwarded-User": "admin", "Remote-User": "admin", "X-Remote-User": "admin",
               "X-Forwarded-For": "127.0.0.1", "Authorization": "Basic YWRtaW46YWRtaW4=",
               "Cookie": "service-homes=admin; service-images=admin"}  # fmt: skip
    for address in addresses.of_services():
        if address.path.startswith(f"/services/{name}/"):
            url = f"http://127.0.0.1:{_ports(hub)[name]}{address.path}"
            answer = httpx.request(address.method, url, headers=stories)
            assert answer.status_code in (302, 400, 403), address


TRICKS = ("/hub/..//hub/admin", "/hub/%2e%2e/%2e%2e/etc/passwd", "/hub/static/../../etc/passwd",
          "/hub/static/%2e%2e/%2e%2e/%2e%2e/jupyterhub_config.py", "/hub/static//etc/passwd",
          "/hub/static/..%2f..%2fetc%2fpasswd", "/hub/static/%00", "/hub//admin", "/hub/./admin",
          "/hub/admin/", "/hub/admin%2f", "/hub/api//users", "/hub/api/users/..%2fusers",
          "/hub/%61dmin", "//hub/admin", "/services/images/../homes/all", "/services/homes//all",
          "/services/homes/%2e%2e/images/", "/services/homes/all%00", "/HUB/admin",
          "/services/homes/user/admin%2f..%2f/", "/services/images/metrics;x",
          "/user/admin/..%2f..%2fhub/admin", "/services/homes/?path=../..",
          "/services/homes/?path=..%2F..%2Fetc", "/hub/user/admin/%2e%2e/")  # fmt: skip
ADMINS = ("root:x:", "c.JupyterHub", "stop-all", '"admin": true', "All homes", "opendata_image")


def test_no_spelling_of_a_path_opens_more(hub: RunningHub, student: httpx.Client) -> None:
    """Dots, slashes and zeros, plain or encoded, as a student sends them: nothing of the admins."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in student.cookies.jar)
    for path in TRICKS:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{hub.port}\r\nCookie: {cookies}\r\n"
        with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as connection:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        for secret in ADMINS:
            assert secret not in answer.decode("utf-8", "replace"), path


def test_an_error_tells_nothing_of_the_inside(hub: RunningHub, student: httpx.Client) -> None:
    """No traceback, no path of the machine, no version: of the hub, the proxy and the services."""
    asked = ["/hub/nothing", "/hub/api/nothing", "/hub/error/500", "/hub/spawn/outside-anna/a%00b",
             "/hub/login?next=/%0d", "/hub/admin", "/services/homes/all", "/services/homes/nothing",
             "/services/nothing/", "/user/outside-anna/%ff", "/hub/lesson?image=%ff",
             "/services/homes/?path=%00", "/hub/api/users/%ff", "/hub/user-redirect/%ff",
             "/services/images/", "/hub/spawn?opt-image=%ff"]  # fmt: skip
    version = re.compile(r"(?i)(jupyterhub|tornado|python|node)[/ -]?v?[0-9]+\.[0-9]")
    for path in asked:
        answer = student.get(path, follow_redirects=False)
        for secret in ("Traceback", "site-packages", '.py"', "TornadoServer", str(hub.folder)):
            assert secret not in answer.text, path
        assert not version.search(answer.text), path


def test_who_is_logged_out_is_out(hub: RunningHub, boss: httpx.Client) -> None:
    """In the services as well: what the browser got there is worth nothing any more."""
    name, browser = visitors.sign_up(hub, boss, "outside-ben"), visitors.browser(hub)
    assert log_in(browser, name)
    browser.get("/services/homes/").raise_for_status()
    kept = [c for c in browser.cookies.jar if c.path == "/services/homes/" or "session" in c.name]

    browser.get("/hub/logout")

    thief = visitors.browser(hub, Cookie="; ".join(f"{c.name}={c.value}" for c in kept))
    page = "/services/homes/"
    out = lambda: thief.get(page, follow_redirects=False).is_redirect  # noqa: E731
    wait_for(out, "the service lets nobody in")
