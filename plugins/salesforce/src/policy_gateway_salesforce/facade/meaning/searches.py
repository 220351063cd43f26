"""What a search asks of the gateway: one query for each object that it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from policy_gateway.query import And, Not, Or, Text, Where
from policy_gateway_salesforce.facade.meaning.filters import Asking
from policy_gateway_salesforce.facade.meaning.plans import Plan, Visible, found_rows
from policy_gateway_salesforce.soql import nodes, parse_sosl
from policy_gateway_salesforce.soql.errors import MALFORMED_SEARCH

_SCOPES: Final = MappingProxyType({"ALL": "*", "NAME": "*name", "EMAIL": "*email", "PHONE": "*phone"})


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How a search is answered: by all rows of *parts*, in their order; at most *limit* of them, if there is one."""

    parts: tuple[Plan, ...]
    limit: int | None = None


def plan_search(text: str, visible: Visible, today: date, objects: Sequence[str] = ()) -> SearchPlan:
    """Return how the search *text* is answered; SoqlError when it is not accepted, or cannot be asked.

    *objects* are looked through when the search does not say in which. *visible* and *today* as in
    :func:`~policy_gateway_salesforce.facade.meaning.plan_query`.
    """
    search = parse_sosl(text)
    asking = Asking(text, today, MALFORMED_SEARCH)
    for clause in search.clauses:
        if clause.name != "SPELL_CORRECTION":
            asking.refuse("this WITH cannot be asked", clause.at)
    if search.update:
        asking.refuse("statistics cannot be updated", 0)
    scope = _SCOPES.get(search.scope)
    if scope is None:
        asking.refuse("these fields cannot be searched", 0)
    term = _term(search.term, scope, asking)
    returning = search.returning or tuple(nodes.Returning(name) for name in objects)
    if not returning:
        asking.refuse("say in which objects to search: RETURNING", 0)
    return SearchPlan(tuple(_part(part, term, search.limit, asking, visible) for part in returning), search.limit)


def _part(part: nodes.Returning, term: Where, most: int | None, asking: Asking, visible: Visible) -> Plan:
    query, shape = found_rows(part, asking, visible)
    where = term if query.where is None else And((term, query.where))
    offset = part.offset or 0
    limits = [limit for limit in (part.limit, most) if limit is not None]
    limit = min(limits) if limits else None
    asked = replace(query, where=where, limit=None if limit is None else limit + offset)
    return Plan(asked, shape, offset=offset, limit=limit)


def _term(term: nodes.Term, scope: str, asking: Asking) -> Where:
    """Return what *term* finds. A word finds those that begin with it, which is as near as the algebra comes."""
    match term:
        case nodes.Word():
            return Text(_word(term, asking), (scope,))
        case nodes.Phrase(words):
            if any(word.wild for word in words):
                asking.refuse("a phrase has no wildcards here", 0)
            return Text(" ".join(word.pattern for word in words), (scope,))
        case nodes.AllOf(items):
            return And(tuple(_term(item, scope, asking) for item in items))
        case nodes.AnyOf(items):
            return Or(tuple(_term(item, scope, asking) for item in items))
        case nodes.ButNot(item, unless):
            return And((_term(item, scope, asking), Not(_term(unless, scope, asking))))


def _word(word: nodes.Word, asking: Asking) -> str:
    """Return *word* without the wildcard at its end; any other one cannot be asked."""
    text = word.pattern
    if not word.wild:
        return text
    end = len(text)
    while end and text[end - 1] == "*" and end - 1 not in word.literal:
        end -= 1
    part = text[:end]
    if not part or nodes.Word(part, word.literal).wild:
        asking.refuse("a wildcard stands at the end of a word, behind other characters", 0)
    return part
