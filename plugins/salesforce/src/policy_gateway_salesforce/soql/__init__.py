"""Reading SOQL and SOSL: what is not known is refused, with its place.

:func:`parse_soql` and :func:`parse_sosl` make trees of :mod:`~policy_gateway_salesforce.soql.nodes`, or raise
:class:`SoqlError`; :func:`references` and :func:`searched` say which fields they refer to, and for what.
"""

from __future__ import annotations

from policy_gateway_salesforce.soql.errors import SoqlError
from policy_gateway_salesforce.soql.parser import parse_soql
from policy_gateway_salesforce.soql.references import Reference, Use, notation, references, searched
from policy_gateway_salesforce.soql.sosl import parse_sosl

__all__ = [
    "Reference",
    "SoqlError",
    "Use",
    "notation",
    "parse_soql",
    "parse_sosl",
    "references",
    "searched",
]
