"""The text of the rules, the resolvers behind a container's, and a policy in words."""

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.machine.health import Level
from opendata_hub.machine.health import network as health
from opendata_hub.machine.network import Policy, Target, resolvers, rules, words
from opendata_hub.machine.network.proof import Attempt, Kind, Proof


def policy(**more: Any) -> Policy:
    """A policy of a usual hub."""
    return Policy(
        network="opendata-hub-8000",
        bridge="br-1",
        subnets=("172.18.0.0/16",),
        gateway="172.18.0.1",
        hub_port=8081,
        **more,
    )


def lines(of: Policy) -> list[str]:
    """Its rules, with a resolver at Google's."""
    return rules.text(of, [ipaddress.ip_address("169.254.169.254")], {}).splitlines()


def test_names_go_before_keys_and_keys_before_what_is_open() -> None:
    """The first rule that fits decides, so that their order is what holds."""
    text = lines(policy(reach=["169.254.0.0/16", "10.0.0.1:80"]))
    order = [
        "ip daddr { 169.254.169.254/32 } meta l4proto { tcp, udp } th dport 53 accept",
        next(line for line in text if "169.254.170.2/32" in line and "goto closed" in line),
        "ip daddr { 172.18.0.1/32 } tcp dport 8081 accept",
        "meta l4proto { tcp, udp } ip daddr . th dport { 10.0.0.1 . 80 } accept",
        "fib daddr type { local, broadcast, anycast, multicast } goto closed",
        "ip daddr { 169.254.0.0/16 } accept",
        next(line for line in text if "10.0.0.0/8" in line),
    ]

    assert sorted(order, key=text.index) == order


def test_ranges_that_lie_in_each_other_are_one() -> None:
    """The kernel refuses a set in which two of them overlap."""
    text = lines(policy(reach=["10.0.0.0/8", "10.1.0.0/16", "10.2.0.1", "fd00::/8"]))

    assert "ip daddr { 10.0.0.0/8 } accept" in text
    assert "ip6 daddr { fd00::/8 } accept" in text


def test_a_policy_travels_as_json() -> None:
    """The hub hands it to its service that way."""
    sent = policy(internet=["pypi.org", "[2620:fe::9]:443"], reach=["10.0.0.0/8", "a.org:1"])

    assert Policy.model_validate_json(sent.model_dump_json()) == sent


def test_what_a_name_means_is_opened_anew_each_time() -> None:
    """An address that is in the set already would else run out, used or not."""
    one = ipaddress.ip_address("9.9.9.9")
    found = {Target("a.org"): [one], Target("b.org", 27000): [one]}
    made = list(rules.refresh(policy(internet=["a.org"], reach=["b.org:27000"]), found))

    assert made[:3] == [
        f"{verb} element inet opendata-hub-8000 internet4 {{ 9.9.9.9 }}"
        for verb in ("add", "delete", "add")
    ]
    assert made[3] == "add element inet opendata-hub-8000 doors4 { 9.9.9.9 . 27000 }"


GOOGLES = {"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"}


@pytest.mark.parametrize(
    ("machine", "behind", "daemon", "options", "asked"),
    [
        pytest.param("nameserver 10.0.0.2\n", "", None, "", {"10.0.0.2"}, id="the machine's"),
        pytest.param("nameserver fe80::1%eth0\n", "", None, "", {"fe80::1"}, id="with a scope"),
        pytest.param("#nameserver 1.1.1.1\nnameserver x\n", "", None, "", GOOGLES, id="none"),
        pytest.param(
            "nameserver 127.0.0.53\n", "nameserver 10.9.9.9", None, "", {"10.9.9.9"}, id="a stub"
        ),
        pytest.param("nameserver 127.0.0.1\n", "", None, "", GOOGLES, id="on loopback only"),
        pytest.param(
            "nameserver 127.0.0.1\nnameserver 10.0.0.2\n", "", None, "", {"10.0.0.2"}, id="both"
        ),
        pytest.param(
            "nameserver 10.0.0.2", "", {"dns": ["10.3.3.3"]}, "", {"10.3.3.3"}, id="daemon.json"
        ),
        pytest.param(
            "nameserver 10.0.0.2", "", {"dns": 7}, "--dns\x0010.4.4.4\0--dns=10.5.5.5",
            {"10.4.4.4", "10.5.5.5"}, id="options",
        ),
    ],
)  # fmt: skip
def test_the_engines_resolvers_are_found_as_it_does(
    tmp_path: Path, machine: str, behind: str, daemon: Any, options: str, asked: set[str]
) -> None:
    """By its options and its own view of the machine; where nothing is left, Google's."""
    _process(tmp_path, "self", "python", "net:[1]", "")
    root = _process(tmp_path, "12", "dockerd", "net:[1]", f"dockerd\0{options}")
    _process(tmp_path, "13", "dockerd", "net:[2]", "dockerd\0--dns\x0010.6.6.6")
    (root / "etc/resolv.conf").write_text(machine)
    (root / "run/systemd/resolve/resolv.conf").write_text(behind)
    if daemon:
        (root / "etc/docker/daemon.json").write_text(json.dumps(daemon))

    assert {str(one) for one in resolvers.of_engine(tmp_path)} == asked


def _process(proc: Path, number: str, name: str, net: str, words: str) -> Path:
    root = proc / number / "root"
    for folder in (root / "etc/docker", root / "run/systemd/resolve", proc / number / "ns"):
        folder.mkdir(parents=True)
    (proc / number / "comm").write_text(f"{name}\n")
    (proc / number / "cmdline").write_text(words)
    (proc / number / "ns" / "net").symlink_to(net)
    return root


def test_a_policy_is_told_in_plain_words() -> None:
    """What is open, what is closed, and whether any of it holds."""
    resolver = [ipaddress.ip_address("10.0.0.2")]
    told = "\n".join(words.told(policy(internet=False, reach=["a.org:1"]), resolver, True))

    for line in (
        "Its rules are in place.",
        "the hub         172.18.0.1, port 8081",
        "names           port 53 of 10.0.0.2",
        "the internet    nothing of it",
        "beside that     a.org:1",
    ):
        assert line in told
    assert "NOT in place" in words.told(policy(), resolver, False)[1]


def proof(*opened: Kind, names: bool = True) -> Proof:
    """An attempt of each kind; these came about."""
    return Proof(tuple(Attempt(kind, "10.0.0.1", 80, kind in opened) for kind in Kind), names)


def test_a_network_that_is_as_it_should_be_is_well() -> None:
    """The hub, what is listed and the internet are open, all else is closed."""
    found = list(health.judge(proof(Kind.HUB, Kind.INTERNET, Kind.REACH), policy()))

    assert {one.level for one in found} == {Level.OK}
    assert len(found) == 6


@pytest.mark.parametrize("kind", [Kind.SERVERS, Kind.HOST, Kind.METADATA, Kind.PRIVATE])
def test_what_should_be_closed_and_is_open_is_a_fault(kind: Kind) -> None:
    """With the address that gave it away, and the command that closes it."""
    found = list(health.judge(proof(Kind.HUB, Kind.INTERNET, Kind.REACH, kind), policy()))

    (bad,) = [one for one in found if one.level is Level.FAULT]
    assert "10.0.0.1 port 80" in bad.text
    assert bad.fix == "sudo opendata-hub network install"


def test_what_should_be_open_and_is_closed_is_told() -> None:
    """The hub is a fault; names, the internet and what hub.yaml opens may be meant so."""
    found = list(health.judge(proof(names=False), policy()))

    assert [one.level for one in found if one.level is not Level.OK] == [
        Level.FAULT, Level.WARNING, Level.WARNING, Level.WARNING,
    ]  # fmt: skip
    listed = list(health.judge(proof(Kind.HUB, Kind.INTERNET), policy(internet=False)))
    assert "servers reach the internet" in next(
        one.text for one in listed if one.level is Level.FAULT
    )
