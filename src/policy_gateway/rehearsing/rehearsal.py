"""The rehearsal itself: one captured request after the other, each judged by what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from policy_gateway.rehearsing.assembly import Rehearsed
from policy_gateway.rehearsing.captured import Captured
from policy_gateway.rehearsing.continuing import Told, goes_on
from policy_gateway.rehearsing.judging import Outcome, Verdict, judged
from policy_gateway.rehearsing.replaying import asked, dressed, served
from policy_gateway.rehearsing.report import Report, gathered

BAD: Final = 400


async def rehearse(rehearsed: Rehearsed, captured: Sequence[Captured]) -> Report:
    """Return what would become of the *captured* requests, in their order."""
    told, verdicts = Told(), []
    following = list(_followed(captured))
    for each, continues in zip(captured, following, strict=True):
        verdict = await _one(rehearsed, each, told, continues=continues)
        verdicts.append((each.shape, verdict, each.status >= BAD))
    casting = rehearsed.casting
    return Report(
        tenant=casting.tenant,
        connection=casting.connection,
        dialect=casting.dialect,
        principal=casting.principal,
        names=tuple(sorted(casting.names)),
        purpose=casting.purpose,
        version=rehearsed.policy.version,
        items=gathered(verdicts),
    )


async def _one(rehearsed: Rehearsed, captured: Captured, told: Told, *, continues: bool) -> Verdict:
    client = captured.shape.client
    rehearsed.stage.continues = continues
    rehearsed.stage.count.take()
    rehearsed.notebook.take()
    if served(rehearsed, captured.said) and told.lacks(captured.said, client):
        return Verdict(Outcome.UNKNOWN)
    said = dressed(told.repeated(captured.said, client), rehearsed)
    answered = await asked(rehearsed, said)
    if answered is None:
        return Verdict(Outcome.UNSERVED)
    if answered.status < BAD:
        told.heard(captured.said, client, (answered.headers, answered.body))
    return judged(rehearsed, captured.shape.path, answered, rehearsed.notebook.take(), rehearsed.stage.count.take())


def _followed(captured: Sequence[Captured]) -> Iterator[bool]:
    """Yield for each request whether its client has gone on where the answer ended."""
    after: dict[str, bool] = {}
    found = []
    for each in reversed(captured):
        found.append(after.get(each.shape.client, False))
        after[each.shape.client] = goes_on(each.said)
    yield from reversed(found)
