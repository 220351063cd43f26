"""What clients ask, without what they say of anybody: shapes of requests, and a pass-through that writes them down.

Nothing here knows of connections, credentials or policy: the recorder is a path to a CRM beside the gateway, for the
time before that is in place, and it sends what a client sends and nothing else.
"""

from __future__ import annotations

from policy_gateway.recording.placeholders import ANYTHING, DAY, IDENTIFIER, MOMENT
from policy_gateway.recording.queries import pairs, written
from policy_gateway.recording.recorder import Recorder, Sketch
from policy_gateway.recording.shapes import Said, Shape, client_of, sketched
from policy_gateway.recording.statements import statement
from policy_gateway.recording.templates import template

__all__ = [
    "ANYTHING",
    "DAY",
    "IDENTIFIER",
    "MOMENT",
    "Recorder",
    "Said",
    "Shape",
    "Sketch",
    "client_of",
    "pairs",
    "sketched",
    "statement",
    "template",
    "written",
]
