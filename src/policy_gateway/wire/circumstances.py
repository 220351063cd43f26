"""What callers say of the circumstances of a call, in headers that they may add: X-Reason, X-Ticket and others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import InvalidCall
from policy_gateway.query import Circumstances

_TICKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:#/@+-]{0,127}", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_GRAMMARS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "reason": _WORD,
        "ticket": _TICKET,
        "interaction": _TICKET,
        "channel": _WORD,
        "direction": re.compile("inbound|outbound"),
    }
)
TOLD: Final = tuple(f"x-{name}" for name in _GRAMMARS)
"""The names of those headers."""


def circumstances_of(headers: Mapping[str, str], known: Circumstances) -> Circumstances:
    """Return *known* and what *headers* (by name in small letters) tell; InvalidCall for what is not well-formed."""
    told: dict[str, str] = {}
    for name, grammar in _GRAMMARS.items():
        given = headers.get(f"x-{name}")
        if given is None:
            continue
        if grammar.fullmatch(given) is None:
            wrong = name == "direction" and _WORD.fullmatch(given) is not None
            raise InvalidCall("this is not one of the allowed values" if wrong else "this header is not well-formed")
        told[name] = given
    return replace(known, **told) if told else known
