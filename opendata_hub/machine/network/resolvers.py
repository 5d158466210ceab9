"""Whom the engine asks for names on behalf of servers."""

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from opendata_hub.machine.network.places import Address

PROC = Path("/proc")

_STUB = ["127.0.0.53"]  # systemd-resolved's, which knows the real ones in a file of its own
_FILE, _BEHIND_STUB = "etc/resolv.conf", "run/systemd/resolve/resolv.conf"
_CONFIG = "/etc/docker/daemon.json"
_LAST_RESORT = ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844")


def of_engine(proc: Path = PROC) -> set[Address]:
    """
    Find the resolvers behind the one that containers see, ``127.0.0.11``.

    As the engine does: its option ``dns``, else the machine's ``resolv.conf`` without loopback, of
    which a container has one of its own; where nothing is left, Google's. Where it asks on
    loopback itself, that is no traffic of a server's.
    """
    roots = {engine / "root": _options(engine) for engine in _engines(proc)}
    roots = roots or {proc / "self" / "root": []}
    return set().union(*(_of_one(root, options) for root, options in roots.items()))


def _engines(proc: Path) -> Iterator[Path]:
    """Yield the processes of engines that stand in this network."""
    for process in proc.glob("[0-9]*"):
        try:
            engine = (process / "comm").read_text("utf-8", "replace").strip() == "dockerd"
            if engine and _net(process) == _net(proc / "self"):
                yield process
        except OSError:
            continue  # it ended meanwhile, or is not ours to see


def _net(process: Path) -> str:
    return str((process / "ns" / "net").readlink())


def _options(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return []


def _of_one(root: Path, options: list[str]) -> set[Address]:
    set_by_hand = [*_values(options, "--dns"), *_configured(root, options)]
    known = list(_addresses(set_by_hand)) or _of_machine(root)
    usable = {one for one in known if not one.is_loopback}
    return usable or set(map(ipaddress.ip_address, _LAST_RESORT))


def _values(options: list[str], name: str) -> list[str]:
    after = [value for word, value in pairwise(options) if word == name]
    return after + [word.split("=", 1)[1] for word in options if word.startswith(f"{name}=")]


def _configured(root: Path, options: list[str]) -> list[str]:
    file = (_values(options, "--config-file") or [_CONFIG])[-1]
    try:
        found = json.loads((root / file.lstrip("/")).read_text("utf-8"))["dns"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _of_machine(root: Path) -> list[Address]:
    words = _nameservers(root / _FILE)
    if words == _STUB:
        words = _nameservers(root / _BEHIND_STUB) or words
    return list(_addresses(words))


def _nameservers(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return []
    return re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE)


def _addresses(words: Iterable[str]) -> Iterator[Address]:
    for word in words:
        try:
            yield ipaddress.ip_address(word.partition("%")[0])
        except ValueError:
            continue  # the engine does not take it either
