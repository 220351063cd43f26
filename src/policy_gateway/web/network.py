"""Where a call comes from: the peer, or what trusted proxies say of it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from policy_gateway.errors import InvalidCall

MOST_HOPS = 20


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose X-Forwarded-For is believed, as networks (``10.0.0.0/8``)."""

    networks: tuple[str, ...] = ()

    def client(self, peer: str, forwarded: str | None) -> str:
        """Return the address of the last hop that is no trusted proxy.

        *peer* is who is connected, *forwarded* the X-Forwarded-For it sent; the header of anybody else than a trusted
        proxy is ignored. InvalidCall when a trusted proxy forwards what is no address: an unknown origin is no origin.
        """
        if not self.networks or forwarded is None:
            return _plain(peer)
        address = _parsed(peer)
        if address is None or not self._trusts(address):
            return _plain(peer)
        hops = forwarded.split(",")
        if len(hops) > MOST_HOPS:
            raise InvalidCall("the forwarded address cannot be understood")
        for hop in reversed(hops):
            address = _parsed(hop.strip())
            if address is None:
                raise InvalidCall("the forwarded address cannot be understood")
            if not self._trusts(address):
                break
        return str(address)

    def trusts(self, peer: str) -> bool:
        """Tell whether *peer*, who is connected, is a trusted proxy."""
        address = _parsed(peer) if self.networks else None
        return address is not None and self._trusts(address)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in ip_network(network) for network in self.networks)


def _plain(peer: str) -> str:
    """Return *peer* with an IPv4 address that is mapped into IPv6 as what it is."""
    if ":" not in peer:
        return peer
    address = _parsed(peer)
    return peer if address is None else str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
