"""The client that most Python programs use logs in by every way that it knows, unmodified."""

from __future__ import annotations

from typing import Protocol

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning:zeep")

TOKEN_PATH = "/services/oauth2/token"
SOAP_PATH = "/services/Soap/u/59.0"


class Door(Protocol):
    """Where the client goes, and what it says there: to the sandbox itself, or through what stands before it."""

    host: str
    url: str
    token: str
    username: str
    password: str
    security_token: str
    client_id: str
    client_secret: str
    organization: str
    private_key: str

    def session(self) -> requests.Session:
        """Return a session that trusts the server."""
        ...

    def domain(self, path: str) -> str:
        """Return the domain that leads to *path*."""
        ...

    def expire(self) -> None:
        """End every session."""
        ...


def stands(client: Salesforce) -> bool:
    """Tell whether the client can ask."""
    return bool(client.query("SELECT Id FROM Contact LIMIT 1")["totalSize"] == 1)


class TestLogin:
    def test_client_credentials(self, door: Door) -> None:
        """Client id and secret get a session."""
        client = Salesforce(
            consumer_key=door.client_id,
            consumer_secret=door.client_secret,
            domain=door.domain(TOKEN_PATH),
            session=door.session(),
        )

        assert (door.host, True) == (client.sf_instance, stands(client))

    def test_password_grant(self, door: Door) -> None:
        """User name and password with a connected app get a session."""
        client = Salesforce(
            username=door.username,
            password=door.password,
            consumer_key=door.client_id,
            consumer_secret=door.client_secret,
            domain=door.domain(TOKEN_PATH),
            session=door.session(),
        )

        assert (door.host, True) == (client.sf_instance, stands(client))

    def test_jwt(self, direct_door: Door) -> None:
        """An assertion signed by the connected app gets a session."""
        client = Salesforce(
            username=direct_door.username,
            consumer_key=direct_door.client_id,
            privatekey=direct_door.private_key,
            domain=direct_door.domain(TOKEN_PATH),
            session=direct_door.session(),
        )

        assert (direct_door.host, True) == (client.sf_instance, stands(client))

    def test_security_token(self, door: Door) -> None:
        """User name, password and security token log in by SOAP."""
        client = Salesforce(
            username=door.username,
            password=door.password,
            security_token=door.security_token,
            domain=door.domain(SOAP_PATH),
            session=door.session(),
        )

        assert (door.host, True) == (client.sf_instance, stands(client))

    def test_organization(self, door: Door) -> None:
        """With the organization's id the security token is not needed."""
        client = Salesforce(
            username=door.username,
            password=door.password,
            organizationId=door.organization,
            domain=door.domain(SOAP_PATH),
            session=door.session(),
        )

        assert stands(client)

    def test_scratch_url(self, door: Door) -> None:
        """A whole address can be logged in at."""
        token, instance = SalesforceLogin(
            username=door.username,
            password=door.password,
            security_token=door.security_token,
            scratch_url=door.url,
            session=door.session(),
        )

        assert (door.host, "!") == (instance, token[15])

    def test_wrong_password(self, door: Door) -> None:
        """A wrong password is refused in the vendor's shape, by SOAP and by OAuth."""
        wrong = {"username": door.username, "password": "wrong", "session": door.session()}
        with pytest.raises(SalesforceAuthenticationFailed) as by_soap:
            Salesforce(**wrong, security_token="", domain=door.domain(SOAP_PATH))
        with pytest.raises(SalesforceAuthenticationFailed) as by_oauth:
            Salesforce(
                **wrong,
                consumer_key=door.client_id,
                consumer_secret=door.client_secret,
                domain=door.domain(TOKEN_PATH),
            )

        assert ("INVALID_LOGIN", "invalid_grant") == (by_soap.value.code, by_oauth.value.code)

    def test_ended_session(self, direct_door: Door) -> None:
        """A session that ended is renewed by a client that can log in, and reported by one that cannot."""
        with_login = Salesforce(
            consumer_key=direct_door.client_id,
            consumer_secret=direct_door.client_secret,
            domain=direct_door.domain(TOKEN_PATH),
            session=direct_door.session(),
        )
        without = Salesforce(
            instance_url=direct_door.url, session_id=with_login.session_id, session=direct_door.session()
        )
        direct_door.expire()

        assert stands(with_login)
        with pytest.raises(SalesforceExpiredSession):
            stands(without)
