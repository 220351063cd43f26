"""The compiled path: the model's own matcher, evaluated once per distinct projection instead of once per rule.

The matcher is an AND of conjuncts. Each reads some r-tokens and some p-tokens, so for given r-values its truth is
evaluated once per distinct p-projection, by Casbin's own evaluator, into a bitset of rules (an int). ANDing the
bitsets gives the rules that match; deny-override is two more ANDs. No operator is implemented a second time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casbin.effect.default_effectors import AllowAndDenyEffector
from casbin.util import generate_g_function

from policy_gateway.policy.dialect import ALLOW, DENY
from policy_gateway.policy.memo import Memo

Values = Mapping[str, Any]
_MEMO = 4096


class NotCompilableError(Exception):
    """A model whose decisions cannot be split into bitsets: it needs the stock enforcer."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The rules that allow and those that deny, as bitsets."""

    allow: int
    deny: int


class Compiled:
    """The rules of a stock *enforcer* as bitsets, conjunct by conjunct. Bit i is the i-th rule."""

    def __init__(self, enforcer: Any) -> None:  # noqa: ANN401 -- casbin carries no types
        model = enforcer.get_model()
        if not isinstance(enforcer.eft, AllowAndDenyEffector):
            message = "the effect is not deny-override"
            raise NotCompilableError(message)
        p = model["p"]["p"]
        rows = [dict(zip(p.tokens, row, strict=True)) for row in p.policy]
        if not rows:
            message = "casbin has a rule of its own for an empty policy"
            raise NotCompilableError(message)
        functions = _functions(enforcer)
        tokens = _Tokens(frozenset(model["r"]["r"].tokens), frozenset(p.tokens))
        expression = enforcer._get_expression  # noqa: SLF001 -- Casbin's own rewriting and evaluator
        nodes = tuple(_operands(expression(model["m"]["m"].value, functions).ast_parsed_value, ast.And))
        make = _Maker(rows, functions, tokens, lambda: expression("True", functions))
        self.conjuncts = tuple(Conjunct(make, node) for node in nodes)
        self.size = len(rows)
        self.everything = (1 << self.size) - 1
        self.sides = Sides(_where(rows, ALLOW), _where(rows, DENY))

    def matching(self, values: Values, *, among: int | None = None) -> int:
        """Return the rules among *among* that match a request; *values* by r-token (``r_sub``)."""
        alive = self.everything if among is None else among
        for conjunct in self.conjuncts:
            if not alive:
                return 0
            alive &= conjunct.bits(values, alive)
        return alive

    def enforce(self, values: Values) -> bool:
        """Return what the stock enforcer's ``enforce`` returns for *values*."""
        hits = self.matching(values)
        return bool(hits & self.sides.allow) and not hits & self.sides.deny

    def reading(self, *tokens: str) -> tuple[Conjunct, ...]:
        """Return the conjuncts that read any of *tokens*."""
        return tuple(conjunct for conjunct in self.conjuncts if conjunct.reads & frozenset(tokens))


def _where(rows: Sequence[Mapping[str, str]], eft: str) -> int:
    return sum(1 << index for index, row in enumerate(rows) if row["p_eft"] == eft)


def _functions(enforcer: Any) -> dict[str, Any]:  # noqa: ANN401 -- casbin carries no types
    functions = dict(enforcer.fm.get_functions())
    for kind, assertion in enforcer.get_model()["g"].items():
        functions[kind] = generate_g_function(assertion.rm)
    return functions


def _operands(node: ast.expr, operator: type[ast.boolop]) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, operator):
        for value in node.values:
            yield from _operands(value, operator)
    else:
        yield node


@dataclass(frozen=True, slots=True)
class _Tokens:
    request: frozenset[str]
    policy: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Maker:
    """What the parts of one matcher share: rows, functions, and Casbin's evaluator."""

    rows: Sequence[Mapping[str, str]]
    functions: Mapping[str, Callable[..., Any]]
    tokens: _Tokens
    evaluator: Callable[[], Any]

    def test(self, node: ast.expr) -> Callable[[Mapping[str, Any]], bool]:
        """Return a test of *node* over token values: the function itself when the node is only its call."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            arguments = [argument.id for argument in node.args if isinstance(argument, ast.Name)]
            if len(arguments) == len(node.args) and set(arguments) <= self.tokens.request | self.tokens.policy:
                function = self.functions[node.func.id]
                return lambda values: bool(function(*[values[name] for name in arguments]))
        expression = self.evaluator()
        expression.ast_parsed_value = node
        return lambda values: bool(expression.eval(dict(values)))

    def names(self, node: ast.expr) -> frozenset[str]:
        """Return the tokens that *node* reads."""
        found = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        return found & (self.tokens.request | self.tokens.policy)


class Conjunct:
    """One conjunct of the matcher: an OR of parts, each tried only for rules that none before it was true for."""

    __slots__ = ("_keys", "_memo", "_parts", "reads", "source")

    def __init__(self, make: _Maker, node: ast.expr) -> None:
        self.source = ast.unparse(node)
        self.reads = make.names(node) & make.tokens.request
        self._keys = tuple(sorted(self.reads))
        self._parts = tuple(_Part(make, operand) for operand in _operands(node, ast.Or))
        self._memo: Memo[Hashable, int] = Memo(_MEMO)

    def bits(self, values: Values, alive: int) -> int:
        """Return which rules it is true for, remembering by all the r-values that it reads; *alive* may be ignored."""
        if "r_facts" in self.reads:  # truth vectors have no end, so what they lead to is remembered by their owner
            return self._compute(values, alive)
        key = tuple(values[name] for name in self._keys)
        known = self._memo.get(key)
        if known is None:
            known = self._memo.put(key, self._compute(values, -1))
        return known

    def _compute(self, values: Values, alive: int) -> int:
        bits = 0
        for part in self._parts:
            bits |= part.bits(values, alive & ~bits)
        return bits


class _Part:
    __slots__ = ("_groups", "_test")

    def __init__(self, make: _Maker, node: ast.expr) -> None:
        reads = sorted(make.names(node) & make.tokens.policy)
        groups: dict[tuple[str, ...], int] = {}
        for index, row in enumerate(make.rows):
            projection = tuple(row[name] for name in reads)
            groups[projection] = groups.get(projection, 0) | 1 << index
        self._groups = tuple((dict(zip(reads, projection, strict=True)), rows) for projection, rows in groups.items())
        self._test = make.test(node)

    def bits(self, values: Values, alive: int) -> int:
        groups = ((projection, rows) for projection, rows in self._groups if rows & alive)
        return _union(rows for projection, rows in groups if self._test({**values, **projection}))


def _union(bitsets: Iterator[int]) -> int:
    union = 0
    for bits in bitsets:
        union |= bits
    return union
