"""The condition language: conjunctions of named, typed conditions; no expressions, nothing to evaluate.

``own_team & !vip & channel(phone, chat)``. A condition's value is three-valued (plus PENDING: not read yet), and what
is not known counts against disclosure: an allow then does not fire, a deny does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policy_gateway.model.facts import Truth
from policy_gateway.policy.dialect import ALLOW, NOTHING

_LITERAL = re.compile(r"(?P<negated>!?)\s*(?P<name>[a-z][a-z0-9_]*)\s*(?:\((?P<arguments>[^()]*)\))?")
_ARGUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]*")


class ConditionSyntaxError(Exception):
    """A condition that is not a conjunction of literals; *offset* is where in the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Literal:
    """A named condition with its arguments, perhaps negated."""

    name: str
    arguments: tuple[str, ...] = ()
    negated: bool = False

    @property
    def condition(self) -> str:
        """Return the condition as truth vectors name it: ``channel(phone, chat)``."""
        return f"{self.name}({', '.join(self.arguments)})" if self.arguments else self.name

    def __str__(self) -> str:
        return f"!{self.condition}" if self.negated else self.condition


def parse(text: str) -> tuple[Literal, ...]:
    """Return the literals of *text*; none for ``-``. Raises ConditionSyntaxError."""
    if text.strip() == NOTHING:
        return ()
    literals, offset = [], 0
    for part in text.split("&"):
        literals.append(_literal(part, offset))
        offset += len(part) + 1
    return tuple(literals)


def written(literals: Iterable[Literal]) -> str:
    """Return *literals* as they are written canonically; ``-`` for none."""
    return " & ".join(str(literal) for literal in literals) or NOTHING


def _literal(part: str, offset: int) -> Literal:
    start = offset + len(part) - len(part.lstrip())
    match = _LITERAL.fullmatch(part.strip())
    if match is None:
        message = "a condition is a name such as `own_team`, perhaps with `!` before it and arguments in brackets"
        raise ConditionSyntaxError(message, start)
    listed = match["arguments"]
    arguments = () if listed is None else tuple(argument.strip() for argument in listed.split(","))
    if any(_ARGUMENT.fullmatch(argument) is None for argument in arguments):
        message = f"`{part.strip()}` has an argument that is empty or not a plain word"
        raise ConditionSyntaxError(message, start)
    return Literal(match["name"], arguments, negated=bool(match["negated"]))


_FLIPPED: Mapping[Truth, Truth] = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}
_FIRES_ALLOW = frozenset({Truth.TRUE, Truth.PENDING})
_FIRES_DENY = frozenset({Truth.TRUE, Truth.UNKNOWN})


def truth_of(literal: Literal, facts: Mapping[str, Truth]) -> Truth:
    """Return the literal's truth: negation turns TRUE and FALSE around, and leaves what is not known as it is."""
    truth = facts[literal.condition]
    return _FLIPPED.get(truth, truth) if literal.negated else truth


def fires(literals: Iterable[Literal], eft: str, facts: Mapping[str, Truth]) -> bool:
    """Tell whether a row with these *literals* fires: pure and total.

    An allow fires when each literal is true or pending (so that a ceiling is never too low); a deny fires when each
    is true or unknown (so a pending one stops it, and what cannot be known denies).
    """
    wanted = _FIRES_ALLOW if eft == ALLOW else _FIRES_DENY
    return all(truth_of(literal, facts) in wanted for literal in literals)


class Pending(Mapping[str, Truth]):
    """Truths in which whatever *known* does not say is PENDING."""

    __slots__ = ("_known",)

    def __init__(self, known: Mapping[str, Truth] | None = None) -> None:
        self._known = dict(known or {})

    def __getitem__(self, condition: str) -> Truth:
        return self._known.get(condition, Truth.PENDING)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class Holds:
    """The function ``holds(p.cond, p.eft, r.facts)`` of the matcher, over the condition texts of one bundle."""

    def __init__(self, texts: Mapping[str, tuple[Literal, ...]]) -> None:
        self._texts = dict(texts)

    def __call__(self, cond: str, eft: str, facts: Mapping[str, Truth]) -> bool:
        """Tell whether a row fires. A text that is not of the bundle never allows and always denies."""
        literals = self._texts.get(cond)
        if literals is None:
            return eft != ALLOW
        return fires(literals, eft, facts)
