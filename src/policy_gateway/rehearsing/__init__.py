"""Rehearsing: captured requests, replayed through the real facades and the real gateway over a CRM that is made up.

What would be answered, narrowed, masked and refused is decided by the same code that will decide it; only the records
are invented, and the journal is one that is thrown away. Of what was captured nothing is told but shapes and names.
"""

from __future__ import annotations

from policy_gateway.rehearsing.assembly import Casting, Rehearsed, staged
from policy_gateway.rehearsing.captured import Captured, read
from policy_gateway.rehearsing.describing import captured_catalogue
from policy_gateway.rehearsing.judging import Effect, Kind, Outcome, Verdict
from policy_gateway.rehearsing.rehearsal import rehearse
from policy_gateway.rehearsing.report import BUDGETS, Cost, Item, Report

__all__ = [
    "BUDGETS",
    "Captured",
    "Casting",
    "Cost",
    "Effect",
    "Item",
    "Kind",
    "Outcome",
    "Rehearsed",
    "Report",
    "Verdict",
    "captured_catalogue",
    "read",
    "rehearse",
    "staged",
]
