"""Which rules keep a field from being shown: asked of the policy itself, for a record with nothing unusual about it."""

from __future__ import annotations

from typing import Final

from policy_gateway.model.decision import CLEAR
from policy_gateway.model.facts import Truth
from policy_gateway.model.field import Resource
from policy_gateway.policy import Question
from policy_gateway.rehearsing.assembly import Rehearsed

USUAL: Final = (
    ("restricted", Truth.FALSE),
    ("erasure_pending", Truth.FALSE),
    ("expired", Truth.FALSE),
    ("documented", Truth.TRUE),
)
"""What holds for most records."""


class Reasons:
    """Finds the rules; no rule at all means that none allows it."""

    def __init__(self, rehearsed: Rehearsed) -> None:
        self.clear = CLEAR.rank
        self._policy = rehearsed.policy
        self._casting = rehearsed.casting
        self._names = rehearsed.principal.names | rehearsed.casting.names
        known = rehearsed.policy.rulebook.conditions.names
        self._truths = {name: truth for name, truth in USUAL if name in known}

    def of(self, resource: Resource, path: str, action: str) -> tuple[str, ...]:
        """Return the ids of the rules that cap or grant what may be seen of *path*."""
        question = Question(self._names, self._casting.tenant, action, self._casting.purpose)
        found = self._policy.explain(question, resource.field_id(path), self._truths)
        return tuple(sorted({reason.rule.id for reason in found.capping or found.granting}))

    def of_word(self, resource: Resource, word: str) -> tuple[str, ...]:
        """Return the same for a field that the CRM calls *word*; nothing when there is none."""
        paths = (path for path, field in resource.fields.items() if field.native.lower() == word.lower())
        path = next(paths, None)
        return () if path is None else self.of(resource, path, "view")
