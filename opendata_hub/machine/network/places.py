"""Addresses that are something special wherever a machine stands."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Range = ipaddress.IPv4Network | ipaddress.IPv6Network

METADATA: tuple[Address, ...] = tuple(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # AWS, Google, Azure, OpenStack and nearly everybody else
            "169.254.170.2",  # keys of containers, AWS ECS
            "169.254.170.23",  # AWS EKS
            "169.254.42.42",  # Scaleway
            "169.254.0.23",  # Tencent
            "168.63.129.16",  # Azure's way to its guests: also its resolver
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS EKS
            "fd20:ce::254",  # Google
            "fd00:42::42",  # Scaleway
            "fe80::a9fe:a9fe",  # OpenStack
        ),
    )
)
"""Where clouds hand out a machine's own keys and start-up scripts."""

LOCAL: tuple[Range, ...] = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a provider's address translation
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local
            "172.16.0.0/12",  # private
            "192.0.0.0/24",
            "192.168.0.0/16",  # private
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",
            # All but 2000::/3: with it unique local (private), link-local, multicast and loopback.
            "::/3",
            "4000::/2",
            "8000::/1",
            "2002::/16",  # addresses of IPv4, private ones too
        ),
    )
)
"""Not the internet: what is around a machine, or the machine itself. RFC 6890 lists them."""
