"""The demo as somebody meets it: started, its printed requests run as they are, its rule changed, ended by Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("policy-gateway"))
TUTORIAL = ROOT / "docs/tutorial.md"
PATIENCE = 10.0
CLIENTS = ROOT / ".clients"
NODE = next(iter(sorted(CLIENTS.glob("node_modules/node-*/bin/node"))), None) or shutil.which("node")
LIBRARIES = (
    "simple_salesforce.py",
    "hubspot_api_client.py",
    *(("jsforce.cjs",) if (CLIENTS / ".ready").exists() else ()),
)
"""Whose programs can be run: those for Node where `make clients` has installed what they need."""

AGENTS_QUERY = "SELECT Id, Name, Phone, IBAN__c FROM Contact"
ENGLISH = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": ""}


@dataclass
class Demo:
    """A demo that runs: what it printed, and its process."""

    process: subprocess.Popen[str]
    folder: Path
    printed: str
    remarks: Callable[[], str]

    @property
    def site(self) -> str:
        """Return where the gateway is."""
        return re.findall(r"runs on (http://127\.0\.0\.1:\d+),", self.printed)[0]

    @property
    def curls(self) -> list[str]:
        """Return the requests that were printed."""
        return re.findall(r"^curl -s -H .*$", self.printed, re.MULTILINE)

    @property
    def secure_site(self) -> str:
        """Return where the gateway speaks TLS."""
        return re.findall(r"(https://127\.0\.0\.1:\d+)\.", self.printed)[0]

    @property
    def exported(self) -> Mapping[str, str]:
        """Return the variables by which clients trust it."""
        [line] = re.findall(r"^export (.*)$", self.printed, re.MULTILINE)
        return dict(word.split("=", 1) for word in line.split())

    @property
    def keys(self) -> Mapping[str, str]:
        """Return the colleagues' keys by their names."""
        return dict(re.findall(r"^(\w+) .* (pgw_\w+)$", self.printed, re.MULTILINE))

    def program(self, name: str) -> list[list[str]]:
        """Run the program *name* by its printed line; return what it prints: of each contact names, number and more."""
        [line] = re.findall(rf"^\S+ \S+/clients/{re.escape(name)}$", self.printed, re.MULTILINE)
        first, path = shlex.split(line)
        modules = Path(path).parent / "node_modules"
        if first == "node" and not modules.exists():
            modules.symlink_to(CLIENTS / "node_modules")  # as `npm install --prefix` does
        command = (NODE if first == "node" else first, path)
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=ROOT, env=ENGLISH | self.exported
        )
        return [row.rsplit(" ", 2) for row in done.stdout.splitlines()]

    def entries(self) -> list[dict[str, Any]]:
        """Return what ACME's journal holds, oldest first."""
        with closing(sqlite3.connect(f"file:{self.folder / 'policy-gateway.sqlite'}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT entry FROM audit_entries WHERE tenant = 'acme' ORDER BY seq")
            return [json.loads(entry)["entry"] for (entry,) in rows]

    def answers(self) -> list[dict[str, Any]]:
        """Run the printed requests as they are."""
        return [json.loads(run(line)) for line in self.curls]

    def end(self, number: signal.Signals = signal.SIGINT) -> list[str]:
        """Send a signal; return what still runs, a moment after its end, of all that the demo had started."""
        started = descendants(self.process.pid)
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        awaited(lambda: not any(map(running, started)))
        return [command for pid, command in started.items() if running(pid)]


def run(line: str) -> str:
    """Run a printed line, without a shell."""
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True, cwd=ROOT, env=ENGLISH)
    return done.stdout


def running(pid: int) -> bool:
    """Tell whether the process *pid* is there and not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> Mapping[int, str]:
    """Return the processes below *pid*, with their command lines."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            found |= descendants(child)
    return found


def start(folder: Path, tmp_path: Path) -> Demo:
    """Start the demo and return when it says how to end it."""
    errors = tmp_path / "stderr"
    with errors.open("w") as err:
        command = (PROGRAM, "demo", "--folder", str(folder), "--port", "0")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True, cwd=ROOT, env=ENGLISH)
    printed = ""
    assert process.stdout is not None
    for line in process.stdout:
        printed += line
        if "Ctrl-C" in line:
            return Demo(process, folder, printed, errors.read_text)
    process.communicate()
    raise AssertionError(f"the demo ended with {process.returncode}: {errors.read_text()}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run one demo for the tests of this file."""
    folder = tmp_path_factory.mktemp("demo")
    running_demo = start(folder / ".demo", folder)
    yield running_demo
    assert [] == running_demo.end()
    assert "Traceback" not in running_demo.remarks()


def tryton_runs(demo: Demo) -> bool:
    """Tell whether Tryton is there; when it is not, the demo has said why in one line."""
    there = "acme/tryton" in demo.printed
    said = [line for line in demo.remarks().splitlines() if line.startswith("Without Tryton: ")]
    assert there != (len(said) == 1)
    return there


class TestRequests:
    def test_four(self, demo: Demo) -> None:
        """Four requests are printed, and no two have the same answer."""
        answers = [json.dumps(answer, sort_keys=True) for answer in demo.answers()]

        assert 4 == len(answers)
        assert 4 == len(set(answers))

    def test_agent(self, demo: Demo) -> None:
        """The agent sees the phone number in clear and no IBAN, and where each value comes from."""
        contact = demo.answers()[0]

        assert contact["fields"]["phone"].startswith("+49")
        assert "phone" not in contact["masked"]
        assert "iban" in contact["withheld"]
        assert {"collected_by", "purposes", "collection_point", "storage_duration"} <= contact["_gdpr"]["phone"].keys()

    def test_another_crm(self, demo: Demo) -> None:
        """The same holds in Tryton; without it the second request shows what another purpose opens."""
        contact = demo.answers()[1]

        if tryton_runs(demo):
            assert contact["fields"]["phone"].startswith("+")
            assert "iban" in contact["withheld"]
            assert {"collected_by", "purposes", "collection_point", "storage_duration"} <= contact["_gdpr"][
                "phone"
            ].keys()
        else:
            assert "last4" == contact["masked"]["iban"]

    def test_marketer(self, demo: Demo) -> None:
        """The marketer sees who it is, and no number: that person has not agreed to be called."""
        agent, _, marketer, _ = demo.answers()

        assert agent["fields"]["name"] == marketer["fields"]["name"]
        assert {"phone", "mobile"} <= set(marketer["withheld"])

    def test_tls(self, demo: Demo) -> None:
        """The same is there over TLS, for whoever trusts the authority as it is printed, and for nobody else."""
        [line] = re.findall(r"^curl -s --cacert .*$", demo.printed, re.MULTILINE)
        stranger = shlex.split(re.sub(r"--cacert \S+ ", "", line))

        assert {"status": "ok"} == json.loads(run(line))
        assert 60 == subprocess.run(stranger, check=False, env=ENGLISH).returncode
        assert {line.split()[3]} == set(demo.exported.values())

    def test_why(self, demo: Demo) -> None:
        """The printed explanation names the rule, where it stands, and its ground."""
        [line] = re.findall(r"^\S*policy-gateway policy explain .*$", demo.printed, re.MULTILINE)
        told = run(re.sub(r"^\S+", PROGRAM, line))

        assert "withheld from" in told
        assert f"{demo.folder}/policies/law.csv:17: LAW-8" in told
        assert "Art. 6(1)(a) GDPR" in told

    def test_another_client(self, demo: Demo) -> None:
        """The other client's agent sees somebody else at the same path, and the number in part."""
        agent, _, _, other = demo.answers()

        assert agent["fields"]["name"] != other["fields"]["name"]
        assert "partial" == other["masked"]["phone"]

    def test_page(self, demo: Demo) -> None:
        """The page that is printed shows the same contact as everybody sees it."""
        name = demo.answers()[0]["fields"]["last_name"]
        with urllib.request.urlopen(f"{demo.site}/console") as answer:  # noqa: S310 -- loopback
            page = answer.read().decode()

        assert f"{demo.site}/console" in demo.printed
        assert name in page
        assert "LAW-8" in page


class TestClients:
    @pytest.mark.parametrize("name", LIBRARIES)
    def test_agent(self, demo: Demo, name: str) -> None:
        """The agent's programs show names and numbers, and no IBAN, with the vendors' own libraries."""
        rows = demo.program(f"anna_{name}")

        assert 5 == len(rows)
        assert [(True, True)] * 5 == [(phone.startswith("+49"), iban in {"None", "null"}) for _, phone, iban in rows]

    @pytest.mark.parametrize("name", LIBRARIES)
    def test_marketer(self, demo: Demo, name: str) -> None:
        """The marketer's programs show the same people, and how to reach only some of them."""
        agent, marketer = demo.program(f"anna_{name}"), demo.program(f"mara_{name}")

        assert [row[0] for row in agent] == [row[0] for row in marketer]
        assert 0 < sum(row[1] in {"None", "null"} for row in marketer)
        assert {"None", "null"} & {row[2] for row in marketer}
        assert any("@" in row[2] for row in marketer)

    def test_printed(self, demo: Demo) -> None:
        """The agent's programs are printed as they stand in their files, which only their owner can read."""
        files = sorted((demo.folder / "clients").glob("*_*.*"))
        own = [path for path in files if path.name.startswith("anna_")]

        assert (3, 6) == (len(own), len(files))
        assert {0o600} == {path.stat().st_mode & 0o777 for path in files}
        assert [True] * 3 == [f"\n{path.read_text(encoding='utf-8')}" in demo.printed for path in own]

    def test_hidden_column(self, demo: Demo) -> None:
        """A filter by the IBAN is refused as one by a column that there is not; without it the IBAN is empty."""
        told = []
        with salesforce(demo) as client:
            for column in ("IBAN__c", "Nope__c"):
                with pytest.raises(SalesforceMalformedRequest) as refused:
                    client.query(f"SELECT Id, Name, Phone FROM Contact WHERE {column} LIKE 'DE%'")
                told.append(json.dumps(refused.value.content).replace(column, "?"))
            with pytest.raises(SalesforceMalformedRequest, match="No such column 'IBAN__c' on entity 'Contact'"):
                client.query(f"{AGENTS_QUERY} WHERE IBAN__c LIKE 'DE%'")
            shown = client.query(f"{AGENTS_QUERY} LIMIT 3")["records"]
            described = {each["name"] for each in client.Contact.describe()["fields"]}

        assert told[0] == told[1]
        assert '"INVALID_FIELD"' in told[0]
        assert [(True, None)] * 3 == [(bool(row["Phone"]), row["IBAN__c"]) for row in shown]
        assert {"Phone"} == {"Phone", "IBAN__c"} & described

    def test_journal(self, demo: Demo) -> None:
        """Each attempt to use the IBAN is one entry, which names the field and the policy, and no word of the query."""
        before = len(demo.entries())
        with salesforce(demo) as client:
            with pytest.raises(SalesforceMalformedRequest):
                client.query(f"{AGENTS_QUERY} WHERE IBAN__c LIKE 'DE%'")
            client.query(f"{AGENTS_QUERY} LIMIT 3")
        filtered, selected = demo.entries()[before:]

        assert ("deny", "contact", ["iban"]) == tuple(filtered[key] for key in ("decision", "resource", "refused"))
        assert ("permit", "contact", ["iban"]) == tuple(selected[key] for key in ("decision", "resource", "withheld"))
        assert filtered["policy_version"] == selected["policy_version"]
        assert ["ACME-1"] == selected["rules"]
        assert "DE%" not in json.dumps([filtered, selected])


@contextmanager
def salesforce(demo: Demo) -> Iterator[Salesforce]:
    """Yield the agent's client, who serves a customer."""
    with requests.Session() as session:
        session.verify, session.trust_env = demo.exported["REQUESTS_CA_BUNDLE"], False
        token = f"{demo.keys['Anna']}~service~salesforce"
        yield Salesforce(instance_url=demo.secure_site, session_id=token, session=session)


class TestFolder:
    def test_edited(self, demo: Demo) -> None:
        """The tutorial's rule decides the next answer once it is written; a broken file changes nothing."""
        rules = demo.folder / "policies/tenants/acme.csv"
        before = rules.read_text(encoding="utf-8")
        [row] = re.findall(r"^p, agent, acme, phone_number, .*$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
        try:
            rules.write_text(before.replace("# end", f"{row}\n# end"), encoding="utf-8")
            assert awaited(lambda: demo.answers()[0]["masked"].get("phone") == "last4")
            rules.write_text(before.replace("allow,", "alow,", 1), encoding="utf-8")
            time.sleep(1)
            assert "last4" == demo.answers()[0]["masked"]["phone"]
        finally:
            rules.write_text(before, encoding="utf-8")
        assert awaited(lambda: "phone" not in demo.answers()[0]["masked"])

    def test_private(self, demo: Demo) -> None:
        """Keys are for their owner only, and nothing listens beyond this machine."""
        assert 0o600 == (demo.folder / "tokens.json").stat().st_mode & 0o777
        assert 0o600 == (demo.folder / "secrets/master_key").stat().st_mode & 0o777
        assert set() == {address for address in listeners(demo.process.pid) if not address.startswith("127.")}

    def test_another_demo(self, demo: Demo, tmp_path: Path) -> None:
        """A second demo in the same folder says that there is one."""
        with pytest.raises(AssertionError, match="another demo runs in"):
            start(demo.folder, tmp_path)


class TestAgain:
    def test_kept(self, tmp_path: Path) -> None:
        """A second start has the same keys, keeps edited policies, and SIGTERM ends everything as Ctrl-C does."""
        first = start(tmp_path / ".demo", tmp_path)
        assert [] == first.end(signal.SIGTERM)
        rules = tmp_path / ".demo/policies/tenants/acme.csv"
        rules.write_text(f"# mine\n{rules.read_text(encoding='utf-8')}", encoding="utf-8")
        second = start(tmp_path / ".demo", tmp_path)
        assert [] == second.end()

        assert keys(first) == keys(second)
        assert rules.read_text(encoding="utf-8").startswith("# mine\n")
        assert 0 == first.process.returncode == second.process.returncode

    def test_renewed(self, tmp_path: Path) -> None:
        """Policies that came from an older program and were not edited are renewed."""
        folder = tmp_path / ".demo"
        assert [] == start(folder, tmp_path).end()
        old = folder / "policies/tenants/acme.csv"
        shutil.rmtree(folder / "policies")
        shutil.copytree(ROOT / "policies", folder / "policies")
        old.write_text(f"# older\n{old.read_text(encoding='utf-8')}", encoding="utf-8")
        (folder / ".copied-policies").unlink()
        assert [] == start(folder, tmp_path).end()

        assert not old.read_text(encoding="utf-8").startswith("# older\n")


def keys(demo: Demo) -> list[str]:
    """Return the keys that were printed."""
    return re.findall(r"pgw_\w+", demo.printed)


def awaited(test: Callable[[], bool]) -> bool:
    """Wait until *test* holds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if test():
            return True
        time.sleep(0.1)
    return False


def listeners(pid: int) -> set[str]:
    """Return the addresses that *pid* and its descendants listen on."""
    inodes = set()
    for one in (pid, *descendants(pid)):
        for descriptor in Path(f"/proc/{one}/fd").iterdir():
            inodes |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    rows = (line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:])
    addresses = (row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes)
    return {".".join(str(byte) for byte in reversed(bytes.fromhex(address))) for address in addresses}
