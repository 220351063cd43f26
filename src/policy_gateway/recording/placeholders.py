"""What stands for a value: always the same one of its kind, so that a shape is still a request."""

from __future__ import annotations

import re
from typing import Final

ANYTHING: Final = "?"
IDENTIFIER: Final = "{id}"
DAY: Final = "2000-01-01"
MOMENT: Final = "2000-01-01T00:00:00Z"
NUMBER: Final = "0"

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(?:\.[A-Za-z_][A-Za-z0-9_]{0,79}){0,5}", re.ASCII)
"""What names of fields and objects look like, in any of the dialects."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ][0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_DIGITS: Final = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
_LONG_ID: Final = re.compile(r"(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)


def placeholder(text: str) -> str:
    """Return what stands for the value *text*."""
    if _MOMENT.fullmatch(text):
        return MOMENT
    if _DAY.fullmatch(text):
        return DAY
    if _DIGITS.fullmatch(text):
        return NUMBER
    return IDENTIFIER if _LONG_ID.fullmatch(text) else ANYTHING


def name_or_nothing(text: str) -> str:
    """Return *text* if it can be the name of a field or an object (``-name`` sorts by it), else ``?``."""
    return text if NAME.fullmatch(text.removeprefix("-")) else ANYTHING


def names_or_nothing(text: str) -> str:
    """Return a list of names joined by commas, each of which may be one."""
    return ",".join(name_or_nothing(part.strip()) for part in text.split(","))
