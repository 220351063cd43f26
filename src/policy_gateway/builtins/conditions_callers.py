"""Conditions about who calls: role, kind of principal, network."""

from __future__ import annotations

import ipaddress

from policy_gateway.builtins.condition import Arguments, BuiltIn, texts
from policy_gateway.model.facts import Reading, Scope

_PERSON = "person"


def _role(arguments: Arguments, reading: Reading) -> bool | None:
    roles = reading.get("principal.roles")
    if not isinstance(roles, frozenset):
        roles = texts(roles)
    return None if roles is None else arguments[0] in roles


def _kind(arguments: Arguments, reading: Reading) -> bool | None:
    kind = reading.get("principal.kind")
    if not isinstance(kind, str):
        return None
    return (_PERSON if kind == "user" else str(kind)) in arguments


def _network(arguments: Arguments, reading: Reading) -> bool | None:
    address = reading.get("call.network")
    if not isinstance(address, str):
        return None
    try:
        peer = ipaddress.ip_address(address)
        networks = [ipaddress.ip_network(network) for network in arguments]
    except ValueError:
        return None
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in network for network in networks)


CALLER_CONDITIONS = (
    BuiltIn("role", Scope.CALL, frozenset({"principal.roles"}), _role, ("role",)),
    BuiltIn("kind", Scope.CALL, frozenset({"principal.kind"}), _kind, ("person|app|ai|team",), repeats=True),
    BuiltIn("network", Scope.CALL, frozenset({"call.network"}), _network, ("network",), repeats=True),
)
