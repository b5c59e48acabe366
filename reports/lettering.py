"""The fonts of every paper, what they cover, and how wide and how long a text becomes in them."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import resources

REGULAR = "Papers"
BOLD = "Papers-Bold"
MONO = "Papers-Mono"
_FILES = {
    REGULAR: "fonts/DejaVuSansCondensed.ttf",
    BOLD: "fonts/DejaVuSansCondensed-Bold.ttf",
    MONO: "fonts/DejaVuSansMono.ttf",
}


@dataclass(frozen=True, slots=True)
class Style:
    """A way of lettering: font, size and line distance in points, gray from 0 (black) to 1."""

    font: str = REGULAR
    size: float = 8.0
    leading: float = 10.0
    gray: float = 0.0


BODY = Style()
STRONG = Style(BOLD)
CODE = Style(MONO, 7.2, 10.0)
SMALL = Style(REGULAR, 7.0, 8.8)
FAINT = Style(REGULAR, 7.0, 8.8, 0.35)
CAPTION = Style(BOLD, 6.3, 8.0, 0.35)
LARGE = Style(REGULAR, 10.0, 12.6)
LARGE_STRONG = Style(BOLD, 12.5, 15.0)
HEADING = Style(BOLD, 9.5, 12.0)
TITLE = Style(BOLD, 17.0, 20.0)


@cache
def font(name: str) -> Any:
    """The loaded font, registered with ReportLab under its name."""
    from io import BytesIO

    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    loaded = TTFont(name, BytesIO(resources.read(_FILES[name])))
    registerFont(loaded)
    return loaded


@cache
def _glyphs(name: str) -> frozenset[int]:
    return frozenset(code for code, glyph in font(name).face.charToGlyph.items() if glyph)


def covers(char: str, name: str = "") -> bool:
    """Whether the named font, or both the regular and the bold one, can print the character."""
    names = (name,) if name else (REGULAR, BOLD)
    return all(ord(char) in _glyphs(each) for each in names)


def capitals(text: str) -> str:
    """The text in capitals, but for letters whose capital the fonts lack: Georgian has capitals that few fonts know."""
    big = text.upper()
    if big.isascii():
        return big
    return "".join(letter.upper() if all(map(covers, letter.upper())) else letter for letter in text)


@lru_cache(maxsize=4096)
def fitting(text: str, style: Style) -> Style:
    """The style, in the regular font where its own lacks a letter of the text (only the fixed-width font does)."""
    if style.font != MONO or text.isascii() or all(covers(char, MONO) for char in text):
        return style
    return Style(REGULAR, style.size, style.leading, style.gray)


@lru_cache(maxsize=16384)
def width(text: str, name: str, size: float) -> float:
    """How wide the text is, in points."""
    face = font(name).face
    widths, default = face.charWidths, face.defaultWidth
    return float(sum(widths.get(ord(char), default) for char in text)) * size / 1000.0


@lru_cache(maxsize=8192)
def wrap(text: str, style: Style, room: float, most_lines: int = 0) -> tuple[str, ...]:
    """The text in lines no wider than ``room``; words wider than that are cut; "" becomes no line.

    With ``most_lines`` the last allowed line ends in "…" when there was more.
    """
    if not text.strip():
        return ()
    if width(text, style.font, style.size) <= room:
        return (text,)
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width(longer, style.font, style.size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, style, room)
        lines.extend(whole)
    lines.append(line)
    if most_lines and len(lines) > most_lines:
        return (*lines[: most_lines - 1], shorten(lines[most_lines - 1] + " …", style, room))
    return tuple(lines)


def shorten(text: str, style: Style, room: float) -> str:
    """The text, or its beginning with "…" where it is wider than ``room``."""
    if width(text, style.font, style.size) <= room:
        return text
    kept = len(text)
    while kept and width(text[:kept].rstrip() + "…", style.font, style.size) > room:
        kept -= 1
    return text[:kept].rstrip() + "…"


def shrunk(text: str, style: Style, room: float, least: float) -> Style:
    """The style in the largest size, from its own down to ``least``, in which the text fits the room."""
    used = width(text, style.font, style.size)
    if used <= room:
        return style
    size = round(max(least, style.size * room / used - 0.005), 2)
    return Style(style.font, size, round(size * 1.2, 2), style.gray)


def _pieces(word: str, style: Style, room: float) -> list[str]:
    """A word cut where it no longer fits; one piece for a word that does."""
    if width(word, style.font, style.size) <= room:
        return [word]
    pieces = []
    piece = ""
    for char in word:
        if piece and width(piece + char, style.font, style.size) > room:
            pieces.append(piece)
            piece = ""
        piece += char
    pieces.append(piece)
    return pieces
