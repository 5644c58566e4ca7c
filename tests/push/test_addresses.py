"""Addresses one by one: every special network at both ends, every disguise, and the public ones."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.push.addresses import refusal

#: Written down from IANA's registries of special purpose addresses, not from our code.
SPECIAL_IPV4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
    "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
]  # fmt: skip
SPECIAL_IPV6 = [
    "100::/64", "100:0:0:1::/64", "2001::/32", "2001:1::1/128", "2001:1::2/128", "2001:2::/48",
    "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28",
    "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8", "64:ff9b::/96", "64:ff9b:1::/48", "::/128", "::1/128",
    "4000::/3", "6000::/3", "8000::/3", "a000::/3", "c000::/3", "e000::/4", "f000::/5",
]  # fmt: skip
#: Loopback, private and link-local addresses in the clothes of IPv6.
DISGUISED = [
    *(f"::ffff:{ip}" for ip in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1",
                                "172.31.255.255", "0.0.0.0", "100.64.0.1", "224.0.0.1",
                                "255.255.255.255", "192.0.0.8")),
    *(f"::{ip}" for ip in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "8.8.8.8")),
    *(f"64:ff9b::{ip}" for ip in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8")),
    *(f"64:ff9b:1::{ip}" for ip in ("127.0.0.1", "10.0.0.1", "8.8.8.8")),
    "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:101::", "2002:808:808::",
    "2001:0:7f00:1::", "2001:0:808:808:0:0:80ff:fffe", "2001:0:808:808:0:0:f7f7:f7f7",
    "fe80::1%eth0", "fe80::1%1", "2a00:1450:4001::1%2", "::1%lo",
]  # fmt: skip
UNREADABLE = [
    "", "localhost", "127.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.",
    "0177.0.0.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "::g", "[::1]", "127.0.0.1:80",
    " 8.8.8.8", "8.8.8.8\n", "１.１.１.１", "/run/socket", "8.8.8.8%1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
    "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.31.195.255", "192.31.197.0",
    "192.52.192.255", "192.52.194.0", "192.88.98.255", "192.88.100.0", "192.167.255.255",
    "192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255", "198.20.0.0",
    "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "1.0.0.0",
    "::ffff:1.1.1.1", "::ffff:8.8.8.8", "2000::", "2001:200::", "2001:db7::1", "2001:db9::1",
    "2003::1", "2606:4700:4700::1111", "2620:4f:7fff::1", "2620:4f:8001::1", "2a00:1450:4001::1",
    "3ffe::1", "3fff:1000::", "3fff:ffff::1", "2400:cb00::1",
]  # fmt: skip


def ends(networks: list[str]) -> list[str]:
    """First, last and one in between of each network."""
    found = []
    for text in networks:
        kind = IPv6Network if ":" in text else IPv4Network
        network = kind(text)
        middle = network[network.num_addresses // 2]
        found += sorted({str(network[0]), str(network[-1]), str(middle)})
    return found


REFUSED = [*ends(SPECIAL_IPV4), *ends(SPECIAL_IPV6), *DISGUISED]


def test_the_table_is_as_large_as_promised() -> None:
    assert len({*REFUSED, *PUBLIC, *UNREADABLE}) >= 200


@pytest.mark.parametrize("address", REFUSED)
def test_nothing_is_sent_to_a_special_address(address: str) -> None:
    assert refusal(address) in {"loopback", "private", "link_local", "multicast", "reserved"}


@pytest.mark.parametrize("address", UNREADABLE)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert refusal(address) == "unreadable"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_sent_to(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback"), ("::1", "loopback"), ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"), ("64:ff9b::127.0.0.1", "loopback"),
        ("2002:7f00:1::", "loopback"), ("2001:0:808:808:0:0:80ff:fffe", "loopback"),
        ("10.1.2.3", "private"), ("fd00::1", "private"), ("169.254.169.254", "link_local"),
        ("fe80::1", "link_local"), ("224.0.0.1", "multicast"), ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"), ("2001:db8::1", "reserved"), ("::", "reserved"),
    ],
)  # fmt: skip
def test_the_reason_says_what_it_is(address: str, reason: str) -> None:
    assert refusal(address) == reason


def test_the_standard_library_would_let_through_what_we_refuse() -> None:
    """The control: a guard made of `is_global` fails this table."""
    fooled = {address for address in REFUSED if ip_address(address).is_global}
    # What it says of the others depends on the version of Python.
    assert fooled >= {"fec0::", "192.31.196.0"}
    assert len(fooled) >= 20
    assert any(refusal(address) == "loopback" for address in fooled)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_by_the_registry(number: int) -> None:
    ip = IPv4Address(number)
    special = any(ip in IPv4Network(network) for network in SPECIAL_IPV4)
    assert (refusal(str(ip)) is not None) == special
    assert refusal(f"::ffff:{ip}") == refusal(str(ip))


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_outside_the_public_range_is_never_sent_to(number: int) -> None:
    ip = IPv6Address(number)
    mapped = ip in IPv6Network("::ffff:0:0/96")
    if refusal(str(ip)) is None:
        assert mapped or ip in IPv6Network("2000::/3")
    elif ip in IPv6Network("2003::/16") or ip in IPv6Network("2400::/12"):
        pytest.fail(f"{ip} is public")
