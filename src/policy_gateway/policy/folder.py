"""The policy in force: read from a folder, replaced atomically, kept when the folder breaks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

from watchfiles import awatch

from policy_gateway.errors import Finding, PolicyError, PolicyUnavailable
from policy_gateway.policy.compiled import NotCompilableError
from policy_gateway.policy.oracle import Oracle
from policy_gateway.policy.policy import Policy
from policy_gateway.policy.reader import read_files
from policy_gateway.policy.rulebook import Check
from policy_gateway.policy.selftest import self_test
from policy_gateway.policy.sources import snapshot
from policy_gateway.policy.vocabulary import Vocabulary

QUIET_MILLISECONDS = 200
"""Files that change together are read together: how long the folder must rest first."""
POLL_SECONDS = 2.0
"""How often the files' times are looked at, for file systems that report no changes."""
LOOKS = 50
"""How often a folder that keeps changing is looked at before it is given up for now."""


class Policies:
    """The policy of a *folder*. A call pins what :meth:`current` returned; a swap never changes it.

    *problem* is what is wrong with the folder now, while the last good policy stays in force. Raises PolicyError at
    once when there is no good policy to start with. An *oracle* is given decisions to check; start it with
    :meth:`distrust`.
    """

    def __init__(self, folder: Path, vocabulary: Vocabulary, oracle: Oracle | None = None) -> None:
        self.folder = folder
        self.problem: PolicyError | None = None
        self._vocabulary = vocabulary
        self._oracle = oracle
        self._distrusted: frozenset[str] = frozenset()
        self._loading = Lock()
        self._current = self._load()
        self._seen = _times(folder)

    def current(self) -> Policy:
        """Return the policy in force. Raises PolicyUnavailable when it is distrusted."""
        policy = self._current
        if policy.version in self._distrusted:
            raise PolicyUnavailable
        return policy

    def reload(self) -> None:
        """Read the folder again and put it in force; if anything is wrong, say so in *problem* and keep what was."""
        with self._loading:
            self._seen = _times(self.folder)
            try:
                policy = self._load()
            except PolicyError as error:
                self.problem = error
                return
            self.problem = None
            if policy.version != self._current.version:
                self._current = policy

    def tried(self, files: Mapping[str, bytes]) -> Policy:
        """Return the policy that *files* make, without putting it in force. PolicyError with all that is wrong."""
        return self._made(files, None)

    def distrust(self, version: str) -> None:
        """Refuse all calls under *version* from now on: it was seen to decide otherwise than it says."""
        self._distrusted |= {version}

    async def watch(self) -> None:
        """Reload whenever the folder changes, until cancelled."""
        polling = asyncio.create_task(self._poll())
        try:
            async for _ in awatch(self.folder, watch_filter=None, debounce=QUIET_MILLISECONDS, step=50):
                await asyncio.to_thread(self.reload)
        finally:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if await asyncio.to_thread(_times, self.folder) != self._seen:
                await asyncio.to_thread(self.reload)

    def _load(self) -> Policy:
        policy = self._made(_settled(self.folder), self._oracle.check if self._oracle else None)
        if self._oracle:
            self._oracle.teach(policy.bundle)
        return policy

    def _made(self, files: Mapping[str, bytes], check: Check | None) -> Policy:
        bundle = read_files(files, self._vocabulary)
        try:
            policy = Policy(bundle, self._vocabulary, check)
            self_test(policy.rulebook)
        except NotCompilableError as error:
            raise PolicyError((Finding("model.conf", 1, 1, "model", str(error)),)) from None
        return policy


def _settled(folder: Path) -> Mapping[str, bytes]:
    """Return the files of *folder* as two looks at it agree they are: two states of it are never mixed."""
    files = snapshot(folder)
    for _ in range(LOOKS):
        again = snapshot(folder)
        if again == files:
            return files
        files = again
    raise PolicyError((Finding(".", 1, 1, "changing", "the files keep changing"),))


def _times(folder: Path) -> str:
    digest = hashlib.sha256()
    with suppress(OSError):
        for path in sorted(folder.rglob("*")):
            status = path.stat()
            digest.update(f"{path}|{status.st_mtime_ns}|{status.st_size}|{status.st_ino}".encode())
    return digest.hexdigest()
