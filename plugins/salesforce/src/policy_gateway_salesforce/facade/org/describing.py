"""Describes as the vendor writes them, of what a principal may know: nobody reads here that there is more."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.model.decision import Level
from policy_gateway.model.disclosure import KnownResource
from policy_gateway.model.field import Field, FieldType, Relation
from policy_gateway.query import Action, Describe
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.ids import PREFIXES
from policy_gateway_salesforce.facade.exchange.refusals import nowhere
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.org.naming import object_of, reference_of

TYPES: Final = MappingProxyType(
    {
        FieldType.TEXT: "string",
        FieldType.NAME: "string",
        FieldType.EMAIL: "email",
        FieldType.PHONE: "phone",
        FieldType.INTEGER: "int",
        FieldType.DECIMAL: "double",
        FieldType.BOOLEAN: "boolean",
        FieldType.DATE: "date",
        FieldType.DATETIME: "datetime",
        FieldType.CHOICE: "picklist",
        FieldType.REFERENCE: "reference",
        FieldType.TEXTS: "multipicklist",
    }
)
_SOAP: Final = MappingProxyType(
    {
        "id": "tns:ID",
        "reference": "tns:ID",
        "boolean": "xsd:boolean",
        "int": "xsd:int",
        "double": "xsd:double",
        "currency": "xsd:double",
        "percent": "xsd:double",
        "date": "xsd:date",
        "datetime": "xsd:dateTime",
        "address": "urn:address",
    }
)
_PLURALS: Final = MappingProxyType({"Opportunity": "Opportunities"})
_LONGEST_SORTED: Final = 255


async def everything(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects``: every object of which any field may be known."""
    known = (await turn.ask(Describe())).described
    listed: list[Json] = [_listed(one, asked.root) for one in sorted(known, key=_object)]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


async def about(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects/Contact``: the object in short. Who used what lately is not kept, so nothing is recent."""
    known = await _known(asked, turn)
    return Answer(200, {"objectDescribe": _listed(known, asked.root), "recentItems": []})


async def describe(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects/Contact/describe``."""
    known = await _known(asked, turn)
    fields: list[Json] = [_field(one, known) for one in known.resource.fields.values()]
    children: list[Json] = [_child(relation) for relation in known.resource.children]
    told = _listed(known, asked.root) | {
        "actionOverrides": [],
        "childRelationships": children,
        "compactLayoutable": False,
        "fields": fields,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": False,
        "supportedScopes": [{"label": "All", "name": "everything"}],
    }
    return Answer(200, told)


async def _known(asked: Asked, turn: Turn) -> KnownResource:
    known = (await turn.ask(Describe(asked.variables["object"]))).described
    if not known:
        raise nowhere()
    return known[0]


def _object(known: KnownResource) -> str:
    return known.resource.native or object_of(known.resource.name)


def _listed(known: KnownResource, root: str) -> dict[str, Json]:
    name = _object(known)
    label = known.resource.label or name
    place = f"{root}/sobjects/{name}"
    may = {action: any(_clear(known, path, action) for path in known.resource.fields) for action in Action}
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": may[Action.CREATE],
        "custom": name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deletable": may[Action.DELETE],
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": PREFIXES.get(name),
        "label": label,
        "labelPlural": _PLURALS.get(name, f"{label}s"),
        "layoutable": False,
        "mergeable": False,
        "mruEnabled": False,
        "name": name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": may[Action.SEARCH],
        "triggerable": False,
        "undeletable": False,
        "updateable": may[Action.EDIT],
        "urls": {"sobject": place, "describe": f"{place}/describe", "rowTemplate": f"{place}/{{ID}}"},
    }


def _field(field: Field, known: KnownResource) -> dict[str, Json]:
    kind = "id" if field.path == "id" else field.native_type or TYPES[field.type]
    plain = field.size <= _LONGEST_SORTED and kind not in {"textarea", "multipicklist", "address"}
    searched = field.searchable and _any(known, field.path, Action.SEARCH)
    return _constants() | {
        "byteLength": field.size * 3,
        "caseSensitive": False,
        "compoundFieldName": None,
        "createable": field.writable and _clear(known, field.path, Action.CREATE),
        "custom": field.native.endswith("__c"),
        "defaultedOnCreate": kind in {"id", "boolean"},
        "externalId": False,
        "filterable": searched,
        "groupable": searched and plain and kind not in {"datetime", "double", "currency"},
        "idLookup": kind == "id",
        "label": field.label or field.native,
        "length": 18 if kind in {"id", "reference"} else field.size,
        "name": field.native,
        "nameField": field.native == "Name",
        "namePointing": len(field.references) > 1,
        "nillable": not (field.required or kind in {"id", "boolean"}),
        "permissionable": kind != "id" and not field.required,
        "picklistValues": [_choice(choice) for choice in field.choices],
        "polymorphicForeignKey": len(field.references) > 1,
        **_numbers(field, kind),
        "referenceTo": [object_of(name) for name in field.references],
        "relationshipName": field.relationship or None,
        "soapType": _SOAP.get(kind, "xsd:string"),
        "sortable": searched and plain,
        "type": kind,
        "updateable": field.writable and _clear(known, field.path, Action.EDIT),
    }


def _constants() -> dict[str, Json]:
    """Return what is so of every field, or not told of any."""
    false = (
        *("aggregatable", "aiPredictionField", "autoNumber", "calculated", "cascadeDelete", "dependentPicklist"),
        *("deprecatedAndHidden", "displayLocationInDecimal", "encrypted", "formulaTreatNullNumberAsZero"),
        *("highScaleNumber", "htmlFormatted", "queryByDistance", "restrictedDelete", "restrictedPicklist"),
        *("searchPrefilterable", "unique", "writeRequiresMasterRead"),
    )
    none = (
        *("calculatedFormula", "controllerName", "defaultValue", "defaultValueFormula", "extraTypeInfo"),
        *("filteredLookupInfo", "inlineHelpText", "mask", "maskType", "referenceTargetField", "relationshipOrder"),
    )
    return {**dict.fromkeys(false, False), **dict.fromkeys(none)}


def _numbers(field: Field, kind: str) -> dict[str, Json]:
    digits = field.size or 18
    if kind in {"double", "currency", "percent"}:
        return {"digits": 0, "precision": digits, "scale": 0 if field.type is FieldType.INTEGER else 2}
    return {"digits": digits if kind == "int" else 0, "precision": 0, "scale": 0}


def _choice(value: str) -> Json:
    own = value.replace(":", "_")
    return {"active": True, "defaultValue": False, "label": own, "validFor": None, "value": own}


def _child(relation: Relation) -> Json:
    return {
        "cascadeDelete": False,
        "childSObject": object_of(relation.resource),
        "deprecatedAndHidden": False,
        "field": reference_of(relation.path),
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relation.native,
        "restrictedDelete": False,
    }


def _levels(known: KnownResource, path: str) -> Mapping[str, Level]:
    return known.actions.get(path, {})


def _any(known: KnownResource, path: str, action: Action) -> bool:
    level = _levels(known, path).get(action)
    return level is not None and level.rank > 0


def _clear(known: KnownResource, path: str, action: Action) -> bool:
    level = _levels(known, path).get(action)
    return level is not None and level.rank == 100  # noqa: PLR2004 -- the rank of what is whole
