"""Everything that a client of Salesforce may ask of contacts and accounts, at random."""
# ruff: noqa: S608 -- these are queries that attackers may write

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from policy_gateway.model.field import Value
from policy_gateway.testing.facing import V, soql, sosl
from policy_gateway.testing.vendor_words import Question, Words

NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "contact": {
        "id": "Id",
        "first_name": "FirstName",
        "last_name": "LastName",
        "name": "Name",
        "birthdate": "Birthdate",
        "email": "Email",
        "phone": "Phone",
        "iban": "IBAN__c",
        "notes": "Service_Notes__c",
        "city": "MailingCity",
        "team": "Team__c",
        "vip": "VIP__c",
        "company": "AccountId",
        "customer_number": "Customer_Number__c",
        "updated_at": "LastModifiedDate",
    },
    "company": {
        "id": "Id",
        "name": "Name",
        "domain": "Website",
        "phone": "Phone",
        "city": "BillingCity",
        "industry": "Industry",
    },
}
HIDDEN: Final = {
    "contact": ("Credit_Score__c", "Shoe_Size__c", "Nothing__c", "OwnerId"),
    "company": ("OwnerId", "Nothing__c", "BillingStreet", "CreatedDate"),
}
OBJECTS: Final = {"contact": "Contact", "company": "Account"}
_UNQUOTED: Final = frozenset({"birthdate", "vip", "updated_at"})
_LIKE: Final = ("'{}%'", "'%{}%'", "'{}'", "'_{}'")


def questions(words: Words, count: int) -> Iterator[Question]:
    """Yield *count* requests of every kind."""
    makers: tuple[Callable[[Words], Question], ...] = (
        *[_query] * 6, *[_figures] * 4, *[_find] * 2, *[_one] * 3, _keyed, _change, _change, _create, _upsert, _delete,
        _composite, _batch, _many, _many_changes, _described, _job, _job, _moved,
    )  # fmt: skip
    for _ in range(count):
        yield words.random.choice(makers)(words)


def _query(words: Words) -> Question:
    size = (("sforce-query-options", "batchSize=200"),) if words.chance(1 / 8) else ()
    return Question("GET", soql(text(words)).removeprefix("GET "), lines=size)


def text(words: Words) -> str:
    """Return a query of records."""
    resource = words.random.choice(("contact", "contact", "company"))
    select = _selected(words, resource)
    if words.chance(1 / 16):
        select = f"FIELDS({words.random.choice(('ALL', 'STANDARD', 'CUSTOM'))})"
    elif resource == "company" and words.chance(1 / 2):
        select += f", ({_children(words)})"
    parts = [f"SELECT {select} FROM {OBJECTS[resource]}", _where(words, resource, 2 / 3), _order(words, resource)]
    if words.cut or "FIELDS" in select:
        parts.append(f"LIMIT {words.random.randint(1, 4)}")
    if words.cut and words.chance(1 / 4):
        parts.append(f"OFFSET {words.random.randint(0, 3)}")
    return " ".join(part for part in parts if part)


def _selected(words: Words, resource: str) -> str:
    names = [_name(words, resource, words.shown(resource)) for _ in words.sample(4)]
    if resource == "contact" and words.chance(1 / 3):
        names += [f"Account.{_name(words, 'company', words.shown('company'))}" for _ in words.sample(2)]
    return ", ".join(dict.fromkeys(["Id", *names] if words.chance(7 / 8) else names))


def _children(words: Words) -> str:
    select = _selected(words, "contact")
    parts = [f"SELECT {select} FROM Contacts", _where(words, "contact", 1 / 3), _order(words, "contact")]
    return " ".join(part for part in parts if part)


def _where(words: Words, resource: str, share: float) -> str:
    return f"WHERE {_condition(words, resource, 2)}" if words.chance(share) else ""


def _order(words: Words, resource: str) -> str:
    if not words.chance(1 / 3):
        return ""
    name = _name(words, resource, words.usable(resource))
    if resource == "contact" and words.chance(1 / 4):
        name = f"Account.{_name(words, 'company', words.usable('company'))}"
    ends = ("", " ASC", " DESC NULLS LAST", " NULLS FIRST", " DESC")
    return f"ORDER BY {name}{words.random.choice(ends)}"


def _condition(words: Words, resource: str, depth: int) -> str:
    if depth and words.chance(1 / 4):
        inner = [_condition(words, resource, depth - 1) for _ in range(2)]
        if words.chance(1 / 3):
            return f"(NOT {inner[0]})"
        return f"({words.random.choice((' AND ', ' OR ')).join(inner)})"
    if words.chance(1 / 6):
        return _semi_join(words, resource)
    if resource == "contact" and words.chance(1 / 5):
        path = words.searchable("company")
        return _comparison(words, "company", path, f"Account.{words.name('company', path)}")
    path = words.searchable(resource)
    return _comparison(words, resource, path, _name(words, resource, path))


def _comparison(words: Words, resource: str, path: str, name: str) -> str:
    value = words.guess(resource, path)
    if words.chance(1 / 8):
        return f"{name} {words.random.choice(('=', '!='))} null"
    if words.chance(1 / 4) and path not in _UNQUOTED:
        return f"{name} LIKE {words.random.choice(_LIKE).format(_escaped(str(value or 'x')[:4]))}"
    if words.chance(1 / 5):
        listed = ", ".join(literal(path, words.guess(resource, path)) for _ in words.sample(3))
        return f"{name} {words.random.choice(('IN', 'NOT IN'))} ({listed})"
    return f"{name} {words.random.choice(('=', '=', '!=', '<', '>='))} {literal(path, value)}"


def _semi_join(words: Words, resource: str) -> str:
    word = words.random.choice(("IN", "NOT IN"))
    if resource == "contact":
        return f"AccountId {word} (SELECT Id FROM Account {_where(words, 'company', 1)})"
    return f"Id {word} (SELECT AccountId FROM Contact {_where(words, 'contact', 1)})"


def literal(path: str, value: Value) -> str:
    """Return *value* as SOQL writes it."""
    if path == "vip":
        return str(bool(value)).upper()
    if value is None:
        return "1980-05-17" if path == "birthdate" else "'x'"
    if path == "updated_at":
        return str(value).replace("+00:00", "Z")
    return str(value) if path == "birthdate" else f"'{_escaped(str(value))}'"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _name(words: Words, resource: str, path: str) -> str:
    name = words.name(resource, path)
    return name.swapcase() if words.chance(1 / 16) else name


def _figures(words: Words) -> Question:
    resource = words.random.choice(("contact", "contact", "company"))
    where = _where(words, resource, 1 / 2)
    names = [_name(words, resource, words.usable(resource)) for _ in range(3)]
    if resource == "contact" and words.chance(1 / 4):
        names[0] = f"Account.{_name(words, 'company', words.usable('company'))}"
    asked = words.random.choice(
        (
            f"SELECT COUNT() FROM {OBJECTS[resource]} {where}",
            f"SELECT COUNT(Id) n, COUNT({names[1]}) m FROM {OBJECTS[resource]} {where}",
            f"SELECT COUNT_DISTINCT({names[0]}), MIN({names[1]}), MAX({names[2]}) FROM {OBJECTS[resource]} {where}",
            f"SELECT {names[0]}, COUNT(Id) n FROM {OBJECTS[resource]} {where} GROUP BY {names[0]}",
            f"SELECT {names[0]} FROM {OBJECTS[resource]} {where} GROUP BY {names[0]} HAVING COUNT(Id) > 1",
            f"SELECT {names[0]}, MAX({names[1]}) FROM {OBJECTS[resource]} GROUP BY {names[0]} ORDER BY COUNT(Id) DESC",
            f"SELECT {names[0]} FROM {OBJECTS[resource]} GROUP BY {names[0]} HAVING MAX({names[1]}) != 'x'",
            f"SELECT {names[0]}, COUNT(Id) FROM {OBJECTS[resource]} GROUP BY ROLLUP({names[0]})",
        )
    )
    return Question("GET", soql(asked).removeprefix("GET "))


def _find(words: Words) -> Question:
    value = str(words.guess("contact", words.shown("contact")) or "Nord")
    term = "".join(letter for letter in value if letter.isalnum())[: words.random.randint(2, 8)] or "xx"
    where = words.random.choice(("ALL", "NAME", "NAME", "EMAIL", "PHONE"))
    returning = f"Contact({_selected(words, 'contact')} {_where(words, 'contact', 1 / 3)})"
    if words.chance(1 / 3):
        returning += f", Account({_selected(words, 'company')})"
    asked = f"FIND {{{term}*}} IN {where} FIELDS RETURNING {returning}"
    return Question("GET", sosl(asked).removeprefix("GET "))


def _fields(words: Words, resource: str) -> str:
    return ",".join(_name(words, resource, words.shown(resource)) for _ in words.sample(4))


def _place(words: Words, resource: str) -> str:
    return f"{V}/sobjects/{OBJECTS[resource]}/{words.id(resource)}"


def _one(words: Words) -> Question:
    resource = words.random.choice(("contact", "contact", "company"))
    asked = f"?fields={_fields(words, resource)}" if words.chance(1 / 2) else ""
    lines = (("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT"),) if words.chance(1 / 8) else ()
    return Question("GET", f"{_place(words, resource)}{asked}", lines=lines)


def _key(words: Words) -> str:
    path = words.random.choice(("customer_number", "customer_number", "email", "iban"))
    value = quote(str(words.guess("contact", path) or "K-1"), safe="")
    return f"{V}/sobjects/Contact/{words.name('contact', path)}/{value}"


def _keyed(words: Words) -> Question:
    return Question("GET", f"{_key(words)}?fields={_fields(words, 'contact')}" if words.chance(1 / 2) else _key(words))


def _values(words: Words, most: int) -> dict[str, Value]:
    paths = [words.random.choice(("first_name", "phone", "iban", "city", words.shown("contact"))) for _ in range(most)]
    return {words.name("contact", path): words.guess("contact", path) for path in paths}


def _change(words: Words) -> Question:
    return Question("PATCH", _place(words, "contact"), _values(words, 2))


def _create(words: Words) -> Question:
    return Question("POST", f"{V}/sobjects/Contact", _values(words, 2))


def _upsert(words: Words) -> Question:
    return Question("PATCH", _key(words), _values(words, 2))


def _delete(words: Words) -> Question:
    return Question("DELETE", _place(words, "contact") if words.chance(2 / 3) else _key(words))


def _composite(words: Words) -> Question:
    first: dict[str, object] = {"method": "GET", "url": _one(words).target, "referenceId": "a"}
    name = words.random.choice(("Id", "AccountId", "Name", "IBAN__c", "attributes.type"))
    uses = (
        f"{V}/sobjects/Contact/@{{a.{name}}}",
        f"{V}/sobjects/Account/@{{a.{name}}}?fields=Id,{_fields(words, 'company')}",
        f"{V}/query?q={quote_plus('SELECT Id FROM Contact WHERE Name=')}'@{{a.{name}}}'",
        _query(words).target,
        _figures(words).target,
    )
    parts: list[dict[str, object]] = [first, {"method": "GET", "url": words.random.choice(uses), "referenceId": "b"}]
    if words.chance(1 / 2):
        change = _change(words)
        parts.append({"method": "PATCH", "url": change.target, "body": change.document, "referenceId": "c"})
    return Question("POST", f"{V}/composite", {"allOrNone": words.chance(1 / 4), "compositeRequest": parts})


def _batch(words: Words) -> Question:
    parts = [{"method": "GET", "url": made(words).target.removeprefix("/services/data/")} for made in (_one, _query)]
    return Question("POST", f"{V}/composite/batch", {"batchRequests": parts})


def _many(words: Words) -> Question:
    resource = words.random.choice(("contact", "company"))
    ids = [words.id(resource) for _ in words.sample(3)]
    target = f"{V}/composite/sobjects/{OBJECTS[resource]}"
    if words.chance(1 / 2):
        return Question("GET", f"{target}?ids={','.join(ids)}&fields={_fields(words, resource)}")
    return Question("POST", target, {"ids": ids, "fields": _fields(words, resource).split(",")})


def _many_changes(words: Words) -> Question:
    if words.chance(1 / 4):
        ids = ",".join(words.id("contact") for _ in words.sample(3))
        return Question("DELETE", f"{V}/composite/sobjects?ids={ids}&allOrNone={str(words.chance(1 / 4)).lower()}")
    method, kind = words.random.choice(("PATCH", "POST")), {"type": "Contact"}
    records = [
        {"attributes": kind, **({"id": words.id("contact")} if method == "PATCH" else {}), **_values(words, 2)}
        for _ in words.sample(3)
    ]
    return Question(method, f"{V}/composite/sobjects", {"allOrNone": words.chance(1 / 4), "records": records})


def _described(words: Words) -> Question:
    path = words.random.choice(("", "/Contact", "/Contact/describe", "/Account/describe", "/Account", "/Lead/describe"))
    return Question("GET", f"{V}/sobjects{path}")


def _job(words: Words) -> Question:
    return Question("POST", f"{V}/jobs/query", {"operation": "query", "query": text(words)})


def _moved(words: Words) -> Question:
    word = words.random.choice(("updated", "deleted"))
    span = "start=2025-12-20T00:00:00Z&end=2026-01-10T00:00:00Z"
    return Question("GET", f"{V}/sobjects/{words.random.choice(('Contact', 'Account'))}/{word}/?{span}")
