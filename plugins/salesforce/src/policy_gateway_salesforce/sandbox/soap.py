"""The SOAP API, of which there is the login and nothing else."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape, unescape

from policy_gateway_salesforce.sandbox.access import LIFETIME
from policy_gateway_salesforce.sandbox.oauth import authenticated
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import XML_TYPE, Answer, Asked, OAuthError, SoapFault

_PARTNER: Final = "urn:partner.soap.sforce.com"
_OPERATION: Final = re.compile(r"<(?:\w+:)?Body\b[^>]*>\s*<(?:\w+:)?(\w+)[\s/>]")
_ENTITIES: Final = {"&quot;": '"', "&#x27;": "'", "&#39;": "'", "&apos;": "'"}
_FAILED: Final = "Invalid username, password, security token; or user locked out."
_DOCTYPE: Final = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def call(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /services/Soap/u/{version}``: the operation is what stands first in the body."""
    body = asked.body.decode("utf-8", errors="replace")
    if _DOCTYPE.search(body):
        raise SoapFault("SOAP_ENVELOPE", "DOCTYPE is disallowed", "UnexpectedErrorFault")
    operation = _OPERATION.search(body)
    if operation is None:
        raise SoapFault("SOAP_ENVELOPE", "No operation found in the request body", "UnexpectedErrorFault")
    if operation[1] != "login" or asked.segments[2] not in {"u", "c"}:
        raise SoapFault("INVALID_OPERATION", f"No operation available for request {operation[1]}", "ApiFault")
    return _login(org, asked, body)


def _login(org: Org, asked: Asked, body: str) -> Answer:
    organization = _element(body, "organizationId")
    if organization and organization[:15] != org.id[:15]:
        raise SoapFault("INVALID_LOGIN", _FAILED)
    try:
        user = authenticated(org, _element(body, "username"), _element(body, "password"))
    except OAuthError:
        raise SoapFault("INVALID_LOGIN", _FAILED) from None
    session = org.sessions.open(user)
    row = org.tables["User"].rows[user.id]
    version = asked.segments[3]
    info = {
        "accessibilityMode": "false",
        "currencySymbol": "€",
        "orgDefaultCurrencyLocale": "de_DE",
        "organizationId": org.id,
        "organizationMultiCurrency": "false",
        "organizationName": "Contact Center",
        "sessionSecondsValid": str(int(LIFETIME.total_seconds())),
        "userEmail": str(row.get("Email")),
        "userFullName": str(row.get("Name")),
        "userId": user.id,
        "userLanguage": "de",
        "userLocale": "de_DE",
        "userName": user.username,
        "userTimeZone": "GMT",
        "userType": "Standard",
    }
    told = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in info.items())
    url = f"{asked.origin}/services/Soap/{{}}/{version}/{org.id[:15]}"
    answer = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns="{_PARTNER}" '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><loginResponse><result>'
        f"<metadataServerUrl>{url.format('m')}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<sandbox>true</sandbox><serverUrl>{url.format('u')}</serverUrl><sessionId>{session.token}</sessionId>"
        f"<userId>{user.id}</userId><userInfo>{told}</userInfo>"
        "</result></loginResponse></soapenv:Body></soapenv:Envelope>"
    )
    return Answer(200, answer.encode(), content_type=XML_TYPE)


def _element(body: str, name: str) -> str:
    """Return the text of the first element of this name, whatever its prefix."""
    found = re.search(rf"<(?:\w+:)?{name}\b[^>]*>([^<]*)</(?:\w+:)?{name}>", body)
    return unescape(found[1], _ENTITIES).strip() if found else ""
