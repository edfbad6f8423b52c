"""Which addresses events may be sent to. A name is resolved once, and the connection goes to exactly the address that was checked.

Otherwise somebody who may enter an address could make the service send requests inside the network that it runs in.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

LONGEST: Final = 500
_URL: Final = re.compile(
    r"(https?)://([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII,
)
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?", re.ASCII)
"""A name of at least two labels, of which the last begins with a letter: so no number is one, in whatever base it is written."""
_PORTS: Final = {"http": 80, "https": 443}
_GLOBAL_V6: Final = ipaddress.ip_network("2000::/3")
_REFUSED: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
"""Addresses that some releases of Python take for global ones, and that lead elsewhere: services of the host in clouds, reserved
addresses, and tunnels to IPv4 addresses.
"""
Lookup = Callable[..., list[tuple[Any, ...]]]
"""Resolves a name as `socket.getaddrinfo` does."""


class RefusedAddress(Exception):
    """Events may not be sent to this address."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart. `allowed` says that the operator named host and port in COOPAPI_WEBHOOK_ALLOW."""

    scheme: str
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def authority(self) -> str:
        """Return the value of the header Host."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"


def target_of(url: str, allow: AbstractSet[str]) -> Target:
    """Take a URL apart. Raises `RefusedAddress` with the rule that it breaks."""
    found = _URL.fullmatch(url)
    if found is None or len(url) > LONGEST:
        raise RefusedAddress("The address must be a URL of a host name and a path, without user, password and fragment.")
    scheme, host, port, path, query = found.groups()
    target = Target(scheme, host.lower(), int(port or _PORTS[scheme]), (path or "/") + (query or ""), allowed=False)
    if f"{target.host}:{target.port}" in allow:
        return Target(scheme, target.host, target.port, target.path, allowed=True)
    if scheme != "https":
        raise RefusedAddress("The address must begin with https://.")
    if not _NAME.fullmatch(target.host):
        raise RefusedAddress("The host must be a full domain name and no number.")
    if target.port != _PORTS["https"]:
        raise RefusedAddress("The port must be 443.")
    return target


def resolve(target: Target, lookup: Lookup = socket.getaddrinfo) -> str:
    """Resolve the host of a URL, once, and return the address to connect to.

    Raises `RefusedAddress` if any of its addresses is not a public one, unless the operator allowed the host. Raises `OSError` if
    the name does not resolve.
    """
    found = lookup(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not (target.allowed or all(map(is_public, addresses))):
        raise RefusedAddress("The host has an address that is not public.")
    return addresses[0]


def is_public(text: str) -> bool:
    """Tell whether an address is one of the public internet: not private, local, multicast, reserved, or a tunnel to IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # such as an address with a zone
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_V6:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _REFUSED)
