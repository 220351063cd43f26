"""The composition root: settings in, a running gateway out. The only place where its parts meet.

Everything that chance, time and the machine bring in is decided here, and closed in the reverse order of opening.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from policy_gateway.audit import Entries, EntryReader, Remarks
from policy_gateway.builtins.conditions import Conditions
from policy_gateway.builtins.entries import EntryKind
from policy_gateway.builtins.masks import Masks
from policy_gateway.builtins.own_data import OwnDataKind
from policy_gateway.builtins.sheltered import ShelteredAnnotator, ShelteredSource
from policy_gateway.changing import Changes
from policy_gateway.crm import (
    GATEWAY,
    Connections,
    ConnectionStore,
    Cursors,
    HttpLimits,
    Idempotency,
    Limits,
    Reach,
    Transports,
    Vault,
    Wiring,
)
from policy_gateway.errors import GatewayError, NotAuthenticated, PolicyError
from policy_gateway.facts import Attempts, Facts, StandingFacts, Standings, VerificationFacts
from policy_gateway.facts.adapter import StandingKind
from policy_gateway.gateway import Gateway
from policy_gateway.identity import (
    KeyAuthenticator,
    Keys,
    Kinds,
    Memberships,
    PrincipalFacts,
    SessionAuthenticator,
    Sessions,
    authenticate,
    derive,
    master_key,
)
from policy_gateway.model.field import FieldType
from policy_gateway.model.principal import Credential
from policy_gateway.plugins import Extensions, discover
from policy_gateway.policy import Oracle, Policies, Vocabulary
from policy_gateway.ports import Authenticator, FactSource, Session
from policy_gateway.provenance import (
    Provenance,
    ProvenanceAnnotator,
    ProvenanceFacts,
    ProvenanceKind,
    ValueKeys,
    ValueTokens,
)
from policy_gateway.query import Call
from policy_gateway.reading import Reads
from policy_gateway.settings import Settings
from policy_gateway.shelf import Shelf
from policy_gateway.store import Database
from policy_gateway.verifying import Verifications

OBLIGATIONS: Final = frozenset({"log", "notify", "expire", "announce", "show_caller_id", "disclose_ai"})
"""What rules may oblige to: the journal meets some of it in every entry, the caller is told of the rest."""

REMEMBERED: Final = timedelta(hours=24)
"""How long an Idempotency-Key stands for its change, and an attempt to be recognized is kept."""

_SWEEP_SECONDS: Final = 600.0
_log = structlog.get_logger()


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def extensions(*builtins: object) -> Extensions:
    """Return what is built in, what is installed, and *builtins* besides."""
    return discover((Masks(), Conditions(), *builtins))


def vocabulary(found: Extensions) -> Vocabulary:
    """Return what rules may be written with."""
    return Vocabulary(found.conditions, found.masks, OBLIGATIONS)


@dataclass(frozen=True, slots=True)
class Administration:
    """What is looked after without asking any policy: keys, memberships, connections, the defaults of provenance."""

    database: Database
    master: bytes
    extensions: Extensions
    keys: Keys
    memberships: Memberships
    connections: Connections
    provenance: Provenance
    standings: Standings
    entries: EntryReader

    @property
    def authenticators(self) -> tuple[KeyAuthenticator, SessionAuthenticator]:
        """Return our own ways to learn who is calling."""
        keys = KeyAuthenticator(self.database, self.master, clock=now)
        return keys, SessionAuthenticator(self.database, self.master, clock=now)

    @property
    def kinds(self) -> Kinds:
        """Return what knows the adapter kinds of a tenant's connections, by their names."""
        return ConnectionStore(self.database, now).kinds

    @property
    def shelf(self) -> Shelf:
        """Return where facades keep what they must remember between two requests."""
        return Shelf(self.database, derive(self.master, "shelf"), derive(self.master, "shelf-owners"), now)

    async def session(self, bearer: str) -> tuple[Session, str]:
        """Return the session that the clients of a CRM enter with *bearer*, and its dialect; NotAuthenticated."""
        sessions = Sessions(*self.authenticators, self.kinds)
        credential = Credential("bearer", bearer)
        for dialect in sorted(self.extensions.adapters):
            with suppress(NotAuthenticated):
                return await sessions.enter(credential, dialect), dialect
        raise NotAuthenticated


@dataclass(frozen=True, slots=True)
class App:
    """A gateway that answers calls, and what an entrance may know besides."""

    administration: Administration
    policies: Policies
    oracle: Oracle
    gateway: Gateway
    sessions: Sessions

    @property
    def directory(self) -> KnownPlaces:
        """Return what the entrance may know of connections and fields."""
        return KnownPlaces(self)

    @property
    def health(self) -> Pulse:
        """Return what load balancers ask."""
        return Pulse(self)


@asynccontextmanager
async def administration(settings: Settings, found: Extensions) -> AsyncIterator[Administration]:
    """Open the database and everything that is kept in it; ConfigurationError when that cannot be."""
    master = master_key(settings.master_key.get_secret_value())
    database = Database.open(settings.database, deadline=settings.audit_seconds, capacity=settings.audit_waiting)
    async with database:
        provenance = Provenance(database, clock=now)
        standings = Standings(database, now)
        entries = EntryReader(database)
        own = OwnDataKind(
            ProvenanceKind(provenance, _tokens(master)),
            StandingKind(standings),
            EntryKind(entries),
        )
        connections = Connections(
            _wiring(settings, found, own),
            ConnectionStore(database, now),
            Vault(derive(master, "connection-secrets")),
            partial(derive, master, "masks"),
        )
        try:
            yield Administration(
                database=database,
                master=master,
                extensions=found,
                keys=Keys(database, master, clock=now),
                memberships=Memberships(database),
                connections=connections,
                provenance=provenance,
                standings=standings,
                entries=entries,
            )
        finally:
            await connections.close()


@asynccontextmanager
async def running(settings: Settings, *builtins: object) -> AsyncIterator[App]:
    """Start the gateway, and end it; *builtins* are plugins besides the installed ones.

    ConfigurationError when it cannot start: PolicyError for a policy folder with findings, PluginError, SecretError.
    """
    found = extensions(*builtins)
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(administration(settings, found))
        oracle = Oracle()
        policies = Policies(settings.policies, vocabulary(found), oracle)
        oracle.start(policies.distrust)
        stack.callback(oracle.stop)
        gateway, sessions = assembled(kept, policies)
        stack.push_async_callback(gateway.entries.close)
        for work in (policies.watch(), _report(policies), _sweep(gateway, kept.shelf)):
            stack.push_async_callback(_ended, asyncio.create_task(work))
        _log.info("gateway.started", version=policies.current().version)
        yield App(kept, policies, oracle, gateway, sessions)


def assembled(kept: Administration, policies: Policies) -> tuple[Gateway, Sessions]:
    """Return the gateway over what is *kept*, under *policies*, and the sessions of those who speak like a CRM."""
    keys = KeyAuthenticator(kept.database, kept.master, clock=now)
    tokens = SessionAuthenticator(kept.database, kept.master, clock=now)
    gateway = _gateway(kept, policies, (keys, tokens, *kept.extensions.authenticators))
    return gateway, Sessions(keys, tokens, kept.kinds)


def _wiring(settings: Settings, found: Extensions, own: OwnDataKind) -> Wiring:
    seconds, calls = settings.upstream_seconds, settings.upstream_calls
    reach = Reach.of(settings.upstream_allowed)
    http = HttpLimits(deadline=seconds, connections=calls, body=settings.upstream_bytes)
    limits = Limits(deadline=seconds, calls=calls)
    return Wiring(found.adapters, Transports(reach, http), limits, reserved={GATEWAY: own})


def _gateway(kept: Administration, policies: Policies, authenticators: tuple[Authenticator, ...]) -> Gateway:
    database, master, found = kept.database, kept.master, kept.extensions
    attempts = Attempts(database, now)
    value_keys = ValueKeys(partial(derive, master, "values"))

    async def kinds(tenant: str, call: Call) -> Mapping[str, FieldType]:
        target = await kept.connections.open(tenant, call)
        return {path: field.type for path, field in target.resource.fields.items()}

    sources: tuple[FactSource, ...] = (
        PrincipalFacts(kept.memberships),
        StandingFacts(kept.standings),
        VerificationFacts(attempts),
        ProvenanceFacts(kept.provenance, value_keys, kinds),
        *map(ShelteredSource, found.fact_sources),
    )
    facts = Facts(sources, now)
    reads = Reads(facts, Cursors(derive(master, "cursors-1") + derive(master, "cursors-2")), found.masks)
    idempotency = Idempotency(database, derive(master, "idempotency"), now)
    remarks = Remarks(database, partial(derive, master, "remarks"), os.urandom)
    return Gateway(
        entries=Entries(database, found.journals, clock=now, remarks=remarks),
        authenticators=authenticators,
        policies=policies,
        connections=kept.connections,
        facts=facts,
        reads=reads,
        changes=Changes(reads, idempotency, found.masks),
        verifications=Verifications(reads, attempts, value_keys.of),
        masks=found.masks,
        obligations=OBLIGATIONS,
        annotators=(ProvenanceAnnotator(kept.provenance, _tokens(master)), *map(ShelteredAnnotator, found.annotators)),
        value_key=value_keys.of,
    )


def _tokens(master: bytes) -> ValueTokens:
    return ValueTokens(partial(derive, master, "value-tokens"))


async def _report(policies: Policies) -> None:
    """Log when the policy in force changes, and when the folder cannot be read."""
    version, problem = policies.current().version, policies.problem
    while True:
        await asyncio.sleep(1)
        if policies.problem is not problem:
            problem = policies.problem
            _tell(problem)
        with suppress(GatewayError):
            if policies.current().version != version:
                version = policies.current().version
                _log.info("policy.changed", version=version)


def _tell(problem: PolicyError | None) -> None:
    if problem is None:
        _log.info("policy.read")
        return
    for finding in problem.findings:
        _log.error("policy.broken", folder=f"{finding.path}:{finding.line}:{finding.column}", code=finding.code)


async def _sweep(gateway: Gateway, shelf: Shelf) -> None:
    while True:
        with suppress(GatewayError):
            await gateway.changes.idempotency.forget(now() - REMEMBERED)
            await gateway.verifications.attempts.forget(now() - REMEMBERED)
            await shelf.forget(now())
        await asyncio.sleep(_SWEEP_SECONDS)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class KnownPlaces:
    """What the entrance may know: the connections of the caller's tenant, and which fields are no personal data."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def connections(self, credential: Credential) -> Sequence[str]:
        """Return the names of the connections of the caller's tenant; NotAuthenticated for a bad credential."""
        principal = await authenticate(credential, self._app.gateway.authenticators)
        return [row.name for row in await self._app.administration.connections.list(principal.tenant)]

    def nonpersonal(self, connection: str, resource: str, path: str) -> bool:
        """Tell whether the vocabulary in force says that *path* is no personal data."""
        return self._app.policies.current().bundle.nonpersonal(f"{resource}.{path}", connection)


class Pulse:
    """Whether calls can be answered: policy is trusted, and the database both answers and takes entries."""

    def __init__(self, app: App) -> None:
        self._app = app

    def started(self) -> bool:
        """Tell that start-up is over: an app is made when it is."""
        return True

    async def checks(self) -> Mapping[str, bool]:
        """Return what must work, by name."""
        return {"policy": self._policy(), "database": await self._app.administration.database.writable()}

    def _policy(self) -> bool:
        try:
            self._app.policies.current()
        except GatewayError:
            return False
        return True
