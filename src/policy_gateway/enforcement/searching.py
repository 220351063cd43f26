"""Records that a search may not have looked into are taken out again: CRMs compare more loosely than rules do.

A rule that lets an agent search the records of the team ``cologne`` becomes a filter for the CRM, and some CRMs would
find the records of other teams by it, whose names they take for the same.
"""

from __future__ import annotations

from dataclasses import replace

from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import Permit
from policy_gateway.query import paths_of
from policy_gateway.records import Page, Record


def permitted_only(page: Page, permit: Permit) -> Page:
    """Return *page* without the records for which the conditions of its search do not hold.

    Raises ReleaseFailed when a condition breaks.
    """
    if permit.search is None:
        return page
    paths = paths_of(permit.search)

    def permitted(record: Record) -> bool:
        attributes = {f"record.{path}": record.values.get(path) for path in paths}
        return permit.searchable({**permit.reading, **attributes})

    try:
        return replace(page, records=tuple(filter(permitted, page.records)))
    except Exception as broken:  # noqa: BLE001 -- conditions are plugins: whatever breaks, nothing is released
        raise ReleaseFailed(f"a condition failed with {type(broken).__name__}") from None
