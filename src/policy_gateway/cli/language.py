"""The language of whoever starts the program."""

from __future__ import annotations

import os


def language() -> str:
    """Return the two letters of the language that the environment asks for; empty when it asks for none."""
    asked = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, asked), "")
    if locale in {"", "C", "POSIX"} or locale.startswith("C."):
        return ""
    return (os.environ.get("LANGUAGE") or locale)[:2].lower()
