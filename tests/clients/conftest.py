"""Clients for Node that nobody here wrote, each in a process of its own that reaches nothing but loopback.

Where `make clients` could not install them, which it says, this folder is left out.
"""

from __future__ import annotations

import ipaddress
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from policy_gateway.testing.doubles import Double, Threaded, facing
from policy_gateway.testing.gateways import Persona, WatchedKind
from policy_gateway.web.server import Listening
from policy_gateway_hubspot import sandbox as hubspots
from policy_gateway_hubspot.sandbox.schema import KINDS as PORTAL
from policy_gateway_memory import MemoryKind
from policy_gateway_salesforce import sandbox as salesforces
from policy_gateway_salesforce.catalogue import resource_name
from policy_gateway_salesforce.sandbox.kinds import KINDS as ORG

CLIENTS = Path(__file__).parents[2] / ".clients"
SHIPPED = Path(__file__).parents[2] / "policies"
WHO = {"gateway": "judge", "agent": "anna"}
PEOPLE = {"anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections"))}
SCRIPTS = Path(__file__).parent / "scripts"
PATIENCE = 60.0


def pytest_ignore_collect() -> bool | None:
    """Leave the folder out where there are no clients."""
    return None if (CLIENTS / ".ready").exists() else True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client goes: a double, or the gateway before it. *more* is what else its scripts are to know."""

    url: str
    token: str = field(repr=False)
    authority: Path | None = None
    more: Mapping[str, str] = field(default_factory=dict, repr=False)

    def environment(self) -> dict[str, str]:
        """Return what a client's process is told."""
        trusted = {"NODE_EXTRA_CA_CERTS": str(self.authority)} if self.authority else {}
        return {"BASE_URL": self.url, "TOKEN": self.token, **trusted, **self.more}


@dataclass(frozen=True, slots=True)
class Told:
    """What came of each step of a script."""

    steps: Mapping[str, Mapping[str, Any]]

    def value(self, step: str) -> Any:  # noqa: ANN401 -- JSON
        """Return the answer to a step that must have succeeded."""
        told = self.steps[step]
        assert "error" not in told, told["error"]
        return told["value"]

    def error(self, step: str) -> Mapping[str, Any]:
        """Return the error of a step that must have failed."""
        told = self.steps[step]
        assert "error" in told, told["value"]
        error: Mapping[str, Any] = told["error"]
        return error


@dataclass(frozen=True, slots=True)
class Node:
    """Node of a version that the clients take, and a home of its own for what they keep."""

    program: str
    home: Path

    def environment(self, place: Place) -> dict[str, str]:
        """Return the whole environment of a client's process; of ours it sees nothing."""
        return {
            "PATH": f"{Path(self.program).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "NODE_OPTIONS": f"--import {(SCRIPTS / 'loopback.mjs').as_uri()}",
            "CLIENTS": str(CLIENTS),
            **place.environment(),
        }

    def steps(self, script: str, place: Place, *steps: str) -> Told:
        """Run a script of this folder and return what came of its steps, or of the named ones."""
        command = [self.program, str(SCRIPTS / script), *steps]
        done = subprocess.run(
            command, env=self.environment(place), cwd=self.home, capture_output=True, timeout=PATIENCE, check=False
        )
        assert 0 == done.returncode, done.stderr.decode()
        return Told(json.loads(done.stdout))


@pytest.fixture(scope="session")
def clients() -> Path:
    """Return the folder that the clients are installed in."""
    return CLIENTS


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Return the Node that was installed with the clients, else this machine's."""
    installed = next(iter(sorted(CLIENTS.glob("node_modules/node-*/bin/node"))), None)
    program = str(installed or shutil.which("node"))
    return Node(program, tmp_path_factory.mktemp("node"))


@contextmanager
def served(config: uvicorn.Config) -> Iterator[int]:
    """Serve an application from a thread and yield its port."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    [port] = [socket.getsockname()[1] for each in server.servers for socket in each.sockets]
    yield port
    server.should_exit = True
    thread.join(PATIENCE)


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of a server on loopback: its certificate and key, and the authority that vouches for it."""

    certificate: Path
    key: Path
    authority: Path


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """Return files that nobody trusts but who is told to, for a day."""
    folder = tmp_path_factory.mktemp("tls")
    files = Tls(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Throwaway authority")])
    server = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    files.authority.write_bytes(
        certified(authority, authority, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    files.certificate.write_bytes(
        certified(authority, server, key.public_key())
        .add_extension(names, critical=False)
        .sign(authority_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    files.key.write_bytes(pem(key))
    return files


def certified(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """Return a certificate without its extensions and signature."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a private key as a file has it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that serves by TLS, before a portal (connection ``hub``) and an org (connection ``sf``)."""

    url: str
    keys: Mapping[str, str] = field(repr=False)
    authority: Path
    hubspot: hubspots.Sandbox
    salesforce: salesforces.Sandbox

    def to_hubspot(self, persona: str, purpose: str = "service") -> Place:
        """Return the way to the portal, of a client that *persona* points to the gateway instead."""
        app = {"CLIENT_ID": f"{purpose}@hub", "CLIENT_SECRET": self.keys[persona]}
        told = self._logged_in("/oauth/v3/token", app)
        bearer = f"{self.keys[persona]}~{purpose}~hub"
        return Place(self.url, bearer, self.authority, {**app, "REFRESH_TOKEN": told["refresh_token"]})

    def to_salesforce(self, persona: str, purpose: str = "service") -> Place:
        """Return the way to the org, of a client that *persona* points to the gateway instead."""
        key = self.keys[persona]
        app = {"CLIENT_ID": f"{purpose}@sf", "CLIENT_SECRET": key}
        told = self._logged_in("/services/oauth2/token", app)
        user = {"USERNAME": f"{purpose}@sf", "PASSWORD": key, "CODE": key, "REFRESH_TOKEN": told["refresh_token"]}
        return Place(self.url, told["access_token"], self.authority, {**app, **user, **somebody(self.salesforce)})

    def _logged_in(self, path: str, app: Mapping[str, str]) -> dict[str, str]:
        own = {name.lower(): value for name, value in app.items()}
        form = {"grant_type": "authorization_code", "code": app["CLIENT_SECRET"], "redirect_uri": self.url, **own}
        trusting = ssl.create_default_context(cafile=self.authority)
        with urlopen(self.url + path, urlencode(form).encode(), PATIENCE, context=trusting) as answer:  # noqa: S310 -- ours
            told: dict[str, str] = json.load(answer)
        return told


@pytest.fixture(scope="session")
def gateway(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Yield a gateway with the shipped policies, and besides those somebody who may do everything."""
    hub, org = hubspots.Sandbox(seed=1), salesforces.Sandbox(seed=1)
    natives = {f"{kind.singular}.hubspot.{each.name}" for kind in PORTAL.values() for each in kind.properties}
    columns = {f"{resource_name(kind.name)}.salesforce.{each.name}" for kind in ORG.values() for each in kind.columns}
    columns |= {f"{resource_name(name)}.id" for name in ORG.keys() - {"Contact", "Account"}}
    doubles = (
        Double("hubspot", "hub", hub, frozenset(natives), {"token": SecretStr(hubspots.TOKEN)}),
        Double(
            "salesforce", "sf", org, frozenset(columns), {"token": SecretStr(org.token)}, {"objects": ",".join(ORG)}
        ),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    folder, kind = tmp_path_factory.mktemp("gateway"), WatchedKind(MemoryKind())
    opening = partial(facing, folder, SHIPPED, kind, PEOPLE, *doubles)
    with Threaded(opening, Listening(tls=context, shutdown_deadline=1)) as served:
        yield Gateway(f"https://127.0.0.1:{served.port}", served.keys, tls.authority, hub, org)


@pytest.fixture(scope="class", params=["direct", "gateway"])
def way(request: pytest.FixtureRequest) -> str:
    """Return where clients go: to a double itself, or to a gateway before it that lets them do everything.

    A class may ask for ``agent`` instead: to the gateway, as somebody whom the shipped policies let do her work.
    """
    return str(request.param)


@pytest.fixture(scope="class")
def hubspot(way: str, request: pytest.FixtureRequest) -> hubspots.Sandbox:
    """Return a portal for the tests of a class."""
    if way == "direct":
        return hubspots.Sandbox(seed=1)
    portal: hubspots.Sandbox = request.getfixturevalue("gateway").hubspot
    portal.reset()
    return portal


@pytest.fixture(scope="class")
def to_hubspot(way: str, hubspot: hubspots.Sandbox, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return the way to the portal."""
    if way != "direct":
        yield request.getfixturevalue("gateway").to_hubspot(WHO[way])
        return
    app = {
        "CLIENT_ID": hubspots.CLIENT_ID,
        "CLIENT_SECRET": hubspots.CLIENT_SECRET,
        "REFRESH_TOKEN": hubspots.REFRESH_TOKEN,
    }
    config = uvicorn.Config(hubspot, host="127.0.0.1", port=0, log_level="critical", access_log=False)
    with served(config) as port:
        yield Place(f"http://127.0.0.1:{port}", hubspots.TOKEN, more=app)


@pytest.fixture(scope="session")
def jwt_key() -> rsa.RSAPrivateKey:
    """Return the key with which a connected app signs for its users."""
    return rsa.generate_private_key(65_537, 2048)


@pytest.fixture(scope="class")
def salesforce(way: str, jwt_key: rsa.RSAPrivateKey, request: pytest.FixtureRequest) -> salesforces.Sandbox:
    """Return an org for the tests of a class."""
    if way != "direct":
        org: salesforces.Sandbox = request.getfixturevalue("gateway").salesforce
        org.reset()
        return org
    public = jwt_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return salesforces.Sandbox(seed=1, jwt_key=public.decode())


@pytest.fixture(scope="class")
def to_salesforce(
    way: str, salesforce: salesforces.Sandbox, jwt_key: rsa.RSAPrivateKey, tls: Tls, request: pytest.FixtureRequest
) -> Iterator[Place]:
    """Return the way to the org, and to somebody in it."""
    signing = {"JWT_KEY": pem(jwt_key).decode()}
    if way != "direct":
        place: Place = request.getfixturevalue("gateway").to_salesforce(WHO[way])
        yield replace(place, more={**place.more, **signing})
        return
    sessions = salesforce.org.sessions
    more = {
        "USERNAME": salesforces.INTEGRATION,
        "PASSWORD": salesforces.PASSWORD + salesforces.SECURITY_TOKEN,
        "CLIENT_ID": salesforces.CLIENT_ID,
        "CLIENT_SECRET": salesforces.CLIENT_SECRET,
        "CODE": salesforces.CODE,
        "REFRESH_TOKEN": sessions.refresh_token(sessions.users[salesforces.INTEGRATION.lower()]),
        **signing,
        **somebody(salesforce),
    }
    config = uvicorn.Config(
        salesforce,
        host="127.0.0.1",
        port=0,
        log_level="critical",
        access_log=False,
        ssl_certfile=str(tls.certificate),
        ssl_keyfile=str(tls.key),
    )
    with served(config) as port:
        yield Place(f"https://127.0.0.1:{port}", salesforce.token, tls.authority, more)


def somebody(org: salesforces.Sandbox) -> dict[str, str]:
    """Return what scripts are told of a contact who works somewhere."""
    contacts, accounts = (org.org.tables[name].rows for name in ("Contact", "Account"))
    employed = next(row for row in contacts.values() if row.get("AccountId") in accounts)
    return {"CONTACT": str(employed["Id"]), "ACCOUNT": str(employed["AccountId"])}
