"""Bodies of the API's own requests, as pydantic models; they also say in the OpenAPI document what may be sent.

Values of records never become models: only our own members do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, ValidationError

from policy_gateway.web.parsing import MOST_NAMES, MOST_RECORDS, NAME
from policy_gateway.web.parsing_json import pointer
from policy_gateway.web.refusals import Flaw, Malformed
from policy_gateway.wire.strict_json import Json, Step

MOST_CALLS: Final = 100
MOST_VALUES: Final = 500
MOST_FLAWS: Final = 20

Path = Annotated[str, StringConstraints(pattern=f"^{NAME}$", max_length=800)]
Paths = Annotated[list[Path], Field(max_length=MOST_NAMES)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}(\.[A-Za-z][A-Za-z0-9_]{0,62})?$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.:@=-]{0,126}[A-Za-z0-9_=-])?$")]
Scalar = str | int | float | bool
Include = Annotated[list[Literal["gdpr"]], Field(max_length=1)]


class Body(BaseModel):
    """What every part of a body is held to."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class RelativeDay(Body):
    """*n* units from today."""

    unit: Literal["day", "week", "month", "quarter", "year"]
    n: Annotated[int, Field(ge=-10_000, le=10_000)]


class CompareFilter(Body):
    """``field op value``."""

    field: Path
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "prefix", "contains", "null"]
    value: Scalar | RelativeDay


class InFilter(Body):
    """``field`` is one of some values."""

    field: Path
    in_: Annotated[list[Scalar], Field(alias="in", min_length=1, max_length=MOST_VALUES)]


class AndFilter(Body):
    """All of some filters."""

    and_: Annotated[list[Filter], Field(alias="and", min_length=1, max_length=100)]


class OrFilter(Body):
    """Any of some filters."""

    or_: Annotated[list[Filter], Field(alias="or", min_length=1, max_length=100)]


class NotFilter(Body):
    """Not a filter."""

    not_: Annotated[Filter, Field(alias="not")]


def _kind(filter_: object) -> str:
    """Return which filter this is meant to be, by the first member that only such a filter has."""
    if isinstance(filter_, BaseModel):
        return f"<{type(filter_).__name__}>"
    members = filter_ if isinstance(filter_, dict) else {}
    kinds = {"and": AndFilter, "or": OrFilter, "not": NotFilter, "in": InFilter}
    return f"<{next((kind for member, kind in kinds.items() if member in members), CompareFilter).__name__}>"


Filter = Annotated[
    Annotated[CompareFilter, Tag("<CompareFilter>")]
    | Annotated[InFilter, Tag("<InFilter>")]
    | Annotated[AndFilter, Tag("<AndFilter>")]
    | Annotated[OrFilter, Tag("<OrFilter>")]
    | Annotated[NotFilter, Tag("<NotFilter>")],
    Discriminator(_kind),
]


class Term(Body):
    """A text that occurs in any of *fields*, which are always named."""

    term: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    fields: Annotated[list[Path], Field(min_length=1, max_length=20)]


class Sort(Body):
    """A field to sort by."""

    field: Path
    descending: bool = False


class SearchBody(Body):
    """A search: which fields of which records, in which order."""

    fields: Paths = []
    filter: Filter | None = None
    text: Term | None = None
    sort: Annotated[list[Sort], Field(max_length=10)] = []
    limit: Annotated[int, Field(ge=1, le=MOST_RECORDS)] = 100
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_=-]{1,4096}$")] | None = None
    include: Include = []


class GetItem(Body):
    """Read one record."""

    call: Literal["get"]
    resource: Word
    id: Id
    fields: Paths = []
    include: Include = []


class SearchItem(SearchBody):
    """Search records."""

    call: Literal["search"]
    resource: Word


class CreateItem(Body):
    """Create a record."""

    call: Literal["create"]
    resource: Word
    values: dict[str, Any]


class UpdateItem(Body):
    """Change a record; *precondition* is the ETag that was read, or ``*``."""

    call: Literal["update"]
    resource: Word
    id: Id
    values: dict[str, Any]
    precondition: Annotated[str, StringConstraints(pattern=r'^(\*|"[A-Za-z0-9._~=-]{1,6000}")$')] | None = None


class DeleteItem(Body):
    """Delete a record; *precondition* as for a change."""

    call: Literal["delete"]
    resource: Word
    id: Id
    precondition: Annotated[str, StringConstraints(pattern=r'^(\*|"[A-Za-z0-9._~=-]{1,6000}")$')] | None = None


Item = Annotated[
    Annotated[GetItem, Tag("<get>")]
    | Annotated[SearchItem, Tag("<search>")]
    | Annotated[CreateItem, Tag("<create>")]
    | Annotated[UpdateItem, Tag("<update>")]
    | Annotated[DeleteItem, Tag("<delete>")],
    Discriminator(lambda item: f"<{item.get('call') if isinstance(item, dict) else getattr(item, 'call', '')}>"),
]


class BatchBody(Body):
    """Several calls in one go, each decided on its own."""

    calls: Annotated[list[Item], Field(min_length=1, max_length=MOST_CALLS)]


class LookupBody(Body):
    """Whose number or address is this? Exactly one of both."""

    phone: Annotated[str, StringConstraints(min_length=3, max_length=40)] | None = None
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None


class VerifyBody(Body):
    """What somebody says who wants to be recognized, as it would be written."""

    field: Path
    value: Annotated[str, StringConstraints(min_length=1, max_length=200)]


B = TypeVar("B", bound=Body)

_SAID: Final = {
    "missing": "this is needed",
    "extra_forbidden": "this member is not known",
    "literal_error": "this is not one of the allowed values",
    "union_tag_invalid": "this is not one of the allowed values",
    "string_pattern_mismatch": "this is not well-formed",
    "too_short": "this is too short or too small",
    "string_too_short": "this is too short or too small",
    "greater_than_equal": "this is too short or too small",
    "too_long": "this is too long or too large",
    "string_too_long": "this is too long or too large",
    "less_than_equal": "this is too long or too large",
}


def understood(model: type[B], document: Json) -> B:
    """Return *document* as *model*; Malformed names everything wrong with it, and quotes none of it."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
    flaws = {
        Flaw(pointer(tuple(_steps(one["loc"]))), _SAID.get(one["type"], "this is not of the needed type"))
        for one in found[:MOST_FLAWS]
    }
    raise Malformed(tuple(sorted(flaws, key=lambda flaw: (flaw.pointer, flaw.detail))))


def _steps(location: Iterable[Step]) -> Iterable[Step]:
    """Leave out the steps that stand for a choice between models, not for a place in the body."""
    types = {"str", "int", "float", "bool", "RelativeDay"}
    return (step for step in location if isinstance(step, int) or not (step.startswith("<") or step in types))
