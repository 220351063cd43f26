"""Which hosts the gateway answers to; nothing else is ever derived from the Host header."""

from __future__ import annotations

import re
from typing import Final

from policy_gateway.web.refusals import HostRefused

ANY: Final = "*"
_HOST: Final = re.compile(rb"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Hosts:
    """An allow-list of host names, ports aside."""

    __slots__ = ("_any", "_names")

    def __init__(self, names: frozenset[str]) -> None:
        self._any = ANY in names
        self._names = frozenset(name.lower().encode("idna" if not name.isascii() else "ascii") for name in names)

    def require(self, host: bytes | None) -> None:
        """Raise HostRefused unless *host*, a Host header's value, is well-formed and allowed."""
        if host is None:
            raise HostRefused
        matched = _HOST.fullmatch(host)
        if matched is None or not (self._any or matched[1].lower() in self._names):
            raise HostRefused
