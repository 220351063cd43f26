"""The built-in conditions, registered like any plugin's."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.builtins.conditions_callers import CALLER_CONDITIONS
from policy_gateway.builtins.conditions_calls import CALL_CONDITIONS
from policy_gateway.builtins.conditions_records import RECORD_CONDITIONS
from policy_gateway.builtins.conditions_times import TIME_CONDITIONS
from policy_gateway.hookspecs import hookimpl
from policy_gateway.ports import Condition

BUILT_IN: tuple[Condition, ...] = (*CALL_CONDITIONS, *CALLER_CONDITIONS, *RECORD_CONDITIONS, *TIME_CONDITIONS)


class Conditions:
    """The built-in conditions as a plugin."""

    @hookimpl
    def register_conditions(self) -> Sequence[Condition]:
        """Return all built-in conditions."""
        return BUILT_IN
