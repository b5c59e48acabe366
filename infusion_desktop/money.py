"""Dollars and cents: always Decimal, rounded once, where a rule says so."""

import re
from decimal import ROUND_HALF_UP, Decimal

from infusion_desktop.errors import Refused

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_TYPED_AMOUNT = re.compile(r"-?\d{1,9}(\.\d{1,2})?", re.ASCII)


def to_cents(amount: Decimal) -> Decimal:
    """The amount in whole cents, half a cent away from zero (commercial rounding)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """``percent`` (0 to 100) of an amount, in whole cents."""
    return to_cents(amount * percent / 100)


def percent(part: int, whole: int) -> Decimal:
    """A share in percent with one decimal, the same on every screen and paper; 100 of nothing."""
    if not whole:
        return Decimal("100.0")
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def show_percent(percent: Decimal) -> str:
    """A percentage without needless noughts: "12.5"."""
    return f"{percent.normalize():f}"


def read_amount(text: str) -> Decimal:
    """The dollars somebody typed ("1,234.50" or "$12"), or Refused naming what is expected."""
    plain = text.strip().removeprefix("$").strip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d{1,2})?", plain, re.ASCII):
        plain = plain.replace(",", "")
    if not _TYPED_AMOUNT.fullmatch(plain):
        raise Refused(f"“{text.strip()[:30]}” is not an amount. Type dollars and cents, such as 1234.50.")
    return to_cents(Decimal(plain))


def read_number(text: str, places: int = 4, digits: int = 9) -> Decimal:
    """The plain number somebody typed, at most so many digits before and after its point; else Refused.

    Nothing else that a computer might take for a number passes: no exponent, no "_", no digits of other scripts.
    """
    plain = text.strip()
    if not re.fullmatch(rf"-?\d{{1,{digits}}}(\.\d{{1,{places}}})?", plain, re.ASCII):
        few = {2: "two", 3: "three", 4: "four"}.get(places, places)
        raise Refused(f"“{plain[:20]}” is not a number such as 12.5 (at most {few} places).")
    return Decimal(plain)


def show_money(amount: Decimal) -> str:
    """The amount as people read it: "$1,234.50", "-$0.50"."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(to_cents(amount)):,.2f}"
