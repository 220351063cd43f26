"""Record ids: 15 characters in which case matters, or 18 that end with a checksum of the case.

Both name the same record, and the vendor takes 18 in any case. The gateway knows a record by one name only, or what is
kept about it (a restriction, where its values come from) would not hold for the other one: the canonical 18.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase, digits
from types import MappingProxyType
from typing import Final

_ID: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_SHORT: Final = 15
_CASES: Final = str.maketrans(ascii_uppercase + ascii_lowercase + digits, "1" * 26 + "0" * 36)
_CHECKS: Final = MappingProxyType({f"{n:05b}"[::-1]: letter for n, letter in enumerate(ascii_uppercase + "012345")})
"""By which of five characters are capitals (1), what stands for them."""

ANY: Final = "[A-Za-z0-9]{15}[A-Z0-5]{3}"
"""What every canonical id looks like."""


def canonical(text: str) -> str | None:
    """Return the id of 18 characters that *text* means; None when it is no id, or not as its checksum says."""
    if _ID.fullmatch(text) is None:
        return None
    short = text[:_SHORT]
    cases = short.translate(_CASES)
    whole = short + _CHECKS[cases[:5]] + _CHECKS[cases[5:10]] + _CHECKS[cases[10:]]
    return whole if text in {short, whole} else None


def pattern(prefix: str) -> str:
    """Return the grammar of the canonical ids of one object; *prefix* is what all of them begin with."""
    return f"{re.escape(prefix)}[A-Za-z0-9]{{12}}[A-Z0-5]{{3}}" if prefix else ANY
