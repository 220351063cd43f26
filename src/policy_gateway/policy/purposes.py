"""Reading ``purposes.yaml``, which alone defines purposes; their hierarchy is ``broader:``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from policy_gateway.policy.bundle import Link, Place, Purpose
from policy_gateway.policy.dialect import LEGAL_BASES
from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.forms import Form
from policy_gateway.policy.tree import Node
from policy_gateway.policy.words import NAME

_KEYS = ("broader", "legal_basis", "retention", "dpv", "label")
_PERIOD = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?")
_LANGUAGES = ("de", "en")


def period(text: str) -> bool:
    """Tell whether *text* is an ISO 8601 period of days or more: ``P3Y``, ``P6M``."""
    return _PERIOD.fullmatch(text) is not None


def read_purposes(node: Node, findings: Findings) -> Mapping[str, Purpose]:
    """Return the purposes by name; leaves need a legal basis and a retention."""
    document = Form(node, findings)
    purposes = {name: _purpose(name, document, findings) for name in document}
    broader = {purpose.broader for purpose in purposes.values()}
    for name, purpose in purposes.items():
        spot = document.place(name)
        if purpose.broader and purpose.broader not in purposes:
            message = f"`{purpose.broader}` is not a known purpose"
            findings.say(spot, "unknown-purpose", message, meant(purpose.broader, purposes))
        if name not in broader:
            document.form(name).only(_KEYS, needed=("legal_basis", "retention"))
    return purposes


def purpose_links(purposes: Mapping[str, Purpose]) -> tuple[Link, ...]:
    """Return the ``g4`` links that ``broader:`` stands for."""
    return tuple(
        Link("g4", purpose.name, purpose.broader, "", purpose.place)
        for purpose in purposes.values()
        if purpose.broader in purposes
    )


def _purpose(name: str, document: Form, findings: Findings) -> Purpose:
    spot = document.place(name)
    if not NAME.fullmatch(name):
        findings.say(spot, "name", f"`{name}` is not a plain word", "use lower-case letters, digits and `_`")
    form = document.form(name)
    form.only(_KEYS, needed=("label",))
    labels = form.texts("label")
    if labels and set(labels) != set(_LANGUAGES):
        findings.say(Spot(spot.path, form.place("label").line), "label", "a label is needed in German and English")
    basis = form.text("legal_basis", check=LEGAL_BASES.__contains__, kind="legal basis of Art. 6(1) GDPR")
    retention = form.text("retention", check=period, kind="period such as `P3Y`")
    place = Place(spot.path, spot.line)
    return Purpose(name, form.text("broader"), basis, retention, form.text("dpv"), labels, place)
