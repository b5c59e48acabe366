"""Finding a patient while typing: by name, number, telephone or birth date. Pure."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from infusion_desktop.dates import read_day
from infusion_desktop.errors import Refused

_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})


def plain(text: str) -> str:
    """Letters as one types them without accents: "Łukasik" as "lukasik", "O'Shaughnessy" as "oshaughnessy"."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in folded if letter.isalnum() or letter == " ")


def finder(typed: str) -> Callable[[str, str, str, str, date], bool]:
    """A test of number, last name, first name, telephone and birth date for what was typed.

    Every word typed must begin a word of the name (or the name written together), or be the number, or part of the
    telephone number (four digits or more), or the birth date. Nothing typed finds everybody.
    """
    born = _day(typed)
    if born is not None:
        return lambda number, last, first, phone, born_on: born_on == born
    digits = re.sub(r"[\s().+-]", "", typed)
    if len(digits) >= 4 and digits.isascii() and digits.isdigit():
        return lambda number, last, first, phone, born_on: digits in phone or number.endswith(digits)
    words = plain(typed.replace(",", " ").replace("-", " ")).split()

    if typed.strip() and not words:  # Marks alone are nobody's name.
        return lambda number, last, first, phone, born_on: False

    def finds(number: str, last: str, first: str, phone: str, born_on: date) -> bool:
        parts = plain(f"{last} {first}".replace("-", " ").replace(",", " ")).split()
        candidates = [number.casefold(), plain(last).replace(" ", ""), *parts]
        return all(any(part.startswith(word) for part in candidates) for word in words)

    return finds


def _day(typed: str) -> date | None:
    if not re.search(r"[/-]", typed):
        return None
    try:
        return read_day(typed)
    except Refused:
        return None
