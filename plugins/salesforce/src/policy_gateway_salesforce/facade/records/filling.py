"""References of one part of a composite to what an earlier one was answered: ``@{contact.records[0].Id}``.

They are filled in from answers, so only what was released can be referred to, and behind the taking apart of a URL,
so no value becomes a part of a path or a parameter of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.refusals import Refusal

_REFERENCE: Final = re.compile(
    r"@\{([A-Za-z][A-Za-z0-9_]{0,79})((?:\.[A-Za-z_][A-Za-z0-9_]{0,79}|\[[0-9]{1,6}\]){0,10})\}", re.ASCII
)
_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]", re.ASCII)
_ERROR: Final = 300

Known = Mapping[str, Answer]


def escaped(url: str) -> str:
    """Return *url* with its references, and its spaces, encoded, so that it can be taken apart."""
    coded = _REFERENCE.sub(lambda found: "".join(f"%{ord(char):02X}" for char in found[0]), url)
    return coded.replace(" ", "%20")


def filled(document: Json, known: Known) -> Json:
    """Return *document* with what its texts refer to; a text that is one reference becomes the value itself."""
    match document:
        case str():
            whole = _REFERENCE.fullmatch(document)
            return _value(whole, known) if whole is not None else filled_text(document, known)
        case list():
            return [filled(item, known) for item in document]
        case dict():
            return {name: filled(item, known) for name, item in document.items()}
        case _:
            return document


def filled_text(text: str, known: Known) -> str:
    """Return *text* with what it refers to."""
    return _REFERENCE.sub(lambda found: _written(_value(found, known)), text)


def _value(found: re.Match[str], known: Known) -> Json:
    """Return the value that a reference means; refused when there is none, or it is no single value."""
    answer = known.get(found[1])
    value: Json = None
    if answer is not None and answer.status < _ERROR and isinstance(answer.body, dict | list):
        value = answer.body
    for name, index in _STEP.findall(found[2]):
        match value:
            case dict() if name:
                value = value.get(name)
            case list() if index and int(index) < len(value):
                value = value[int(index)]
            case _:
                value = None
    if value is None or isinstance(value, dict | list):
        said = found[0][2:-1]
        message = f"Invalid reference specified. No value for {said} found in {found[1]}"
        raise Refusal(400, "PROCESSING_HALTED", message)
    return value


def _written(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
