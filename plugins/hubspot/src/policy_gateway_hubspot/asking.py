"""What HubSpot's search is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policy_gateway.errors import FieldRefused, InvalidCall
from policy_gateway.model.field import Resource
from policy_gateway.query import Order
from policy_gateway_hubspot.catalogue import OBJECT_ID, natives_of
from policy_gateway_hubspot.filtering import MAX_FILTERS, MAX_FILTERS_IN_ALL, Filter, Groups, Search
from policy_gateway_hubspot.paging import MAX_WINDOW, Place, Way

Body = dict[str, object]

BY_ID: Final = (OBJECT_ID, "ASCENDING")


def way_of(groups: Groups, order: Sequence[Order]) -> Way:
    """Return how a search is paged through: by id where its filters leave room for that, else by offset."""
    added = sum(map(len, groups)) + len(groups)
    room = added <= MAX_FILTERS_IN_ALL and all(len(group) < MAX_FILTERS for group in groups)
    return Way.KEYSET if room and not order else Way.OFFSET


def search_body(meant: Search, names: Sequence[str], sort: tuple[str, str], at: Place, limit: int) -> Body:
    """Return the body of one page of a search. InvalidCall beyond the last record that HubSpot shows by offset."""
    body: Body = {"properties": names, "limit": limit, "sorts": [{"propertyName": sort[0], "direction": sort[1]}]}
    groups = meant.groups
    if meant.term:
        body["query"] = meant.term
    if at.way is Way.OFFSET:
        if at.number() + limit > MAX_WINDOW:
            raise InvalidCall(f"a sorted search in HubSpot ends after {MAX_WINDOW} records: narrow the filter")
        body["after"] = str(at.number())
    elif at.at:
        groups = frozenset(group | {Filter(OBJECT_ID, "GT", at.at)} for group in groups)
    if filters := _bodies(groups):
        body["filterGroups"] = filters
    return body


def sort_of(resource: Resource, order: Sequence[Order]) -> tuple[str, str]:
    """Return property and direction to sort by; by id when there is no *order*."""
    if not order:
        return BY_ID
    if len(order) > 1:
        raise InvalidCall("HubSpot sorts by one field only")
    field = resource.fields.get(order[0].path)
    if field is None:
        raise FieldRefused
    if not field.searchable or len(natives_of(field)) > 1:
        raise InvalidCall("HubSpot cannot sort by this field")
    return field.native, "DESCENDING" if order[0].descending else "ASCENDING"


def _bodies(groups: Groups) -> list[Body]:
    """Return filter groups as JSON, always in the same order."""
    told = sorted(sorted(repr(each) for each in group) for group in groups)
    by_text = {repr(each): each.body() for group in groups for each in group}
    return [{"filters": [by_text[text] for text in group]} for group in told if group]
