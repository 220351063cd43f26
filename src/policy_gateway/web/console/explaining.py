"""Why a cell shows what it shows: the rules that speak, as sentences with their places and grounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy import Bundle, Explanation, NearMiss, Policy, Question, Reason
from policy_gateway.web.console.phrases import LEVELS, term
from policy_gateway.web.console.scene import Persona
from policy_gateway.web.console.sentences import grounds, purpose_label, sentence

HIDDEN: Final = "none"
_NEAREST: Final = 3
_NEAR: Final = ("condition", "purpose", "role")
_OF_VALUES: Final[tuple[Mapping[str, Truth], ...]] = (
    {},
    {"expired": Truth.TRUE},
    {"expired": Truth.FALSE},
    {"documented": Truth.TRUE},
    {"documented": Truth.FALSE},
)
"""What can differ from value to value: a disclosure tells the truths of the record, not those of each value."""

_HARMLESS: Final[Mapping[str, Truth]] = {
    "expired": Truth.FALSE,
    "erasure_pending": Truth.FALSE,
    "restricted": Truth.FALSE,
}
"""Nothing speaks against the record itself."""


@dataclass(frozen=True, slots=True)
class RuleShown:
    """One rule as people read it: its *heading* says what it does here."""

    heading: str
    id: str
    sentence: str
    place: str
    grounds: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Why:
    """The rules that decided a cell, in a few words (*brief*) and in full; *near* is what would have shown it."""

    brief: str
    rules: tuple[RuleShown, ...] = ()
    near: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which field of whose view is explained: what it was shown at (*level*), and the *truths* of its record."""

    persona: Persona
    connection: str
    purpose: str
    field: str
    level: str
    truths: Mapping[str, Truth]


class Explainer:
    """Explains cells by one *policy*, in one *language* with its *texts*."""

    def __init__(self, policy: Policy, language: str, texts: Mapping[str, str]) -> None:
        self._policy = policy
        self._language = language
        self._texts = texts

    @property
    def bundle(self) -> Bundle:
        """Return what the policy says."""
        return self._policy.bundle

    @property
    def version(self) -> str:
        """Return which policy this is."""
        return self._policy.version

    def why(self, asked: Asked) -> Why:
        """Return why the field was shown as it was."""
        found = self._explained(asked)
        rules = tuple(self._rules(found))
        near = tuple(self._near(miss) for miss in _nearest(found)) if not rules else ()
        brief = ", ".join(dict.fromkeys(rule.id for rule in rules)) or self._texts["no_rule"]
        remark = ""
        if found.level != asked.level:
            remark = self._texts["differs"].format(level=term(LEVELS, found.level, self._language))
        return Why(brief, rules, near, found.unknown, remark)

    def absent(self, asked: Asked) -> Why | None:
        """Return why a record would be absent whatever it holds: its id is not shown. None when rules do show it."""
        asked = replace(asked, truths=_HARMLESS)
        return None if self._explained(asked).level == asked.level else self.why(asked)

    def _explained(self, asked: Asked) -> Explanation:
        """Return the explanation that agrees with what was shown; else that of the record's own truths."""
        persona = asked.persona
        question = Question(persona.names, persona.tenant, "view", asked.purpose)
        narrowed = f"{asked.field}@{asked.connection}"
        name = narrowed if narrowed in self.bundle.classified(persona.tenant) else asked.field
        found: list[Explanation] = []
        for own in _OF_VALUES:
            truths = TruthVector({**asked.truths, **own})
            found.append(self._policy.explain(question, name, truths))
            if found[-1].level == asked.level:
                return found[-1]
        return found[0]

    def _rules(self, found: Explanation) -> Iterator[RuleShown]:
        capped = "capped_by" if found.level == HIDDEN else "capped_to"
        for heading, reasons in ((capped, found.capping), ("granted_by", found.granting)):
            for reason in reasons:
                yield self._shown(self._texts[heading], reason)

    def _shown(self, heading: str, reason: Reason) -> RuleShown:
        rule = reason.rule
        return RuleShown(
            heading=heading,
            id=rule.id,
            sentence=sentence(rule, self.bundle, self._language),
            place=str(rule.place),
            grounds=grounds(rule, self.bundle, self._language),
            path=" → ".join(reason.path) if len(reason.path) > 1 else "",
        )

    def _near(self, miss: NearMiss) -> str:
        wants = f"`{miss.wants}`"
        if miss.differs == "purpose":
            wants = purpose_label(self.bundle, miss.wants, self._language)
        return self._texts[f"near_{miss.differs}"].format(rule=miss.rule.id, wants=wants)


def _nearest(found: Explanation) -> list[NearMiss]:
    telling = [miss for miss in found.near if miss.differs in _NEAR]
    return sorted(telling, key=lambda miss: (_NEAR.index(miss.differs), miss.rule.place))[:_NEAREST]
