"""What Caddy logs about certificates, in words for people. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

_ACME = re.compile(r"urn:ietf:params:acme:error:(\w+)(?: - )?(.*)", re.DOTALL)
_NO_MORE_WAYS = "no solvers available"

_OF_AUTHORITY = {
    "caa": "a CAA record in the DNS names other authorities for {host}; add this one there",
    "connection": "it does not reach {host}; let the DNS lead here, and router, cloud and firewall "
    "pass ports 80 and 443 on to this machine",
    "dns": "the DNS leads nowhere from {host}; make an A record with this machine's address",
    "rateLimited": "it was asked too often; wait as long as it says",
    "rejectedIdentifier": "it has none for {host}; write another name into hub.url, or "
    "https: {{authority: lan}}",
    "tls": "at {host} something else answers on port 443; let the DNS lead to this machine",
    "unauthorized": "at {host} another machine answers; let the DNS lead to this one",
}
"""Problems of RFC 8555, with what mends them."""

_ON_THE_WAY = (
    (
        r"no such host|server misbehaving|not known|name resolution",
        "its name is not found; is this machine on the internet?",
    ),
    (
        r"x509|(?i:certificate verify failed)",
        "its own certificate is not trusted; name the file of its authority in https.authority_ca",
    ),
    (r"refused|no route|unreachable|timed? ?out|deadline|EOF|reset", "it does not answer"),
)


class Journal:
    """Reads one line after the other: an end has its reason some lines before."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._challenge = ""

    def failure(self, entry: Mapping[str, Any]) -> str | None:
        """Say why there is no certificate, and when it is tried again; None of other entries."""
        if entry["msg"] == "challenge failed":
            self._challenge = f"urn:{entry.get('problem_type', '').removeprefix('urn:')} - "
            self._challenge += str(entry.get("error", ""))
        if entry["msg"] != "will retry":
            return None
        error = str(entry.get("error", ""))
        if _NO_MORE_WAYS in error and self._challenge:
            error = self._challenge
        again = _span(float(entry.get("retrying_in", 0)))
        return f"{reason(error, self._host)}. It is tried again in {again}."


def read(line: str) -> Mapping[str, Any]:
    """Return an entry of the log; a line that is none becomes its ``msg``."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    return entry if isinstance(entry, dict) and "msg" in entry else {"msg": line.strip()}


def is_success(entry: Mapping[str, Any]) -> bool:
    """Whether a certificate came, or a newer one."""
    return bool(re.match(r"certificate (obtained|renewed) successfully", str(entry["msg"])))


def last_words(entry: Mapping[str, Any]) -> str | None:
    """Return what Caddy says before it gives up; None of other entries."""
    said = str(entry["msg"])
    return said.rpartition(": loading new config: ")[2] if said.startswith("Error: ") else None


def reason(error: str, host: str) -> str:
    """Say what an error means that Caddy, or the authority, has written of ``host``."""
    if problem := _ACME.search(error):
        kind, detail = problem[1], problem[2].split(" (order=")[0].strip()
        meaning = _OF_AUTHORITY.get(kind, kind).format(host=host)
        told = f" (it says: {detail})" if detail else ""
        return f"The authority gives no certificate: {meaning}{told}"
    for pattern, meaning in _ON_THE_WAY:
        if re.search(pattern, error):
            return f"The authority cannot be asked: {meaning} ({error})"
    return f"There is no certificate: {error}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
