"""Two worlds that differ only in what policy hides give the same bytes, whatever is asked of the whole gateway.

Random rules are written as policy text; random requests go through the entrance to a CRM in memory and back, once in
each of two random worlds: reader, engine, narrowing, adapter, release, notes, journal and answer are the real ones.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from policy_gateway.app import OBLIGATIONS, KnownPlaces, extensions
from policy_gateway.errors import PolicyError
from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.policy import Policy, Vocabulary, read_files
from policy_gateway.policy.dialect import MODEL
from policy_gateway.provenance import Reference as Place
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway.testing.questions import Request, requests
from policy_gateway.testing.worlds import (
    CATEGORIES,
    CONDITIONS,
    EXPIRED,
    LEAVES,
    RESTRICTED,
    THEN,
    Caller,
    Reference,
    Row,
    Rule,
    Worlds,
    files,
    worlds,
)
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway_memory import MemoryCrm, MemoryKind

SHIPPED = Path(__file__).parents[2] / "policies"
REQUESTS = 32
SOAKING = settings.default is not None and settings.default.max_examples > 1000
EXAMPLES = 4000 if SOAKING else 160
PAIRS = 5000
CORRELATION = re.compile(rb"[0-9a-f]{32}")
PEOPLE = {
    "agent": Persona("user:a", "acme", ("agent", "team:berlin"), LEAVES),
    "supervisor": Persona("user:s", "acme", ("supervisor",), LEAVES),
}
CALLERS = {
    "agent": Caller(frozenset({"agent"}), frozenset({"berlin"})),
    "supervisor": Caller(frozenset({"supervisor", "agent"}), frozenset()),
}
FOUND = extensions()
VOCABULARY = Vocabulary(FOUND.conditions, FOUND.masks, OBLIGATIONS)

pick = st.sampled_from
MASKED = ["redact", "token", "year", "last4", "partial"]
fields = [f"contact.{path}" for path in CATEGORIES]
objects = pick([*fields, *sorted(set(CATEGORIES.values())), *["personal"] * 5])
subs = pick(["agent", "agent", "supervisor", "*", "*"])
when = (pick(["*", "care", *LEAVES]), st.one_of(st.just("-"), pick(CONDITIONS)))
allow, deny, clear, none = (st.just(word) for word in ("allow", "deny", "clear", "none"))
views = st.tuples(subs, objects, st.just("view"), allow, pick([*MASKED, "clear", "clear"]), *when)
reads = st.tuples(subs, objects, pick(["search", "read"]), allow, clear, *when)
writable = pick(["identity", "contact_data", "financial", "free_text", "place"])
writes = st.tuples(subs, writable, pick(["edit", "create", "delete"]), allow, clear, *when)
denies = st.tuples(subs, st.one_of(objects, st.just("*")), pick(["view", "search", "read", "*"]), deny, none, *when)
caps = st.tuples(subs, objects, st.just("view"), deny, pick(MASKED), *when)
IDS = ("*", "record_key", "read", "allow", "clear", "*", "-")
"""Nearly always ids can be seen: else there is not much to ask."""
broad = st.tuples(st.just("*"), st.just("personal"), pick(["view", "view", "read"]), allow, clear, *when)
others = st.lists(st.one_of(views, reads, reads, writes, denies, caps), min_size=1, max_size=9)
rules = st.tuples(pick([IDS] * 7 + [None]), broad, others).map(
    lambda made: tuple(Rule(*row) for row in dict.fromkeys([*([made[0]] if made[0] else []), made[1], *made[2]]))
)
WORLD: ContextVar[dict[str, dict[str, Row]]] = ContextVar("world")
"""The contacts by id that the CRM holds for one request."""


class ShiftingCrm(MemoryCrm):
    """A CRM that is in as many worlds as there are requests."""

    @property  # type: ignore[override]  # what the CRM keeps in a dict is another one for each request
    def _rows(self) -> dict[str, dict[str, Row]]:
        return WORLD.get({"contact": {"1": {"id": "1", "shoe_size": "41-narrow", "credit_score": 1}}})

    @_rows.setter
    def _rows(self, _rows: object) -> None:
        """Have no rows of its own."""


class Stage:
    """A running gateway whose policy and CRM are changed between requests; *told* counts what was compared."""

    def __init__(self, gateway: Whole) -> None:
        self.told: Counter[str] = Counter()
        self._gateway = gateway
        self._policy = gateway.app.policies.current()
        app = replace(gateway.app, policies=self, gateway=replace(gateway.app.gateway, policies=self))
        self._web = assemble(app.gateway, HttpRules(), Supplies(KnownPlaces(app)))

    def current(self) -> Policy:
        """Return the policy in force, as a policy folder would."""
        return self._policy

    def client(self, who: str, policy: Policy) -> HttpClient:
        """Put *policy* in force, and return the client of *who*."""
        self._policy = policy
        return replace(self._gateway.client(who), app=self._web.app)

    async def compare(self, client: HttpClient, request: Request, known: Worlds) -> None:
        """Send *request* in both worlds, and again with the cursor that it brought; the answers must be the same."""
        one, other = await asyncio.gather(*(self._ask(client, request, rows) for rows in (known.one, known.other)))
        assert said(one) == said(other), request
        self.told["pairs"] += 1
        self.told["answered"] += one.status < 300
        self.told["different"] += bool(known.differences)
        document = one.json if one.status == 200 and request.target.startswith("/v1/crm/contacts") else {}
        if isinstance(document, dict) and "cursor" in document and request.method == "GET":
            target = f"{request.target.partition('&cursor=')[0]}&cursor={document['cursor']}"
            await self.compare(client, request._replace(target=target), known)
        elif "etag" in one.headers and request.method == "GET" and not request.lines:
            seen = ("if-none-match", one.headers["etag"])
            await self.compare(client, request._replace(lines=(seen,)), known)

    async def _ask(self, client: HttpClient, request: Request, rows: Sequence[Row]) -> Reply:
        WORLD.set({"contact": {str(row["id"]): dict(row) for row in rows}})
        lines = [*client.lines[:2], *request.circumstance.lines, *request.lines]
        if request.document is None:
            return await client.ask(request.method, request.target, lines)
        body = orjson.dumps(request.document)
        return await client.ask(request.method, request.target, [*lines, ("content-type", "application/json")], body)


def said(reply: Reply) -> tuple[object, ...]:
    """Return every byte of an answer but the correlation id, which is another one each time."""
    lines = tuple(line for line in reply.lines if line[0] != "x-correlation-id")
    return reply.status, lines, CORRELATION.sub(b"", reply.body)


async def set_up(stack: AsyncExitStack, folder: Path) -> Stage:
    """Start a gateway, with what its own database knows of the records in all worlds."""
    crm = ShiftingCrm(clock=lambda: datetime.fromisoformat(THEN), _counters={"contact": itertools.repeat(100)})
    kind = WatchedKind(MemoryKind({("acme", "crm"): crm}))
    gateway = await stack.enter_async_context(whole(folder, kind, PEOPLE, policies=SHIPPED))
    await connect(gateway.app, [("acme", "crm")])
    known = gateway.app.administration
    for record in RESTRICTED:
        await known.standings.change(
            RecordPlace("acme", "crm", "contact", record), Standing(), Standing(restricted=True)
        )
    await known.provenance.set_default(Place("acme", "crm", "contact", "", "*"), {"collected_by": "team:sales"}, "p")
    for path in EXPIRED:
        parts = {"collected_by": "team:sales", "keep_until": "2002-01-01"}
        await known.provenance.set_default(Place("acme", "crm", "contact", "", path), parts, "p")
    await gateway.client("agent").get("/v1/crm/schema/contacts")
    return Stage(gateway)


async def play(stage: Stage, who: str, made: tuple[Rule, ...], number: int) -> None:
    """Compare the answers to random requests of *who* under the rules *made*, in two random worlds."""
    try:
        bundle = read_files(files(made, MODEL), VOCABULARY)
    except PolicyError:
        stage.told["refused"] += 1
        return
    random = Random(number)
    cut = random.random() < 1 / 2
    known = worlds(random, Reference(made, CALLERS[who]), missing=not cut)
    client = stage.client(who, Policy(bundle, VOCABULARY))
    asked = list(requests(random, REQUESTS, known, cut=cut))
    await asyncio.gather(*(stage.compare(client, request, known) for request in asked))


class TestTwoWorlds:
    @pytest.mark.timeout(3600)
    def test_equal_bytes(self, tmp_path: Path) -> None:
        """No answer tells two worlds apart that differ only in what the caller may not see or search by."""
        stack = AsyncExitStack()
        with asyncio.Runner() as runner:
            stage = runner.run(set_up(stack, tmp_path))

            @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @seed(17)
            @given(pick(sorted(CALLERS)), rules, st.integers(0, 2**32))
            def compared(who: str, made: tuple[Rule, ...], number: int) -> None:
                runner.run(play(stage, who, made, number))

            try:
                compared()
            finally:
                runner.run(stack.aclose())
        told = stage.told
        print(dict(told))  # noqa: T201 -- shown with -s: the figures of README.md
        assert told["pairs"] >= PAIRS
        assert told["different"] >= told["pairs"] * 3 / 4
        assert told["answered"] >= told["pairs"] / 3
