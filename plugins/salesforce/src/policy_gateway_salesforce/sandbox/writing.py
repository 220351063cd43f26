"""Creating, changing and deleting records: what the vendor checks before, and what it does besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.kinds import KINDS
from policy_gateway_salesforce.sandbox.schema import Column, Kind, Type
from policy_gateway_salesforce.sandbox.state import Org, Row
from policy_gateway_salesforce.sandbox.values import checked, person
from policy_gateway_salesforce.sandbox.wire import ApiError, Json, Refusal, invalid, not_found


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one record: its *id*, and whether it was *created*."""

    id: str
    created: bool = False


class Ambiguous(Refusal):
    """More than one record has the value that one was looked up by: the vendor answers with where they are."""

    status = 300

    def __init__(self, kind: Kind, rows: tuple[Row, ...]) -> None:
        super().__init__("300")
        self.kind = kind
        self.ids = tuple(str(row["Id"]) for row in rows)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to *org* in the name of *user*. Every method does all or nothing, and raises what the vendor says."""

    org: Org
    user: User

    def create(self, name: str, values: Mapping[str, Json]) -> Saved:
        """Create a record of the object *name*."""
        kind = self._writable(name, "create")
        if any(each.lower() == "id" for each in values):
            raise invalid("cannot specify Id in an insert call", "INVALID_FIELD_FOR_INSERT_UPDATE", ["Id"])
        row: dict[str, Json] = {
            column.name: column.default for column in kind.columns if column.default not in {None, ""}
        }
        row |= self._checked(kind, values, creating=True)
        self._require(kind, row)
        return self._insert(kind, row)

    def update(self, name: str, identifier: str, values: Mapping[str, Json]) -> Saved:
        """Change the record of the object *name* with this id."""
        kind = self._writable(name, "update")
        before = self.existing(kind, identifier)
        if any(each.lower() == "id" for each in values):
            raise invalid("The Id field should not be specified in the sobject data.", fields=["Id"])
        changed = self._checked(kind, values, creating=False)
        row = {**before, **changed}
        self._require(kind, row)
        self._claim(kind, row)
        self._put(kind, row)
        return Saved(str(row["Id"]))

    def delete(self, name: str, identifier: str) -> Saved:
        """Move a record to the recycle bin, with what belongs to it."""
        kind = self._writable(name, "delete")
        row = self.existing(kind, identifier)
        with self.org.transaction():
            self._bin(kind, row)
        return Saved(str(row["Id"]))

    def upsert(self, name: str, by: str, value: str, values: Mapping[str, Json]) -> Saved:
        """Change the record that has *value* in the field *by*, or create one; several are :class:`Ambiguous`."""
        kind = self._writable(name, "update")
        column = self.looked_up(kind, by)
        if any(each.lower() == column.name.lower() for each in values):
            message = f"The {column.name} field should not be specified in the sobject data."
            raise invalid(message, fields=[column.name])
        if column.type is Type.ID:
            return self.update(name, value, values) if value else self.create(name, values)
        rows = self.org.tables[kind.name].holders(column, value)
        if len(rows) > 1:
            raise Ambiguous(kind, rows)
        if rows:
            return self.update(name, str(rows[0]["Id"]), values)
        return self.create(name, {**values, column.name: value})

    def existing(self, kind: Kind, identifier: str) -> Row:
        """Return the record with this id of *kind*, which must not be deleted."""
        whole = canonical(identifier)
        if whole is None:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {identifier}")
        row = self.org.tables[kind.name].rows.get(whole)
        if row is None:
            raise not_found()
        if row.get("IsDeleted"):
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        return row

    def looked_up(self, kind: Kind, name: str) -> Column:
        """Return a field that records are looked up by, by its name."""
        column = self.user.column(kind, name)
        if column is None or not (column.lookup or column.external_id):
            raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
        return column

    def _writable(self, name: str, action: str) -> Kind:
        kind = self.org.table(name).kind
        if not self.user.may("read", kind):
            raise not_found()
        if not kind.writable:
            message = f"entity type {kind.name} does not support {action}"
            raise invalid(message, "INVALID_TYPE_FOR_OPERATION", [])
        if not self.user.may(action, kind):
            message = "insufficient access rights on object id"
            raise ApiError(403, "INSUFFICIENT_ACCESS_OR_READONLY", message, [])
        return kind

    def _checked(self, kind: Kind, values: Mapping[str, Json], *, creating: bool) -> dict[str, Json]:
        """Return *values* as they will be kept."""
        kept: dict[str, Json] = {}
        fixed: list[str] = []
        for name, value in values.items():
            if name == "attributes":
                continue
            column = self.user.column(kind, name)
            if column is None:
                self._relate(kind, name, value, kept)
                continue
            if not (column.createable if creating else column.updateable) or not self.user.changes(kind, column):
                fixed.append(column.name)
                continue
            kept[column.name] = checked(self.org, column, value)
        if fixed:
            message = (
                f"Unable to create/update fields: {', '.join(fixed)}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set."
            )
            raise invalid(message, "INVALID_FIELD_FOR_INSERT_UPDATE", fixed)
        return kept

    def _relate(self, kind: Kind, name: str, value: Json, kept: dict[str, Json]) -> None:
        """Set a reference by what its target is known by elsewhere: ``"Contact": {"Customer_Number__c": "K-1"}``."""
        column = kind.by_path.get(name.lower())
        if column is None or not isinstance(value, dict):
            raise invalid(f"No such column '{name}' on sobject of type {kind.name}")
        [target] = column.references if len(column.references) == 1 else ("",)
        named = [(each, wanted) for each, wanted in value.items() if each != "attributes"]
        if not target or len(named) != 1:
            raise invalid(f"The foreign key reference {name} is not unambiguous", "INVALID_FIELD", [column.name])
        [(by, wanted)] = named
        rows = self.org.tables[target].holders(self.looked_up(KINDS[target], by), wanted)
        if len(rows) != 1:
            message = f"Foreign key external ID: {wanted} not found for field {by} in entity {target}"
            raise invalid(message, "INVALID_FIELD", [])
        kept[column.name] = str(rows[0]["Id"])

    def _require(self, kind: Kind, row: Row) -> None:
        missing = [column.name for column in kind.columns if column.required and row.get(column.name) is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise invalid(message, "REQUIRED_FIELD_MISSING", missing)

    def _claim(self, kind: Kind, row: Mapping[str, Json]) -> None:
        """Refuse values that another record holds and that must be unique."""
        for column in kind.columns:
            value = row.get(column.name)
            if not column.unique or value is None:
                continue
            for holder in self.org.tables[kind.name].holders(column, value):
                if holder["Id"] != row.get("Id"):
                    message = f"duplicate value found: {column.name} duplicates value on record with id: {holder['Id']}"
                    raise invalid(message, "DUPLICATE_VALUE", [])

    def _insert(self, kind: Kind, row: dict[str, Json]) -> Saved:
        now = self.org.now()
        self._claim(kind, row)
        row |= {
            "Id": self.org.next_id(kind.prefix),
            "IsDeleted": False,
            "CreatedDate": now,
            "CreatedById": self.user.id,
        }
        if kind.column("OwnerId") and row.get("OwnerId") is None:
            row["OwnerId"] = self.user.id
        if kind.name == "Case":
            row["CaseNumber"] = f"{len(self.org.tables['Case'].rows) + 1001:08d}"
        self._put(kind, row)
        return Saved(str(row["Id"]), created=True)

    def _put(self, kind: Kind, row: dict[str, Json]) -> None:
        """Keep *row* with what follows from it."""
        now = self.org.now()
        row |= {"LastModifiedDate": now, "LastModifiedById": self.user.id, "SystemModstamp": now}
        if kind.column("LastName"):
            row["Name"] = person(row)
        for column in ("IsClosed", "IsWon"):
            if kind.column(column):
                row[column] = _status(row, column)
        self.org.put(kind, str(row["Id"]), {name: value for name, value in row.items() if value is not None})

    def _bin(self, kind: Kind, row: Row) -> None:
        self._put(kind, {**row, "IsDeleted": True})
        for child in kind.children:
            below = self.org.tables[child.object]
            for each in [found for found in below.live() if found.get(child.column) == row["Id"]]:
                if child.cascade:
                    self._bin(below.kind, each)
                else:
                    self._put(below.kind, {**each, child.column: None})


def _status(row: Row, column: str) -> bool:
    stage = str(row.get("StageName") or row.get("Status") or "")
    return stage == "Closed Won" if column == "IsWon" else stage.startswith(("Closed", "Completed"))
