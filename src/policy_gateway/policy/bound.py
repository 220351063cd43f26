"""Conditions of a bundle bound to the registered objects that test them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.facts import Reading, Scope, Truth
from policy_gateway.policy.bundle import Bundle, Rule
from policy_gateway.policy.conditions import Literal
from policy_gateway.policy.vocabulary import Vocabulary
from policy_gateway.ports import Condition
from policy_gateway.query import And, Compare, In, Not, Or, Text, Where

CODE_BITS = 2
_CODES = (Truth.UNKNOWN, Truth.TRUE, Truth.FALSE)


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition with its arguments; *text* is its name in truth vectors."""

    text: str
    condition: Condition = field(compare=False)
    arguments: tuple[str, ...]

    @property
    def of_call(self) -> bool:
        """Tell whether it can be read once a call."""
        return self.condition.scope is Scope.CALL

    def test(self, reading: Reading) -> Truth:
        """Return its truth; UNKNOWN for whatever is not a truth. Raises ReleaseFailed when a condition breaks."""
        try:
            truth = self.condition.test(self.arguments, reading)
        except Exception as error:  # noqa: BLE001 -- conditions are plugins; fail closed
            message = f"a condition broke: {type(error).__name__}"
            raise ReleaseFailed(message) from None
        return truth if truth is Truth.TRUE or truth is Truth.FALSE else Truth.UNKNOWN

    def pushdown(self, reading: Reading, *, holds: bool) -> Where | None:
        """Return a filter for the records for which it is known to hold (or not to), if a CRM can tell."""
        try:
            where: object = self.condition.pushdown(self.arguments, reading, holds=holds)
        except Exception as error:  # noqa: BLE001 -- conditions are plugins; fail closed
            message = f"a condition broke: {type(error).__name__}"
            raise ReleaseFailed(message) from None
        return where if isinstance(where, And | Or | Not | Compare | In | Text) else None


class BoundConditions:
    """Every condition that a bundle's rules use."""

    def __init__(self, bundle: Bundle, vocabulary: Vocabulary) -> None:
        literals = {literal.condition: literal for rule in bundle.rules for literal in rule.literals}
        self._bound: Mapping[str, Bound] = {
            text: Bound(text, vocabulary.conditions[literal.name], literal.arguments)
            for text, literal in sorted(literals.items())
        }

    def of(self, literal: Literal) -> Bound:
        """Return the condition that *literal* states."""
        return self._bound[literal.condition]

    @property
    def names(self) -> frozenset[str]:
        """Return the conditions as truth vectors name them."""
        return frozenset(self._bound)

    def all(self) -> tuple[Bound, ...]:
        """Return every condition, by name."""
        return tuple(self._bound.values())

    def used_by(self, rules: Iterable[Rule]) -> tuple[Bound, ...]:
        """Return the conditions of *rules*, each once, by name."""
        used = {literal.condition for rule in rules for literal in rule.literals}
        return tuple(self._bound[text] for text in sorted(used))


def encoded(bounds: Iterable[Bound], reading: Reading) -> int:
    """Return the truths of *bounds* as a number, cheap to look up by."""
    code = 1
    reading = MappingProxyType(reading)  # a condition that writes to it would decide for the others
    for bound in bounds:
        truth = bound.test(reading)
        code = code << CODE_BITS | (1 if truth is Truth.TRUE else 2 if truth is Truth.FALSE else 0)
    return code


def decoded(bounds: Iterable[Bound], code: int) -> dict[str, Truth]:
    """Return the truths that *code* stands for."""
    truths = {}
    for bound in reversed(tuple(bounds)):
        truths[bound.text] = _CODES[code & 3]
        code >>= CODE_BITS
    return dict(sorted(truths.items()))
