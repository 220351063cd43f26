"""The vendor's SOAP API, of which the gateway knows the login and nothing else."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from policy_gateway.errors import InvalidCall
from policy_gateway.ports import Login
from policy_gateway.wire import Ask
from policy_gateway_salesforce.facade.exchange.answers import XML_TYPE, Answer
from policy_gateway_salesforce.facade.exchange.tree import Element, parsed_xml
from policy_gateway_salesforce.facade.login.logins import Logins, OAuthError, shaped
from policy_gateway_salesforce.facade.login.who import SOAP, org_of, user_of, username_of

ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER: Final = "urn:partner.soap.sforce.com"
ENTERPRISE: Final = "urn:enterprise.soap.sforce.com"
INVALID_LOGIN: Final = "Invalid username, password, security token; or user locked out."
_LARGEST: Final = 20_000


class SoapFault(Exception):
    """The facade refuses in the shape of the SOAP API."""

    def __init__(self, code: str, message: str, kind: str = "UnexpectedErrorFault") -> None:
        super().__init__(code)
        self.code, self.message, self.kind = code, message, kind

    def answer(self) -> Answer:
        """Return the fault in its envelope."""
        code, message = escape(self.code), escape(self.message)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:sf="urn:fault.partner.soap.sforce.com" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
            f'<detail><sf:{self.kind} xsi:type="sf:{self.kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{self.kind}></detail>"
            "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
        return Answer(500, body.encode(), content_type=XML_TYPE)


async def login(ask: Ask, logins: Logins) -> Answer:
    """``POST /services/Soap/u/59.0``: the login; any other operation is one that there is not."""
    operation = _operation(parsed_xml(await ask.read(_LARGEST)))
    known = ask.segments[2] in {"u", "c"} and operation.namespace in {PARTNER, ENTERPRISE}
    if operation.name != "login" or not known:
        raise SoapFault("INVALID_OPERATION", f"No operation available for request {operation.name}", "ApiFault")
    grant = ("password", operation.told("username"), operation.told("password"))
    try:
        found = await logins.login(grant, ask)
    except OAuthError:
        raise SoapFault("INVALID_LOGIN", INVALID_LOGIN, "LoginFault") from None
    return Answer(200, _told(found, ask), content_type=XML_TYPE)


def _operation(root: Element) -> Element:
    body = root.child("Body") if (root.namespace, root.name) == (ENVELOPE, "Envelope") else None
    if body is None or body.namespace != ENVELOPE or len(body.children) != 1:
        raise InvalidCall("the body is no SOAP envelope with one operation")
    return body.children[0]


def _told(found: Login, ask: Ask) -> bytes:
    session = found.session
    org, user, name = org_of(session), user_of(session), username_of(session)
    kind, version = ask.segments[2:4]
    info = {
        "accessibilityMode": "false",
        "orgAttachmentFileSizeLimit": "0",
        "orgDefaultCurrencyLocale": "en_US",
        "organizationId": org,
        "organizationMultiCurrency": "false",
        "organizationName": session.tenant,
        "sessionSecondsValid": str(found.seconds),
        "userEmail": name,
        "userFullName": session.principal.partition(":")[2],
        "userId": user,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": name,
        "userTimeZone": "GMT",
        "userType": "Standard",
    }
    told = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in info.items())
    site = escape(ask.site)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" '
        f'xmlns="{PARTNER if kind == "u" else ENTERPRISE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<soapenv:Body><loginResponse><result>"
        f"<metadataServerUrl>{site}{SOAP}/m/{version}/{org}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<sandbox>false</sandbox><serverUrl>{site}{SOAP}/{kind}/{version}/{org}</serverUrl>"
        f"<sessionId>{shaped(found)}</sessionId><userId>{user}</userId><userInfo>{told}</userInfo>"
        "</result></loginResponse></soapenv:Body></soapenv:Envelope>"
    ).encode()
