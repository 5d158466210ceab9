"""What hub.yaml opens to servers, as people write it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata_hub.errors import ConfigError
from opendata_hub.fields import check
from opendata_hub.machine.network import Target
from opendata_hub.machine.network.places import METADATA
from opendata_hub.machine.network.targets import read
from opendata_hub.settings.network import Network

PORTS = st.none() | st.integers(1, 65535)
LABELS = st.from_regex(r"\A[a-z][a-z0-9]{0,10}\Z")
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join).filter(lambda n: n != "localhost")
HOSTS = st.ip_addresses().filter(lambda one: not one.is_loopback and one not in METADATA)


@given(st.text() | st.from_regex(r"[0-9a-f.:/\[\]*]{1,40}", fullmatch=True))
def test_whatever_is_written_is_read_or_refused_with_a_rule(text: str) -> None:
    """No other error; and what was read is written so that it reads the same."""
    try:
        target = read(text)
    except ValueError as error:
        assert str(error).startswith(("write ", "take "))
    else:
        assert read(str(target)) == target


@given(NAMES | HOSTS.map(str), PORTS)
def test_names_and_addresses_with_and_without_a_port(host: str, port: int | None) -> None:
    """Brackets keep the two meanings of a colon apart."""
    target = Target(host, port)

    assert read(str(target)) == target


@given(st.ip_addresses(), st.data())
def test_ranges(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    """A range is read where its address is its first; else the rule names the one that is meant."""
    length = data.draw(st.integers(0, address.max_prefixlen - 1))
    meant = ipaddress.ip_network(f"{address}/{length}", strict=False)
    if meant.is_loopback:
        return
    assert read(str(meant)).range == meant
    if meant.network_address != address:
        with pytest.raises(ValueError, match=f"write {meant}, or a single address"):
            read(f"{address}/{length}")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"reach": ["169.254.169.254"]}, "take it out: there the cloud hands out this machine's"),
        ({"reach": ["[fd00:ec2::254]:80"]}, "take it out: there the cloud hands out"),
        ({"reach": ["10.0.0.0/8:443"]}, "write a range without a port, or one address"),
        ({"reach": ["127.0.0.1:8000"]}, "in a container, that one is the container's"),
        ({"reach": ["localhost"]}, "in a container, that one is the container's"),
        ({"reach": ["10.1"]}, "write a name such as pypi.org"),
        ({"reach": ["a.org:0"]}, "write a port from 1 to 65535"),
        ({"reach": [7]}, "write a name such as pypi.org"),
        ({"internet": ["https://pypi.org"]}, "without http:// and the like"),
        ({"internet": ["*.python.org"]}, "nobody can look up the addresses of every name"),
        ({"internet": ["10.1.2.3"]}, "of '10.1.2.3': that is not of the internet; write it under"),
        ({"internet": ["0.0.0.0/0"]}, "that is not of the internet"),
        ({"internet": []}, "write true, false, or a list such as [pypi.org,"),
        ({"internet": "yes"}, "internet is 'yes'; write true, false, or a list"),
        ({"isolate": False, "internet": False}, "take out internet, or isolate: false"),
    ],
)
def test_what_cannot_be_meant_is_refused(raw: dict[str, object], sentence: str) -> None:
    """With the key, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        check(Network, raw, "hub.yaml")

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
