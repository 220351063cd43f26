"""Everything that a caller may ask of contacts over HTTP, at random, with guesses of what two worlds hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from policy_gateway.model.field import Value
from policy_gateway.testing.worlds import CATEGORIES, CIRCUMSTANCES, POOLS, Circumstance, Worlds, with_name


class Request(NamedTuple):
    """One HTTP request; *document* is its JSON, if it has any."""

    method: str
    target: str
    circumstance: Circumstance
    document: object = None
    lines: tuple[tuple[str, str], ...] = ()


CONTACTS: Final = "/v1/crm/contacts"
_NAMES: Final = (*CATEGORIES, "credit_score", "memory.shoe_size", "nothing")


def requests(random: Random, count: int, known: Worlds, *, cut: bool) -> Iterator[Request]:
    """Yield *count* requests of every kind; guesses are of values in either world. With *cut*, pages are short."""
    makers: tuple[Callable[[Random, Worlds, bool], Request], ...] = (
        _get, _get, _get, _list, _list, _search, _search, _search, _patch, _post, _batch, _lookup, _schema,
    )  # fmt: skip
    for _ in range(count):
        yield random.choice(makers)(random, known, cut)


def _fields(random: Random) -> list[str]:
    return random.sample(_NAMES[:-3], random.randint(1, 5)) + random.sample(_NAMES[-3:], random.random() < 1 / 8)


def _circumstance(random: Random) -> Circumstance:
    return random.choice(CIRCUMSTANCES)


def _id(random: Random) -> str:
    return str(random.randint(1, 6))


def _get(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    query = [f"fields={','.join(_fields(random))}"] if random.random() < 1 / 2 else []
    query += ["include=gdpr"] if random.random() < 1 / 3 else []
    return Request("GET", f"{CONTACTS}/{_id(random)}?{'&'.join(query)}".rstrip("?"), _circumstance(random))


def _list(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    query = [f"limit={random.randint(1, 3) if cut else 100}"]
    query += [f"fields={','.join(_fields(random))}"] if random.random() < 1 / 2 else []
    query += [f"sort={random.choice(('', '-'))}{random.choice(_NAMES)}"] if random.random() < 1 / 3 else []
    return Request("GET", f"{CONTACTS}?{'&'.join(query)}", _circumstance(random))


def _search(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: FBT001 -- one of many alike
    document: dict[str, object] = {"limit": random.randint(1, 3) if cut else 100}
    if random.random() < 4 / 5:
        document["filter"] = _filter(random, known, 2)
    if random.random() < 1 / 3:
        document["fields"] = _fields(random)
    if random.random() < 1 / 4:
        document["sort"] = [{"field": random.choice(_NAMES), "descending": random.random() < 1 / 2}]
    return Request("POST", f"{CONTACTS}/search", _circumstance(random), document)


def _filter(random: Random, known: Worlds, depth: int) -> dict[str, object]:
    if depth and random.random() < 1 / 3:
        inner = [_filter(random, known, depth - 1) for _ in range(2)]
        word = random.choice(("and", "or", "not"))
        return {word: inner[0] if word == "not" else inner}
    path = random.choice(known.searchable if known.searchable and random.random() < 2 / 3 else _NAMES)
    op = random.choice(("eq", "eq", "ne", "lt", "ge", "prefix", "contains", "null", "in"))
    if op == "null":
        return {"field": path, "op": op, "value": random.random() < 1 / 2}
    guesses = [_guess(random, known, path) for _ in range(2)]
    return {"field": path, "in": guesses} if op == "in" else {"field": path, "op": op, "value": guesses[0]}


def _guess(random: Random, known: Worlds, path: str) -> Value:
    world = random.choice((known.one, known.other)) or known.one
    value = with_name(random.choice(world)).get(path.removeprefix("memory."))
    return "x" if value is None or value == "" else value


def _patch(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    paths = random.sample(_NAMES, random.randint(1, 2))
    values = {path: random.choice(POOLS.get(path, ("x", 1))) for path in paths}
    tag = random.choice(("*", "*", '"AAAAAAAAAAAAAAAA"'))
    return Request("PATCH", f"{CONTACTS}/{_id(random)}", _circumstance(random), values, (("if-match", tag),))


def _post(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    paths = random.sample(tuple(POOLS), 2)
    return Request("POST", CONTACTS, _circumstance(random), {path: random.choice(POOLS[path]) for path in paths})


def _batch(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    calls = [
        {"call": "get", "resource": "contacts", "id": _id(random), "fields": _fields(random)}
        for _ in range(random.randint(1, 3))
    ]
    return Request("POST", "/v1/crm/batch", _circumstance(random), {"calls": calls})


def _lookup(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    path = random.choice(("phone", "email"))
    return Request("POST", "/v1/lookup", _circumstance(random), {path: _guess(random, known, path)})


def _schema(random: Random, known: Worlds, cut: bool) -> Request:  # noqa: ARG001, FBT001 -- one of many alike
    return Request("GET", "/v1/crm/schema/contacts", _circumstance(random))
