"""An https address on a LAN: what browsers, strangers and attackers get there."""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.hubs import PATIENCE
from tests.ports import free_ports
from tests.tls.house import House, running

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")

OLD = ("-tls1", "-tls1_1")
WEAK = ("kRSA", "aNULL", "eNULL", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384")
ANY_KEY = "@SECLEVEL=0"  # else this machine's own OpenSSL refuses, before ours is asked


@pytest.fixture(scope="module")
def house(hub: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service with an authority of its own."""
    own = House(tmp_path_factory.mktemp("lan"), hub, authority="lan", host="localhost")
    with running(own):
        own.wait_until_open()
        yield own


@pytest.fixture
def browser(house: House) -> Iterator[httpx.Client]:
    """A browser that trusts the authority, which it had from the hub."""
    root = httpx.get(f"{house.http}/authority.crt")
    assert root.headers["content-type"] == "application/x-x509-ca-cert"
    with house.client(root.text) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def dribbler(house: House) -> Iterator[socket.socket]:
    """Somebody who began a request when the tests did, and does not end it."""
    with socket.create_connection(("127.0.0.1", house.config.port)) as plain:
        trust = ssl.create_default_context(cafile=house.places.root)
        with trust.wrap_socket(plain, server_hostname="localhost") as channel:
            channel.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            yield channel


def test_the_hub_hears_who_asks_and_how(browser: httpx.Client, house: House) -> None:
    """Address and protocol are Caddy's words; what clients say of themselves is taken off."""
    lies = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Scheme": "http",
        "X-Real-Ip": "203.0.113.9",
        "Forwarded": "for=203.0.113.9;proto=http",
    }
    heard = browser.get("/hub/login", headers=lies).json()["headers"]

    assert heard["Host"] == f"localhost:{house.config.port}"
    assert (heard["X-Forwarded-For"], heard["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert not {"Forwarded", "X-Scheme", "X-Real-Ip"} & set(heard)
    assert "evil" not in json.dumps(heard)


@pytest.mark.parametrize("path", ["/hub/login?next=%2Fa", "//evil.example/", "/%0d%0aX-Evil:%201"])
def test_plain_http_leads_on_to_https(house: House, path: str) -> None:
    """A method and its body stay what they were, and the way leads to this hub, never elsewhere."""
    for host in ("localhost", "evil.example"):
        answer = httpx.request("POST", house.http + path, headers={"Host": host}, content=b"x")

        assert answer.status_code == 308
        assert answer.headers["location"] == f"{house.config.url}{path}"
        assert "x-evil" not in answer.headers and "server" not in answer.headers


def test_a_strangers_name_is_none_of_ours(browser: httpx.Client, house: House) -> None:
    """No page is shown under another name: neither in the request, nor in the handshake."""
    answer = browser.get("/hub/login", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.text) == (421, f"This is {house.config.url}\n")

    trust = ssl.create_default_context(cafile=house.places.root)
    plain = socket.create_connection(("127.0.0.1", house.config.port))
    with plain, pytest.raises(ssl.SSLError):
        trust.wrap_socket(plain, server_hostname="evil.example")


def test_headers_say_nothing_of_versions_and_harden_the_pages(browser: httpx.Client) -> None:
    """On answers of the hub; its own rules about frames are kept."""
    headers = browser.get("/hub/api").headers

    assert not {"server", "via", "x-jupyterhub-version"} & set(headers)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert headers["cross-origin-opener-policy"] == "noopener-allow-popups"
    framed = browser.get("/hub/login?framed").headers["content-security-policy"]
    assert framed == "frame-ancestors 'none'"


def test_every_cookie_stays_on_encrypted_ways(browser: httpx.Client) -> None:
    """Also those of servers, and of programs behind them, that know nothing of the https before."""
    cookies = browser.get("/hub/login").headers.get_list("set-cookie")

    assert len(cookies) == 2
    assert all(cookie.count("Secure") == 1 for cookie in cookies), cookies
    assert "; Path=/user/anna" in cookies[1]


async def test_websockets_pass(house: House) -> None:
    """A notebook talks to its kernel over one."""
    trust = ssl.create_default_context(cafile=house.places.root)
    url = f"wss://localhost:{house.config.port}/user/anna/channels"
    socket = await websocket_connect(HTTPRequest(url, ssl_options=trust))
    await socket.write_message("hello")
    assert await socket.read_message() == "heard hello"
    socket.close()
    assert await socket.read_message() is None


def test_oversized_bodies_are_refused(browser: httpx.Client) -> None:
    """A form is small; a notebook may be large."""
    large = bytes(11 * 2**20)

    assert browser.post("/hub/login", content=large).status_code == 413
    assert browser.post("/services/homes/", content=large).status_code == 413
    assert browser.post("/hub/login", content=large[: 2**20]).json()["size"] == 2**20
    assert browser.put("/user/anna/api/contents/a", content=large).json()["size"] == len(large)


def test_only_todays_protocols_and_ciphers_are_spoken(house: House) -> None:
    """TLS 1.2 and 1.3 with forward secrecy; nothing older, nothing weaker."""
    for version in OLD:
        assert "alert protocol version" in _handshake(house, version, "-cipher", f"ALL{ANY_KEY}")
    for weak in WEAK:
        refused = _handshake(house, "-tls1_2", "-cipher", f"{weak}{ANY_KEY}")
        assert "alert handshake failure" in refused, weak
    spoken = _handshake(house, "-tls1_2")
    assert "Cipher is ECDHE-ECDSA-" in spoken and "Secure Renegotiation IS supported" in spoken
    modern = _handshake(house, "-tls1_3")
    assert "Cipher is TLS_" in modern and "Verification: OK" in modern
    assert "Compression: NONE" in modern and "Early data was not sent" in modern


def _handshake(house: House, *options: str) -> str:
    """What OpenSSL's client tells of a handshake, the other side's refusal included."""
    place = ["-connect", f"127.0.0.1:{house.config.port}", "-servername", "localhost"]
    trust = ["-CAfile", str(house.places.root)]
    return subprocess.run(
        ["openssl", "s_client", *place, *trust, *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=PATIENCE,
    ).stdout  # fmt: skip


def test_who_dribbles_a_request_is_shown_the_door(dribbler: socket.socket) -> None:
    """Else a few hundred such connections keep everybody out."""
    dribbler.settimeout(PATIENCE)
    with closing(dribbler):
        while chunk := dribbler.recv(1024):
            assert b"200 OK" not in chunk


def test_the_authority_certifies_this_address_alone(house: House) -> None:
    """Who steals its key, or trusts it by hand, has lost or given no more than this hub."""
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", house.places.root],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert "X509v3 Name Constraints: critical" in text and "DNS:localhost" in text


def test_a_new_run_goes_on_with_the_same_authority(house: House) -> None:
    """Also after a service that was killed: its Caddy ends with it, and leaves the ports."""
    root = house.places.root.read_bytes()
    house.end(9)
    house.run()

    house.wait_until_open()
    with house.client(root.decode()) as client:
        assert client.get("/hub/login").status_code == 200


def test_a_hub_that_is_away_is_said_so(tmp_path: Path) -> None:
    """While it starts again, people read that, and are not shown whose program is in front."""
    away = House(tmp_path, *free_ports(1), authority="lan")
    with running(away):
        away.wait_until_open()
        with away.client(away.places.root) as client:
            answer = client.get("/hub/home")

    assert answer.status_code == 503 and "The hub is starting" in answer.text
    assert "server" not in answer.headers and answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/", "/hub/home"])
def test_a_hub_that_is_not_there_yet_is_said_so(browser: httpx.Client, path: str) -> None:
    """Its proxy is up before it, and finds nothing: that is no lost page."""
    answer = browser.get(path, params={"lost": "by proxy"})

    assert answer.status_code == 503 and "The hub is starting" in answer.text


@pytest.mark.parametrize(
    ("path", "by"), [("/hub/nothing", "hub"), ("/user/anna/x", "proxy"), ("/hub/static/x", "proxy")]
)
def test_what_the_hub_does_not_find_is_lost(browser: httpx.Client, path: str, by: str) -> None:
    """As is what servers and files do not have."""
    answer = browser.get(path, params={"lost": f"by {by}"})

    assert answer.status_code == 404 and "lots of moons" in answer.text
