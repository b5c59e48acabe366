"""GS1 element strings, as on supplies, drugs and pumps: (01) item, (10) lot, (17) expiry, (21) serial number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import gtin14, gtin_check_digit
from infusion_desktop.stock.scanning.scan_values import (
    Scan,
    ScanKind,
    four_digit_year,
    last_day_of,
    refused,
    shown,
)

if TYPE_CHECKING:
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

SEPARATOR = "\x1d"
"""FNC1 as a scanner types it (ASCII group separator, which is also Ctrl and ])."""
SCAN_AGAIN = "Scan it again, or type lot, expiry date and serial number from the label."
SEND_SEPARATORS = (
    "Type lot, expiry date and serial number from the label, and check on the scanner test page "
    "that the scanner sends the separator."
)
# Fields that stand beside lot and serial on medical labels (FDA's UDI rule and GS1's healthcare guideline). A lost
# separator is looked for before these only: with the company-internal 91 to 99 every second lot would be in doubt.
_LIKELY_NEXT = ("10", "11", "13", "15", "16", "17", "21", "30", "240", "241", "250", "251", "7003")
_GTIN, _LOT, _SERIAL, _QUANTITY = "01", "10", "21", "30"
_MADE, _EXPIRES, _EXPIRES_AT = "11", "17", "7003"
_BRACKETED = re.compile(r"\((\d{2,4})\)")
_NOT_ON_LABELS = re.compile(r"[^!%-?A-Z_a-z\"\x1d]")  # outside GS1's 82 characters (General Specifications, 7.11)


@dataclass(frozen=True, slots=True)
class Element:
    """One field of a code: its application identifier and its value."""

    ai: str
    value: str


def build(elements: Sequence[tuple[str, str]], separator: str = SEPARATOR) -> str:
    """The element string that a label encodes: a separator after each field that needs one, but not at the end."""
    parts = []
    for place, (ai, value) in enumerate(elements):
        field = _known(ai)
        if field is None or not re.fullmatch(field.pattern, ai + value, re.ASCII):
            raise ValueError(f"({ai}) does not take this value")
        last = place == len(elements) - 1
        parts.append(ai + value + (separator if field.separator_required and not last else ""))
    return "".join(parts)


def read_elements(text: str, today: date, *, separators_proven: bool = False) -> Scan:
    """The facts in an element string whose separators are ``SEPARATOR``, or Refused.

    A field of variable length ends only at a separator or at the end. Where no separator came at all and the scanner
    has not been proven to send it, a value that could as well be two fields is refused: half of it would be wrong.
    """
    _refuse_strange(text)
    body = text.strip(SEPARATOR)
    chunks = [chunk for chunk in body.split(SEPARATOR) if chunk]
    trusted = separators_proven or len(chunks) > 1
    elements = [element for chunk in chunks for element in _cut(text, chunk, trusted)]
    return _scan(text, elements, today)


def read_bracketed(text: str, today: date) -> Scan:
    """The facts in the text printed under a code, its identifiers in brackets, or Refused."""
    _refuse_strange(text.replace(" ", ""))
    plain = re.sub(r" *(\(\d{2,4}\)) *", r"\1", text.strip()).rstrip(SEPARATOR)
    starts = [match for match in _BRACKETED.finditer(plain) if _known(match[1])]
    if not starts or starts[0].start() != 0:
        raise refused(text, "the number in its first brackets is not one that labels use", SCAN_AGAIN)
    ends = [*(match.start() for match in starts[1:]), len(plain)]
    elements = []
    for match, end in zip(starts, ends, strict=True):
        value = plain[match.end() : end].rstrip(SEPARATOR)
        field = _known(match[1])
        if field is None or not value or not re.fullmatch(field.pattern, match[1] + value, re.ASCII):
            raise refused(text, f"({match[1]}) “{shown(value)}” has a wrong length or a wrong character", SCAN_AGAIN)
        if _two_labels(value):
            raise refused(text, "two labels ran into one", "Scan one label at a time.")
        elements.append(Element(match[1], value))
    return _scan(text, elements, today)


def begins_like_elements(text: str) -> bool:
    """Whether text without any mark of a GS1 code reads like one: it begins with (01), or a date and a next field."""
    if re.match(r"01\d{14}", text, re.ASCII):
        return True
    first = re.match(r"1[1357](\d\d(0[1-9]|1[0-2])([0-2]\d|3[01]))(10|11|17|21|30)[!-z]", text, re.ASCII)
    return first is not None


@cache
def _table() -> Mapping[str, "GS1ApplicationIdentifier"]:
    from biip import ParseError
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

    table = {}
    for number in (*(f"{n:02}" for n in range(100)), *(f"{n:03}" for n in range(1000)), *_four_digits()):
        try:
            field = GS1ApplicationIdentifier.extract(number)
        except ParseError:
            continue
        if field.ai == number:
            table[number] = field
    return table


def _four_digits() -> list[str]:
    return [f"{n:04}" for n in (*range(3100, 4000), *range(4300, 4400), *range(7000, 9000))]


def _known(ai: str) -> "GS1ApplicationIdentifier | None":
    return _table().get(ai)


def _field_at(text: str) -> "GS1ApplicationIdentifier | None":
    return next((field for width in (2, 3, 4) if (field := _known(text[:width])) is not None), None)


def _refuse_strange(text: str) -> None:
    if strange := _NOT_ON_LABELS.search(text):
        letter = strange[0]
        name = f"“{letter}”" if letter.isprintable() and letter != " " else f"a character ({ord(letter):#04x})"
        raise refused(
            text,
            f"it contains {name}, which these labels cannot hold",
            f"If the scanner types it for the separator, set it on the scanner test page. {SCAN_AGAIN}",
        )


def _cut(text: str, chunk: str, trusted: bool) -> list[Element]:
    """The fields of a piece between separators: any of fixed length, then at most one that runs to its end."""
    elements: list[Element] = []
    rest = chunk
    while rest:
        field = _field_at(rest)
        if field is None:
            raise refused(text, f"no field of a label begins with “{shown(rest)}”", SCAN_AGAIN)
        width = _fixed_width(field)
        piece = rest if width is None else rest[:width]
        if not re.fullmatch(field.pattern, piece, re.ASCII) or len(piece) == len(field.ai):
            raise refused(text, _misfit(field, piece), SCAN_AGAIN if width else SEND_SEPARATORS)
        value = piece[len(field.ai) :]
        if width is None:
            _refuse_doubt(text, field.ai, value, trusted)
        elements.append(Element(field.ai, value))
        rest = rest[len(piece) :]
    return elements


def _fixed_width(field: "GS1ApplicationIdentifier") -> int | None:
    """Length of identifier and value where no separator is needed; None where the field runs to a separator."""
    if field.separator_required:
        return None
    return sum(int(number) for number in re.findall(r"[NX](\d+)", field.format))


def _misfit(field: "GS1ApplicationIdentifier", piece: str) -> str:
    value = shown(piece[len(field.ai) :])
    if field.separator_required:
        return f"({field.ai}) “{value}” is too long or not of its form, so a separator after it is missing"
    return f"({field.ai}) “{value}” is cut short or not of its form"


def _refuse_doubt(text: str, ai: str, value: str, trusted: bool) -> None:
    if _two_labels(value):
        raise refused(text, "two labels ran into one", "Scan one label at a time.")
    if trusted:
        return
    for place in range(1, len(value) - 2):
        if _reads_as_fields(value[place:], ai):
            name = {_LOT: "lot", _SERIAL: "serial number"}.get(ai, f"field ({ai})")
            raise refused(
                text,
                f"without a separator nobody can tell whether the {name} is “{value}” "
                f"or “{value[:place]}” followed by ({_next_ai(value[place:])})",
                SEND_SEPARATORS,
            )


def _two_labels(value: str) -> bool:
    """Whether a whole (01) with a right check digit is buried in a value."""
    found = re.finditer(r"(?=01(\d{13})(\d))", value, re.ASCII)
    return any(gtin_check_digit(match[1]) == int(match[2]) and int(match[1]) for match in found)


def _next_ai(rest: str) -> str:
    return next((ai for ai in _LIKELY_NEXT if rest.startswith(ai)), "")


@lru_cache(maxsize=1024)
def _reads_as_fields(rest: str, before: str) -> bool:
    """Whether text after a value reads as further fields to its end (not the same field twice)."""
    ai = _next_ai(rest)
    field = _known(ai) if ai and ai != before else None
    if field is None:
        return False
    width = _fixed_width(field)
    if width is None:
        return len(rest) > len(ai) and (
            re.fullmatch(field.pattern, rest, re.ASCII) is not None
            or any(_reads_as_fields(rest[end:], ai) for end in range(len(ai) + 1, len(rest) - 2))
        )
    if not re.fullmatch(field.pattern, rest[:width], re.ASCII):
        return False
    return len(rest) == width or _reads_as_fields(rest[width:], ai)


def _scan(text: str, elements: list[Element], today: date) -> Scan:
    facts = _once_each(text, elements)
    if "00" in facts or "02" in facts:
        raise refused(
            text, "it is the label of a shipping container", "Scan the label of the box or of the item itself."
        )
    scan = Scan(
        ScanKind.PRODUCT,
        raw=text.strip(SEPARATOR).replace(SEPARATOR, "|"),
        gtin14=_gtin(text, facts.get(_GTIN, "")),
        lot=facts.get(_LOT),
        expires_on=_expiry(text, facts, today),
        made_on=_day(text, _MADE, facts[_MADE], today) if _MADE in facts else None,
        serial=facts.get(_SERIAL),
        quantity=_quantity(text, facts.get(_QUANTITY)),
        code=facts.get("240", ""),
    )
    if not (scan.gtin14 or scan.lot or scan.serial or scan.expires_on):
        raise refused(text, "it names no item, lot, serial number or expiry date", "Scan the other code on the label.")
    return scan


def _once_each(text: str, elements: list[Element]) -> dict[str, str]:
    ordered = sorted(elements, key=lambda element: element.ai)
    for one, other in pairwise(ordered):
        if one.ai == other.ai and one.value != other.value:
            what = f"it says ({one.ai}) twice, “{shown(one.value)}” and “{shown(other.value)}”"
            raise refused(text, what, "Scan one label at a time.")
    return {element.ai: element.value for element in elements}


def _gtin(text: str, digits: str) -> str:
    if not digits:
        return ""
    try:
        number = gtin14(digits)
    except Refused:
        way_out = "Scan it again; if it stays so, report the label to the supplier."
        raise refused(text, "the check digit of its item number (01) is wrong", way_out) from None
    if not int(number):
        raise refused(text, "its item number (01) is only zeros", SCAN_AGAIN)
    return number


def _quantity(text: str, digits: str | None) -> int | None:
    if digits is None:
        return None
    if not int(digits):
        raise refused(text, "its quantity (30) is zero", "Count the units and type the quantity.")
    return int(digits)


def _expiry(text: str, facts: Mapping[str, str], today: date) -> date | None:
    days = {_day(text, ai, facts[ai], today) for ai in (_EXPIRES, _EXPIRES_AT) if ai in facts}
    if len(days) > 1:
        raise refused(text, "it holds two different expiry dates", "Type the expiry date from the label.")
    return days.pop() if days else None


def _day(text: str, ai: str, digits: str, today: date) -> date:
    """A date as YYMMDD; day 00 is the last day of the month (GS1 General Specifications, section 3.4)."""
    year, month, day = four_digit_year(int(digits[:2]), today), int(digits[2:4]), int(digits[4:6])
    try:
        return date(year, month, day) if day else last_day_of(year, month)
    except ValueError:
        raise refused(text, f"({ai}) “{shown(digits)}” is not a day of the calendar", SCAN_AGAIN) from None
