"""The service `https`, as far as it can be told without a network: Caddy's words, and ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.services.https.config import Config
from opendata_hub.services.https.configuration import configuration
from opendata_hub.services.https.journal import Journal, is_success, last_words, read, reason
from opendata_hub.services.https.places import problem

HOST = "hub.example.org"


def told(**more: Any) -> Config:
    """Return a configuration of the service."""
    return Config(**{"host": HOST, "hub": 8009, "folder": Path("/x"), **more})


def https(config: Config) -> str:
    """Return what Caddy is told of its https server, as text."""
    return json.dumps(configuration(config)["apps"]["http"]["servers"]["https"])


def test_https_is_remembered_where_it_is_the_hubs_alone() -> None:
    """On another port than 443 the same name has other services, which may not speak it."""
    assert "max-age=15552000" in https(told())
    assert "Strict-Transport" not in https(told(port=8443))


def test_pages_are_kept_apart_where_they_do_not_say_it_themselves() -> None:
    """A static file of the hub's and a page of a server have no policy of their own."""
    routes = configuration(told())["apps"]["http"]["servers"]["https"]["routes"]
    answers = [part.get("response", {}) for route in routes for part in route["handle"]]
    added = {"Cross-Origin-Opener-Policy": ["noopener-allow-popups"]}

    assert [a["require"] for a in answers if a.get("set") == added] == [
        {"headers": dict.fromkeys(added)}
    ]


def test_caddy_opens_no_door_of_its_own() -> None:
    """None to be told by, no newer protocol with old holes, no file outside of its folder."""
    whole = configuration(told(http_port=80))

    assert whole["admin"]["disabled"] and not whole["admin"]["config"]["persist"]
    servers = whole["apps"]["http"]["servers"]
    assert [servers[name]["protocols"] for name in ("https", "http")] == [["h1"], ["h1"]]
    assert whole["storage"]["root"] == "/x"
    assert list(configuration(told())["apps"]["http"]["servers"]) == ["https"]


def test_an_ipv6_address_is_listened_at_as_one() -> None:
    """In brackets, as everywhere."""
    assert '"[::1]:443"' in https(told(listen="::1", host="::1", authority="lan"))
    assert told(host="::1", port=8443).url == "https://[::1]:8443"


def test_who_certifies_is_asked_as_hub_yaml_says() -> None:
    """Let's Encrypt by default; another directory with its own trust; files ask nobody."""
    acme = configuration(told(email="me@example.org"))["apps"]["tls"]
    (issuer,) = acme["automation"]["policies"][0]["issuers"]
    assert (issuer["module"], issuer["email"], "ca" in issuer) == ("acme", "me@example.org", False)
    other = told(authority="https://ca.example.org/dir", authority_ca=Path("/ca.pem"), port=8443)
    (issuer,) = configuration(other)["apps"]["tls"]["automation"]["policies"][0]["issuers"]
    assert issuer["ca"] == "https://ca.example.org/dir"
    assert issuer["trusted_roots_pem_files"] == ["/ca.pem"]
    assert issuer["challenges"]["tls-alpn"]["disabled"], "an authority asks at 443 only"
    files = told(certificate=Path("/a.pem"), key=Path("/a.key"))
    assert configuration(files)["apps"]["tls"] == {
        "certificates": {"load_files": [{"certificate": "/a.pem", "key": "/a.key"}]}
    }


def _retry(error: str, seconds: float = 60.0) -> dict[str, Any]:
    return {"msg": "will retry", "error": error, "retrying_in": seconds}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dns", f"the DNS leads nowhere from {HOST}; make an A record with this machine's address"),
        ("connection", f"it does not reach {HOST}; let the DNS lead here, and router"),
        ("unauthorized", f"at {HOST} another machine answers; let the DNS lead to this one"),
        ("caa", "a CAA record in the DNS names other authorities for"),
        ("rateLimited", "it was asked too often; wait as long as it says"),
        ("rejectedIdentifier", "write another name into hub.url, or https: {authority: lan}"),
        ("tls", "something else answers on port 443"),
        ("serverInternal", "serverInternal"),
    ],
)
def test_what_an_authority_says_is_told_with_what_mends_it(kind: str, words: str) -> None:
    """The authority's own words come after ours."""
    error = (
        f"[{HOST}] Obtain: HTTP 400 urn:ietf:params:acme:error:{kind} - so it is (order=https://x)"
    )
    said = Journal(HOST).failure(_retry(error, 7200))

    assert said and words in said
    assert said.startswith("The authority gives no certificate: ")
    assert said.endswith(" (it says: so it is). It is tried again in 2 h.")


def test_the_reason_stands_before_the_end() -> None:
    """When all ways were tried Caddy says only that; what went wrong was some lines before."""
    journal = Journal(HOST)
    challenge = {
        "msg": "challenge failed",
        "problem_type": "urn:ietf:params:acme:error:connection",
        "error": "Timeout during connect",
    }
    assert journal.failure(challenge) is None
    said = journal.failure(_retry("no solvers available for remaining challenges", 300))

    assert said and "it does not reach" in said and "(it says: Timeout during connect)" in said
    assert said.endswith("in 5 min.")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("dial tcp: lookup acme.example.org: no such host", "its name is not found"),
        ("[Errno -2] Name or service not known", "its name is not found"),
        ("dial tcp 192.0.2.1:443: connect: connection refused", "it does not answer"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "https.authority_ca"),
        ("x509: certificate signed by unknown authority", "https.authority_ca"),
    ],
)
def test_an_authority_out_of_reach_is_told_as_such(error: str, words: str) -> None:
    """Nobody looks for a fault in the hub's name then."""
    said = reason(error, HOST)

    assert said.startswith("The authority cannot be asked: ") and words in said
    assert said.endswith(f"({error})")


def test_other_lines_of_caddy_are_no_failures() -> None:
    """Its log has much that nobody needs, and, at its end, lines that are no JSON."""
    journal = Journal(HOST)
    for line in ('{"level":"info","msg":"serving"}', "[1, 2]", "plain words", '{"no":"msg"}', ""):
        entry = read(line)
        assert journal.failure(entry) is None
        assert not is_success(entry) and last_words(entry) is None
    assert is_success(read('{"msg": "certificate obtained successfully"}'))
    assert is_success(read('{"msg": "certificate renewed successfully"}'))
    ended = "Error: loading initial config: loading new config: http app module: start: in use"
    assert last_words(read(ended)) == "http app module: start: in use"
    assert reason("anything else", HOST) == "There is no certificate: anything else"


def test_without_a_service_nothing_is_wrong(tmp_path: Path) -> None:
    """Who asks before the first run is told nothing."""
    assert problem(tmp_path / "none") == ""
