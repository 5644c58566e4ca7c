"""Which addresses a message may be sent to: none that could be inside (reliability T39).

For IPv4 everything is refused that IANA's registry of special addresses names. For IPv6 the other
way round: nothing but what is handed out to the public. `ipaddress.is_global` will not do, it
lets through loopback in several disguises.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: What is refused, and how it is counted (a closed set).
_SPECIAL_IPV4 = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "reserved"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link_local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("198.51.100.0/24", "reserved"),
        ("203.0.113.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)
_MAPPED = IPv6Network("::ffff:0:0/96")
# Forms of IPv6 that lead to an IPv4 address, and where in them it stands: bits from the right.
_CARRIERS = (
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)
_TEREDO = IPv6Network("2001::/32")
_LINK_LOCAL = IPv6Network("fe80::/10")
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
_LOW = 0xFFFFFFFF


def refusal(address: str) -> str | None:
    """Why nothing is sent to that address, one word of a closed set; None if it may be.

    An IPv4 address inside an IPv6 one is judged, too; only the mapped form (``::ffff:…``) is as
    good as what is in it.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "unreadable"
    if isinstance(ip, IPv4Address):
        return _refusal_ipv4(ip)
    if ip.scope_id is not None:
        return "link_local"
    if ip in _MAPPED:
        return _refusal_ipv4(IPv4Address(int(ip) & _LOW))
    return _refusal_inside(ip) or _refusal_ipv6(ip)


def _refusal_ipv4(ip: IPv4Address) -> str | None:
    return next((reason for network, reason in _SPECIAL_IPV4 if ip in network), None)


def _refusal_inside(ip: IPv6Address) -> str | None:
    """What an IPv4 address that this one carries is refused for."""
    number = int(ip)
    if number <= 1:
        return "loopback" if number else "reserved"
    for network, shift in _CARRIERS:
        if ip in network:
            return _refusal_ipv4(IPv4Address(number >> shift & _LOW))
    if ip in _TEREDO:
        # The server's address as it is, the client's with every bit turned over.
        server, inner = IPv4Address(number >> 64 & _LOW), IPv4Address(~number & _LOW)
        return _refusal_ipv4(inner) or _refusal_ipv4(server)
    return None


def _refusal_ipv6(ip: IPv6Address) -> str | None:
    if ip in _LINK_LOCAL:
        return "link_local"
    if ip in _UNIQUE_LOCAL:
        return "private"
    if ip.is_multicast:
        return "multicast"
    if ip not in _PUBLIC_IPV6 or any(ip in network for network in _SPECIAL_IPV6):
        return "reserved"
    return None
