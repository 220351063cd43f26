"""Text into tokens, in one pass; the cursor that parsers read them with.

A path with its dots is one token, so that ``Account . Name`` is not understood. Only ASCII makes names, so that no
letter looks like another one.
"""

from __future__ import annotations

import re
from typing import Final, Never

from policy_gateway_salesforce.soql.errors import MALFORMED_QUERY, SoqlError, place

LENGTH: Final = 131_072
"""The longest text that is read, in characters (the vendor's own limit is 100,000)."""

PATH: Final = 1
STRING: Final = 2
NUMBER: Final = 3
DATE: Final = 4
CURRENCY: Final = 5
SYMBOL: Final = 6
UNKNOWN: Final = 7
END: Final = 8

_TOKEN: Final = re.compile(
    r"""[ \t\r\n\f]*+
    (?:([A-Za-z]\w*+(?:\.[A-Za-z]\w*+)*+(?![\w.]))
    |('(?:[^'\\\x00-\x08\x0a-\x1f]++|\\[^\n\r])*+')
    |([+-]?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.:-]))
    |([0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[zZ]|[+-][0-9]{2}:?[0-9]{2}))?(?![\w.:+-]))
    |([A-Z]{3}[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.]))
    |([(),]|[<>!]=|<>|[=<>:])
    |(.)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)

_UNREADABLE: Final = {
    "*": ("star", "'*' selects nothing here: name the fields"),
    ";": ("semicolon", "one query at a time: ';' is not known"),
    "/": ("comment", "comments are not known"),
    "-": ("comment", "comments are not known"),
    "'": ("string", "a text is not closed, or has a line break or a control character in it"),
    '"': ("quote", "texts stand in single quotes"),
}


class Cursor:
    """Tokens and where we are in them; every refusal has the place of a token."""

    __slots__ = ("_code", "_offset", "_whole", "at", "kinds", "starts", "texts")

    def __init__(self, text: str, *, code: str = MALFORMED_QUERY, offset: int = 0) -> None:
        """Read the tokens of *text* from *offset* on; SoqlError with *code* where there is none that is known."""
        self._whole = text
        self._code = code
        self.at = 0
        self.kinds: list[int] = []
        self.texts: list[str] = []
        self.starts: list[int] = []
        if len(text) > LENGTH:
            self.refuse(f"more than {LENGTH} characters", "length", at=0)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            self.refuse("half of a character", "character", at=error.start)
        self._read(text.rstrip(" \t\r\n\f"), offset)

    def _read(self, text: str, offset: int) -> None:
        """Take *text* apart; each token is found where the last one ended, so that nothing is read twice."""
        kinds, texts, starts = self.kinds, self.texts, self.starts
        for match in _TOKEN.finditer(text, offset):
            kind = match.lastindex or UNKNOWN
            start, end = match.span(kind)
            if kind == UNKNOWN:
                self._unreadable(text, start)
            kinds.append(kind)
            texts.append(text[start:end])
            starts.append(start)
        kinds.append(END)
        texts.append("")
        starts.append(len(text))

    def _unreadable(self, text: str, start: int) -> Never:
        char = text[start]
        refusal, message = _UNREADABLE.get(char, ("character", "a character that is not known here"))
        if char.isascii() and (char.isalnum() or char in "+-") and not text.startswith("--", start):
            refusal, message = "word", "neither a name nor a number nor a date"
        self.refuse(message, refusal, at=start)

    def refuse(self, message: str, refusal: str, *, at: int | None = None) -> Never:
        """Raise the refusal of the present token, or of the character *at*."""
        where = self.starts[self.at] if at is None else at
        raise SoqlError(message, place(self._whole, where), self._code, refusal)

    def unexpected(self, wanted: str) -> Never:
        """Raise the refusal of a token that is not the *wanted* one."""
        if self.texts[self.at] == ":":
            self.refuse("a bind variable has no meaning outside of Apex", "bind")
        if self.word() == "AS":
            self.refuse("an alias follows its field without AS", "as")
        found = "the end" if self.kinds[self.at] == END else "something else"
        self.refuse(f"expected {wanted}, found {found}", "syntax")

    @property
    def start(self) -> int:
        """Return how many characters stand before the present token."""
        return self.starts[self.at]

    def word(self) -> str:
        """Return the present token in upper case, empty when it is no name (a keyword has no dots)."""
        return self.texts[self.at].upper() if self.kinds[self.at] == PATH else ""

    def ahead(self, text: str, far: int = 1) -> bool:
        """Tell whether the symbol *text* comes *far* tokens after the present one."""
        at = self.at + far
        return at < len(self.texts) and self.kinds[at] == SYMBOL and self.texts[at] == text

    def keyword(self, *words: str) -> bool:
        """Skip *words*, one after the other, if they are what comes; the first one decides, the rest is then due."""
        if self.word() != words[0]:
            return False
        self.at += 1
        for word in words[1:]:
            if self.word() != word:
                self.unexpected(word)
            self.at += 1
        return True

    def symbol(self, text: str) -> bool:
        """Skip the symbol *text* if it comes."""
        if self.texts[self.at] == text and self.kinds[self.at] == SYMBOL:
            self.at += 1
            return True
        return False

    def due(self, text: str) -> None:
        """Skip the symbol *text*, which has to come."""
        if not self.symbol(text):
            self.unexpected(f"'{text}'")

    def ended(self) -> None:
        """Refuse whatever comes after the end."""
        if self.kinds[self.at] != END:
            self.unexpected("the end")
