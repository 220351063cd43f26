"""One request's dealings with the gate: calls on behalf of its session, and what the gate has said meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from policy_gateway.errors import GatewayError, InvalidCall
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.ports import Gate, Session
from policy_gateway.query import Action, Batch, Call, Circumstances, Describe, Operation

DIALECT: Final = "salesforce"
GDPR: Final = frozenset({"gdpr"})
NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Manner:
    """How the facade answers.

    *null_fill*: a requested name that is hidden, or that there is not, is null instead of refusing the request.
    *envelopes*: what is released carries its GDPR metadata in ``attributes.gdpr``.
    """

    null_fill: bool = False
    envelopes: bool = True


@dataclass(slots=True)
class Turn:
    """What one request, or one part of a composite, asks of the *gate*.

    *asked* tells whether the gate knows of it, and so its journal; *limits* is what the CRM said of its quotas.
    """

    gate: Gate
    session: Session
    circumstances: Circumstances
    manner: Manner = Manner()
    asked: bool = False
    limits: dict[str, str] = field(default_factory=dict)

    def call(self, operation: Operation, action: Action = Action.VIEW, include: frozenset[str] = NOTHING) -> Call:
        """Return the call that *operation*, in the vendor's names, is."""
        session = self.session
        return Call(
            session.connection,
            operation,
            session.purpose,
            action=action,
            circumstances=self.circumstances,
            include=include,
            dialect=DIALECT,
            lenient=self.manner.null_fill,
        )

    async def ask(
        self, operation: Operation, *, action: Action = Action.VIEW, include: frozenset[str] = NOTHING
    ) -> Disclosure:
        """Return what *operation* discloses; any GatewayError."""
        self.asked = True
        disclosure = await self.gate.handle(self.call(operation, action, include), self.session.credential)
        self.limits.update(disclosure.limits)
        return disclosure

    async def show(self, operation: Operation) -> Disclosure:
        """Return what *operation* discloses, with its GDPR metadata."""
        return await self.ask(operation, include=GDPR if self.manner.envelopes else NOTHING)

    async def ask_each(self, operations: Sequence[Operation]) -> Sequence[Disclosure | GatewayError]:
        """Return what each of *operations* discloses, in their order; errors are answers here."""
        if not operations:
            return ()
        self.asked = True
        batch = Batch(tuple(self.call(operation) for operation in operations))
        found = await self.gate.handle_batch(batch, self.session.credential)
        for disclosure in found:
            if isinstance(disclosure, Disclosure):
                self.limits.update(disclosure.limits)
        return found

    async def refused(self, resource: str = "") -> None:
        """Journal an attempt that never became a call; raises only what is worse than refusing it."""
        if self.asked:
            return
        self.asked = True
        error = InvalidCall()
        try:
            await self.gate.refused(self.call(Describe(resource)), self.session.credential, error)
        except InvalidCall as raised:
            if raised is not error:
                raise


def headers_of(limits: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer that say what the CRM said of its quotas."""
    return {name: value for name, value in limits.items() if name.lower() == "sforce-limit-info"}
