"""What one contact costs a CRM's own client, beside the gateway's own interface on the same connection."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from costless_org import FIRST
from figures import Rounds, Row, Table, Target, disk, report, short
from load import wrk
from processes import Server, free_port, python, serving
from single import CONNECTIONS, CONTACT, UPSTREAM_PATH, crm

HERE = Path(__file__).parent
SHARE = 0.8
PURPOSE, CONNECTION = "service", "crm"
FIELDS = "FirstName,LastName,Email,Phone,MobilePhone,MailingStreet,MailingCity,MailingPostalCode,MailingCountry"
ORG_PATH = f"/services/data/v59.0/sobjects/Contact/{FIRST}?fields={FIELDS}"
PROPERTIES = "firstname,lastname,email,phone,mobilephone,address,city,zip,country"
OWN = "fields=first_name,last_name,email,phone,mobile,street,city,postal_code,country&include=gdpr"


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way to one contact: its *name*, the *server*, and how it is asked."""

    name: str
    server: Server
    path: str
    headers: Mapping[str, str]


@contextmanager
def org(records: int) -> Iterator[Server]:
    """Serve an org that costs nothing."""
    port = free_port()
    with serving("the org", python(HERE / "costless_org.py", port, records), port) as server:
        yield server


@contextmanager
def gateway(folder: Path, upstream: Server, adapter: str) -> Iterator[tuple[Server, str]]:
    """Start ours before *upstream*; what comes with it is the key of one agent."""
    port, tokens = free_port(), folder / f"{adapter}.key"
    where = f"http://127.0.0.1:{upstream.port}"
    command = python(HERE / "serve.py", port, where, folder / adapter, tokens, 1, adapter)
    with serving(adapter, command, port) as server:
        yield server, tokens.read_text(encoding="utf-8")


@contextmanager
def entrances(folder: Path) -> Iterator[dict[str, tuple[Entrance, Entrance]]]:
    """Return the facade's and our own entrance, by the vendor."""
    with ExitStack() as stack:
        hubspot = stack.enter_context(gateway(folder, stack.enter_context(crm(folder)), "hubspot"))
        salesforce = stack.enter_context(gateway(folder, stack.enter_context(org(1)), "salesforce"))
        yield {
            "Salesforce": (
                _theirs("Salesforce", salesforce, f"/services/data/v59.0/sobjects/Contact/{FIRST}?fields={FIELDS}"),
                _own("Salesforce", salesforce, FIRST),
            ),
            "HubSpot": (
                _theirs("HubSpot", hubspot, f"{UPSTREAM_PATH}?properties={PROPERTIES}"),
                _own("HubSpot", hubspot, CONTACT),
            ),
        }


def _theirs(name: str, gateway: tuple[Server, str], path: str) -> Entrance:
    server, key = gateway
    return Entrance(f"{name}'s facade", server, path, {"Authorization": f"Bearer {key}~{PURPOSE}~{CONNECTION}"})


def _own(name: str, gateway: tuple[Server, str], contact: str) -> Entrance:
    server, key = gateway
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": PURPOSE}
    return Entrance(f"our own, on {name}", server, f"/v1/{CONNECTION}/contacts/{contact}?{OWN}", headers)


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    timed = Rounds()
    seconds = 1 if quick else 4
    with tempfile.TemporaryDirectory(dir=disk()) as place, entrances(Path(place)) as found:
        every = [one for pair in found.values() for one in pair]
        for one in every:
            wrk(one.server, one.path, one.headers, connections=4, seconds=1)
        for _ in range(rounds):
            for one in every:
                load = wrk(one.server, one.path, one.headers, connections=CONNECTIONS, seconds=seconds)
                timed.add(one.name, throughput=load.throughput, cpu_us=load.cpu_us, p50_ms=load.p50_ms)
        return _table(timed, found)


def _table(timed: Rounds, found: Mapping[str, tuple[Entrance, Entrance]]) -> Table:
    rows, targets = [], []
    for vendor, (facade, own) in found.items():
        share = timed.median(facade.name, "throughput") / timed.median(own.name, "throughput")
        targets.append(Target(f"{vendor}: at least {SHARE} of our own interface", f"{share:.2f}", share >= SHARE))
        for one in (facade, own):
            cells = (short(timed.median(one.name, key)) for key in ("throughput", "cpu_us", "p50_ms"))
            rows.append(Row(one.name, tuple(cells), timed.raw[one.name]))
    return Table(
        title="One contact through a facade",
        method=(
            f"wrk with {CONNECTIONS} kept-alive connections on loopback, one worker a vendor. Both entrances are asked "
            "for the same nine fields of one contact with their GDPR metadata, on the same connection, whose CRM "
            "answers the same bytes at no cost."
        ),
        columns=("", "requests/s", "CPU µs a request", "p50 ms"),
        rows=tuple(rows),
        targets=tuple(targets),
    )


if __name__ == "__main__":
    report(measure)
