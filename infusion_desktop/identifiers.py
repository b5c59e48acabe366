"""Numbers that other people give out, read as people type them: NPI, NDC, GTIN, ZIP, telephone, tax id, taxonomy."""

import re
from functools import lru_cache

from infusion_desktop.errors import Refused

_SHOWN = 30
_NPI_PREFIX = "80840"
_GTIN_LENGTHS = (8, 12, 13, 14)
_NDC_GROUPS = (5, 4, 2)
_TEN_DIGIT_NDC = ((4, 4, 2), (5, 3, 2), (5, 4, 1))
_NUMBER_MARKS = str.maketrans("", "", " \t-.()/+\u2010\u2011\u2013\u00a0")


def _shorten(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip()
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"


def _refuse(text: str, what: str, expected: str) -> Refused:
    if not text.strip():
        return Refused(f"{what[0].upper()}{what[1:]} is missing. {expected}")
    return Refused(f"“{_shorten(text)}” is not {what}. {expected}")


def _digits(text: str) -> str:
    """The text without the marks people put between digits, or "" when anything else is in it."""
    plain = text.strip()[:64].translate(_NUMBER_MARKS)
    return plain if re.fullmatch(r"\d+", plain, re.ASCII) else ""


def _luhn_sum(digits: str) -> int:
    """The Luhn sum of digits that already end in their check digit (ISO/IEC 7812-1)."""
    kept = sum(map(int, digits[-1::-2]))
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return kept + doubled


@lru_cache(1024)
def is_npi(text: str) -> bool:
    """Whether these are ten digits, 1 or 2 first, with the right check digit (Luhn over 80840 and the number, CMS)."""
    return bool(re.fullmatch(r"[12]\d{9}", text, re.ASCII)) and _luhn_sum(_NPI_PREFIX + text) % 10 == 0


def read_npi(text: str) -> str:
    """The ten digits of a National Provider Identifier, or Refused saying what is wrong with it."""
    digits = _digits(text)
    if not re.fullmatch(r"[12]\d{9}", digits, re.ASCII):
        raise _refuse(text, "an NPI", "Type the ten digits, beginning with 1 or 2.")
    if not is_npi(digits):
        raise _refuse(text, "an NPI", "Its check digit is wrong: compare the digits with the provider's letter.")
    return digits


def read_ndc(text: str) -> str:
    """The eleven digits (5-4-2, no hyphens) of a National Drug Code.

    Ten digits are taken only with their hyphens (4-4-2, 5-3-2, 5-4-1), because without them nobody can tell which group
    lacks the zero (FDA, 21 CFR 207.33; eleven digits as X12 LIN03 with N4 and NCPDP want them).
    """
    expected = "Type eleven digits, or ten with the hyphens of the label, such as 0781-3209-85."
    plain = text.strip()
    if re.fullmatch(r"\d{11}", plain, re.ASCII):
        return plain
    if not re.fullmatch(r"\d{4,5}-\d{3,4}-\d{1,2}", plain, re.ASCII):
        raise _refuse(text, "an NDC", expected)
    groups = plain.split("-")
    widths = tuple(map(len, groups))
    if widths != _NDC_GROUPS and widths not in _TEN_DIGIT_NDC:
        raise _refuse(text, "an NDC", expected)
    return "".join(group.zfill(width) for group, width in zip(groups, _NDC_GROUPS, strict=True))


def show_ndc(ndc: str) -> str:
    """Eleven digits as people read them: 00781-3209-85; anything else unchanged."""
    return f"{ndc[:5]}-{ndc[5:9]}-{ndc[9:]}" if len(ndc) == 11 else ndc


def gtin_check_digit(body: str) -> int:
    """The check digit that follows these digits of a GTIN of any length (GS1 General Specifications, section 7.9)."""
    if not re.fullmatch(r"\d{7,13}", body, re.ASCII):
        raise ValueError("the digits before a GTIN's check digit are 7 to 13 digits")
    return -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body))) % 10


def gtin14(text: str) -> str:
    """A GTIN-8, -12 (UPC), -13 (EAN) or -14 as fourteen digits, zeros in front, or Refused."""
    digits = _digits(text)
    if len(digits) not in _GTIN_LENGTHS:
        raise _refuse(text, "a GTIN", "Scan the code, or type its 8, 12, 13 or 14 digits.")
    if gtin_check_digit(digits[:-1]) != int(digits[-1]):
        raise _refuse(text, "a GTIN", "Its check digit is wrong: scan it again, or compare the digits with the label.")
    return digits.zfill(14)


def read_zip(text: str) -> str:
    """The five or nine digits of a ZIP code, without hyphen."""
    plain = text.strip()
    if not re.fullmatch(r"\d{5}([- ]?\d{4})?", plain, re.ASCII):
        raise _refuse(text, "a ZIP code", "Type five or nine digits, such as 55401 or 55401-1234.")
    return plain.replace("-", "").replace(" ", "")


def show_zip(zip_code: str) -> str:
    """A ZIP code as it is written on an envelope: 55401-1234."""
    return f"{zip_code[:5]}-{zip_code[5:]}" if len(zip_code) == 9 else zip_code


def read_phone(text: str) -> str:
    """The ten digits of a telephone number in North America; a leading 1 is dropped."""
    digits = _digits(text)
    if len(digits) == 11:
        digits = digits.removeprefix("1")
    if not re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}", digits, re.ASCII):
        raise _refuse(text, "a telephone number", "Type the ten digits with area code, such as 612-555-0123.")
    return digits


def show_phone(phone: str) -> str:
    """Ten digits as people dial them: (612) 555-0123; anything else unchanged."""
    return f"({phone[:3]}) {phone[3:6]}-{phone[6:]}" if len(phone) == 10 else phone


def read_tax_id(text: str) -> str:
    """The nine digits of an employer's or a person's tax number, without hyphens."""
    plain = text.strip()
    if not re.fullmatch(r"\d{9}|\d{2}-\d{7}|\d{3}-\d{2}-\d{4}", plain, re.ASCII):
        raise _refuse(text, "a tax number", "Type nine digits, such as 41-1234567.")
    return plain.replace("-", "")


def read_taxonomy(text: str) -> str:
    """The ten characters of a provider taxonomy code (NUCC), such as 3336H0001X for a home infusion pharmacy."""
    plain = text.strip().upper()
    if not re.fullmatch(r"\d{3}[0-9A-Z]{6}X", plain, re.ASCII):
        raise _refuse(text, "a taxonomy code", "Type its ten characters, such as 3336H0001X.")
    return plain
