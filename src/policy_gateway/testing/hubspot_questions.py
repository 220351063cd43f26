"""Everything that a client of HubSpot may ask of contacts and companies, at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from policy_gateway.model.field import Value
from policy_gateway.testing.vendor_words import Question, Words

NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "contact": {
        "id": "hs_object_id",
        "first_name": "firstname",
        "last_name": "lastname",
        "birthdate": "date_of_birth",
        "email": "email",
        "phone": "phone",
        "iban": "iban",
        "notes": "service_notes",
        "city": "city",
        "team": "account_team",
        "vip": "vip",
        "company": "associatedcompanyid",
        "customer_number": "customer_number",
        "updated_at": "lastmodifieddate",
    },
    "company": {
        "id": "hs_object_id",
        "name": "name",
        "domain": "domain",
        "phone": "phone",
        "city": "city",
        "industry": "industry",
    },
}
HIDDEN: Final = {
    "contact": ("credit_score", "shoe_size", "nothing", "hubspot_owner_id"),
    "company": ("hubspot_owner_id", "nothing", "address", "createdate"),
}
KINDS: Final = {"contact": "contacts", "company": "companies"}
_ROOTS: Final = ("/crm/v3/objects/{}", "/crm/v3/objects/{}", "/crm/objects/2026-03/{}")
_OPERATORS: Final = ("EQ", "EQ", "NEQ", "LT", "GTE", "CONTAINS_TOKEN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "IN")


def questions(words: Words, count: int) -> Iterator[Question]:
    """Yield *count* requests of every kind."""
    makers: tuple[Callable[[Words], Question], ...] = (
        *[_list] * 3, *[_search] * 6, *[_one] * 4, _change, _change, _create, _end, *[_read_many] * 2, _change_many,
        *[_links] * 3, _link, _properties, _preferences,
    )  # fmt: skip
    for _ in range(count):
        yield words.random.choice(makers)(words)


def _kind(words: Words) -> str:
    return words.random.choice(("contact", "contact", "company"))


def _root(words: Words, resource: str) -> str:
    kind = KINDS[resource] if words.chance(7 / 8) else words.random.choice(("0-1", "contact"))
    return words.random.choice(_ROOTS).format(kind)


def _names(words: Words, resource: str) -> list[str]:
    return [words.name(resource, _known(words, resource, words.shown(resource))) for _ in words.sample(4)]


def _known(words: Words, resource: str, path: str) -> str:
    """Return *path*, or a part of it where the vendor has no name for the whole."""
    return path if path in NAMES[resource] else words.random.choice(("first_name", "last_name"))


def _asked(words: Words, resource: str, *others: str) -> str:
    query = list(others)
    if words.chance(2 / 3):
        query.append(f"properties={','.join(_names(words, resource))}")
    if words.chance(1 / 8):
        query.append(f"propertiesWithHistory={','.join(_names(words, resource))}")
    if words.chance(1 / 4):
        query.append(f"associations={words.random.choice(('companies', 'contacts', 'companies,contacts'))}")
    return f"?{'&'.join(query)}" if query else ""


def _list(words: Words) -> Question:
    resource = _kind(words)
    limit = words.random.randint(1, 3) if words.cut else 100
    return Question("GET", f"{_root(words, resource)}{_asked(words, resource, f'limit={limit}')}")


def _one(words: Words) -> Question:
    resource = _kind(words)
    if words.chance(1 / 4):
        by, key = _key(words)
        return Question("GET", f"{_root(words, 'contact')}/{key}{_asked(words, 'contact', f'idProperty={by}')}")
    return Question("GET", f"{_root(words, resource)}/{words.id(resource)}{_asked(words, resource)}")


def _key(words: Words) -> tuple[str, str]:
    path = words.random.choice(("email", "customer_number", "iban", "phone"))
    return words.name("contact", path), quote(str(words.guess("contact", path) or "x"), safe="")


def _search(words: Words) -> Question:
    resource = _kind(words)
    document: dict[str, object] = {"limit": words.random.randint(1, 3) if words.cut else 100}
    if words.chance(3 / 4):
        groups = [{"filters": [_filter(words, resource) for _ in words.sample(2)]} for _ in words.sample(2)]
        document["filterGroups"] = groups
    if words.chance(1 / 4):
        name = words.name(resource, _known(words, resource, words.searchable(resource)))
        document["sorts"] = [{"propertyName": name, "direction": words.random.choice(("ASCENDING", "DESCENDING"))}]
    if words.chance(1 / 6):
        document["query"] = str(words.guess(resource, words.shown(resource)) or "Nord")[:6]
    if words.chance(2 / 3):
        document["properties"] = _names(words, resource)
    return Question("POST", f"{_root(words, resource)}/search", document)


def _filter(words: Words, resource: str) -> dict[str, object]:
    path = _known(words, resource, words.searchable(resource))
    operator = words.random.choice(_OPERATORS)
    made: dict[str, object] = {"propertyName": words.name(resource, path), "operator": operator}
    if operator == "IN":
        return {**made, "values": [_text(words.guess(resource, path)) for _ in words.sample(3)]}
    return made if operator.endswith("PROPERTY") else {**made, "value": _text(words.guess(resource, path))}


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "x")


def _values(words: Words) -> dict[str, object]:
    paths = [words.random.choice(("first_name", "phone", "iban", "city", words.shown("contact"))) for _ in range(2)]
    known = [_known(words, "contact", path) for path in paths]
    return {words.name("contact", path): _text(words.guess("contact", path)) for path in known}


def _change(words: Words) -> Question:
    target = f"{_root(words, 'contact')}/{words.id('contact')}"
    if words.chance(1 / 4):
        by, key = _key(words)
        target = f"{_root(words, 'contact')}/{key}?idProperty={by}"
    return Question("PATCH", target, {"properties": _values(words)})


def _create(words: Words) -> Question:
    document: dict[str, object] = {"properties": _values(words)}
    if words.chance(1 / 3):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
        document["associations"] = [{"to": {"id": words.id("company")}, "types": types}]
    return Question("POST", _root(words, "contact"), document)


def _end(words: Words) -> Question:
    if words.chance(1 / 2):
        return Question("DELETE", f"{_root(words, 'contact')}/{words.id('contact')}")
    by, key = _key(words)
    document = {"objectId": key, "idProperty": by} if words.chance(1 / 2) else {"objectId": words.id("contact")}
    return Question("POST", "/crm/v3/objects/contacts/gdpr-delete", document)


def _read_many(words: Words) -> Question:
    resource = _kind(words)
    document: dict[str, object] = {"properties": _names(words, resource)}
    if words.chance(1 / 4):
        by, key = _key(words)
        return Question(
            "POST", f"{_root(words, 'contact')}/batch/read", {**document, "idProperty": by, "inputs": [{"id": key}]}
        )
    if words.chance(1 / 8):
        document["propertiesWithHistory"] = _names(words, resource)
    inputs = [{"id": words.id(resource)} for _ in words.sample(4)]
    return Question("POST", f"{_root(words, resource)}/batch/read", {**document, "inputs": inputs})


def _change_many(words: Words) -> Question:
    word = words.random.choice(("update", "create", "upsert", "archive"))
    inputs: list[dict[str, object]] = []
    for _ in words.sample(3):
        one: dict[str, object] = {} if word == "create" else {"id": words.id("contact")}
        if word == "upsert":
            by, key = _key(words)
            one |= {"idProperty": by, "id": key}
        inputs.append(one if word == "archive" else {**one, "properties": _values(words)})
    return Question("POST", f"{_root(words, 'contact')}/batch/{word}", {"inputs": inputs})


def _links(words: Words) -> Question:
    resource = words.random.choice(("contact", "company"))
    other = "company" if resource == "contact" else "contact"
    if words.chance(1 / 3):
        inputs = [{"id": words.id(resource)} for _ in words.sample(4)]
        target = f"/crm/v4/associations/{KINDS[resource]}/{KINDS[other]}/batch/read"
        return Question("POST", target, {"inputs": inputs})
    version = words.random.choice(("v3", "v4"))
    target = f"/crm/{version}/objects/{KINDS[resource]}/{words.id(resource)}/associations/{KINDS[other]}"
    return Question("GET", f"{target}?limit={words.random.randint(1, 3)}" if words.cut else target)


def _link(words: Words) -> Question:
    place = f"/crm/v4/objects/contacts/{words.id('contact')}/associations"
    if words.chance(1 / 3):
        return Question("DELETE", f"{place}/companies/{words.id('company')}")
    return Question("PUT", f"{place}/default/companies/{words.id('company')}", {})


def _properties(words: Words) -> Question:
    resource = _kind(words)
    name = words.name(resource, _known(words, resource, words.shown(resource)))
    kind = KINDS[resource]
    paths = (
        f"/crm/v3/properties/{kind}",
        f"/crm/v3/properties/{kind}/{name}",
        f"/crm/v3/schemas/{kind}",
        "/crm/v3/schemas",
        "/crm/v4/associations/contacts/companies/labels",
        "/crm/v3/owners",
    )
    return Question("GET", words.random.choice(paths))


def _preferences(words: Words) -> Question:
    email = quote(str(words.guess("contact", "email") or "x@y.example"), safe="")
    targets = (f"v3/status/email/{email}", f"v4/statuses/{email}?channel=EMAIL")
    return Question("GET", f"/communication-preferences/{words.random.choice(targets)}")
