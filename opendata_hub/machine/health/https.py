"""The https address: its ports, and the certificate that people are shown."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509

from opendata_hub.machine import certificates, handshake, own_command, ports
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_SOON = timedelta(days=14)
_LATE = 4
"""The part of its time below which a certificate was not renewed: that begins when a third is left,
and authorities give a day to a year."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Address:
    """
    What shall be there.

    Attributes:
        url: what people type; its ``host``, and the ``doors``: the ports, https first.
        listen: address of this machine to ask at.
        root: the own authority's certificate, where that certifies the host.
        kept: the file with the certificate, as far as there is one.
        problem: what the hub's service has said last.
        program: the configuration of the hub's own program for its ports.
        renewal: what to do where the certificate was not renewed.
    """

    url: str
    host: str
    doors: tuple[int, ...]
    listen: str
    root: Path | None = None
    kept: Path | None = None
    problem: str = ""
    program: Path | None = None
    renewal: str = "put a new one into its place"


@dataclass(frozen=True)
class Look:
    """
    What is there.

    Attributes:
        shown: the certificate that a browser gets; None if nothing answers.
        kept: the one in the file.
        distrust: why this machine does not trust what is shown; empty if it does.
        taken: by port, why this process may not have it.
        is_waiting: whether this hub's own program has the ports, and has no certificate to show.
    """

    shown: x509.Certificate | None = None
    kept: x509.Certificate | None = None
    distrust: str = ""
    taken: Mapping[int, str | None] = field(default_factory=dict)
    is_waiting: bool = False


def check(address: Address) -> Iterator[Finding]:
    """Look, then judge."""
    yield from judge(address, look(address), datetime.now(timezone.utc))


def look(address: Address) -> Look:
    """Ask this machine's own ports; nobody else."""
    kept = certificates.read(address.kept)[0] if address.kept else None
    port = address.doors[0]
    try:
        shown = handshake.shown(address.host, port, address.listen)
    except OSError:
        if is_running(address.program):
            return Look(None, kept, is_waiting=True)
        return Look(None, kept, taken={door: ports.fault(door) for door in address.doors})
    return Look(shown, kept, _distrust(address, port))


def is_running(configuration: Path | None) -> bool:
    """Whether there is a process with this file on its command line."""
    named = str(configuration).encode()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if configuration and named in process.read_bytes().split(b"\0"):
                return True
    return False


def _distrust(address: Address, port: int) -> str:
    try:
        trust = ssl.create_default_context(cafile=address.root)
        handshake.shown(address.host, port, address.listen, trust)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return str(error)
    return ""


def judge(address: Address, found: Look, now: datetime) -> Iterator[Finding]:
    """Say whether people get in by https."""
    certificate = found.shown or found.kept
    if certificate and not address.root:
        yield _judge_certificate(address, certificate, now)
    if found.shown and found.distrust:
        text = f"{address.url} answers, but browsers do not trust it as it is: {found.distrust}."
        yield warning("HTTPS", text, "put the certificates between it and its authority after it")
    elif found.shown:
        own = f", by its own authority, {_until(address.root)}" if address.root else ""
        yield ok("HTTPS", f"{address.url} answers with a certificate{own}.")
    else:
        yield from _judge_silence(address, found)
    if found.shown and address.problem:
        yield warning("HTTPS", address.problem)


def _judge_certificate(address: Address, shown: x509.Certificate, now: datetime) -> Finding:
    known = ", ".join(certificates.names(shown))
    if why := certificates.ended(shown, now):
        mend = address.problem or address.renewal
        return fault("Certificate", f"that of {address.url} {why}.", mend)
    if not certificates.covers(shown, address.host):
        mend = f"get one for {address.host}, or write another name into hub.url"
        return fault("Certificate", f"it is for {known}, not for {address.host}.", mend)
    left = shown.not_valid_after_utc - now
    text = (
        f"it is for {known}, by {certificates.issuer(shown)}, and holds {_words(left)}, until "
        f"{shown.not_valid_after_utc:%F}."
    )
    if left < min(_SOON, (shown.not_valid_after_utc - shown.not_valid_before_utc) / _LATE):
        return warning("Certificate", text, address.problem or address.renewal)
    return ok("Certificate", text)


def _words(left: timedelta) -> str:
    return f"{left.days} more days" if left.days > 1 else f"{left // _HOUR} more hours"


def _until(root: Path) -> str:
    return f"until {certificates.read(root)[0].not_valid_after_utc:%F}"


def _judge_silence(address: Address, found: Look) -> Iterator[Finding]:
    if found.is_waiting:
        why = address.problem or "The authority has not answered yet."
        yield fault("HTTPS", f"{address.url} has no certificate yet. {why}", address.renewal)
        return
    taken = {port: why for port, why in found.taken.items() if why}
    for port, why in taken.items():
        as_root = f"sudo {own_command.start()}"
        fix = as_root if why == ports.ROOT_ONLY else "end that program, or its service"
        yield fault(f"Port {port}", f"{why.removeprefix('is ')}; {address.url} needs it.", fix)
    if address.problem:
        yield fault("HTTPS", f"{address.url} does not answer. {address.problem}", address.renewal)
    elif not taken:
        free = " and ".join(map(str, address.doors))
        yield ok("HTTPS", f"no hub answers at {address.url} now; free for it: {free}.")
