"""Days, instants, money and quantities as papers show them."""

from datetime import date, datetime
from decimal import Decimal

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day(value: date | None) -> str:
    """A day: "Mar 3, 2026"; "" for none."""
    return f"{_MONTHS[value.month - 1]} {value.day}, {value.year}" if value else ""


def short_day(value: date | None) -> str:
    """A day in a list whose year is plain from the heading: "Mar 3"; "" for none."""
    return f"{_MONTHS[value.month - 1]} {value.day}" if value else ""


def days(first: date | None, last: date | None) -> str:
    """A period, both ends included: "Mar 3 – Mar 16, 2026"; open ends stay open."""
    if first and last:
        if first == last:
            return day(first)
        return f"{short_day(first) if first.year == last.year else day(first)} – {day(last)}"
    if first:
        return f"from {day(first)}"
    return f"to {day(last)}" if last else ""


def month(value: date) -> str:
    """The month a day lies in: "March 2026"."""
    return f"{_LONG_MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime | None) -> str:
    """A moment as it stands in the data (papers do not change time zones): "Mar 3, 2026 14:05"; "" for none."""
    return f"{day(value)} {value:%H:%M}" if value else ""


def money(value: Decimal | None) -> str:
    """Dollars and cents: "$1,234.50", "-$0.50"; "" for none."""
    if value is None:
        return ""
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def unit_cost(value: Decimal) -> str:
    """What one unit cost, in dollars with four places: "$0.0345"."""
    return f"{'-' if value < 0 else ''}${abs(value):,.4f}"


def number(value: Decimal | int | None) -> str:
    """A quantity without needless zeros: "1,250", "2.5"; "" for none."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    plain = f"{value:,f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def percent(value: Decimal | None) -> str:
    """A share of a hundred with one decimal: "87.5 %"; "" for none."""
    return "" if value is None else f"{value:,.1f} %"


def count(amount: int, one: str, many: str) -> str:
    """A number with its noun: "1 tote", "3 totes"."""
    return f"{amount:,} {one if amount == 1 else many}"
