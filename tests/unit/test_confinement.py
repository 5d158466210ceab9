"""What a container may do: nothing, unless the catalogue or the operator says so."""

import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata_hub.catalogue import Image
from opendata_hub.engine import seccomp, servers
from opendata_hub.engine.syscalls import ALLOWED

TRUSTED = Image(
    slug="a",
    display_name="A",
    image="a",
    capabilities=("SETUID",),
    allow_privilege_escalation=True,
)
INFO = {
    "Architecture": "x86_64",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=default"],
}


def test_by_default_a_container_may_nothing() -> None:
    """No capability, no new privilege, few system calls, no swap; shared memory to work with."""
    assert servers.host_config(None, 2**30, 100, {}, INFO) == {
        "cap_drop": ["ALL"],
        "cap_add": [],
        "pids_limit": 100,
        "security_opt": ["no-new-privileges", f"seccomp={seccomp.profile()}"],
        "ipc_mode": "private",
        "oom_score_adj": 500,
        "memswap_limit": 2**30,
        "shm_size": 2**29,
    }


def test_an_entry_may_ask_for_more() -> None:
    """Only what it names comes back, with the system calls that the engine finds fitting."""
    config = servers.host_config(TRUSTED, None, 100, {}, INFO)

    assert config == {
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID"],
        "pids_limit": 100,
        "security_opt": [],
        "ipc_mode": "private",
        "oom_score_adj": 500,
    }


def test_the_operators_own_words_win() -> None:
    """Who configures DockerSpawner further is obeyed, but labels of ours stay."""
    assert servers.host_config(None, None, 100, {"pids_limit": 7}, INFO)["pids_limit"] == 7
    made = servers.container({"role": "server"}, {"user": "5", "labels": {"role": "x", "a": "b"}})
    assert made == {
        "user": "5",
        "working_dir": "/home/jovyan",
        "labels": {"role": "server", "a": "b"},
    }


def test_a_machine_without_seccomp_still_starts_servers() -> None:
    """An engine refuses a profile that it cannot enforce, and other processors have other calls."""
    for info in ({}, {**INFO, "SecurityOptions": None}, {**INFO, "Architecture": "ppc64le"}):
        assert not seccomp.is_on(info)
        assert servers.host_config(None, None, 9, {}, info)["security_opt"] == ["no-new-privileges"]


@given(st.integers(0, 2**32 - 1) | st.sampled_from([0x5412, 0x5000940E, 0x5000940E ^ 1, 0x5413]))
def test_every_ioctl_is_open_or_closed_as_it_should_be(number: int) -> None:
    """The rules that stand for "all but these" are exactly that."""
    closed = any(number & bits.mask == bits.value for bits in seccomp.CLOSED_IOCTLS)
    fitting = [b for b in seccomp.all_but(seccomp.CLOSED_IOCTLS) if number & b.mask == b.value]

    assert len(fitting) == (0 if closed else 1)


def _is_open(family: int, kind: int, protocol: int) -> bool:
    """Whether one rule lets this socket be made."""
    asked = (family, kind, protocol)
    rules = [r for r in json.loads(seccomp.profile())["syscalls"] if r["names"] == ["socket"]]
    return any(all(_fits(asked[one["index"]], one) for one in rule["args"]) for rule in rules)


def _fits(number: int, wanted: dict[str, Any]) -> bool:
    if wanted["op"] == "SCMP_CMP_EQ":
        return bool(number == wanted["value"])
    return bool(number & wanted["value"] == wanted["valueTwo"])


@pytest.mark.parametrize("flags", [0, socket.SOCK_CLOEXEC, socket.SOCK_NONBLOCK])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_sockets_are_of_the_sorts_that_notebooks_use(family: int, flags: int) -> None:
    """Streams and datagrams, with any flags; with no protocol named, others are DCCP and SCTP."""
    for kind in range(16):
        usual = kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        assert _is_open(family, kind | flags, 0) == usual
    assert _is_open(family, socket.SOCK_DGRAM | flags, socket.IPPROTO_ICMP)
    assert not _is_open(family, socket.SOCK_STREAM | flags, 132)  # SCTP
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
        assert _is_open(socket.AF_NETLINK, kind | flags, 0)
    assert not _is_open(socket.AF_NETLINK, socket.SOCK_SEQPACKET | flags, 0)
    assert _is_open(socket.AF_UNIX, socket.SOCK_SEQPACKET | flags, 0)


def test_no_call_is_allowed_with_any_arguments_and_with_some() -> None:
    """The first would void the second."""
    rules = json.loads(seccomp.profile())["syscalls"]
    some = {name for rule in rules[1:] for name in rule["names"]}

    assert not some & set(rules[0]["names"])
    assert len(set(ALLOWED)) == len(ALLOWED)
