"""SOSL: which records have the words, in the fields that the user sees."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.kinds import KINDS, NAMES
from policy_gateway_salesforce.sandbox.paths import Scope
from policy_gateway_salesforce.sandbox.querying import Finder, shaped
from policy_gateway_salesforce.sandbox.schema import Column, Kind, Type
from policy_gateway_salesforce.sandbox.state import Org, Row
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, invalid
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.errors import SoqlError
from policy_gateway_salesforce.soql.references import names
from policy_gateway_salesforce.soql.sosl import parse_sosl

Test = Callable[[Sequence[Sequence[str]]], bool]

FOUND_MOST: Final = 2000
_TEXTS: Final = frozenset(
    {Type.STRING, Type.TEXTAREA, Type.EMAIL, Type.PHONE, Type.URL, Type.COMBOBOX, Type.PICKLIST, Type.MULTIPICKLIST}
)
_BY_SCOPE: Final = {"EMAIL": frozenset({Type.EMAIL}), "PHONE": frozenset({Type.PHONE})}
_SHORTEST: Final = 2
_WORDS: Final = re.compile(r"[^\W_]+")


def search(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /search?q=…``."""
    text = asked.one("q")
    found = _parsed(text)
    if found.clauses or found.update:
        raise invalid("unexpected token in SOSL query", "MALFORMED_SEARCH")
    if isinstance(found.term, nodes.Word) and len(found.term.pattern.strip("*?")) < _SHORTEST:
        message = f"search term must be longer than one character: {found.term.pattern}"
        raise invalid(message, "MALFORMED_SEARCH")
    user = asked.who.user
    returning = found.returning or tuple(
        nodes.Returning(kind.name) for kind in KINDS.values() if kind.searchable and user.may("read", kind)
    )
    records: list[Json] = []
    for part in returning:
        records.extend(_returned(org, asked, found, part))
    return Answer(200, {"searchRecords": records[: min(found.limit or FOUND_MOST, FOUND_MOST)]})


def _parsed(text: str) -> nodes.Search:
    try:
        return parse_sosl(text)
    except SoqlError as error:
        message = f"line {error.line}:{error.column} {error.message}"
        raise invalid(message if text.strip() else "No search term found.", error.code) from None


def _returned(org: Org, asked: Asked, found: nodes.Search, part: nodes.Returning) -> Iterable[Json]:
    """Yield the records of one object, as the search wants them shown."""
    user = asked.who.user
    source = nodes.Source(nodes.FieldPath((part.object,), part.at))
    select: tuple[nodes.Selected, ...] = part.columns or (nodes.Column(nodes.FieldPath(("Id",), part.at)),)
    query = nodes.Query(select, source, where=part.where, order=part.order, limit=part.limit, offset=part.offset)
    kind = KINDS.get(NAMES.get(part.object.lower(), ""))
    scope = Scope(org, user, kind or KINDS["Contact"], names(source, select), asked.one("q"))
    kind = scope.object(part.object, part.at)
    if not kind.searchable:
        raise scope.wrong(part.at, f"entity type {kind.name} does not support search", "INVALID_TYPE")
    columns = _searched(user, kind, found.scope)
    shape = shaped(scope, select)
    test = _test(found.term)
    rows = [row for row in org.tables[kind.name].live() if test(_tokens(row, columns))]
    for row in Finder(scope, query).find(rows):
        yield shape.record(row, asked.root)


def _searched(user: User, kind: Kind, scope: str) -> tuple[Column, ...]:
    """Return the fields that a search looks into."""
    texts = tuple(column for column in user.columns(kind) if column.type in _TEXTS)
    match scope:
        case "NAME":
            return tuple(column for column in texts if column.name_field or column.compound == "Name")
        case "EMAIL" | "PHONE":
            return tuple(column for column in texts if column.type in _BY_SCOPE[scope])
        case "SIDEBAR":
            wanted = _BY_SCOPE["EMAIL"] | _BY_SCOPE["PHONE"]
            return tuple(column for column in texts if column.name_field or column.type in wanted)
        case _:
            return texts


def _tokens(row: Row, columns: Iterable[Column]) -> tuple[tuple[str, ...], ...]:
    """Return the words of each field; addresses and numbers are words as a whole, too."""
    found: list[tuple[str, ...]] = []
    for column in columns:
        value = row.get(column.name)
        if isinstance(value, str):
            found += _read(value, column.type, column.external_id)
    return tuple(found)


@lru_cache(maxsize=65_536)
def _read(value: str, kind: Type, known_by: bool) -> tuple[tuple[str, ...], ...]:  # noqa: FBT001 -- part of a key
    plain = folded(value)
    words = tuple(_WORDS.findall(plain))
    if kind is Type.PHONE:
        return words, ("".join(letter for letter in plain if letter.isdigit()),)
    return (words, (plain,)) if known_by or kind in {Type.EMAIL, Type.URL} else (words,)


def folded(text: str) -> str:
    """Return *text* without case and accents, as a search compares it."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _test(term: nodes.Term) -> Test:
    """Return what tells whether the words of a record's fields have *term*."""
    match term:
        case nodes.Word():
            readings = tuple(_readings(term))
            return lambda fields: any(_phrase(reading, fields) for reading in readings)
        case nodes.Phrase(words=words):
            patterns = [pattern for word in words for pattern in _pieces(word)]
            return lambda fields: _phrase(patterns, fields)
        case nodes.AllOf(items=items):
            tests = [_test(item) for item in items]
            return lambda fields: all(test(fields) for test in tests)
        case nodes.AnyOf(items=items):
            tests = [_test(item) for item in items]
            return lambda fields: any(test(fields) for test in tests)
        case nodes.ButNot(item=item, unless=unless):
            wanted, not_wanted = _test(item), _test(unless)
            return lambda fields: wanted(fields) and not not_wanted(fields)


def _phrase(patterns: Sequence[re.Pattern[str]], fields: Sequence[Sequence[str]]) -> bool:
    """Tell whether a field has the words one after another."""
    length = len(patterns)
    return bool(length) and any(
        all(pattern.fullmatch(word) for pattern, word in zip(patterns, words[start : start + length], strict=True))
        for words in fields
        for start in range(len(words) - length + 1)
    )


def _readings(word: nodes.Word) -> Iterable[list[re.Pattern[str]]]:
    """Yield what the word may match: an address or a number as a whole, or its pieces one after another."""
    yield [re.compile("".join(_sign(word, at) for at in range(len(word.pattern))))]
    yield _pieces(word)


def _pieces(word: nodes.Word) -> list[re.Pattern[str]]:
    pieces = [""]
    for at, letter in enumerate(word.pattern):
        if letter.isalnum() or letter in "*?":
            pieces[-1] += _sign(word, at)
        else:
            pieces.append("")
    return [re.compile(piece) for piece in pieces if piece]


def _sign(word: nodes.Word, at: int) -> str:
    """Return what one character of a word matches: ``*`` any text, ``?`` one character."""
    letter = word.pattern[at]
    wild = {"*": ".*", "?": "."}.get(letter) if at not in word.literal else None
    return wild or re.escape(folded(letter))
