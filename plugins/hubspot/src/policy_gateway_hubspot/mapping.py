"""HubSpot's JSON and the gateway's records, both ways; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from policy_gateway.errors import FieldRefused, InvalidCall, UpstreamInvalid
from policy_gateway.model.field import ID_PATH, Field, FieldType, RecordId, Resource, Value
from policy_gateway.records import Record
from policy_gateway_hubspot.catalogue import OBJECT_ID, consent_of, natives_of, option_of

ID: Final = re.compile(r"[0-9]{1,20}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_MILLISECONDS: Final = re.compile(r"-?[0-9]{9,14}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")

Read: TypeAlias = Callable[[str], Value]
"""Makes a value of a property's text; ValueError when it is not of the type."""


class Plan:
    """How one selection of one resource is asked for and read; made once, used for every record.

    *names* are the properties to ask for. Asking for none would bring HubSpot's default set, which is personal data;
    so a plan without properties asks for the record's id.
    """

    __slots__ = ("_compounds", "_plain", "_typed", "_with_id", "names", "query")

    def __init__(self, resource: Resource, select: Sequence[str]) -> None:
        fields = [_known(resource, path) for path in dict.fromkeys(select)]
        single = [(field, reader(field)) for field in fields if field.path != ID_PATH and len(natives_of(field)) == 1]
        self._with_id = any(field.path == ID_PATH for field in fields)
        self._plain = tuple((field.path, field.native) for field, read in single if read is None)
        self._typed = tuple((field.path, field.native, read) for field, read in single if read is not None)
        self._compounds = tuple((field.path, natives_of(field)) for field in fields if len(natives_of(field)) > 1)
        natives = dict.fromkeys(native for field in fields for native in natives_of(field) if field.path != ID_PATH)
        self.names: tuple[str, ...] = tuple(natives) or (OBJECT_ID,)
        self.query = (("properties", ",".join(self.names)),)

    def record(self, item: object) -> Record:
        """Return the record in *item* with the selected paths and nothing else. UpstreamInvalid when it is none.

        A property that HubSpot left out, or whose text is not of its type, is absent from the record.
        """
        record_id, properties = _parts(item)
        texts = properties.get
        values: dict[str, Value] = {ID_PATH: record_id} if self._with_id else {}
        for path, native in self._plain:
            text = texts(native, properties)
            if isinstance(text, str):
                values[path] = text or None
            elif text is None:
                values[path] = None
            elif text is not properties:
                raise UpstreamInvalid
        for path, native, read in self._typed:
            _read(values, path, texts(native, properties), read, properties)
        for path, natives in self._compounds:
            _compound(values, path, [texts(native, properties) for native in natives], properties)
        return Record(record_id, values)


def _parts(item: object) -> tuple[RecordId, dict[str, object]]:
    if isinstance(item, dict):
        record_id, properties = item.get("id"), item.get("properties")
        if isinstance(record_id, str) and ID.fullmatch(record_id) and isinstance(properties, dict):
            return RecordId(record_id), properties
    raise UpstreamInvalid


def _read(values: dict[str, Value], path: str, text: object, read: Read, absent: object) -> None:
    if text is None or text == "":
        values[path] = None
    elif isinstance(text, str):
        try:
            values[path] = read(text)
        except (ValueError, OverflowError):
            return
    elif text is not absent:
        raise UpstreamInvalid


def _compound(values: dict[str, Value], path: str, texts: list[object], absent: object) -> None:
    """Put the parts of a compound together; without one of them there is no saying what the whole is."""
    if any(text is absent for text in texts):
        return
    if not all(text is None or isinstance(text, str) for text in texts):
        raise UpstreamInvalid
    values[path] = " ".join(str(text) for text in texts if text) or None


def _known(resource: Resource, path: str) -> Field:
    field = resource.fields.get(path)
    if field is None:
        raise FieldRefused
    return field


def reader(field: Field) -> Read | None:
    """Return what reads values of *field*; None for plain texts."""
    if field.path == "consents":
        return _consents
    return _READERS.get(field.type)


def _boolean(text: str) -> bool:
    if text == "true":
        return True
    if text == "false":
        return False
    raise ValueError


def _integer(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError
    return int(number)


def _decimal(text: str) -> str:
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError
    return text


def _day(text: str) -> str:
    if len(text) == len("2026-01-31") and text[7] == "-":
        date.fromisoformat(text)
        return text
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC).date().isoformat()
    return date.fromisoformat(text[:10]).isoformat()


def _moment(text: str) -> str:
    if _MOMENT.fullmatch(text):
        return text
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise ValueError


def _several(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _consents(text: str) -> tuple[str, ...]:
    return tuple([consent_of(part) for part in text.split(";") if part])  # a list is quicker than a generator


_READERS: Final[Mapping[FieldType, Read]] = MappingProxyType(
    {
        FieldType.BOOLEAN: _boolean,
        FieldType.INTEGER: _integer,
        FieldType.DECIMAL: _decimal,
        FieldType.DATE: _day,
        FieldType.DATETIME: _moment,
        FieldType.TEXTS: _several,
    }
)


_NOT_TEXTS: Final = frozenset({FieldType.BOOLEAN, FieldType.INTEGER, FieldType.TEXTS})


def properties(resource: Resource, values: Mapping[str, Value]) -> dict[str, str]:
    """Return the body of a write. FieldRefused for what does not exist, InvalidCall for what cannot be written."""
    body: dict[str, str] = {}
    for path, value in values.items():
        field = _known(resource, path)
        if not field.writable:
            raise InvalidCall("a field that the CRM keeps itself cannot be written", pointer=f"/{path}")
        body[field.native] = "" if value is None else written(field, value)
    return body


def written(field: Field, value: Value) -> str:
    """Return *value* as HubSpot stores it. InvalidCall when it is not of the field's type."""
    text = _written(field, value)
    if text is None:
        raise InvalidCall("a value is not of its field's type", pointer=f"/{field.path}")
    return text


def _written(field: Field, value: Value) -> str | None:
    match field.type, value:
        case FieldType.BOOLEAN, bool():
            return "true" if value else "false"
        case ((FieldType.INTEGER | FieldType.DECIMAL), int()) if not isinstance(value, bool):
            return str(value)
        case FieldType.DECIMAL, float() | str():
            return str(value) if _DECIMAL.fullmatch(str(value)) else None
        case FieldType.TEXTS, tuple():
            return _joined(field, value)
        case ((FieldType.DATE | FieldType.DATETIME), str()):
            return dated(field, value)
        case kind, str() if kind not in _NOT_TEXTS:
            return value
        case _:
            return None


def _joined(field: Field, values: tuple[str, ...]) -> str | None:
    """Return several options in one text. One that holds the separator would become two that nobody chose."""
    if any(";" in each or not each for each in values):
        return None
    return ";".join(option_of(each) if field.path == "consents" else each for each in values)


def dated(field: Field, value: str) -> str | None:
    """Return a date as it is written in HubSpot, a time in UTC with milliseconds; None when it is neither."""
    try:
        if field.type is FieldType.DATE:
            return date.fromisoformat(value).isoformat()
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
