"""Facades under attack: vendors' requests, in worlds that differ in nothing that the caller may learn."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

from policy_gateway.testing.canaries import Overheard
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Spy, Whole

FACED: Final[Mapping[str, str]] = {"salesforce": "sf", "hubspot": "hub"}
"""The connections of each tenant, by the dialect that is spoken there."""

V: Final = "/services/data/v59.0"
_VARIES: Final = re.compile(rb"[0-9a-f]{32}|\"(startedAt|completedAt)\":\"[^\"]*\"")
_VARYING: Final = frozenset({"x-correlation-id", "x-hubspot-correlation-id", "content-length"})

Row = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Faced:
    """A gateway with facades: *dialect* is the one that is attacked, *rows* what its CRM holds.

    *worlds* are hidden values that contacts may have instead of theirs.
    """

    whole: Whole
    dialect: str
    overheard: Overheard
    rows: MutableMapping[str, dict[str, dict[str, Any]]]
    worlds: Sequence[Mapping[str, object]]

    @property
    def spy(self) -> Spy:
        """Return who watches the CRM."""
        return self.whole.spy("acme", FACED[self.dialect])

    def client(self, who: str = "arno", purpose: str = "service") -> HttpClient:
        """Return the client of *who*."""
        bearer = f"Bearer {self.whole.keys[who]}~{purpose}~{FACED[self.dialect]}"
        return HttpClient(self.overheard, (("host", "localhost"), ("authorization", bearer)))

    async def ask(self, line: str, document: object = None, *lines: tuple[str, str], who: str = "arno") -> Reply:
        """Return the answer to ``GET /services/…``."""
        method, _, target = line.partition(" ")
        client = self.client(who)
        if document is None:
            return await client.ask(method, target, [*client.lines, *lines])
        return await client.send(method, target, document, *lines)

    async def compare(self, line: str, document: object = None, *lines: tuple[str, str]) -> Reply:
        """Return the one answer to *line* in all worlds; they must be the same."""
        rows = {number: dict(row) for number, row in self.rows["contact"].items()}
        replies = []
        for world in ({}, *self.worlds):
            self.rows["contact"] = {number: {**row, **world} for number, row in rows.items()}
            replies.append(await self.ask(line, document, *lines))
        self.rows["contact"] = rows
        if len({told(reply) for reply in replies}) > 1:
            raise AssertionError(line)
        return replies[0]

    async def forget(self) -> None:
        """Forget what was asked and journalled."""
        self.whole.kind.forget()
        await self.whole.mark("acme", "bolt")

    async def entries(self) -> Sequence[Mapping[str, object]]:
        """Return what the journal says since :meth:`forget`."""
        return await self.whole.entries()


def told(reply: Reply) -> tuple[object, ...]:
    """Return every byte of an answer but correlation ids and the times of asking."""
    lines = tuple(line for line in reply.lines if line[0] not in _VARYING)
    return reply.status, lines, _VARIES.sub(b"", reply.body)


def soql(text: str) -> str:
    """Return the line that asks *text*."""
    return f"GET {V}/query?q={quote_plus(text)}"


def sosl(text: str) -> str:
    """Return the line that searches *text*."""
    return f"GET {V}/search?q={quote_plus(text)}"


def error(reply: Reply) -> dict[str, Any]:
    """Return the only error of a refusal by Salesforce, in the vendor's shape."""
    [found] = reply.json
    if not {"message", "errorCode"} <= found.keys() <= {"message", "errorCode", "fields"}:
        raise AssertionError(found)
    return dict(found)
