"""HIBC codes (Health Industry Bar Code, HIBCC), as on many needles, sets and pumps: they begin with "+"."""

import re
from dataclasses import replace
from datetime import date

from infusion_desktop.errors import Refused
from infusion_desktop.stock.scanning.scan_values import (
    Scan,
    ScanKind,
    day_of_year,
    four_digit_year,
    last_day_of,
    refused,
)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""The 43 characters of Code 39, in the order that gives each its weight in the check character."""
_SCAN_AGAIN = "Scan it again, or type lot, expiry date and serial number from the label."
_PRIMARY = re.compile(r"[A-Z][0-9A-Z]{3}[0-9A-Z]{1,18}[0-9]")
_VALUE = re.compile(r"[0-9A-Z.\-]{1,18}")
_DATE_WIDTHS = {"2": 6, "3": 6, "4": 8, "5": 5, "6": 7}


def check_character(body: str) -> str:
    """The character that closes a HIBC code: the sum of all before it modulo 43 (ANSI/HIBC 2.6, appendix B)."""
    return ALPHABET[sum(map(ALPHABET.index, body)) % 43]


def read_primary(text: str) -> str:
    """The first part of a HIBC code, as it is kept: labeler, product and unit, without + and check; Refused."""
    plain = text.strip().strip("*").upper()
    if plain.startswith("+"):
        body, check = plain[:-1], plain[-1:]
        plain = body[1:] if len(plain) > 1 and check_character(body) == check else ""
    if not _PRIMARY.fullmatch(plain):
        raise Refused(
            f"“{text[:40]}” is not the first part of a HIBC code. Scan the code, or type it from the + to its end."
        )
    return plain


def read(text: str, today: date) -> Scan:
    """The facts in a HIBC code: first, second, or both in one; Refused when its check character or a part is wrong.

    The check character is a plain sum: a changed character or a lost separator never passes; a lost zero or two swapped
    characters do, which no reader can tell.
    """
    code = text.strip("*") if text.startswith("*") and text.endswith("*") else text
    if strange := next((letter for letter in code if letter not in ALPHABET), None):
        what = (
            "it contains small letters: Caps Lock is on" if strange.islower() else "it contains characters HIBC lacks"
        )
        raise refused(text, what, "Turn Caps Lock off and scan again." if strange.islower() else _SCAN_AGAIN)
    body, check = code[:-1], code[-1:]
    if len(code) < 4 or not body.startswith("+") or check_character(body) != check:
        raise refused(text, "its check character is wrong, so something in it is lost or changed", _SCAN_AGAIN)
    scan = Scan(ScanKind.PRODUCT, raw=code)
    content = body[1:]
    if content[0].isalpha():
        first, *parts = content.split("/")
        return _with_parts(text, _with_primary(text, scan, first, check, parts), parts, today)
    if len(content) < 3:
        raise refused(text, "it is too short", _SCAN_AGAIN)
    first, *parts = content[:-1].split("/")
    return _with_parts(text, replace(scan, link=content[-1]), [first, *parts], today)


def _with_primary(text: str, scan: Scan, primary: str, check: str, parts: list[str]) -> Scan:
    if not _PRIMARY.fullmatch(primary):
        raise refused(text, "its labeler and product part is not of its form", _SCAN_AGAIN)
    # In a code of two parts the check character closes both, so it cannot link to another code.
    return replace(scan, code=primary, link="" if parts else check)


def _with_parts(text: str, scan: Scan, parts: list[str], today: date) -> Scan:
    for place, part in enumerate(parts):
        scan = _with_secondary(text, scan, part, today) if place == 0 else _with_supplement(text, scan, part)
    return scan


def _with_secondary(text: str, scan: Scan, part: str, today: date) -> Scan:
    """The second part: $$ lot or $$+ serial after flagged quantity and date; $ and $+ without; YYJJJ with lot."""
    match = re.match(r"\$\$\+?|\$\+?|(?=\d{5})", part)
    if not match:
        raise refused(text, "its second part begins like none that HIBC knows", _SCAN_AGAIN)
    mark, rest = match[0], part[match.end() :]
    if mark.startswith("$$"):
        scan, rest = _take_quantity(text, scan, rest)
        scan, rest = _take_flagged_date(text, scan, rest, today)
    elif not mark:
        scan, rest = replace(scan, expires_on=_day(text, "5", rest[:5], today)), rest[5:]
    return _with_value(text, scan, rest, is_serial=mark.endswith("+"), needed=mark in ("$", "$+"))


def _with_value(text: str, scan: Scan, value: str, *, is_serial: bool, needed: bool) -> Scan:
    if not value and not needed:
        return scan
    if not _VALUE.fullmatch(value):
        raise refused(text, "its lot or serial number is missing, too long or has a wrong character", _SCAN_AGAIN)
    return replace(scan, serial=value) if is_serial else replace(scan, lot=value)


def _take_quantity(text: str, scan: Scan, rest: str) -> tuple[Scan, str]:
    width = {"8": 2, "9": 5}.get(rest[:1])
    if width is None:
        return scan, rest
    digits = rest[1 : 1 + width]
    if not re.fullmatch(rf"\d{{{width}}}", digits, re.ASCII) or not int(digits):
        raise refused(text, "its quantity is not a number above zero", "Count the units and type the quantity.")
    return replace(scan, quantity=int(digits)), rest[1 + width :]


def _take_flagged_date(text: str, scan: Scan, rest: str, today: date) -> tuple[Scan, str]:
    flag = rest[:1]
    if not flag and scan.quantity:
        return scan, ""
    if flag == "7":
        return scan, rest[1:]
    if flag in ("0", "1"):
        return replace(scan, expires_on=_day(text, "1", rest[:4], today)), rest[4:]
    width = _DATE_WIDTHS.get(flag, 0)
    if not width:
        raise refused(text, "the mark of its date form is missing", _SCAN_AGAIN)
    return replace(scan, expires_on=_day(text, flag, rest[1 : 1 + width], today)), rest[1 + width :]


def _day(text: str, flag: str, digits: str, today: date) -> date:
    """A date in HIBC's forms: 1 MMYY (last day of the month), 2 MMDDYY, 3 YYMMDD, 4 with hour, 5 YYJJJ, 6 with hour."""
    width = 4 if flag == "1" else _DATE_WIDTHS[flag]
    try:
        if not re.fullmatch(rf"\d{{{width}}}", digits, re.ASCII):
            raise ValueError("not of its form")
        pairs = [int(digits[n : n + 2]) for n in range(0, len(digits) - 1, 2)]
        if flag == "1":
            return last_day_of(four_digit_year(pairs[1], today), pairs[0])
        if flag == "2":
            return date(four_digit_year(pairs[2], today), pairs[0], pairs[1])
        year = four_digit_year(pairs[0], today)
        if flag in ("5", "6"):
            return day_of_year(year, int(digits[2:5]))
        return date(year, pairs[1], pairs[2])
    except ValueError:
        raise refused(text, f"its expiry date “{digits}” is not a day of the calendar", _SCAN_AGAIN) from None


def _with_supplement(text: str, scan: Scan, part: str) -> Scan:
    """A part after the second: S serial, 14D expiry and 16D manufacture as YYYYMMDD, Q quantity (HIBC 2.6, table 2)."""
    if match := re.fullmatch(r"1([46])D(\d{4})(\d{2})(\d{2})", part, re.ASCII):
        try:
            day = date(*map(int, match.groups()[1:]))
        except ValueError:
            raise refused(text, "one of its dates is not a day of the calendar", _SCAN_AGAIN) from None
        if match[1] == "6":
            return replace(scan, made_on=day)
        if scan.expires_on not in (None, day):
            raise refused(text, "it holds two different expiry dates", "Type the expiry date from the label.")
        return replace(scan, expires_on=day)
    if match := re.fullmatch(r"Q(\d{1,5})", part, re.ASCII):
        if not int(match[1]) or scan.quantity not in (None, int(match[1])):
            raise refused(text, "its quantity is zero or said twice", "Count the units and type the quantity.")
        return replace(scan, quantity=int(match[1]))
    if match := re.fullmatch(r"S([0-9A-Z.\-]{1,18})", part, re.ASCII):
        if scan.serial not in (None, match[1]):
            raise refused(text, "it holds two different serial numbers", _SCAN_AGAIN)
        return replace(scan, serial=match[1])
    raise refused(text, "one of its parts begins like none that HIBC knows", _SCAN_AGAIN)
