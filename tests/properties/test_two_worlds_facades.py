"""Two CRMs that differ only in what policy hides answer vendors' clients the same bytes, whatever they ask.

Rules and worlds are as random as in `test_two_worlds.py`, and so is everything that a client of Salesforce or HubSpot
may say: the facades, the gateway behind them, its policy engine and its journal are the real ones.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
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
from policy_gateway.identity.sessions import Sessions
from policy_gateway.policy import Policy, Vocabulary, read_files
from policy_gateway.policy.dialect import MODEL
from policy_gateway.provenance import Reference as Place
from policy_gateway.testing import hubspot_questions, salesforce_questions
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.faced_worlds import FIELDS, GROUPS, RESTRICTED, Domains, Pair, domains, pair, policy_of
from policy_gateway.testing.facing import FACED, told
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway.testing.vendor_words import JSON, Question, Words
from policy_gateway.testing.worlds import CIRCUMSTANCES, CONDITIONS, EXPIRED, LEAVES, THEN, Caller, Row, Rule
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway_memory import MemoryCrm, MemoryKind
from policy_gateway_memory.dresses import HUBSPOT, SALESFORCE, org_id
from policy_gateway_memory.dressing import DressedKind
from policy_gateway_salesforce.facade import SalesforceFacade

SHIPPED = Path(__file__).parents[2] / "policies"
SOAKING = settings.default is not None and settings.default.max_examples > 1000
EXAMPLES = 700 if SOAKING else 20
REQUESTS = 32
PAIRS = 500
CONTENT = frozenset({"contact", "company"})
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
LOCATED = ("sforce-locator", True)
JOB = re.compile(rb"750[0-9A-Za-z]{15}")


@dataclass(frozen=True, slots=True)
class Vendor:
    """How the clients of one vendor ask: *ids* of records, *names* of fields, *questions* of all kinds."""

    ids: Callable[[str, str], str]
    domains: Domains
    names: Mapping[str, Mapping[str, str]]
    hidden: Mapping[str, tuple[str, ...]]
    questions: Callable[[Words, int], Iterator[Question]]


def number(resource: str, found: str) -> str:
    """Return the id of a record in a portal: its number."""
    del resource
    return found


VENDORS = {
    "salesforce": Vendor(
        org_id, domains(org_id), salesforce_questions.NAMES, salesforce_questions.HIDDEN, salesforce_questions.questions
    ),
    "hubspot": Vendor(
        number, domains(number), hubspot_questions.NAMES, hubspot_questions.HIDDEN, hubspot_questions.questions
    ),
}

pick = st.sampled_from
MASKED = ["redact", "token", "year", "last4", "partial"]
objects = pick([*FIELDS, *GROUPS, *["personal"] * 5])
subs = pick(["agent", "agent", "supervisor", "*", "*"])
when = (pick(["*", "care", *LEAVES]), st.one_of(st.just("-"), pick(CONDITIONS)))
allow, deny, clear, none = (st.just(word) for word in ("allow", "deny", "clear", "none"))
views = st.tuples(subs, objects, st.just("view"), allow, pick([*MASKED, "clear", "clear"]), *when)
reads = st.tuples(subs, objects, pick(["search", "read", "*"]), allow, clear, *when)
writable = pick([*GROUPS, "personal"])
writes = st.tuples(subs, writable, pick(["edit", "create", "delete"]), allow, clear, *when)
denies = st.tuples(subs, st.one_of(objects, st.just("*")), pick(["view", "search", "read", "*"]), deny, none, *when)
caps = st.tuples(subs, objects, st.just("view"), deny, pick(MASKED), *when)
IDS = ("*", "record_key", "*", "allow", "clear", "*", "-")
"""Nearly always ids can be seen: else there is not much to ask."""
broad = st.tuples(st.just("*"), st.just("personal"), pick(["view", "read", "*"]), allow, clear, *when)
others = st.lists(st.one_of(views, reads, reads, writes, denies, caps), min_size=1, max_size=9)
rules = st.tuples(pick([IDS] * 7 + [None]), broad, others).map(
    lambda made: tuple(Rule(*row) for row in dict.fromkeys([*([made[0]] if made[0] else []), made[1], *made[2]]))
)
SEEN: dict[str, dict[str, Row]] = {
    "contact": {"1": {"id": "1", "shoe_size": "41-narrow", "credit_score": 1}},
    "company": {},
}
WORLD: ContextVar[dict[str, dict[str, Row]]] = ContextVar("world", default=SEEN)
"""What the CRM holds for one request."""


@dataclass
class ShiftingCrm(MemoryCrm):
    """A CRM that is in as many worlds as there are requests; what is made there has the next of *ids*."""

    ids: Callable[[str, str], str] = field(kw_only=True)

    @property  # type: ignore[override]  # what the CRM keeps in a dict is another one for each request
    def _rows(self) -> dict[str, dict[str, Row]]:
        return WORLD.get()

    @_rows.setter
    def _rows(self, _rows: object) -> None:
        """Have no rows of its own."""

    def _next_id(self, resource: str) -> str:
        made = (self.ids(resource, str(number)) for number in itertools.count(100))
        return next(one for one in made if one not in self._rows.get(resource, {}))


@dataclass(frozen=True, slots=True)
class Asked:
    """What *who* asks in words of a *dialect*: one question, or one for each world where each gave its own names."""

    dialect: str
    who: str
    words: Words
    questions: tuple[Question, ...]

    def of(self, *questions: Question) -> Asked:
        """Return that the same caller asks something else."""
        return replace(self, questions=questions)


@dataclass(slots=True)
class Stage:
    """A running gateway whose policy and CRMs are changed between requests; *told* counts what was compared."""

    gateway: Whole
    told: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    _policy: Policy | None = None
    _web: object = None

    def current(self) -> Policy:
        """Return the policy in force, as a policy folder would."""
        return self._policy or self.gateway.app.policies.current()

    def enact(self, policy: Policy) -> None:
        """Put *policy* in force, before facades that have seen no other."""
        self._policy = policy
        known = self.gateway.app.administration
        app = replace(self.gateway.app, policies=self, gateway=replace(self.gateway.app.gateway, policies=self))

        async def kinds(tenant: str) -> Mapping[str, str]:
            del tenant
            return {name: dialect for dialect, name in FACED.items()}

        facades = dict(known.extensions.facades)
        facades["salesforce"] = SalesforceFacade(clock=lambda: datetime.fromisoformat(THEN))
        sessions = Sessions(*known.authenticators, kinds)
        supplies = Supplies(KnownPlaces(app), facades=tuple(facades.values()), sessions=sessions, shelf=known.shelf)
        self._web = assemble(app.gateway, HttpRules(), supplies).app

    async def compare(self, asked: Asked) -> None:
        """Ask the same in both worlds, and what follows from the answer; the answers must be the same."""
        replies = [await self._ask(asked, other=other) for other in (False, True)]
        question, status = asked.questions[0], replies[0].status
        one, other = (said(reply) for reply in replies)
        assert one == other, question
        self.told["pairs"] += 1
        self.told["answered"] += status < 300
        self.told["different"] += bool(asked.words.known.differences)
        self.told["broken"] += status >= 500
        self.kinds[f"{question.method} {shape(question.target)} {status}"] += 1
        if status == 200:
            await self._follow(asked, replies)

    async def _follow(self, asked: Asked, replies: list[Reply]) -> None:
        document, question = replies[0].json if replies[0].body[:1] == b"{" else {}, asked.questions[0]
        following = (document.get("paging") or {}).get("next", {})
        if question.target.endswith("/jobs/query") and "id" in document:
            for rest in ("", "/results", "/results?maxRecords=1"):
                made = [f"{question.target}/{reply.json['id']}{rest}" for reply in replies]
                await self.compare(asked.of(*(Question("GET", target) for target in made)))
        elif "maxRecords" in question.target and replies[0].headers["sforce-locator"] != "null":
            pairs = zip(asked.questions, replies, strict=True)
            await self.compare(asked.of(*(located(each, reply) for each, reply in pairs)))
        elif "nextRecordsUrl" in document:
            await self.compare(asked.of(Question("GET", document["nextRecordsUrl"])))
        elif "after" in following:
            await self.compare(asked.of(after(question, following["after"])))

    async def _ask(self, asked: Asked, *, other: bool) -> Reply:
        WORLD.set(asked.words.known.crm(other=other))
        when, question = asked.words.circumstance, asked.questions[-1 if other else 0]
        bearer = f"Bearer {self.gateway.keys[asked.who]}~{when.purpose}~{FACED[asked.dialect]}"
        lines = [("host", "localhost"), ("authorization", bearer), *when.lines[1:], *question.lines]
        client = HttpClient(self._web, ())  # type: ignore[arg-type]  # any ASGI app will do
        if question.document is None:
            return await client.ask(question.method, question.target, lines)
        return await client.ask(question.method, question.target, [*lines, JSON], orjson.dumps(question.document))


def said(reply: Reply) -> tuple[object, ...]:
    """Return every byte of an answer but what is another one each time: correlation ids, ids and locators of jobs."""
    status, lines, body = told(reply)
    assert isinstance(lines, tuple)
    assert isinstance(body, bytes)
    located = tuple((name, "…" if (name, value != "null") == LOCATED else value) for name, value in lines)
    return status, located, JOB.sub(b"750", body)


def shape(target: str) -> str:
    """Return the path of *target* without ids and keys."""
    return re.sub(r"/[^/]*[0-9@+%][^/]*(?=/|$)", "/*", target.partition("?")[0].replace("v59.0", "v"))


def after(question: Question, cursor: str) -> Question:
    """Return what asks for the page after that of *question*."""
    if isinstance(question.document, dict):
        return question._replace(document={**question.document, "after": cursor})
    target = re.sub(r"&after=[^&]*", "", question.target)
    return question._replace(target=f"{target}{'&' if '?' in target else '?'}after={cursor}")


def located(question: Question, reply: Reply) -> Question:
    """Return what asks for the rows of a job after those of *reply*."""
    target = question.target.partition("&locator=")[0]
    return question._replace(target=f"{target}&locator={reply.headers['sforce-locator']}")


async def set_up(stack: AsyncExitStack, folder: Path) -> Stage:
    """Start a gateway, with what its own database knows of the records in all worlds."""
    crms = {
        ("acme", name): ShiftingCrm(clock=lambda: datetime.fromisoformat(THEN), ids=VENDORS[dialect].ids)
        for dialect, name in FACED.items()
    }
    dressed = DressedKind(MemoryKind(crms), {"sf": SALESFORCE, "hub": HUBSPOT})
    gateway = await stack.enter_async_context(whole(folder, WatchedKind(dressed), PEOPLE, policies=SHIPPED))
    await connect(gateway.app, [("acme", name) for name in FACED.values()])
    known = gateway.app.administration
    for dialect, name in FACED.items():
        for resource in sorted(CONTENT):
            restricted = RecordPlace("acme", name, resource, VENDORS[dialect].ids(resource, RESTRICTED))
            await known.standings.change(restricted, Standing(), Standing(restricted=True))
            parts = {"collected_by": "team:sales"}
            await known.provenance.set_default(Place("acme", name, resource, "", "*"), parts, "p")
        for path in EXPIRED:
            parts = {"collected_by": "team:sales", "keep_until": "2002-01-01"}
            await known.provenance.set_default(Place("acme", name, "contact", "", path), parts, "p")
        for resource in ("contacts", "companies"):
            await gateway.client("agent").get(f"/v1/{name}/schema/{resource}")
    return Stage(gateway)


async def play(stage: Stage, dialect: str, who: str, made: tuple[Rule, ...], chosen: int) -> None:
    """Compare the answers to random requests of *who* under the rules *made*, in two random worlds."""
    try:
        bundle = read_files(policy_of(made, MODEL), VOCABULARY)
    except PolicyError:
        stage.told["refused"] += 1
        return
    random, vendor = Random(chosen), VENDORS[dialect]
    cut = random.random() < 1 / 2
    known: Pair = pair(random, vendor.domains, made, CALLERS[who], missing=not cut)
    stage.enact(Policy(bundle, VOCABULARY))
    for _ in range(REQUESTS):
        words = Words(random, known, vendor.names, vendor.ids, random.choice(CIRCUMSTANCES), cut, vendor.hidden)
        for question in vendor.questions(words, 1):
            await stage.compare(Asked(dialect, who, words, (question,)))


class TestTwoWorlds:
    @pytest.mark.timeout(3600)
    @pytest.mark.parametrize("dialect", sorted(VENDORS))
    def test_equal_bytes(self, tmp_path: Path, dialect: str) -> None:
        """No answer to a vendor's client tells worlds apart that differ only in what policy hides from it."""
        stack = AsyncExitStack()
        with asyncio.Runner() as runner:
            stage = runner.run(set_up(stack, tmp_path))

            @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @seed(17)
            @given(pick(sorted(CALLERS)), rules, st.integers(0, 2**32))
            def compared(who: str, made: tuple[Rule, ...], chosen: int) -> None:
                runner.run(play(stage, dialect, who, made, chosen))

            try:
                compared()
            finally:
                runner.run(stack.aclose())
        told = stage.told
        print(dialect, dict(told))  # noqa: T201 -- shown with -s: the figures of README.md
        for kind, times in sorted(stage.kinds.items()):
            print(f"{times:7} {kind}")  # noqa: T201 -- as above
        assert told["pairs"] >= PAIRS
        assert told["broken"] == 0
        assert told["different"] >= told["pairs"] * 3 / 4
        assert told["answered"] >= told["pairs"] / 4
