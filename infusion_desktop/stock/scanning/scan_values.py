"""What a scan says: the kinds of codes, the facts read from one, and how long and how clean it must be."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from infusion_desktop.dates import ONE_DAY, month_of
from infusion_desktop.errors import Refused

LONGEST_SCAN = 128
_SHOWN = 40


class ScanKind(StrEnum):
    """What sort of code was scanned."""

    PRODUCT = "product"
    """A GS1 or HIBC code: what an item is, or its lot, expiry and serial number."""
    DELIVERY = "delivery"
    ASSET = "asset"
    LOCATION = "location"
    LOT_LABEL = "lot label"
    TOTE = "tote"
    BADGE = "badge"
    PICK_UP = "pick-up"
    DEED = "deed"
    """What is to be done with the pump or pole in view, from the sheet of codes at the service bench."""
    COUNT_LINE = "line of a counting sheet"
    RECALL = "recall letter"
    TRANSFER = "transfer"
    ORDER = "purchase order"
    TEXT = "text"
    """Anything else that can be read, such as an item number."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan says. A fact that the code does not hold is None (or ""), and never replaces one that is known."""

    kind: ScanKind
    raw: str
    """The code as scanned, cleaned: separators as "|", no prefix of the scanner."""
    code: str = ""
    """What to look up: the number after "DLV:" and the like, an item number, or a HIBC labeler, product and unit."""
    gtin14: str = ""
    lot: str | None = None
    expires_on: date | None = None
    made_on: date | None = None
    serial: str | None = None
    quantity: int | None = None
    link: str = ""
    """HIBC only: a first code's check character, repeated in its second code so that nobody pairs the wrong ones."""

    @property
    def pack_code(self) -> str:
        """What a pack is known by: its GTIN, or the first part of its HIBC code; "" where the scan holds neither."""
        return self.gtin14 or (self.code if self.raw.startswith("+") else "")


def shown(text: str) -> str:
    """A scan as a sentence can quote it: shortened, with control characters made visible."""
    plain = "".join(letter if letter.isprintable() else "·" for letter in text[: _SHOWN + 1])
    return plain if len(text) <= _SHOWN else plain[: _SHOWN - 1] + "…"


def refused(text: str, what_is_wrong: str, way_out: str) -> Refused:
    """The refusal of a scan: quotes it, says what is wrong and what to do."""
    return Refused(f"The scan “{shown(text)}” was not used: {what_is_wrong}. {way_out}")


def last_day_of(year: int, month: int) -> date:
    """The last day of a month; ValueError when there is no such month."""
    return month_of(date(year, month, 1)).last


def four_digit_year(two_digits: int, today: date) -> int:
    """The year a two-digit year stands for: within 49 years past and 50 years ahead of today.

    GS1 General Specifications, section 7.12 (determination of century in dates).
    """
    century, this_year = divmod(today.year, 100)
    distance = two_digits - this_year
    if distance >= 51:
        century -= 1
    elif distance <= -50:
        century += 1
    return century * 100 + two_digits


def day_of_year(year: int, number: int) -> date:
    """The day with this number in the year (1 is January 1); ValueError when there is none."""
    day = date(year, 1, 1) + (number - 1) * ONE_DAY
    if number < 1 or day.year != year:
        raise ValueError("no such day in the year")
    return day
