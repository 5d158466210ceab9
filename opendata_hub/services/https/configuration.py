"""What Caddy is told: one address, and the hub's proxy behind it. Pure."""

from pathlib import Path
from typing import Any

from opendata_hub import bounds
from opendata_hub.services.https.config import LAN, Config
from opendata_hub.services.https.places import Places

AUTHORITY_PATH = "/authority.crt"
"""Where the certificate of the own authority can be had, by http:// too."""

_HSTS = 180 * 86400  # seconds
_TO_SERVERS = 512 * 2**20  # what Jupyter servers take themselves; Lab uploads in pieces of 1 MB
_HEADERS_WITHIN = "10s"  # a browser sends them at once; who dribbles them holds a connection
_RESTART = "5s"  # how long a proxy that is started again is waited for

_KEPT_APART = {
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "noopener-allow-popups",  # static files and servers, too
}

_AUTHORITY = "hub"
_OF_HUB = {"path": ["/", "/hub", "/hub/*"], "not": [{"path": ["/hub/static/*"]}]}

_NO_CERTIFICATE = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="15">
<title>Not ready yet</title><p>This hub has no certificate yet, and shows its pages only with one.
Whoever runs it reads the reason where it was started. This page looks again by itself.</p></html>
"""
_NO_HUB = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>One moment</title><p>The hub is starting. Your files and your server are where they were.
This page looks again by itself.</p></html>
"""

Part = dict[str, Any]


def configuration(config: Config, root: tuple[Path, Path] | None = None) -> Part:
    """
    Return Caddy's whole configuration.

    Args:
        root: certificate and key of the own authority, where that certifies the address.
    """
    apps: Part = {"http": _http(config), "tls": _tls(config)}
    if root:
        certificate, key = map(str, root)
        authority = {
            "name": f"Notebooks at {config.host}",
            "root": {"certificate": certificate, "private_key": key},
            "install_trust": False,
        }
        # Caddy has one more, which it would have this whole machine trust.
        others = {"local": {"install_trust": False}}
        apps["pki"] = {"certificate_authorities": {_AUTHORITY: authority, **others}}
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {"logs": {"default": {"encoder": {"format": "json"}}}},
        "storage": {"module": "file_system", "root": str(config.folder)},
        "apps": apps,
    }


def waiting_page() -> str:
    """Return the page that http:// shows as long as there is no certificate."""
    return _NO_CERTIFICATE


def _http(config: Config) -> Part:
    servers = {"https": _https_server(config)}
    if config.http_port:
        servers["http"] = _http_server(config, config.http_port)
    return {
        # For the authority's questions, which Caddy answers on the servers below.
        "http_port": config.http_port or 80,
        "https_port": config.port,
        "grace_period": "2s",
        "servers": servers,
    }


def _server(config: Config, port: int, routes: list[Part]) -> Part:
    host = f"[{config.listen}]" if ":" in config.listen else config.listen
    return {
        "listen": [f"{host}:{port}"],
        # The distribution's Caddy is of 2022: HTTP/2's and 3's later holes are open in it.
        "protocols": ["h1"],
        "automatic_https": {"disable": True},  # all is said here
        "read_header_timeout": _HEADERS_WITHIN,
        "idle_timeout": "2m",
        "max_header_bytes": 64 * 2**10,
        "routes": [{"handle": [_without("Server")]}, *routes],
    }


def _http_server(config: Config, port: int) -> Part:
    places = Places(config.folder)
    file = {"root": str(places.shown), "try_files": [places.waiting.name]}
    wait = [
        {"handler": "headers", "response": {"set": {"Cache-Control": ["no-store"]}}},
        {"handler": "rewrite", "uri": f"/{places.waiting.name}"},
        {"handler": "file_server", "root": str(places.shown), "status_code": "503"},
    ]
    onward = {
        "handler": "static_response",
        "status_code": 308,
        "headers": {"Location": [f"{config.url}{{http.request.uri}}"]},
    }
    routes: list[Part] = [
        {"match": [{"file": file}], "handle": wait, "terminal": True},
        {"handle": [onward]},
    ]
    return _server(config, port, [*_offer(config), *routes])


def _https_server(config: Config) -> Part:
    stranger = {
        "handler": "static_response",
        "status_code": 421,
        "body": f"This is {config.url}\n",
    }
    routes: list[Part] = [
        {"match": [{"not": [{"host": [config.host]}]}], "handle": [stranger], "terminal": True},
        {"handle": [_hardening(config), *map(_unless_said, _KEPT_APART.items())]},
        *_offer(config),
        *_limits(),
        {"match": [_OF_HUB], "handle": [_waiting_proxy(config)], "terminal": True},
        {"handle": [_reverse_proxy(config)]},
    ]
    return {
        **_server(config, config.port, routes),
        "tls_connection_policies": [{"default_sni": config.host}],  # who types digits sends none
        "errors": {"routes": [{"handle": [_without("Server")]}, *_excuses()]},
    }


def _excuses() -> list[Part]:
    """What is shown in place of an answer of the hub's proxy."""
    large = {"handler": "static_response", "status_code": 413, "body": "This is too large.\n"}
    gone = {
        "handler": "static_response",
        "status_code": 503,
        "headers": {"Content-Type": ["text/html; charset=utf-8"], "Retry-After": ["5"]},
        "body": _NO_HUB,
    }
    return [
        {
            "match": [{"expression": "{http.error.message}.contains('body too large')"}],
            "handle": [large],
            "terminal": True,
        },
        {"match": [{"expression": "{http.error.status_code} == 502"}], "handle": [gone]},
    ]


def _offer(config: Config) -> list[Part]:
    """Give out the certificate of the own authority."""
    if config.authority != LAN:
        return []
    places = Places(config.folder)
    headers = {"Content-Type": ["application/x-x509-ca-cert"]}
    handle = [
        {"handler": "headers", "response": {"set": headers}},
        {"handler": "rewrite", "uri": f"/{places.root.name}"},
        {"handler": "file_server", "root": str(places.shown)},
    ]
    return [{"match": [{"path": [AUTHORITY_PATH]}], "handle": handle, "terminal": True}]


def _without(*headers: str) -> Part:
    """Take out headers of whatever is answered: Caddy's own, too."""
    return {"handler": "headers", "response": {"deferred": True, "delete": list(headers)}}


def _hardening(config: Config) -> Part:
    headers = {
        "X-Content-Type-Options": ["nosniff"],
        # Who is left sees the hub's name at most; videos in notebooks do not play without that.
        "Referrer-Policy": ["strict-origin-when-cross-origin"],
    }
    if config.port == 443:  # it holds for every port of the name; another one has other owners
        headers["Strict-Transport-Security"] = [f"max-age={_HSTS}"]
    banners = ["Server", "Via", "X-JupyterHub-Version", "X-Powered-By"]
    # A script of one student's server could stay in a visitor's browser, and answer for the hub.
    banners += ["Service-Worker-Allowed"]
    encrypted = [  # each cookie, whoever sets it
        {"search_regexp": r"(?i);\s*secure\b", "replace": ""},
        {"search_regexp": "$", "replace": "; Secure"},
    ]
    rules = {"set": headers, "delete": banners, "replace": {"Set-Cookie": encrypted}}
    return {"handler": "headers", "response": {"deferred": True, **rules}}


def _unless_said(header: tuple[str, str]) -> Part:
    """Add a header where hub or server have none of this name."""
    name, value = header
    return {
        "handler": "headers",
        "response": {
            "deferred": True,
            "require": {"headers": {name: None}},
            "set": {name: [value]},
        },
    }


def _limits() -> list[Part]:
    """Cap what is sent; the first rule that fits holds."""
    servers = {"handler": "request_body", "max_size": _TO_SERVERS}
    others = {"handler": "request_body", "max_size": bounds.BODY}
    return [
        {"group": "body", "match": [{"path": ["/user/*"]}], "handle": [servers]},
        {"group": "body", "handle": [others]},
    ]


def _reverse_proxy(config: Config) -> Part:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{config.hub}"}],
        "load_balancing": {"try_duration": _RESTART},
        # In place of what a client says of itself; Caddy sets them so by default.
        "headers": {"request": {"delete": ["Forwarded", "X-Scheme", "X-Real-Ip"]}},
    }


def _waiting_proxy(config: Config) -> Part:
    """Bear with a hub whose proxy is up before it: what is not found was not looked for by it."""
    by_proxy = {"status_code": [404], "headers": {"X-JupyterHub-Version": None}}
    gone = {"handle": [{"handler": "error", "status_code": 502}]}
    told = {"handle_response": [{"match": by_proxy, "routes": [gone]}]}
    return {**_reverse_proxy(config), **told}


def _tls(config: Config) -> Part:
    if config.certificate:
        file = {"certificate": str(config.certificate), "key": str(config.key)}
        return {"certificates": {"load_files": [file]}}
    policy = {"subjects": [config.host], "issuers": [_issuer(config)]}
    return {"certificates": {"automate": [config.host]}, "automation": {"policies": [policy]}}


def _issuer(config: Config) -> Part:
    if config.authority == LAN:
        return {"module": "internal", "ca": _AUTHORITY}
    issuer: Part = {"module": "acme", "challenges": _challenges(config)}
    if config.authority:
        issuer["ca"] = config.authority
    if config.authority_ca:
        issuer["trusted_roots_pem_files"] = [str(config.authority_ca)]
    if config.email:
        issuer["email"] = config.email
    return issuer


def _challenges(config: Config) -> Part:
    """Through port 443 alone where the hub is there; else through port 80, where that leads."""
    return {"tls-alpn": {"disabled": config.port != 443}}
