"""Searches: what may be looked into decides which records are found; nothing is found by what nobody may see."""

from __future__ import annotations

from typing import Final

from policy_gateway.errors import ConnectionNotFound, Denied, FieldRefused
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.refusals import Refusal
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.meaning.plans import Plan
from policy_gateway_salesforce.facade.meaning.pointing import unknown_column, unknown_object
from policy_gateway_salesforce.facade.meaning.searches import plan_search
from policy_gateway_salesforce.facade.meaning.visible import planned_with
from policy_gateway_salesforce.facade.queries.locators import Place
from policy_gateway_salesforce.facade.queries.pages import kept
from policy_gateway_salesforce.facade.rows.sheets import sheet_of
from policy_gateway_salesforce.soql import SoqlError, parse_sosl, searched

FOUND_MOST: Final = 2000
OBJECTS: Final = ("Account", "Case", "Contact", "Lead", "Opportunity")
"""Where is searched when nobody says where, as far as there are such objects."""


async def search(asked: Asked, turn: Turn) -> Answer:
    """``GET search?q=FIND {…} IN … RETURNING …``."""
    text = asked.given("q") or ""
    try:
        tree = parse_sosl(text)
        plan = await planned_with(turn, lambda visible: plan_search(text, visible, asked.now.date(), objects=OBJECTS))
    except SoqlError as error:
        message = f"line {error.line}:{error.column} {error.message}" if text.strip() else "No search term found."
        raise Refusal(400, error.code, message) from None
    records: list[Json] = []
    most = FOUND_MOST if plan.limit is None else min(plan.limit, FOUND_MOST)
    for part in plan.parts:
        records += await _found(asked, turn, text, part, named=bool(tree.returning))
    return Answer(200, {"searchRecords": records[:most]})


async def _found(asked: Asked, turn: Turn, text: str, part: Plan, *, named: bool) -> list[Json]:
    """Return the records of one object; nothing of one that nobody *named* and that may not be asked for."""
    query = part.query
    try:
        disclosure = await turn.show(
            type(query)(query.resource, query.select, query.where, order=query.order, limit=query.limit or FOUND_MOST)
        )
    except FieldRefused as refused:
        raise unknown_column(text, query.resource, searched(parse_sosl(text)), refused) from None
    except (ConnectionNotFound, Denied) as refused:
        if not named:
            return []
        if isinstance(refused, Denied):
            raise
        found = next(one for one in parse_sosl(text).returning if one.object == query.resource)
        raise unknown_object(text, query.resource, found.at) from None
    records, _ = kept(disclosure, part, Place(text, "", None, FOUND_MOST, skip=part.offset))
    sheet = sheet_of(disclosure, query.resource, asked.root, part.shape)
    return [sheet.row(record) for record in records]
