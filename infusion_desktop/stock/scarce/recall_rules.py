"""What a recall names: lot numbers, ranges of them, serial numbers or everything; decided on plain text. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infusion_desktop.errors import Refused

MOST_NAMED = 500
_PARTS = re.compile(r"\d+|\D+", re.ASCII)
_TO = " TO "
_RANGE = re.compile(r"(\S+)\s+(?:to|through|thru|–)\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scope:
    """Lots from one number to another (the same for one lot, "" for every lot), or a serial number or a range of them.

    A range of serial numbers is kept as it is said: "SN100 TO SN250".
    """

    lot_from: str = ""
    lot_to: str = ""
    serial: str = ""

    @property
    def one_lot(self) -> str:
        """The lot where exactly one is named, else ""."""
        return self.lot_from if not self.serial and self.lot_from == self.lot_to else ""

    def names(self, lot: str, serial: str) -> bool:
        """Whether a lot (with its serial number, if it has one) is recalled."""
        if self.serial:
            first, _, last = self.serial.partition(_TO)
            return is_between(serial, first, last) if last else serial.upper() == first
        if not self.lot_from and not self.lot_to:
            return True
        return is_between(lot, self.lot_from, self.lot_to)

    def shown(self) -> str:
        """As a sentence names it."""
        if self.serial:
            first, _, last = self.serial.partition(_TO)
            return f"serial numbers {first} to {last}" if last else f"serial number {first}"
        if not self.lot_from:
            return "every lot"
        return f"lot {self.lot_from}" if self.one_lot else f"lots {self.lot_from} to {self.lot_to}"


def order_of(number: str) -> tuple[tuple[int, int, str], ...]:
    """A lot number's place among others: digits count as numbers, so that A9 comes before A10."""
    parts = _PARTS.findall(number.strip().upper())
    return tuple((0, int(part[:4000]), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts)


def is_between(number: str, first: str, last: str) -> bool:
    """Whether a lot number lies in a range, both ends included; of another shape (A7 in 100 to 200) it does not."""
    shape = [kind for kind, *_ in order_of(first)]
    if [kind for kind, *_ in order_of(number)] != shape:
        return False
    return _without_text(first) <= _without_text(number) <= _without_text(last)


def _without_text(number: str) -> list[tuple[int, str]]:
    return [(value, "" if kind == 0 else text) for kind, value, text in order_of(number)]


def read_scopes(lots: str, serials: str) -> tuple[Scope, ...]:
    """What a person typed: numbers and ranges ("A12, B3 to B9"), one a line or with commas; Refused where it is odd."""
    found = [Scope(first, last) for first, last in _ends(lots, "lot numbers", "A100 to A250")]
    for first, last in _ends(serials, "serial numbers", "SN100 to SN250"):
        found.append(Scope(serial=first if first == last else f"{first}{_TO}{last}"))
    if len(found) > MOST_NAMED:
        raise Refused(f"A recall names at most {MOST_NAMED} lots, ranges and serial numbers. Open a second one.")
    if any(len(text) > 40 for scope in found for text in (scope.lot_from, scope.lot_to, *scope.serial.split(_TO))):
        raise Refused("A lot or serial number has at most 40 characters.")
    return tuple(dict.fromkeys(found))


def _ends(typed: str, what: str, such: str) -> Iterator[tuple[str, str]]:
    """The first and the last of each range that was typed; a number alone is both."""
    for part in _parts(typed):
        match = _RANGE.fullmatch(part)
        if match is None and " " in part:
            raise Refused(f"“{part[:60]}” is not one number. Put commas between {what}, “to” within a range.")
        first, last = (match[1].upper(), match[2].upper()) if match else (part.upper(), part.upper())
        if [kind for kind, *_ in order_of(first)] != [kind for kind, *_ in order_of(last)]:
            raise Refused(f"“{part[:60]}” is no range: both {what} have the same shape, such as {such}.")
        if _without_text(last) < _without_text(first):
            raise Refused(f"“{part[:60]}” ends before it begins. Type the lower number first.")
        yield first, last


def _parts(text: str) -> Iterable[str]:
    return [part for part in (" ".join(each.split()) for each in re.split(r"[,;\n]", text)) if part]
