"""What is in the way of a certificate, looked at before anybody is asked for one."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx

from opendata_hub.machine import caddy, certificates, names, own_command, ports
from opendata_hub.services.https import journal
from opendata_hub.services.https.config import Config
from opendata_hub.services.https.places import Places

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"

_PATIENCE = 15  # seconds for an answer of the authority


def first(config: Config) -> str:
    """Say what keeps Caddy from its work now, a sentence; empty where nothing does."""
    return next(_all(config), "")


def _all(config: Config) -> Iterator[str]:
    if not caddy.command():
        yield "Caddy is not installed: sudo apt-get install caddy"
    yield from _files(config)
    for port in filter(None, (config.port, config.http_port)):
        if taken := ports.fault(port):
            yield _of_port(port, taken)
    if config.is_acme and not Places(config.folder).certificate(config.host):
        yield from _of_authority(config)


def of_files(config: Config) -> str:
    """Say what is wrong with the certificate in files, if there is one; empty where nothing is."""
    return next(_files(config), "")


def _files(config: Config) -> Iterator[str]:
    if config.certificate and config.key:
        yield from certificates.faults(config.certificate, config.key, config.host)


def _of_port(port: int, taken: str) -> str:
    if taken == ports.ROOT_ONLY:
        return f"Port {port} {taken}: run the hub as root, as by sudo {own_command.start()}."
    return f"Port {port} {taken}; end that, and https goes on by itself."


def _of_authority(config: Config) -> Iterator[str]:
    # An authority of the site's own may see other names than this machine, and counts no tries.
    if not config.authority and (fault := names.look(config.host).fault):
        yield fault
    directory = config.authority or LETS_ENCRYPT
    if error := _silence(directory, config.authority_ca):
        yield f"{journal.reason(error, config.host)}: {directory}."


def _silence(directory: str, authority: Path | None) -> str:
    """Return why an ACME directory cannot be had; empty where it can."""
    try:
        trust = ssl.create_default_context(cafile=authority)
        httpx.get(directory, verify=trust, timeout=_PATIENCE).raise_for_status()
    except (httpx.HTTPError, OSError) as error:
        return str(error).partition("\n")[0] or type(error).__name__
    return ""
