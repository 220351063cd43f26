"""The fields of one resource of one connection, as the vocabulary speaks of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy_gateway.model.field import Field, Resource
from policy_gateway.policy.bundle import Bundle
from policy_gateway.policy.memo import Memo
from policy_gateway.policy.verdicts import HIDDEN, Verdict


@dataclass(frozen=True, slots=True)
class Fields:
    """*parts* lists by path the objects that decide it: its own and those of everything that it contains."""

    resource: str
    parts: Mapping[str, tuple[str, ...]]
    searchable: frozenset[str]

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path of the catalogue, in its order."""
        return tuple(self.parts)

    def objects(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return the objects that decide *paths*, each once."""
        return tuple(dict.fromkeys(part for path in paths for part in self.parts.get(path, ())))

    def verdict(self, path: str, by_object: Mapping[str, Verdict]) -> Verdict:
        """Return the verdict on *path*: as restricted as the strictest of its parts."""
        parts = self.parts.get(path)
        if not parts:
            return HIDDEN
        if len(parts) == 1:
            return by_object[parts[0]]
        verdicts = [by_object[part] for part in parts]
        granting = capping = 0
        for verdict in verdicts:
            granting |= verdict.granting
            capping |= verdict.capping
        level = min((verdict.level for verdict in verdicts), key=lambda level: level.rank)
        return Verdict(level, granting if level.rank else 0, capping)


def fields_of(resource: Resource, bundle: Bundle, tenant: str, connection: str) -> Fields:
    """Return the fields of *resource*; a line narrowed to *connection* comes before the general one."""
    known = bundle.classified(tenant)

    def named(path: str) -> str:
        general = resource.field_id(path)
        narrowed = f"{general}@{connection}"
        return narrowed if connection and narrowed in known else general

    parts = {path: tuple(dict.fromkeys(map(named, _contained(resource, path)))) for path in resource.fields}
    searchable = frozenset(path for path, field in resource.fields.items() if field.searchable)
    return Fields(resource.name, parts, searchable)


def _contained(resource: Resource, path: str) -> tuple[str, ...]:
    found, waiting = {path: None}, [path]
    while waiting:
        field = resource.fields.get(waiting.pop())
        for part in field.contains if field else ():
            if part not in found:
                found[part] = None
                waiting.append(part)
    return tuple(found)


class Fingerprints:
    """Recognizes resources by what decides: a catalogue read anew with the same content is the same."""

    def __init__(self, limit: int = 1024) -> None:
        self._seen: Memo[int, tuple[Resource, str]] = Memo(limit)

    def of(self, resource: Resource) -> str:
        """Return the fingerprint of *resource*, remembered for this very object."""
        seen = self._seen.get(id(resource))
        if seen is None or seen[0] is not resource:
            seen = self._seen.put(id(resource), (resource, _fingerprint(resource)))
        return seen[1]


def _fingerprint(resource: Resource) -> str:
    digest = hashlib.sha256(repr(resource.name).encode())
    for path, field in resource.fields.items():
        digest.update(repr((path, *_deciding(field))).encode())
    return digest.hexdigest()


def _deciding(field: Field) -> tuple[object, ...]:
    return (str(field.type), field.searchable, field.contains)
