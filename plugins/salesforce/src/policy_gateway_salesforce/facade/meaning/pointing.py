"""Refusals of queries as the vendor words them, with the place in the text that they are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from policy_gateway.errors import FieldRefused
from policy_gateway_salesforce.facade.exchange.refusals import Refusal
from policy_gateway_salesforce.soql import Reference, SoqlError
from policy_gateway_salesforce.soql.errors import place

_AROUND: Final = 30
_HINT: Final = "Please reference your WSDL or the describe call for the appropriate names."


def malformed(text: str, error: SoqlError) -> Refusal:
    """Return the refusal of *text* that the parser, or the meaning, has refused."""
    lines = text.split("\n")
    line = lines[error.line - 1] if error.line <= len(lines) else ""
    return Refusal(400, error.code, _pointed(line, (error.line, error.column), error.message))


def unknown_object(text: str, name: str, at: int) -> Refusal:
    """Return the refusal of an object that there is not, or of which nothing may be known."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        f"'__c' after the entity name. {_HINT}"
    )
    return _at(text, at, "INVALID_TYPE", message)


def unknown_column(text: str, entity: str, found: Iterable[Reference], refused: FieldRefused) -> Refusal:
    """Return the refusal of the first refused name: the same whether there is such a field or not.

    *entity* is the object of the query *text*, *found* are its references, in the order of the text.
    """
    in_order = sorted(found, key=lambda reference: reference.at)
    wanted = {name.lower() for name in refused.names}
    first = next((one for one in in_order if _spelled(one).lower() in wanted), None)
    if first is None:
        return _elsewhere()
    *through, last = first.path
    owner = through[-1] if through else first.children[-1] if first.children else first.object or entity
    return _at(text, first.at, "INVALID_FIELD", _no_column(last, owner))


def _elsewhere() -> Refusal:
    """Return the refusal of what the caller did not write itself: nobody is told which fields a search looks into."""
    return Refusal(400, "INVALID_FIELD", "The request looks into fields that do not exist or are not accessible")


def _no_column(name: str, entity: str) -> str:
    return (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append "
        f"the '__c' after the custom field name. {_HINT}"
    )


def _spelled(reference: Reference) -> str:
    return ".".join((*reference.way, *reference.path))


def _at(text: str, at: int, code: str, message: str) -> Refusal:
    row, column = place(text, at)
    return Refusal(400, code, _pointed(text.split("\n")[row - 1], (row, column), message))


def _pointed(line: str, where: tuple[int, int], message: str) -> str:
    row, column = where
    start = max(0, column - 1 - _AROUND)
    shown, marker = line[start : column - 1 + _AROUND], " " * (column - 1 - start) + "^"
    return f"\n{shown}\n{marker}\nERROR at Row:{row}:Column:{column}\n{message}"
