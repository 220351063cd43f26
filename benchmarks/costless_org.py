"""An org of Salesforce that costs nothing, and says the same again and again: ``costless_org.py PORT RECORDS``.

Descriptions are the sandbox's. Contacts are one page of its own, repeated with other ids; a query gets the page that
comes after the id it names, whatever else it asks for, and a record by its id is the first contact.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote_plus

import orjson
import uvloop

from policy_gateway_salesforce.sandbox import Recorded, Sandbox
from policy_gateway_salesforce.sandbox.ids import numbered
from policy_gateway_salesforce.sandbox.kinds import KINDS

COLUMNS = (
    *("Id", "FirstName", "LastName", "Email", "Phone", "MobilePhone", "MailingStreet", "MailingCity"),
    *("MailingPostalCode", "MailingCountry", "LeadSource", "Customer_Number__c", "CreatedDate", "LastModifiedDate"),
)
PAGE = 2_000
START = 5_000_000
FIRST = numbered("003", START)
"""The id of the first contact."""
_AFTER = re.compile(r"Id\s*>\s*'([0-9A-Za-z]{18})'")
_ROOT = re.compile(r"/services/data/v[0-9.]+")
_HEAD = re.compile(rb"([A-Z]+) ([^ ]+) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


class Answers:
    """What there is to say, ready to be sent."""

    def __init__(self, records: int) -> None:
        sandbox = Sandbox(seed=1)
        self.described = {f"/sobjects/{name}/describe": self._told(sandbox, name) for name in KINDS}
        rows = list(sandbox.org.tables["Contact"].rows.values())
        pages = [
            [_row(rows[number % len(rows)], number) for number in range(start, min(start + PAGE, records))]
            for start in range(0, records, PAGE)
        ]
        self.one = orjson.dumps(pages[0][0])
        self._numbers = {page[-1]["Id"]: number for number, page in enumerate(pages, start=1)}
        self._pages = [orjson.dumps({"totalSize": len(page), "done": True, "records": page}) for page in pages]
        self._few = [orjson.dumps({"totalSize": 1, "done": True, "records": page[:1]}) for page in pages]

    def to(self, target: str) -> bytes:
        """Return what is said about *target*."""
        path, _, question = target.partition("?")
        path = _ROOT.sub("", path)
        if path in self.described:
            return self.described[path]
        if path != "/query":
            return self.one
        found = _AFTER.search(soql := unquote_plus(question))
        number = self._numbers.get(found[1], len(self._pages)) if found else 0
        if number == len(self._pages):
            return b'{"totalSize":0,"done":true,"records":[]}'
        return (self._few if soql[-7:] == "LIMIT 1" else self._pages)[number]

    def _told(self, sandbox: Sandbox, name: str) -> bytes:
        headers = {"authorization": f"Bearer {sandbox.token}", "host": "org"}
        path = f"/services/data/v59.0/sobjects/{name}/describe"
        return orjson.dumps(sandbox.answer(Recorded("GET", path, (), b"", "", headers)).body)


def _row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    identifier = numbered("003", START + number)
    attributes = {"type": "Contact", "url": f"/services/data/v59.0/sobjects/Contact/{identifier}"}
    return {"attributes": attributes, **{name: row.get(name) for name in COLUMNS}, "Id": identifier}


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._waiting = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[: end + 2]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            found = _HEAD.match(head)
            if len(self._waiting) < whole or found is None or self._transport is None:
                return
            self._waiting = self._waiting[whole:]
            body = self._answers.to(found[2].decode())
            start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(start % len(body) + body)


async def main(port: int, records: int) -> None:
    """Answer until the process is ended."""
    answers = Answers(records)
    server = await asyncio.get_running_loop().create_server(lambda: Line(answers), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
