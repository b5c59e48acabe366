"""Reading whatever a USB scanner types: products (GS1, HIBC, GTIN), our own labels, or an item number."""

import re
import unicodedata
from datetime import date

from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import gtin14
from infusion_desktop.stock.scanning import gs1, hibc
from infusion_desktop.stock.scanning.scan_values import LONGEST_SCAN, Scan, ScanKind, refused

__all__ = [
    "Scan",
    "ScanKind",
    "is_others_number",
    "own_code",
    "read_pack_code",
    "read_scan",
    "reasons_against_separator",
]

_OWN = {
    "DLV": ScanKind.DELIVERY,
    "AST": ScanKind.ASSET,
    "LOC": ScanKind.LOCATION,
    "LOT": ScanKind.LOT_LABEL,
    "TOTE": ScanKind.TOTE,
    "USR": ScanKind.BADGE,
    "PUT": ScanKind.PICK_UP,
    "DEED": ScanKind.DEED,
    "CNT": ScanKind.COUNT_LINE,
    "RCL": ScanKind.RECALL,
    "TRF": ScanKind.TRANSFER,
    "PO": ScanKind.ORDER,
}
_PREFIX_OF = {kind: prefix for prefix, kind in _OWN.items()}
_OWN_CODE = re.compile(r"[A-Z0-9][A-Z0-9._/-]{0,39}")
# Symbology identifiers (ISO/IEC 15424) of symbols that carry GS1 element strings, and of those that carry a bare GTIN.
_GS1_SYMBOLS = ("]d2", "]C1", "]e0", "]e1", "]Q3", "]J1")
_GTIN_SYMBOLS = ("]E0", "]E4", "]I1")
# "]c1" and "]q3" exist for no symbol, and "]D2" and "]j1" neither: the keyboard swapped the letters.
_SWAPPED = ("]D2", "]c1", "]q3", "]j1")
_SYMBOL = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_ENDS = "\r\n\t"
_BRACKET_SEPARATOR = re.compile(r"<\w{1,6}>|\{\w{1,6}\}|\[\w{1,6}\]", re.ASCII)


def read_scan(text: str, *, today: date, separator: str = "", separators_proven: bool = False) -> Scan:
    """What a scan says, or Refused with what to do.

    ``separator`` is what this scanner types for the separator where it cannot type the real one (see
    ``reasons_against_separator``). ``separators_proven`` says that the scanner test page saw this scanner send it;
    until then, a lot or serial number that could be two fields run together is refused instead of guessed.
    """
    if len(text) > LONGEST_SCAN:
        what = f"it has {len(text)} characters and a scan has {LONGEST_SCAN} at most"
        raise refused(text, what, "Scan one label at a time.")
    plain = _plain(text, separator)
    if not plain.strip(" " + gs1.SEPARATOR):
        raise Refused("The scan is empty. Scan the label again, or type the number printed on it.")
    symbol, content = _without_symbol(plain)
    if not content.strip(" " + gs1.SEPARATOR):
        raise refused(plain, "there is nothing after the scanner's prefix", "Scan the label again.")
    if symbol in _GS1_SYMBOLS:
        return gs1.read_elements(content.strip(" "), today, separators_proven=separators_proven)
    if symbol in _GTIN_SYMBOLS:
        return _bare_gtin(content.strip())
    return _unmarked(content, today, separators_proven)


def is_others_number(text: str, today: date) -> bool:
    """Whether a scan may be a number that others gave, such as a parcel's: no label of ours, no box with its lot."""
    try:
        scan = read_scan(text, today=today)
    except Refused:
        return text.strip().isdecimal()
    return scan.kind in (ScanKind.TEXT, ScanKind.PRODUCT) and not (scan.lot or scan.serial or scan.expires_on)


def read_pack_code(text: str) -> str:
    """What a pack is known by, as it is kept: a GTIN of fourteen digits, or the first part of a HIBC code; Refused."""
    plain = text.strip().lstrip("*")
    return hibc.read_primary(text) if plain[:1] == "+" or plain[:1].isalpha() else gtin14(text)


def own_code(kind: ScanKind, code: str) -> str:
    """The text of one of our own labels, such as DLV:4812; ValueError for a code that would not be read back."""
    if kind not in _PREFIX_OF or not _OWN_CODE.fullmatch(code):
        raise ValueError("our labels hold 1 to 40 capital letters, digits and . _ / -")
    return f"{_PREFIX_OF[kind]}:{code}"


def reasons_against_separator(separator: str) -> list[str]:
    """Why this text cannot stand for the separator, which must be something that labels never hold."""
    if separator in ("", gs1.SEPARATOR) or _BRACKET_SEPARATOR.fullmatch(separator):
        return []
    if len(separator) != 1 or separator in _ENDS + " " or re.fullmatch(r"[!%-?A-Z_a-z\"]", separator):
        return ["The separator must be a character that labels never hold, such as | or ~, or a word such as <GS>."]
    return []


def _plain(text: str, separator: str) -> str:
    """The scan with one kind of separator and without the line end; other control characters are refused."""
    if reasons := reasons_against_separator(separator):
        raise Refused(*reasons)
    plain = text.strip(_ENDS).replace("\N{SYMBOL FOR GROUP SEPARATOR}", gs1.SEPARATOR)
    if separator:
        plain = plain.replace(separator, gs1.SEPARATOR)
    if any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        for letter in plain
        if letter != gs1.SEPARATOR
    ):
        what = "it contains control characters that no label holds"
        raise refused(plain, what, "Scan it again; if it stays so, check the scanner on the scanner test page.")
    return plain


def _without_symbol(plain: str) -> tuple[str, str]:
    content = plain.lstrip(" " + gs1.SEPARATOR) if plain.lstrip(" " + gs1.SEPARATOR).startswith("]") else plain
    if not content.startswith("]"):
        return "", content
    match = _SYMBOL.match(content)
    if not match:
        raise refused(plain, "it begins with “]”, but not with a prefix that scanners send", "Scan the label again.")
    if match[0] in _SWAPPED:
        raise refused(plain, "its prefix has capitals and small letters swapped", "Turn Caps Lock off and scan again.")
    return match[0], content[match.end() :]


def _unmarked(content: str, today: date, separators_proven: bool) -> Scan:
    """A scan whose scanner does not say what symbol it read."""
    trimmed = content.strip(" ")
    if trimmed.startswith("+") or re.fullmatch(r"\*\+.*\*", trimmed):
        return hibc.read(content.lstrip(" ") if _ends_in_check_space(content) else trimmed, today)
    if re.match(r"\(\d", trimmed):
        return gs1.read_bracketed(trimmed, today)
    bare = trimmed.strip(gs1.SEPARATOR)
    if re.fullmatch(r"\d{8}|\d{12,14}", bare, re.ASCII):
        return _digits_alone(bare)
    if gs1.SEPARATOR in trimmed or gs1.begins_like_elements(trimmed):
        return gs1.read_elements(trimmed, today, separators_proven=separators_proven)
    return _own_label(trimmed) or _text(trimmed)


def _ends_in_check_space(content: str) -> bool:
    """Whether the space at the end is the check character of a HIBC code, which a space may be."""
    return content.endswith(" ") and not content.endswith("  ") and set(content) <= set(hibc.ALPHABET)


def _bare_gtin(digits: str) -> Scan:
    try:
        number = gtin14(digits) if re.fullmatch(r"\d+", digits, re.ASCII) and int(digits) else ""
    except Refused:
        number = ""
    if not number:
        raise refused(
            digits, "the check digit of its item number is wrong", "Scan it again, or look the item up by name."
        )
    return Scan(ScanKind.PRODUCT, raw=digits, gtin14=number)


def _digits_alone(digits: str) -> Scan:
    """Eight digits may be an item number of ours; twelve to fourteen are a GTIN, or misread."""
    try:
        scan = _bare_gtin(digits)
    except Refused:
        if len(digits) == 8 and int(digits):
            return _text(digits)
        raise
    if len(digits) == 14 and gs1.begins_like_elements(digits):
        what = "it can be an item number or a date with a lot"
        raise refused(digits, what, "Scan the other code on the label, or look the item up by name.")
    return scan


def _own_label(text: str) -> Scan | None:
    prefix, colon, code = text.partition(":")
    kind = _OWN.get(prefix.upper()) if colon else None
    if kind is None:
        return None
    code = code.upper()
    if not _OWN_CODE.fullmatch(code):
        raise refused(text, f"what follows “{prefix.upper()}:” is not one of our numbers", "Scan the label again.")
    return Scan(kind, raw=f"{prefix.upper()}:{code}", code=code)


def _text(text: str) -> Scan:
    if re.match(r"https?:|www\.|\[\)>|=", text, re.IGNORECASE):
        what = "it is a web address or a code that this program does not read"
        raise refused(text, what, "Scan the other code on the label, or type the item's number.")
    plain = unicodedata.normalize("NFC", text)
    return Scan(ScanKind.TEXT, raw=plain, code=plain)
