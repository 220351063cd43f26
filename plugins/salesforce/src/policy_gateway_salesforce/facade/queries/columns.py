"""What a table of an answer would have, as the vendor's command line asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from policy_gateway.model.disclosure import Disclosure, Named
from policy_gateway.model.field import Field, FieldType
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.ids import PREFIXES
from policy_gateway_salesforce.facade.meaning.plans import Cell, Children, Plan, Shape
from policy_gateway_salesforce.facade.org.describing import TYPES
from policy_gateway_salesforce.facade.rows.sheets import spelled
from policy_gateway_salesforce.soql import nodes

_TEXTS = frozenset({"string", "email", "phone", "textarea", "url", "picklist", "multipicklist"})


def columns_of(query: nodes.Query, plan: Plan, disclosure: Disclosure) -> dict[str, Json]:
    """Return the columns of *query*, which is answered by *plan*: their names, and whether they are nested."""
    named = disclosure.named or Named(plan.query.resource)
    columns: list[Json] = []
    if plan.shape is not None:
        columns += _columns(plan.shape, named)
    elif plan.summary is not None:
        columns += [_column(name, None, aggregate=True) for name, _ in plan.summary.columns]
    names = [column["columnName"] for column in columns if isinstance(column, dict)]
    return {
        "columnMetadata": columns,
        "entityName": named.resource,
        "groupBy": query.group is not None,
        "idSelected": "Id" in names,
        "keyPrefix": PREFIXES.get(named.resource),
    }


def _columns(shape: Shape, named: Named) -> Iterable[Json]:
    for cell in shape.cells:
        match cell:
            case Cell(path, place):
                known = named.fields.get(path)
                column = _column(spelled(named, path) if "." in path or len(place) == 1 else place[-1], known)
                for step in reversed(place[:-1]):
                    column = _column(step, None) | {"joinColumns": [column]}
                yield column
            case Children(relation, place, below):
                inner = list(_columns(below, named.children.get(relation, Named(relation))))
                yield _column(place, None, aggregate=True) | {"joinColumns": inner}


def _column(name: str, known: Field | None, *, aggregate: bool = False) -> dict[str, Json]:
    kind = "string" if known is None else known.native_type or TYPES[known.type]
    return {
        "aggregate": aggregate,
        "apexType": kind.capitalize(),
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": name,
        "foreignKeyName": None if known is None else known.relationship or None,
        "insertable": known is not None and known.writable,
        "joinColumns": [],
        "numberType": known is not None and known.type in {FieldType.INTEGER, FieldType.DECIMAL},
        "textType": kind in _TEXTS,
        "updatable": known is not None and known.writable,
    }
