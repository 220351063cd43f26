"""The files of a policy folder, taken as they are at one moment."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Mapping
from pathlib import Path

from policy_gateway.errors import Finding, PolicyError
from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.rows import decoded_text, whole

MODEL_FILE, VOCABULARY_FILE = "model.conf", "vocabulary.csv"
LAW_FILE, GROUP_FILE = "law.csv", "group.csv"
PURPOSES_FILE, INSTRUCTIONS_FILE = "purposes.yaml", "instructions.yaml"
NEEDED = (MODEL_FILE, VOCABULARY_FILE, LAW_FILE, GROUP_FILE, PURPOSES_FILE, INSTRUCTIONS_FILE)
UPDATING = ".updating"
"""While a file of this name stands in the folder, several files are being changed together: nothing is loaded."""
_IGNORED = ("README*", "*.md", "*/README*", ".*", "*/.*")
_CASES = ("cases/*.csv", "cases/*.yaml")
_TENANTS = ("tenants/*.csv", "tenants/*.yaml")


def snapshot(folder: Path) -> Mapping[str, bytes]:
    """Return the bytes of each file by its path within *folder*. Raises PolicyError when it cannot be read."""
    if (folder / UPDATING).exists():
        message = f"`{UPDATING}` says that the folder is being changed"
        raise PolicyError((Finding(UPDATING, 1, 1, "updating", message, "remove it when the change is complete"),))
    try:
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    except OSError as error:
        raise PolicyError((Finding(".", 1, 1, "unreadable", f"cannot be read: {type(error).__name__}"),)) from None


class Sources:
    """The texts of a snapshot, complete and decoded; what is wrong with them becomes findings."""

    def __init__(self, files: Mapping[str, bytes], findings: Findings) -> None:
        self._texts: dict[str, str] = {}
        self._cases: dict[str, str] = {}
        for path, data in sorted(files.items()):
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in _IGNORED):
                continue
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in (*NEEDED, *_TENANTS, *_CASES)):
                self._take(path, data, findings)
            else:
                findings.say(Spot(path), "unknown-file", "this file is not part of a policy", meant(path, NEEDED))
        for path in NEEDED:
            if path not in files:
                findings.say(Spot(path), "missing-file", "the file is missing")
        self.tenants = frozenset(self._stems(".yaml") | self._stems(".csv"))
        for tenant in sorted(self.tenants):
            for path in (f"tenants/{tenant}.csv", f"tenants/{tenant}.yaml"):
                if path not in files:
                    findings.say(Spot(path), "missing-file", f"`{tenant}` needs this file too")
        if not self.tenants:
            suggestion = "add `tenants/<tenant>.yaml` and `.csv`"
            findings.say(Spot("tenants"), "missing-file", "there is no tenant", suggestion)

    def _take(self, path: str, data: bytes, findings: Findings) -> None:
        text = decoded_text(path, data, findings)
        if text is None:
            return
        if path.startswith("cases/"):
            self._cases[path] = text
            return
        if not text.strip():
            findings.say(Spot(path), "empty", "the file is empty")
            return
        if path == MODEL_FILE or whole(path, text, findings):
            self._texts[path] = text

    def _stems(self, suffix: str) -> set[str]:
        paths = (path for path in self._texts if path.startswith("tenants/") and path.endswith(suffix))
        return {path.removeprefix("tenants/").removesuffix(suffix) for path in paths}

    def text(self, path: str) -> str | None:
        """Return the text of the file at *path*; None when it is missing or cannot be used."""
        return self._texts.get(path)

    @property
    def cases(self) -> Mapping[str, str]:
        """Return the texts of expected decisions by path."""
        return self._cases

    @property
    def version(self) -> str:
        """Return the SHA-256 of everything that the folder says, in hex: encodings and line ends do not count."""
        digest = hashlib.sha256()
        for path, text in sorted({**self._texts, **self._cases}.items()):
            digest.update(f"{len(path)}:{path}{len(text)}:{text}".encode())
        return digest.hexdigest()
