"""Where a CRM is: one strict reading of a base URL, and the addresses that may be connected to (SSRF).

Two parsers that read one URL differently are how a check is passed and another host reached. So there is one reading
here, of a small grammar, and the transport connects to what it says and to an address that was checked.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from policy_gateway.errors import ConfigurationError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_BASE_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*)/?"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS: Final = {"http": 80, "https": 443}
_HIGHEST_PORT: Final = 65535

_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
# Addresses that stand for another one (6to4, Teredo and other protocol assignments) could smuggle a refused one.
_INDIRECT_V6: Final = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/23"))
# Where clouds hand out credentials. No allow-list opens these: no CRM lives there.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A CRM's scheme, host (lower case; IPv6 without brackets), port, and path prefix (``/crm`` or empty)."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """Return the Host header: the port is named unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def site(self) -> str:
        """Return ``scheme://host:port``: what a stored secret was entered for."""
        return f"{self.scheme}://{self.authority}"


def parse_base_url(text: str) -> Origin:
    """Return the origin that *text* names; ConfigurationError, which never quotes *text*, for all but the plain form.

    No user, query, fragment, backslash or escape; http or https; a DNS name in ASCII or a canonical IP address.
    """
    if not text.isascii():
        raise ConfigurationError("the base URL has characters outside ASCII: write the host in its xn-- form")
    found = _BASE_URL.fullmatch(text)
    if found is None:
        raise ConfigurationError(
            "the base URL must be http(s)://host[:port][/path], without user, query, fragment or escapes"
        )
    path = found["path"]
    if any(segment in {".", ".."} for segment in path.split("/")):
        raise ConfigurationError("the base URL's path must not have dot segments")
    port = int(found["port"] or _PORTS[found["scheme"]])
    if port > _HIGHEST_PORT:
        raise ConfigurationError("the base URL's port is not between 1 and 65535")
    return Origin(found["scheme"], _host(found["host"].lower()), port, path)


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise ConfigurationError("the base URL's host is not an IPv6 address") from None
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ConfigurationError("the base URL's host must be a DNS name without a trailing dot, or an IP address")
    if _NUMBER.fullmatch(labels[-1]) and as_address(host) is None:
        raise ConfigurationError("the base URL's host must write an IPv4 address as four decimal numbers")
    return host


def as_address(host: str) -> Address | None:
    """Return *host* as an IP address, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Reach:
    """Which hosts the gateway may connect to: the public internet by https, and what the operator names.

    A named host may have any address, a named network any member, and both may be reached by plain http. Cloud
    metadata addresses are never reached.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allowed: Iterable[str]) -> Reach:
        """Return the reach for an operator's list of host names, addresses and networks (CIDR)."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in allowed:
            try:
                networks.append(ipaddress.ip_network(entry))
            except ValueError:
                hosts.add(_named(entry))
        return cls(frozenset(hosts), tuple(networks))

    def require(self, origin: Origin) -> None:
        """Raise ConfigurationError when *origin* can be refused without asking DNS."""
        address = as_address(origin.host)
        if origin.scheme == "http" and not self._named(origin.host, address):
            raise ConfigurationError("plain http is only for hosts on the allow-list: use https")
        if address is not None and not self.permits(origin.host, address):
            raise ConfigurationError("the base URL's address is not public and not on the allow-list")
        if origin.host.rpartition(".")[2] == "localhost" and origin.host not in self.hosts:
            raise ConfigurationError("the base URL's host is this machine and not on the allow-list")

    def permits(self, host: str, address: Address) -> bool:
        """Tell whether a connection to *host* may go to *address*, one of those that its name resolves to."""
        if address in _METADATA:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            return False
        return self._named(host, address) or _public(address)

    def _named(self, host: str, address: Address | None) -> bool:
        return host in self.hosts or (address is not None and any(address in network for network in self.networks))


def _named(entry: str) -> str:
    host = entry.lower()
    if not all(_LABEL.fullmatch(label) for label in host.split(".")) or _NUMBER.fullmatch(host.split(".")[-1]):
        raise ConfigurationError("the allow-list holds host names, IP addresses and networks without host bits only")
    return host


def _public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _GLOBAL_V6 and not any(address in network for network in _INDIRECT_V6)
