"""Programs of the CRMs' own clients as they go to the demo: another address, another token, and nothing else."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Final

from policy_gateway.cli.demo.crms import HUBSPOT, SALESFORCE
from policy_gateway.cli.demo.people import Player

NODE: Final = "node"
_SIMPLE_SALESFORCE: Final = """\
from simple_salesforce import Salesforce

salesforce = Salesforce(instance_url="$site", session_id="$key~$purpose~$connection")
for row in salesforce.query("SELECT Name, Phone, $third FROM Contact LIMIT 5")["records"]:
    print(row["Name"], row["Phone"], row["$third"])
"""
_JSFORCE: Final = """\
const jsforce = require("jsforce");

(async () => {
  const connection = new jsforce.Connection({ loginUrl: "$site" });
  await connection.login("$purpose@$connection", "$key");
  const { records } = await connection.query("SELECT Name, Phone, $third FROM Contact LIMIT 5");
  for (const row of records) console.log(row.Name, row.Phone, row.$third);
})();
"""
_HUBSPOT: Final = """\
from hubspot import HubSpot

hubspot = HubSpot(access_token="$key~$purpose~$connection", host="$site", ssl_ca_cert="$authority")
page = hubspot.crm.contacts.basic_api.get_page(limit=5, properties=["lastname", "phone", "$third"])
for contact in page.results:
    print(contact.properties["lastname"], contact.properties["phone"], contact.properties.get("$third"))
"""


@dataclass(frozen=True, slots=True)
class Client:
    """A library, and a program that uses it on a connection."""

    name: str
    file: str
    connection: str
    remark: str
    program: str


CLIENTS: Final = (
    Client("simple-salesforce", "simple_salesforce.py", SALESFORCE, "demo.salesforce", _SIMPLE_SALESFORCE),
    Client("jsforce", "jsforce.cjs", SALESFORCE, "demo.jsforce", _JSFORCE),
    Client("hubspot-api-client", "hubspot_api_client.py", HUBSPOT, "demo.hubspot", _HUBSPOT),
)


@dataclass(frozen=True, slots=True)
class User:
    """A colleague whose programs there are, for a purpose; *third* is what each asks for besides names and numbers."""

    name: str
    purpose: str
    third: Mapping[str, str]


USERS: Final = (
    User("Anna", "service", MappingProxyType({SALESFORCE: "IBAN__c", HUBSPOT: "iban"})),
    User("Mara", "marketing", MappingProxyType({SALESFORCE: "Email", HUBSPOT: "email"})),
)


@dataclass(frozen=True, slots=True)
class Program:
    """What one colleague runs: *text* is also the content of *path*."""

    name: str
    client: Client
    path: Path
    text: str

    @property
    def command(self) -> str:
        """Return how it is run."""
        own = NODE if self.path.suffix == ".cjs" else str(_near(Path(sys.executable)))
        return shlex.join((own, str(self.path)))


def programs(cast: Mapping[str, Player], folder: Path, site: str, authority: Path) -> Iterator[Program]:
    """Yield the programs that go to *site*, which shows a certificate of *authority*; they stand in *folder*."""
    place = {"site": site, "authority": str(authority)}
    for user in USERS:
        who = {"purpose": user.purpose, "key": cast[user.name].token}
        for client in CLIENTS:
            what = {"connection": client.connection, "third": user.third[client.connection]}
            text = Template(client.program).substitute(place | who | what)
            yield Program(user.name, client, folder / f"{user.name.lower()}_{client.file}", text)


def written(program: Program) -> None:
    """Write the program, which holds a key, readable by its owner only."""
    program.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = program.path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(program.text)
    aside.replace(program.path)


def _near(path: Path) -> Path:
    """Return the path as seen from here, if it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
