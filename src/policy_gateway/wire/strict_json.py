"""JSON as strict as it must be at a trust border: no duplicate members, NaN, huge numbers, NUL or lone surrogates."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Final, Never

from policy_gateway.errors import InvalidCall

DEEPEST: Final = 40
MOST_PARTS: Final = 20_000
LARGEST: Final = 2**63 - 1
LONGEST_NUMBER: Final = 400

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
Step = str | int
Steps = tuple[Step, ...]

_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")


class _Duplicate(dict[str, Json]):
    """An object with a member given twice."""


def _nowhere(steps: Steps) -> str:
    del steps
    return ""


def parsed(body: bytes, *, most_parts: int = MOST_PARTS, pointer: Callable[[Steps], str] = _nowhere) -> Json:
    """Return what *body* says; InvalidCall for anything that two parsers could read differently.

    *most_parts* bounds the values in it, however they are nested; *pointer* says where something is wrong, in words
    that may be told.
    """
    try:
        document: Json = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_fraction,
        )
    except (ValueError, RecursionError):
        raise InvalidCall("the body is not valid JSON") from None
    _check(document, most_parts, pointer)
    return document


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Duplicate(found)


def _constant(_: str) -> Never:
    raise ValueError


def _integer(digits: str) -> int | float:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError
    number = int(digits)
    return number if -LARGEST - 1 <= number <= LARGEST else math.inf


def _fraction(digits: str) -> float:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError
    return float(digits)


def _check(document: Json, most_parts: int, pointer: Callable[[Steps], str]) -> None:
    waiting: list[tuple[Json, Steps]] = [(document, ())]
    seen = 0
    while waiting:
        part, steps = waiting.pop()
        seen += 1
        if seen > most_parts:
            raise InvalidCall("the body has too many parts")
        if len(steps) > DEEPEST:
            raise InvalidCall("the body is nested too deeply", pointer=pointer(steps))
        _check_one(part, steps, pointer)
        waiting.extend(_parts(part, steps))


def _check_one(part: Json, steps: Steps, pointer: Callable[[Steps], str]) -> None:
    match part:
        case _Duplicate():
            raise InvalidCall("a member is given twice", pointer=pointer(steps))
        case float() if not math.isfinite(part):
            raise InvalidCall("a number is out of range", pointer=pointer(steps))
        case str() if _NOT_TEXT.search(part):
            raise InvalidCall("a text holds what is no text", pointer=pointer(steps))
        case dict() if any(_NOT_TEXT.search(name) for name in part):
            raise InvalidCall("a text holds what is no text", pointer=pointer(steps))
        case _:
            return


def _parts(part: Json, steps: Steps) -> Iterator[tuple[Json, Steps]]:
    match part:
        case dict():
            yield from ((value, (*steps, name)) for name, value in part.items())
        case list():
            yield from ((value, (*steps, index)) for index, value in enumerate(part))
        case _:
            return
