"""Where a field that a query names is: through which references, and whether the user sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.kinds import KINDS, NAMES, PREFIXES
from policy_gateway_salesforce.sandbox.schema import Column, Kind, Type, text
from policy_gateway_salesforce.sandbox.state import Org, Row
from policy_gateway_salesforce.sandbox.values import shown
from policy_gateway_salesforce.sandbox.wire import ApiError, Json, invalid
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.errors import place
from policy_gateway_salesforce.soql.references import Names

_AROUND: Final = 30
_REFERENCE_HINT: Final = "Please reference your WSDL or the describe call for the appropriate names."

NAME: Final = Kind(
    "Name",
    "Name",
    "Names",
    "",
    (
        Column("Id", "ID", Type.ID, 18),
        text("Name", "Name", 255, name_field=True),
        text("FirstName", "First Name", 40),
        text("LastName", "Last Name", 80),
        text("Title", "Title", 128),
        text("Type", "Type", 40),
        text("Username", "Username", 80),
        text("Alias", "Alias", 8),
        Column("Email", "Email", Type.EMAIL, 80),
        Column("Phone", "Phone", Type.PHONE, 40),
    ),
    writable=False,
)
"""What can be asked of a reference that leads to objects of several kinds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A field of the object *kind*, behind the references *steps*."""

    org: Org
    user: User
    steps: tuple[Column, ...]
    kind: Kind
    column: Column

    def value(self, row: Row) -> Json:
        """Return the field's value for the record *row* of the query's own object; None when nothing is there."""
        for step in self.steps:
            row = self.org.row(row.get(step.name), step.references)
        if self.kind is NAME:
            return self._of_any(row)
        return shown(row, self.column)

    def _of_any(self, row: Row) -> Json:
        if not row:
            return None
        kind = PREFIXES[str(row["Id"])[:3]]
        if self.column.name == "Type":
            return kind.name
        column = kind.name_column if self.column.name == "Name" else self.user.column(kind, self.column.name)
        return shown(row, column) if column else None


@dataclass(frozen=True, slots=True)
class Scope:
    """One query, or one within it: whose it is, which object it is about, what its names mean, and its text."""

    org: Org
    user: User
    kind: Kind
    names: Names
    text: str
    deleted: bool = False

    def find(self, path: nodes.FieldPath) -> Found:
        """Return the field that *path* leads to; refuses one that is not there, or hidden, in the vendor's words."""
        *ways, last = self.names.resolved(path)
        kind, steps = self.kind, list[Column]()
        for way in ways:
            step = kind.by_path.get(way.lower())
            if step is None or self.user.column(kind, step.name) is None:
                raise self.wrong(
                    path.at,
                    f"Didn't understand relationship '{way}' in field path. If you are attempting to use a custom "
                    "relationship, be sure to append the '__r' after the custom relationship name. " + _REFERENCE_HINT,
                )
            steps.append(step)
            kind = NAME if len(step.references) > 1 else KINDS[step.references[0]]
        column = self.user.column(kind, last)
        if column is None or not self.user.may("read", kind):
            raise self.wrong(
                path.at,
                f"No such column '{last}' on entity '{kind.name}'. If you are attempting to use a custom field, be "
                "sure to append the '__c' after the custom field name. " + _REFERENCE_HINT,
            )
        return Found(self.org, self.user, tuple(steps), kind, column)

    def object(self, name: str, at: int) -> Kind:
        """Return the object with this name, which the user may read."""
        kind = KINDS.get(NAMES.get(name.lower(), ""))
        if kind is None or not self.user.may("read", kind):
            raise self.wrong(
                at,
                f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
                "append the '__c' after the entity name. " + _REFERENCE_HINT,
                "INVALID_TYPE",
            )
        return kind

    def wrong(self, at: int, message: str, code: str = "INVALID_FIELD") -> ApiError:
        """Return a refusal that shows where in the text it is."""
        row, column = place(self.text, at)
        before, after = self.text[max(0, at - _AROUND) : at], self.text[at : at + _AROUND]
        start = before.rfind("\n") + 1
        line = before[start:] + after.partition("\n")[0]
        pointed = " " * (len(before) - start) + "^"
        return invalid(f"\n{line}\n{pointed}\nERROR at Row:{row}:Column:{column}\n{message}", code)
