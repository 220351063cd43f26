"""An entry on its way to the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Finish = Callable[[Mapping[str, str]], bytes]


@dataclass(slots=True)
class Draft:
    """What the journal numbers, salts and keeps.

    *names* need pseudonyms; *doubtful* ones are used only if they have one. *finish* makes the entry's bytes from the
    pseudonyms; *body* is that result, if the pseudonyms were known beforehand, at the time of *generation*. *remark*
    is sealed text to keep beside the entry.
    """

    tenant: str
    correlation: str
    kind: str
    time: int
    finish: Finish
    names: Sequence[str] = ()
    doubtful: Sequence[str] = ()
    body: bytes | None = None
    generation: int = 0
    remark: bytes | None = None
