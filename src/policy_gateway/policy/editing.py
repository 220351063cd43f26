"""Editing one file of a policy folder: it is written whole, and only when the folder with it would be good."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from policy_gateway.errors import Conflict, Finding, PolicyError
from policy_gateway.policy.folder import Policies
from policy_gateway.policy.sources import snapshot


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file says, or is to say: its *text*, with line feeds, and the *tag* of what it was based on."""

    text: str
    tag: str


class PolicyFile:
    """One file of the folder of *policies*, at *path* within it. Reading and writing block; let a thread do it."""

    def __init__(self, policies: Policies, path: str) -> None:
        self.path = path
        self._policies = policies
        self._writing = Lock()

    def read(self) -> Draft:
        """Return what the file says. PolicyError when it cannot be read."""
        try:
            data = self._file().read_bytes()
        except OSError as error:
            message = f"cannot be read: {type(error).__name__}"
            raise PolicyError((Finding(self.path, 1, 1, "unreadable", message),)) from None
        text = data.decode("utf-8-sig", errors="replace")
        return Draft(text.replace("\r\n", "\n"), _tag(data))

    def write(self, draft: Draft) -> None:
        """Write *draft* and put it in force.

        PolicyError, and nothing is written, when anything would be wrong with the folder; Conflict when the file is not
        what the draft was based on.
        """
        data = draft.text.replace("\r\n", "\n").encode()
        with self._writing:
            files = snapshot(self._policies.folder)
            if _tag(files.get(self.path, b"")) != draft.tag:
                raise Conflict("the file was changed meanwhile")
            self._policies.tried({**files, self.path: data})
            _replace(self._file(), data)
            self._policies.reload()

    def _file(self) -> Path:
        return self._policies.folder / self.path


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    """Put *data* where *path* is in one step: who reads the folder sees the old file or the new one."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.stat().st_mode & 0o777)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
