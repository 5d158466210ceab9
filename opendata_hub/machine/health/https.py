"""The https address: its name, its ports, and the certificate that people are shown."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509

from opendata_hub.machine import certificates, handshake, names, ports
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_SOON = 14
"""Days; authorities give 47 or more, and renewal begins when a third is left."""


@dataclass(frozen=True)
class Address:
    """
    What shall be there.

    Attributes:
        url: what people type; its ``host``, and the ``doors``: the ports, https first.
        listen: address of this machine to ask at.
        is_known: whether the internet's name service must know the host.
        root: the own authority's certificate, where that certifies the host.
        kept: the file with the certificate, as far as there is one.
        problem: what the hub's service has said last.
    """

    url: str
    host: str
    doors: tuple[int, ...]
    listen: str
    is_known: bool
    root: Path | None = None
    kept: Path | None = None
    problem: str = ""


@dataclass(frozen=True)
class Look:
    """
    What is there.

    Attributes:
        name: what the DNS says; None where nobody asks it.
        shown: the certificate that a browser gets; None if nothing answers.
        kept: the one in the file.
        distrust: why this machine does not trust what is shown; empty if it does.
        taken: by port, why this process may not have it.
    """

    name: names.Name | None = None
    shown: x509.Certificate | None = None
    kept: x509.Certificate | None = None
    distrust: str = ""
    taken: Mapping[int, str | None] = field(default_factory=dict)


def check(address: Address) -> Iterator[Finding]:
    """Look, then judge."""
    yield from judge(address, look(address), datetime.now(timezone.utc))


def look(address: Address) -> Look:
    """Ask the DNS and this machine's own ports; nobody else."""
    name = names.look(address.host) if address.is_known else None
    kept = certificates.read(address.kept)[0] if address.kept else None
    port = address.doors[0]
    try:
        shown = handshake.shown(address.host, port, address.listen)
    except OSError:
        return Look(name, None, kept, taken={door: ports.fault(door) for door in address.doors})
    return Look(name, shown, kept, _distrust(address, port))


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
    if found.name:
        yield _judge_name(found.name)
    certificate = found.shown or found.kept
    if certificate and not address.root:
        yield _judge_certificate(address, certificate, now)
    if found.shown and found.distrust:
        text = f"{address.url} answers, but browsers do not trust it as it is: {found.distrust}."
        yield warning("HTTPS", text, "put the certificates between it and its authority after it")
    elif found.shown:
        own = ", by its own authority" if address.root else ""
        yield ok("HTTPS", f"{address.url} answers with a certificate{own}.")
    else:
        yield from _judge_silence(address, found)
    if found.shown and address.problem:
        yield warning("HTTPS", address.problem)


def _judge_name(name: names.Name) -> Finding:
    if name.fault:
        return fault("Name", name.fault)
    if doubt := names.doubt(name):
        return warning("Name", doubt)
    return ok("Name", f"{name.host} leads to this machine, at {', '.join(name.here)}.")


def _judge_certificate(address: Address, shown: x509.Certificate, now: datetime) -> Finding:
    known = ", ".join(certificates.names(shown))
    if why := certificates.ended(shown, now):
        return fault("Certificate", f"that of {address.url} {why}.", address.problem)
    if not certificates.covers(shown, address.host):
        return fault("Certificate", f"it is for {known}, not for {address.host}.")
    days = (shown.not_valid_after_utc - now).days
    text = f"it is for {known} and holds {days} more days, until {shown.not_valid_after_utc:%F}."
    if days < _SOON:
        return warning("Certificate", text, address.problem or "put a new one into its place")
    return ok("Certificate", text)


def _judge_silence(address: Address, found: Look) -> Iterator[Finding]:
    taken = {port: why for port, why in found.taken.items() if why}
    for port, why in taken.items():
        fix = "sudo ./start" if why == ports.ROOT_ONLY else "end that program, or its service"
        yield fault(f"Port {port}", f"{why.removeprefix('is ')}; {address.url} needs it.", fix)
    if address.problem:
        yield fault("HTTPS", f"{address.url} does not answer. {address.problem}")
    elif not taken:
        free = " and ".join(map(str, address.doors))
        yield ok("HTTPS", f"no hub answers at {address.url} now; free for it: {free}.")
