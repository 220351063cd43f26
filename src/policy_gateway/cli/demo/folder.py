"""The demo's own folder: made at the first start, kept for the next one; what somebody edited in it is not touched."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from policy_gateway.cli.exits import UsageError
from policy_gateway.cli.init import prepared, shipped_policies
from policy_gateway.cli.terminal import Terminal

SETTINGS: Final = """
# The demo's CRMs are on this machine.
upstream_allowed = ["127.0.0.1"]
log_level = "warning"
"""
_COPIED: Final = ".copied-policies"
_TOKENS: Final = "tokens.json"
_LOCK: Final = ".lock"


@contextmanager
def locked(folder: Path, terminal: Terminal) -> Iterator[None]:
    """Keep *folder* to this process. The lock ends with the process, however that ends: none is ever stale."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            if taken.errno not in {errno.EACCES, errno.EAGAIN}:
                raise
            raise UsageError(terminal.texts("demo.locked", folder=folder)) from None
        yield


def made(folder: Path, terminal: Terminal) -> None:
    """Make what is missing in *folder*, and renew its policies unless somebody has edited them."""
    prepared(folder, terminal, SETTINGS)
    shipped, copy, note = shipped_policies(), folder / "policies", folder / _COPIED
    newest, there = _digest(shipped), _digest(copy)
    copied = note.read_text(encoding="utf-8") if note.exists() else there
    if there == copied and there != newest:
        shutil.rmtree(copy)
        shutil.copytree(shipped, copy)
        copied = newest
    elif newest not in {there, copied}:
        terminal.remark("demo.edited", folder=copy)
    note.write_text(copied, encoding="utf-8")


def tokens(folder: Path) -> Mapping[str, str]:
    """Return the keys of the last start, by principal; what they are still good for is not known."""
    try:
        found = json.loads((folder / _TOKENS).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(who): str(key) for who, key in found.items()} if isinstance(found, dict) else {}


def keep_tokens(folder: Path, keys: Mapping[str, str]) -> None:
    """Keep *keys* for the next start, readable by their owner only."""
    aside = folder / f"{_TOKENS}.new"
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(keys), file, indent=1)
    aside.replace(folder / _TOKENS)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
