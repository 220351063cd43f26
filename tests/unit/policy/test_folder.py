from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from policy_gateway.errors import PolicyError, PolicyUnavailable
from policy_gateway.model.decision import Deny, Permit
from policy_gateway.model.field import Resource
from policy_gateway.model.principal import Principal
from policy_gateway.policy import Oracle, Policies, Policy, Question, Vocabulary
from policy_gateway.policy.oracle import Sample
from policy_gateway.query import Call, Query

Files = dict[str, bytes]
Write = Callable[[Mapping[str, bytes]], Path]
CALL = Call("main", Query("contact", ("phone", "id")), "service")
DENY = b"p, *, acme, contact_data, *, deny, none, *, -, normal, -, NEW-1, law:X\n# end"


@pytest.fixture
def denying(files: Files) -> Files:
    """Return the small policy with phones and e-mail addresses denied."""
    return {**files, "tenants/acme.csv": files["tenants/acme.csv"].replace(b"# end", DENY)}


@pytest.fixture
def shows(contact: Resource, principal: Callable[..., Principal]) -> Callable[[Policy], bool]:
    """Return what tells whether an agent may see a phone under a policy."""
    agent = principal("agent")

    def shown(policy: Policy) -> bool:
        decision = policy.decide(agent, CALL, contact, {})
        return isinstance(decision, Permit) and decision.ceiling["phone"].rank > 0

    return shown


async def until(happens: Callable[[], bool]) -> bool:
    """Wait a few seconds until something happens; tell whether it did."""
    for _ in range(100):
        if happens():
            return True
        await asyncio.sleep(0.05)
    return False


class TestPolicies:
    def test_starts_with_a_good_one(self, files: Files, write: Write, vocabulary: Vocabulary) -> None:
        """There is no start without a good policy."""
        with pytest.raises(PolicyError):
            Policies(write({**files, "law.csv": b""}), vocabulary)

    def test_reload(
        self, files: Files, denying: Files, write: Write, vocabulary: Vocabulary, shows: Callable[[Policy], bool]
    ) -> None:
        """A changed folder is in force from the next call on; a call keeps the policy that it started with."""
        policies = Policies(write(files), vocabulary)
        before = policies.current()
        write(denying)
        policies.reload()
        assert (True, False) == (shows(before), shows(policies.current()))

    def test_broken(self, files: Files, write: Write, vocabulary: Vocabulary) -> None:
        """A broken folder changes nothing and says where it is broken, until it is mended."""
        policies = Policies(write(files), vocabulary)
        good = policies.current()
        write({"law.csv": files["law.csv"].replace(b"deny", b"Deny", 1)})
        policies.reload()
        assert policies.problem is not None
        assert (good, "law.csv:1") == (policies.current(), ":".join(str(policies.problem).split(":")[:2]))
        write(files)
        policies.reload()
        assert (good, None) == (policies.current(), policies.problem)

    def test_updating(self, files: Files, denying: Files, write: Write, vocabulary: Vocabulary) -> None:
        """While several files are changed together, none of it counts."""
        policies = Policies(write(files), vocabulary)
        before = policies.current()
        folder = write({**denying, ".updating": b""})
        policies.reload()
        assert before is policies.current()
        (folder / ".updating").unlink()
        policies.reload()
        assert before is not policies.current()

    def test_distrust(self, files: Files, denying: Files, write: Write, vocabulary: Vocabulary) -> None:
        """A distrusted version refuses every call, until another one is in force."""
        policies = Policies(write(files), vocabulary)
        policies.distrust(policies.current().version)
        with pytest.raises(PolicyUnavailable):
            policies.current()
        write(denying)
        policies.reload()
        assert policies.current().version

    @pytest.mark.anyio
    async def test_watch(self, files: Files, denying: Files, write: Write, vocabulary: Vocabulary) -> None:
        """A change on disk is noticed without being told."""
        policies = Policies(write(files), vocabulary)
        before = policies.current().version
        watching = asyncio.create_task(policies.watch())
        await asyncio.sleep(0.3)
        write(denying)
        changed = await until(lambda: policies.current().version != before)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert changed

    @pytest.mark.attack("J01")
    def test_writer_killed(
        self, files: Files, denying: Files, write: Write, vocabulary: Vocabulary, shows: Callable[[Policy], bool]
    ) -> None:
        """A writer killed at any offset of a file never makes an allow of a deny: the last good policy stays."""
        policies = Policies(write(denying), vocabulary)
        wrong = []
        for path in ("tenants/acme.csv", "vocabulary.csv", "law.csv"):
            offsets = {
                *range(0, len(denying[path]), 97),
                *(n + 1 for n, byte in enumerate(denying[path]) if byte == 10),
            }
            for offset in sorted(offsets - {len(denying[path])})[::2]:
                write({path: denying[path][:offset]})
                policies.reload()
                wrong += [(path, offset)] if shows(policies.current()) else []
            write(denying)
        assert [] == wrong

    @pytest.mark.attack("H19")
    def test_reload_race(
        self, files: Files, denying: Files, write: Write, vocabulary: Vocabulary, shows: Callable[[Policy], bool]
    ) -> None:
        """Decisions made while policies are swapped are those of the one or the other, never a mixture."""
        folder = write(files)
        policies = Policies(folder, vocabulary)
        expected = {policies.current().version: True}
        write(denying)
        policies.reload()
        expected[policies.current().version] = False
        wrong, decided, done = [], [0], threading.Event()

        def decide() -> None:
            while not done.is_set():
                policy = policies.current()
                decided[0] += 1
                if shows(policy) is not expected[policy.version]:
                    wrong.append(policy.version)

        threads = [threading.Thread(target=decide) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(6):
            write(files if number % 2 else denying)
            policies.reload()
        done.set()
        for thread in threads:
            thread.join()
        assert ([], True) == (wrong, decided[0] > 10)


class TestOracle:
    def test_agrees(self, files: Files, write: Write, vocabulary: Vocabulary, shows: Callable[[Policy], bool]) -> None:
        """Sampled decisions are checked by stock Casbin in another process, which agrees."""
        oracle = Oracle()
        policies = Policies(write(files), vocabulary, oracle)
        oracle.start(policies.distrust)
        for _ in range(300):
            shows(policies.current())
        waited = time.monotonic() + 20
        while oracle.checked < 2 and time.monotonic() < waited:
            time.sleep(0.05)
        oracle.stop()
        assert oracle.checked >= 2
        assert policies.current()

    def test_disagrees(self, files: Files, write: Write, vocabulary: Vocabulary) -> None:
        """A decision that stock Casbin would not make puts its version out of force."""
        oracle = Oracle()
        policies = Policies(write(files), vocabulary, oracle)
        oracle.start(policies.distrust)
        version = policies.current().version
        question = Question(frozenset({"agent"}), "acme", "view", "service")
        oracle.check(Sample(version, question, ("contact.iban",), {}, pending=True, level="clear"))
        waited = time.monotonic() + 20
        while oracle.checked < 1 and time.monotonic() < waited:
            time.sleep(0.05)
        oracle.stop()
        with pytest.raises(PolicyUnavailable):
            policies.current()

    def test_comes_back(self, write: Write, files: Files, vocabulary: Vocabulary) -> None:
        """A version that comes back after others is checked by the same process, which knows only the last ones."""
        oracle = Oracle()
        policies = Policies(write(files), vocabulary, oracle)
        oracle.start(policies.distrust)
        question = Question(frozenset({"agent"}), "acme", "view", "service")
        drafts = [{**files, "group.csv": b"#" * comment + b"\n" + files["group.csv"]} for comment in range(3)]
        bundles = [policies.tried(draft).bundle for draft in drafts]
        for number, bundle in enumerate((*bundles, bundles[0]), start=1):
            oracle.teach(bundle)
            oracle.check(Sample(bundle.version, question, ("contact.iban",), {}, pending=True, level="none"))
            waited = time.monotonic() + 5
            while oracle.checked < number and time.monotonic() < waited:
                time.sleep(0.01)
        oracle.stop()
        assert 4 == oracle.checked

    def test_bounded(self) -> None:
        """When too many samples wait, more are dropped rather than kept."""
        oracle = Oracle()
        question = Question(frozenset(), "acme", "view", "service")
        for _ in range(1000):
            oracle.check(Sample("v", question, (), {}, pending=False, level="none"))
        assert 1000 - 256 == oracle.dropped

    def test_dies_with_its_parent(self, files: Files, write: Write) -> None:
        """However the gateway ends, the oracle's process ends too."""
        script = Path(__file__).with_name("oracle_parent.py")
        folder = write(files)
        parent = subprocess.Popen([sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        waited = time.monotonic() + 10
        while running(child) and time.monotonic() < waited:
            time.sleep(0.05)
        assert not running(child)


def running(process: int) -> bool:
    """Tell whether *process* still runs (a zombie that nobody has collected does not)."""
    try:
        os.kill(process, 0)
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_deny_is_a_deny(
    denying: Files, write: Write, vocabulary: Vocabulary, contact: Resource, principal: Callable[..., Principal]
) -> None:
    """The fixture's deny hides what was shown before."""
    policy = Policies(write(denying), vocabulary).current()
    assert isinstance(
        policy.decide(principal("agent"), Call("main", Query("contact", ("phone",)), "service"), contact, {}), Deny
    )
