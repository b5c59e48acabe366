"""Every text on a paper passes here: what people typed becomes what the font can print, or a visible mark instead."""

import unicodedata
from functools import lru_cache
from xml.sax.saxutils import escape as _escape_xml

from reports.lettering import covers

SUBSTITUTE = "▯"
LONGEST_TEXT = 4000
_TO_SPACE = frozenset("\t\n\v\f\r\x85\xa0\u2028\u2029")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


@lru_cache(maxsize=8192)
def clean(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text in composed form on one line, without control, bidi and invisible characters, at most ``limit`` long.

    A text that is too long ends in "…", so that nobody takes the beginning for the whole.
    """
    if not (text.isascii() and text.isprintable()):
        composed = unicodedata.normalize("NFC", text[: 2 * limit])
        text = "".join(" " if char in _TO_SPACE else char for char in composed if _is_kept(char))
    return text if len(text) <= limit else text[: limit - 1] + "…"


@lru_cache(maxsize=8192)
def printable(text: str, limit: int = LONGEST_TEXT) -> tuple[str, str]:
    """The cleaned text with a visible mark for what the font cannot print, and those characters.

    Right-to-left letters count as not printable: drawn from left to right they would read as another name.
    """
    cleaned = clean(text, limit)
    if cleaned.isascii():
        return cleaned, ""
    missing = "".join(dict.fromkeys(char for char in cleaned if not _can_print(char)))
    shown = "".join(char if _can_print(char) else SUBSTITUTE for char in cleaned) if missing else cleaned
    return shown, missing


def escape(text: str) -> str:
    """The printable text for a Paragraph, where "<" and "&" are markup."""
    return _escape_xml(printable(text)[0])


def note_of(missing: str) -> str:
    """The sentence that says which characters a paper could not print; "" when there were none."""
    if not missing:
        return ""
    codes = " ".join(f"U+{ord(char):04X}" for char in missing[:8]) + (" …" if len(missing) > 8 else "")
    return (
        f"{SUBSTITUTE} stands for a character that this paper cannot print ({codes}). The full text is on the screen."
    )


def _is_kept(char: str) -> bool:
    return char in _TO_SPACE or not (unicodedata.category(char) in _DROPPED or "\ufe00" <= char <= "\ufe0f")


def _can_print(char: str) -> bool:
    return covers(char) and unicodedata.bidirectional(char) not in _RIGHT_TO_LEFT
