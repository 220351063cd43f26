"""XML from strangers: a small tree, made by a parser that knows no document types, and so no entities of theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Never
from xml.parsers import expat

from policy_gateway.errors import InvalidCall

DEEPEST: Final = 20
MOST_ELEMENTS: Final = 20_000
_SEPARATOR: Final = "\n"
"""Between a namespace and a name: neither can hold it."""


@dataclass(slots=True)
class Element:
    """One element: its *namespace*, its local *name*, the *text* directly in it, and its *children*."""

    namespace: str
    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        """Return the first child called *name*, whatever its namespace; None without one."""
        return next((one for one in self.children if one.name == name), None)

    def told(self, name: str) -> str:
        """Return the text of the first child called *name*, without the spaces around it; empty without one."""
        found = self.child(name)
        return "" if found is None else found.text.strip()


class _Reader:
    """Builds the tree from expat's events."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._seen = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        namespace, _, local = name.rpartition(_SEPARATOR)
        element = Element(namespace, local)
        self._seen += 1
        if self._seen > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise _Refused
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        del name
        self._open.pop()

    def data(self, data: str) -> None:
        self._open[-1].text += data


class _Refused(Exception):
    """Raised inside of the parser, which lets it through."""


def _refuse(*_: object) -> Never:
    raise _Refused


def parsed_xml(body: bytes) -> Element:
    """Return the root of *body*; InvalidCall for what is no XML in UTF-8, has a document type, or is too much."""
    reader = _Reader()
    parser = expat.ParserCreate("UTF-8", _SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        body.decode("utf-8")  # in another encoding it would say something else to whoever looks at the bytes
        parser.Parse(body, True)  # noqa: FBT003 -- as the parser wants it: this is all
    except (expat.ExpatError, _Refused, ValueError):
        raise InvalidCall("the body is not plain XML") from None
    if reader.root is None:
        raise InvalidCall("the body is not plain XML")
    return reader.root
