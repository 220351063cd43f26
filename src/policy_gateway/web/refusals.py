"""Refusals that only our own HTTP knows; :mod:`policy_gateway.wire.refusals` has those that facades share.

::

    Refused
    ├── NotAcceptable         the caller wants no JSON
    ├── HeadersTooMany        more header lines than any client needs
    ├── Forged                a form that did not come from our own page
    └── InvalidCall
        ├── HostRefused       a Host that the gateway does not answer to
        ├── Smuggled          a message whose end two parsers could see in two places
        ├── UseSearch         personal data would stand in a URL
        └── Malformed         several things are wrong with a body, each with its pointer
"""

from __future__ import annotations

from dataclasses import dataclass

from policy_gateway.errors import InvalidCall, Refused


class NotAcceptable(Refused):
    """The caller accepts no JSON, and there is no second serializer."""

    code = "not-acceptable"
    summary = "answers are application/json"


class Forged(Refused):
    """A form that another site, or nobody's page, has sent."""

    code = "forged"
    summary = "this form did not come from this page; nothing was changed"


class HeadersTooMany(Refused):
    """More header lines than any client needs."""

    code = "headers-too-large"
    summary = "there are too many headers"


class HostRefused(InvalidCall):
    """The Host is missing, doubled, malformed, or none that the gateway answers to."""

    code = "host-refused"
    summary = "the gateway does not answer to this host"


class Smuggled(InvalidCall):
    """Content-Length and Transfer-Encoding disagree about where the message ends."""

    summary = "send either Content-Length or Transfer-Encoding, once"


class UseSearch(InvalidCall):
    """Values of personal fields do not belong into URLs, which end up in logs."""

    code = "use-search"
    summary = "filter by personal fields with POST …/search: URLs end up in logs"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a body: where (an RFC 6901 pointer), and what."""

    pointer: str
    detail: str


class Malformed(InvalidCall):
    """Several things are wrong with a body."""

    def __init__(self, flaws: tuple[Flaw, ...]) -> None:
        super().__init__()
        self.flaws = flaws
