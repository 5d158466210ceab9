"""The way out of the site: does the engine take the proxy, and trust the authority."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opendata_hub.machine import certs, daemon, own_command
from opendata_hub.machine.health.finding import Finding, ok, warning
from opendata_hub.site import Site


def check(info: Mapping[str, Any], site: Site, hosts: Iterable[str]) -> Iterator[Finding]:
    """
    Look at the engine, then judge.

    Args:
        info: the engine's answer to ``/info``.
        hosts: the registries that images come from.
    """
    yield from judge_proxy(info, site, daemon.SYSTEMD.is_dir())
    if site.ca_bundle and daemon.is_local():
        yield judge_authority(certs.missing(site.ca_bundle, hosts))


def judge_proxy(info: Mapping[str, Any], site: Site, systemd: bool) -> Iterator[Finding]:
    """
    Say whether pulls take the site's proxy; nothing where the site has none.

    Args:
        systemd: whether systemd starts services here.
    """
    wanted = site.http_proxy
    if wanted is None:
        return
    has = str(info.get("HttpsProxy") or info.get("HttpProxy") or "").rstrip("/")
    if has == wanted:
        yield ok("Site", f"the engine pulls through {wanted}.")
        return
    way = f"through {has}" if has else "without a proxy"
    text = f"the engine pulls {way}, and not through {wanted}, which hub.yaml names."
    yield warning("Site", text, _mend(site.proxies(), systemd))


def _mend(variables: Mapping[str, str], systemd: bool) -> str:
    if not systemd:
        return f"stop the engine when no class runs, then: {own_command.prepare_as_root()}"
    lines = " ".join(f'"{name}={value}"' for name, value in variables.items() if name.isupper())
    return (
        f"sudo systemctl edit docker, write [Service] and Environment={lines}, "
        "then: sudo systemctl restart docker"
    )


def judge_authority(missing: list[str]) -> Finding:
    """Say for which registries the engine does not know the site's authority."""
    if not missing:
        return ok("Site", "the engine trusts the site's authority.")
    text = f"the engine does not know the site's authority for {', '.join(missing)}."
    return warning("Site", text, own_command.prepare_as_root())
