"""Functions that may stand in a query: where, and over what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class Place(Enum):
    """Where in a query an expression stands."""

    SELECT = "select"
    WHERE = "where"
    GROUP = "group"
    HAVING = "having"
    ORDER = "order"
    ARGUMENT = "argument"


class Shape(Enum):
    """What a function takes."""

    FIELD = "a field"
    FIELD_OR_NOTHING = "a field or nothing"
    DAY = "a field or convertTimezone of one"
    FORMATTED = "a field, an aggregate or convertCurrency of one"
    DISTANCE = "two places and a unit"
    GEOLOCATION = "latitude and longitude"


AGGREGATES: Final = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
DAYS: Final = frozenset(
    {
        "CALENDAR_MONTH",
        "CALENDAR_QUARTER",
        "CALENDAR_YEAR",
        "DAY_IN_MONTH",
        "DAY_IN_WEEK",
        "DAY_IN_YEAR",
        "DAY_ONLY",
        "FISCAL_MONTH",
        "FISCAL_QUARTER",
        "FISCAL_YEAR",
        "HOUR_IN_DAY",
        "WEEK_IN_MONTH",
        "WEEK_IN_YEAR",
    }
)
"""The functions that take something out of a date."""

_GROUPED: Final = frozenset({Place.SELECT, Place.HAVING, Place.ORDER})
_ANYWHERE: Final = _GROUPED | {Place.WHERE, Place.GROUP}

SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        **dict.fromkeys(AGGREGATES, Shape.FIELD),
        **dict.fromkeys(DAYS, Shape.DAY),
        "COUNT": Shape.FIELD_OR_NOTHING,
        "GROUPING": Shape.FIELD,
        "TOLABEL": Shape.FIELD,
        "CONVERTCURRENCY": Shape.FIELD,
        "CONVERTTIMEZONE": Shape.FIELD,
        "FORMAT": Shape.FORMATTED,
        "DISTANCE": Shape.DISTANCE,
        "GEOLOCATION": Shape.GEOLOCATION,
    }
)
"""What each function takes, by its name in upper case."""

PLACES: Final[Mapping[str, frozenset[Place]]] = MappingProxyType(
    {
        **dict.fromkeys(AGGREGATES, _GROUPED),
        **dict.fromkeys(DAYS, _ANYWHERE),
        "GROUPING": _GROUPED,
        "TOLABEL": frozenset({Place.SELECT, Place.WHERE}),
        "CONVERTCURRENCY": frozenset({Place.SELECT}),
        "CONVERTTIMEZONE": frozenset({Place.ARGUMENT}),
        "FORMAT": frozenset({Place.SELECT}),
        "DISTANCE": frozenset({Place.SELECT, Place.WHERE, Place.ORDER}),
        "GEOLOCATION": frozenset({Place.ARGUMENT}),
    }
)
"""Where each function may stand."""
