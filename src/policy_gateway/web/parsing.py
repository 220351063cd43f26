"""The grammar of URLs: query parameters of a list or a record, names, filters, and single values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from policy_gateway.errors import InvalidCall, NotAuthenticated
from policy_gateway.model.field import RecordId
from policy_gateway.query import And, Compare, In, Op, Order, Query, Where
from policy_gateway.web.refusals import UseSearch

NAME: Final = r"[A-Za-z_][A-Za-z0-9_]{0,127}(?:\.[A-Za-z0-9_]{1,128}){0,4}"
"""A field's path. Case is never folded: ``IBAN`` is another name than ``iban``, and one that nobody knows."""

DEFAULT_LIMIT: Final = 100
MOST_RECORDS: Final = 200
MOST_NAMES: Final = 300
MOST_PARAMETERS: Final = 60
LONGEST_QUERY: Final = 16_384
GDPR: Final = frozenset({"gdpr"})
ONE: Final = frozenset({"fields", "include"})
LIST: Final = frozenset({"fields", "include", "sort", "limit", "cursor"})
SECRETS: Final = frozenset({"api_key", "apikey", "api-key", "key", "token", "access_token", "auth", "authorization"})

_NAME: Final = re.compile(NAME, re.ASCII)
_NAMES: Final = re.compile(rf"{NAME}(?:,{NAME})*", re.ASCII)
_FILTER: Final = re.compile(r"filter\[([^\[\]]*)\]\[([^\[\]]*)\]")
_CURSOR: Final = re.compile(r"[A-Za-z0-9_=-]{1,4096}", re.ASCII)
_LIMIT: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_RAW: Final = re.compile(rb"[A-Za-z0-9_.~!$&'()*+,;=:@/?%\[\]-]*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")

Nonpersonal = Callable[[str], bool]
"""Tells whether a field's values may stand in a URL."""


def parameters(raw: bytes) -> dict[str, str]:
    """Return the parameters of a raw query string; InvalidCall when one comes twice, or is not well-formed.

    A credential in a URL is no credential (NotAuthenticated), whatever else the request carries: URLs end up in logs.
    """
    found: dict[str, str] = {}
    if not raw:
        return found
    if len(raw) > LONGEST_QUERY:
        raise InvalidCall("this is too long or too large", pointer="/query")
    if _RAW.fullmatch(raw) is None or raw.count(b"&") > MOST_PARAMETERS:
        raise InvalidCall("the query is not valid percent-encoded UTF-8", pointer="/query")
    twice = False
    for part in raw.split(b"&"):
        name, _, value = part.partition(b"=")
        key = _decoded(name)
        twice |= key in found
        found[key] = _decoded(value)
    if found.keys() - LIST and any(name.lower() in SECRETS for name in found):
        raise NotAuthenticated
    if twice:
        raise InvalidCall("a parameter may be given only once", pointer="/query")
    return found


def one_query(resource: str, target: str, given: Mapping[str, str]) -> Query:
    """Return the query for one record."""
    _require_known(given, ONE)
    return Query(resource, _select(given), target=RecordId(target))


def list_query(resource: str, given: Mapping[str, str], nonpersonal: Nonpersonal) -> Query:
    """Return the query for a list of records; UseSearch for a filter whose value should not stand in a URL."""
    plain = {name: value for name, value in given.items() if not name.startswith("filter[")}
    _require_known(plain, LIST)
    return Query(
        resource,
        _select(given),
        where=_filters(given, nonpersonal),
        order=_order(given.get("sort")),
        limit=_limit(given.get("limit")),
        cursor=require_cursor(given.get("cursor"), "/query/cursor"),
    )


def includes(given: Mapping[str, str]) -> frozenset[str]:
    """Return what the answer should carry besides values."""
    wanted = given.get("include")
    if wanted is None:
        return frozenset()
    if wanted != "gdpr":
        raise InvalidCall("only gdpr can be included", pointer="/query/include")
    return GDPR


def require_none(given: Mapping[str, str]) -> None:
    """Raise InvalidCall when there is any parameter."""
    _require_known(given, frozenset())


def require_name(name: str, where: str) -> str:
    """Return *name* when it is a well-formed field path, else InvalidCall with *where* as its pointer."""
    if _NAME.fullmatch(name) is None:
        raise InvalidCall("names hold only ASCII letters, digits, underscores and dots", pointer=where)
    return name


def require_cursor(cursor: str | None, where: str) -> str | None:
    """Return *cursor* when it looks like one of ours."""
    if cursor is not None and _CURSOR.fullmatch(cursor) is None:
        raise InvalidCall("this is no cursor", pointer=where)
    return cursor


def _decoded(raw: bytes) -> str:
    if b"%" not in raw and b"+" not in raw:
        return raw.decode("ascii")
    text = unquote_to_bytes(raw.replace(b"+", b" "))
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        raise InvalidCall("the query is not valid percent-encoded UTF-8", pointer="/query")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidCall("the query is not valid percent-encoded UTF-8", pointer="/query") from None
    if _CONTROL.search(decoded):
        raise InvalidCall("the query is not valid percent-encoded UTF-8", pointer="/query")
    return decoded


def _require_known(given: Mapping[str, str], known: frozenset[str]) -> None:
    if not given.keys() <= known:
        raise InvalidCall("this parameter is not known", pointer="/query")


def _select(given: Mapping[str, str]) -> tuple[str, ...]:
    fields = given.get("fields")
    return () if fields is None else _names(fields)


@lru_cache(maxsize=256)
def _names(fields: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list; clients ask for the same few lists over and over."""
    if _NAMES.fullmatch(fields) is None:
        raise InvalidCall("names hold only ASCII letters, digits, underscores and dots", pointer="/query/fields")
    names = tuple(fields.split(","))
    if len(names) > MOST_NAMES:
        raise InvalidCall("this is too long or too large", pointer="/query/fields")
    if len(set(names)) < len(names):
        raise InvalidCall("a name may be given only once", pointer="/query/fields")
    return names


def _order(sort: str | None) -> tuple[Order, ...]:
    if sort is None:
        return ()
    orders = []
    for item in sort.split(",")[: MOST_NAMES + 1]:
        name = item.removeprefix("-")
        orders.append(Order(require_name(name, "/query/sort"), descending=name != item))
    if len({order.path for order in orders}) < len(orders):
        raise InvalidCall("a name may be given only once", pointer="/query/sort")
    return tuple(orders)


def _limit(limit: str | None) -> int:
    if limit is None:
        return DEFAULT_LIMIT
    if _LIMIT.fullmatch(limit) is None or not 1 <= int(limit) <= MOST_RECORDS:
        raise InvalidCall("a number from 1 to 200 is needed", pointer="/query/limit")
    return int(limit)


def _filters(given: Mapping[str, str], nonpersonal: Nonpersonal) -> Where | None:
    found = [_filter(name, value, nonpersonal) for name, value in given.items() if name.startswith("filter[")]
    if not found:
        return None
    return found[0] if len(found) == 1 else And(tuple(found))


def _filter(name: str, value: str, nonpersonal: Nonpersonal) -> Where:
    matched = _FILTER.fullmatch(name)
    if matched is None:
        raise InvalidCall("this parameter is not known", pointer="/query")
    path = require_name(matched[1], "/query/filter")
    if not nonpersonal(path):
        raise UseSearch
    if matched[2] == "in":
        return In(path, tuple(value.split(",")))
    if matched[2] not in {op.value for op in Op}:
        raise InvalidCall("this operator is not known", pointer="/query/filter")
    op = Op(matched[2])
    if op is not Op.IS_NULL:
        return Compare(path, op, value)
    if value not in {"true", "false"}:
        raise InvalidCall("this is not one of the allowed values", pointer="/query/filter")
    return Compare(path, op, value == "true")
