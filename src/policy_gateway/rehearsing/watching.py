"""A gate that lets every call through to the real gateway, and remembers what was asked and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from policy_gateway.errors import GatewayError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.principal import Credential
from policy_gateway.ports import Gate
from policy_gateway.query import Batch, Call

Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a facade, as the facade made it, and how it ended. An *attempt* never became a call."""

    call: Call
    ended: Disclosure | GatewayError
    attempt: bool = False


@dataclass(slots=True)
class Notebook:
    """What one request led to: the calls in the order of their ends, and the journal's entries."""

    steps: list[Step] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def take(self) -> Notebook:
        """Return what was noted since the last time."""
        taken = Notebook(self.steps, self.entries)
        self.steps, self.entries = [], []
        return taken

    async def append(self, entries: Sequence[bytes]) -> None:
        """Note canonical *entries*: a notebook is a journal, too."""
        for entry in entries:
            told = orjson.loads(entry)
            self.entries.append(told.get("entry", {}))


class WatchedGate:
    """The choke point, watched; nothing of what it says is changed."""

    def __init__(self, gate: Gate, notebook: Notebook) -> None:
        self._gate = gate
        self._notebook = notebook

    async def handle(self, call: Call, credential: Credential) -> Disclosure:
        """Answer *call* as the gateway does."""
        try:
            disclosure = await self._gate.handle(call, credential)
        except GatewayError as error:
            self._notebook.steps.append(Step(call, error))
            raise
        self._notebook.steps.append(Step(call, disclosure))
        return disclosure

    async def handle_batch(self, batch: Batch, credential: Credential) -> Sequence[Disclosure | GatewayError]:
        """Answer each call of *batch* as the gateway does."""
        answers = await self._gate.handle_batch(batch, credential)
        self._notebook.steps += [Step(call, answer) for call, answer in zip(batch.calls, answers, strict=True)]
        return answers

    async def refused(self, attempt: Call, credential: Credential, error: GatewayError) -> None:
        """Note the attempt, and refuse as the gateway does."""
        self._notebook.steps.append(Step(attempt, error, attempt=True))
        await self._gate.refused(attempt, credential, error)
