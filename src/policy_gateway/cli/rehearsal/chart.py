"""Bar charts as SVG: what becomes of the requests, and what they cost. States differ by pattern and word, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

LABELS: Final = 190
WIDTH: Final = 560
COUNTS: Final = 90
ROW: Final = 30
BAR: Final = 18

PATTERNS: Final = """<defs>
<pattern id="p-narrowed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" class="narrowed-ground"/><line x1="0" y1="0" x2="0" y2="6" class="narrowed-line"/></pattern>
<pattern id="p-unserved" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" class="bad-ground"/><circle cx="3" cy="3" r="1.4" class="bad-dot"/></pattern>
</defs>"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its *label*, its *parts* (a class of the style sheet and a length), and what is *written* behind it."""

    label: str
    parts: Sequence[tuple[str, float]]
    written: str
    mark: float = 0.0

    @property
    def length(self) -> float:
        """Return the length of all parts."""
        return sum(length for _, length in self.parts)


def chart(bars: Sequence[Bar], title: str) -> str:
    """Return *bars* below each other, all to one scale; a *mark* is a line across its bar."""
    longest = max((max(bar.length, bar.mark) for bar in bars), default=0.0) or 1.0
    height, whole = ROW * len(bars) + 4, LABELS + WIDTH + COUNTS
    rows = "".join(_row(bar, place * ROW + 4, WIDTH / longest) for place, bar in enumerate(bars))
    return (
        f'<div class=wide><svg viewBox="0 0 {whole} {height}" role="img" aria-label="{escape(title)}" class="chart">'
        f"<title>{escape(title)}</title>{PATTERNS}{rows}</svg></div>"
    )


def _row(bar: Bar, top: int, scale: float) -> str:
    return "".join(_pieces(bar, top, scale))


def _pieces(bar: Bar, top: int, scale: float) -> Iterator[str]:
    middle = top + BAR - 5
    yield f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end" class="label">{escape(bar.label)}</text>'
    left = float(LABELS)
    for name, length in bar.parts:
        if length:
            wide = length * scale
            yield f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{BAR}" class="{name}"/>'
            left += wide
    at = LABELS + bar.mark * scale
    yield f'<text x="{max(left, at) + 6:.1f}" y="{middle}" class="count">{escape(bar.written)}</text>'
    if bar.mark:
        yield f'<line x1="{at:.1f}" y1="{top - 3}" x2="{at:.1f}" y2="{top + BAR + 3}" class="mark"/>'


def stacked(label: str, counts: Mapping[str, int]) -> Bar:
    """Return a bar of as many parts as there are *counts*, its sum behind it."""
    return Bar(label, [(name, float(count)) for name, count in counts.items()], str(sum(counts.values())))
