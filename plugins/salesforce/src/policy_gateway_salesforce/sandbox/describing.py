"""What the API tells of objects and fields, as the user who asks sees them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.kinds import KINDS, kind_named
from policy_gateway_salesforce.sandbox.schema import NUMBERS, Child, Column, Kind, Type
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, not_found

_SOAP: Final = MappingProxyType(
    {
        Type.ID: "tns:ID",
        Type.REFERENCE: "tns:ID",
        Type.BOOLEAN: "xsd:boolean",
        Type.INT: "xsd:int",
        Type.DOUBLE: "xsd:double",
        Type.CURRENCY: "xsd:double",
        Type.DATE: "xsd:date",
        Type.DATETIME: "xsd:dateTime",
        Type.ADDRESS: "urn:address",
    }
)
_TEXTUAL: Final = frozenset(
    {Type.ID, Type.REFERENCE, Type.STRING, Type.EMAIL, Type.PHONE, Type.URL, Type.TEXTAREA, Type.PICKLIST}
)
_ALWAYS: Final[Mapping[str, Json]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "aiPredictionField",
                "cascadeDelete",
                "caseSensitive",
                "dependentPicklist",
                "deprecatedAndHidden",
                "displayLocationInDecimal",
                "encrypted",
                "formulaTreatNullNumberAsZero",
                "highScaleNumber",
                "htmlFormatted",
                "restrictedDelete",
                "writeRequiresMasterRead",
            ),
            False,
        ),
        **dict.fromkeys(
            (
                "calculatedFormula",
                "controllerName",
                "defaultValueFormula",
                "filteredLookupInfo",
                "inlineHelpText",
                "mask",
                "maskType",
                "referenceTargetField",
                "relationshipOrder",
            )
        ),
    }
)
"""What is the same for every field of this org."""

_MASTER: Final = "012000000000000AAA"


def list_objects(_: object, asked: Asked) -> Answer:
    """Answer ``GET /sobjects``."""
    user = asked.who.user
    objects: list[Json] = [summary(kind, user, asked.root) for kind in KINDS.values() if user.may("read", kind)]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


def summary(kind: Kind, user: User, root: str) -> dict[str, Json]:
    """Return what the list of objects says of one."""
    changes = kind.writable
    address = f"{root}/sobjects/{kind.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": changes and user.may("create", kind),
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": changes and user.may("delete", kind),
        "deprecatedAndHidden": False,
        "feedEnabled": changes,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": kind.prefix,
        "label": kind.label,
        "labelPlural": kind.plural,
        "layoutable": True,
        "mergeable": kind.name in {"Account", "Contact", "Lead", "Individual", "Case"},
        "mruEnabled": True,
        "name": kind.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": kind.searchable,
        "triggerable": changes,
        "undeletable": changes,
        "updateable": changes and user.may("update", kind),
        "urls": {
            "rowTemplate": f"{address}/{{ID}}",
            "describe": f"{address}/describe",
            "layouts": f"{address}/describe/layouts",
            "sobject": address,
        },
    }


def described(kind: Kind, user: User, asked: Asked) -> dict[str, Json]:
    """Return all that the API tells of one object."""
    whole = summary(kind, user, asked.root)
    urls = whole["urls"] if isinstance(whole["urls"], dict) else {}
    page = f"{asked.origin}/{{ID}}"
    return whole | {
        "actionOverrides": [],
        "childRelationships": [child(each) for each in kind.children if _sees_child(each, user)],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [field(each, user.changes(kind, each) and kind.writable) for each in user.columns(kind)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [
            {
                "active": True,
                "available": True,
                "defaultRecordTypeMapping": True,
                "developerName": "Master",
                "master": True,
                "name": "Master",
                "recordTypeId": _MASTER,
                "urls": {"layout": f"{asked.root}/sobjects/{kind.name}/describe/layouts/{_MASTER}"},
            }
        ],
        "searchLayoutable": kind.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {kind.plural.lower()}", "name": "everything"},
            {"label": f"My {kind.plural.lower()}", "name": "mine"},
        ],
        "urls": urls | {"uiDetailTemplate": page, "uiEditTemplate": f"{page}/e"},
    }


def describe(_: object, asked: Asked) -> Answer:
    """Answer ``GET /sobjects/{name}/describe``."""
    kind, user = kind_named(asked.segments[4]), asked.who.user
    if not user.may("read", kind):
        raise not_found()
    return Answer(200, described(kind, user, asked))


def child(relation: Child) -> dict[str, Json]:
    """Return what the API tells of records that point to an object."""
    return {
        "cascadeDelete": relation.cascade,
        "childSObject": relation.object,
        "deprecatedAndHidden": False,
        "field": relation.column,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relation.name,
        "restrictedDelete": False,
    }


def field(column: Column, changes: bool) -> dict[str, Json]:  # noqa: FBT001 -- one of two facts that it is made of
    """Return what the API tells of one field; *changes* tells whether the user may change it."""
    told: dict[str, Json] = {
        "aggregatable": column.groupable or column.type in NUMBERS or column.type is Type.DATETIME,
        "autoNumber": column.name == "CaseNumber",
        "calculated": column.calculated,
        "compoundFieldName": column.compound or None,
        "createable": column.createable and changes,
        "custom": column.custom,
        "defaultValue": column.default if isinstance(column.default, bool) else None,
        "defaultedOnCreate": column.default is not None or (not column.createable and not column.nillable),
        "externalId": column.external_id,
        "extraTypeInfo": _extra(column),
        "filterable": column.filterable,
        "groupable": column.groupable,
        "idLookup": column.lookup,
        "label": column.label,
        "name": column.name,
        "nameField": column.name_field,
        "namePointing": len(column.references) > 1,
        "nillable": column.nillable,
        "permissionable": column.nillable and column.createable,
        "picklistValues": [option(value, value == column.default) for value in column.values],
        "polymorphicForeignKey": len(column.references) > 1,
        "queryByDistance": column.type is Type.ADDRESS,
        "referenceTo": list[Json](column.references),
        "relationshipName": column.path or None,
        "restrictedPicklist": column.restricted,
        "searchPrefilterable": column.type is Type.REFERENCE,
        "soapType": _SOAP.get(column.type, "xsd:string"),
        "sortable": column.sortable,
        "type": column.type.value,
        "unique": column.unique,
        "updateable": column.updateable and changes,
    }
    return dict(sorted({**_ALWAYS, **told, **_sizes(column)}.items()))


def _sizes(column: Column) -> dict[str, Json]:
    """Return how long a value may be: characters and bytes of a text, digits of a number."""
    numeric, whole = column.type in NUMBERS, column.type is Type.INT
    one_byte = column.type in {Type.ID, Type.REFERENCE}
    return {
        "byteLength": 0 if numeric else column.size if one_byte else column.size * 3,
        "digits": column.size if whole else 0,
        "length": 0 if numeric else column.size,
        "precision": column.size if numeric and not whole else 0,
        "scale": column.scale if numeric else 0,
    }


def option(value: str, chosen: bool) -> Json:  # noqa: FBT001 -- as the vendor has it
    """Return one value of a picklist."""
    return {"active": True, "defaultValue": chosen, "label": value, "validFor": None, "value": value}


def text_type(column: Column) -> bool:
    """Tell whether the command line's column metadata call the field a text."""
    return column.type in _TEXTUAL


def _extra(column: Column) -> str | None:
    if column.type is Type.TEXTAREA:
        return "plaintextarea"
    return "personname" if column.name_field and column.size == 121 else None  # noqa: PLR2004 -- a person's name


def _sees_child(relation: Child, user: User) -> bool:
    kind = KINDS[relation.object]
    return user.may("read", kind) and user.column(kind, relation.column) is not None
