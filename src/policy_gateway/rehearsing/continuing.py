"""What clients repeat of earlier answers (where a list goes on, the id of a job), and where in a request it stands.

A captured request repeats what the CRM once said. In a rehearsal it must repeat what was answered here, in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from policy_gateway.recording import Said, pairs, written

Json = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None

_AFTER: Final = "after"
_LOCATOR: Final = "locator"
_FIRST: Final = frozenset({"", "0"})
_CURSORS: Final = frozenset({_AFTER, _LOCATOR})

_PLACES: Final = (
    ("locator", re.compile(r"(/services/data/[^/]+/query(?:All)?/)([^/]+)(/?)")),
    ("query-job", re.compile(r"(/services/data/[^/]+/jobs/query/)([^/]+)((?:/.*)?)")),
    ("ingest-job", re.compile(r"(/services/data/[^/]+/jobs/ingest/)([^/]+)((?:/.*)?)")),
    ("result", re.compile(r"(/services/async/[^/]+/job/[^/]+/batch/[^/]+/result/)([^/]+)(/?)")),
    ("batch", re.compile(r"(/services/async/[^/]+/job/[^/]+/batch/)([^/]+)((?:/.*)?)")),
    ("job", re.compile(r"(/services/async/[^/]+/job/)([^/]+)((?:/.*)?)")),
    ("identity", re.compile(r"(/id/)(.+)()")),
)
"""Where paths name something that the CRM has made: the part before it, its name, and the part behind it."""

_MADE_BY: Final = (
    ("query-job", re.compile(r"/services/data/[^/]+/jobs/query/?")),
    ("ingest-job", re.compile(r"/services/data/[^/]+/jobs/ingest/?")),
    ("batch", re.compile(r"/services/async/[^/]+/job/[^/]+/batch/?")),
    ("job", re.compile(r"/services/async/[^/]+/job/?")),
)
_ID: Final = re.compile(rb"<id>([0-9A-Za-z]{15,64})</id>|\"id\"\s*:\s*\"([0-9A-Za-z_-]{15,512})\"")
_RESULT: Final = re.compile(rb"<result>([0-9A-Za-z_-]{3,512})</result>|\[\s*\"([0-9A-Za-z_-]{3,512})\"")
_IDENTITY: Final = re.compile(rb"/id/(00D[0-9A-Za-z]{12,15}/005[0-9A-Za-z]{12,15})[\"<]")
_SOQL_NEXT: Final = re.compile(rb"\"nextRecordsUrl\"\s*:\s*\"([^\"]+)\"")


@dataclass(slots=True)
class Told:
    """What has been answered so far that later requests may repeat, by its kind and who has made it."""

    made: dict[tuple[str, str], str] = field(default_factory=dict)

    def heard(self, said: Said, client: str, reply: tuple[Mapping[str, str], bytes]) -> None:
        """Remember what the *reply* to the captured request *said* gave its *client*."""
        headers, body = reply
        for kind, pattern in _MADE_BY:
            if said.method == "POST" and pattern.fullmatch(said.path) and (found := _ID.search(body)):
                self._keep(kind, client, _first(found))
        if said.path.rstrip("/").endswith("/result") and (found := _RESULT.search(body)):
            self._keep("result", client, _first(found))
        if found := _SOQL_NEXT.search(body):
            self._keep("locator", client, unquote(urlsplit(found[1].decode()).path).rpartition("/")[2])
        if found := _IDENTITY.search(body):
            self._keep("identity", client, found[1].decode())
        following = headers.get("sforce-locator", "")
        if following not in {"", "null"}:
            self._keep(_LOCATOR + "-bulk", client, following)
        if after := _after(body):
            self._keep(f"{_AFTER} {said.path}", client, after)

    def repeated(self, said: Said, client: str) -> Said:
        """Return *said*, repeating what was answered here instead of what the CRM had answered."""
        path = said.path
        for kind, pattern in _PLACES:
            found = pattern.fullmatch(path)
            known = self.made.get((client, kind)) if found else None
            if found and known:
                path = f"{found[1]}{quote(known, safe='/')}{found[3]}"
        return replace(said, path=path, query=self._query(said, client), body=self._body(said, client))

    def lacks(self, said: Said, client: str) -> bool:
        """Tell whether *said* repeats an answer that was never given here, so that nobody can tell what it comes to."""
        places = (kind for kind, pattern in _PLACES if pattern.fullmatch(said.path))
        if any((client, kind) not in self.made for kind in places):
            return True
        given = dict(pairs(said.query))
        document = _document(said.body) if b'"after"' in said.body else None
        posted = str(document.get(_AFTER) or "") if isinstance(document, dict) else ""
        if given.get(_AFTER, "") not in _FIRST or posted not in _FIRST:
            return (client, f"{_AFTER} {said.path}") not in self.made
        return given.get(_LOCATOR, "") not in _FIRST and (client, _LOCATOR + "-bulk") not in self.made

    def _keep(self, kind: str, client: str, value: str) -> None:
        self.made[client, kind] = value

    def _query(self, said: Said, client: str) -> str:
        given = dict(pairs(said.query))
        if not any(given.get(name, "") not in _FIRST for name in _CURSORS):
            return said.query
        known = {
            _AFTER: self.made.get((client, f"{_AFTER} {said.path}")),
            _LOCATOR: self.made.get((client, _LOCATOR + "-bulk")),
        }
        return written((name, known.get(name) or value) for name, value in pairs(said.query))

    def _body(self, said: Said, client: str) -> bytes:
        known = self.made.get((client, f"{_AFTER} {said.path}"))
        document = _document(said.body)
        if known is None or not isinstance(document, dict) or str(document.get(_AFTER) or "0") in _FIRST:
            return said.body
        return json.dumps({**document, _AFTER: known}).encode()


def goes_on(said: Said) -> bool:
    """Tell whether *said* asks for what follows an earlier answer."""
    if any(kind == _LOCATOR and pattern.fullmatch(said.path) for kind, pattern in _PLACES):
        return True
    if any(name in _CURSORS and value not in _FIRST for name, value in parse_qsl(said.query)):
        return True
    document = _document(said.body) if b'"after"' in said.body else None
    return isinstance(document, dict) and str(document.get(_AFTER) or "0") not in _FIRST


def _first(found: re.Match[bytes]) -> str:
    return next(part for part in found.groups() if part).decode()


def _after(body: bytes) -> str:
    document = _document(body) if b'"paging"' in body else None
    paging = document.get("paging") if isinstance(document, dict) else None
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get(_AFTER) if isinstance(following, dict) else None
    return after if isinstance(after, str) else ""


def _document(body: bytes) -> Json:
    try:
        document: Json = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document
