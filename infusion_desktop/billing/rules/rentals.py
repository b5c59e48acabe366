"""Pumps and poles in the home: rental months from the day one came, capped, with breaks; purchases; weekly supplies.

A capped rental counts thirteen months (Noridian, capped rental items): RR with KH for the first, KI for the second and
third, KJ from the fourth on; the rent falls to three quarters after the third (10 percent, then 7.5 percent of the
purchase price). A month begins on the day of the month on which the rental began. While the patient has none when a
month would begin, no month counts; if one comes back within 60 days of that day, the count goes on from the day it came
back; later it begins anew (more than 60 consecutive days plus the rest of the paid month without need). A month that is
due on a full day in hospital begins on the day of discharge, and so do those after it; the stay alone begins no new
period. One that the patient buys is billed once as a purchase (NU) on the day of the sale, and rented no more from that
day on. What came before its therapy began, or on the last days of a hospital stay, is rented from the first day of
therapy at home (Noridian: inpatient stays). Months that another supplier was paid for count with ours; what a patient
brought along as their own is neither rented nor sold. A payer counts the months that began under it: where another one
paid before, a new rental period begins with its first day, unless its contract says otherwise (our default; no source
read).
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from infusion_desktop.billing.rules.rule_set import EquipmentBilling, RuleSet
from infusion_desktop.dates import Days, show_day

LONGEST_BREAK = timedelta(days=60)
FULL_RENT_MONTHS = 3
RENTED, PURCHASED = "RR", "NU"
CAPPED = "CR"
_BEFORE_DISCHARGE = timedelta(days=2)
_BEFORE_THERAPY = timedelta(days=31)
_ONE_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Possession:
    """One pump or pole in the patient's home, both days included; ``last_on`` None: it is still there.

    From ``sold_on`` on it is the patient's own. ``elsewhere`` is for what never was ours: the rental months another
    supplier was paid for, through ``last_on``, or 0 for the patient's own.
    """

    code: str
    first_on: date
    last_on: date | None
    tag: str = ""
    delivery_id: int | None = None
    sold_on: date | None = None
    elsewhere: int | None = None
    after_payer: bool = False
    """Whether it came under this payer from another one, whose months are not counted."""
    after_stay: bool = False
    """Whether it waited at home while the patient was in hospital, which begins no rental period anew."""


@dataclass(frozen=True, slots=True)
class RentalMonth:
    """One month's (or day's) rent to bill on the day it begins; or a purchase on its day."""

    code: str
    on: date
    days: Days
    number: int
    modifiers: tuple[str, ...]
    percent: Decimal
    units: int
    why: str
    delivery_id: int | None = None


@dataclass(frozen=True, slots=True)
class RentalNote:
    """Something about a rental a biller should know, such as a month beyond the cap."""

    code: str
    sentence: str


def rents(
    homes: Sequence[Possession], period: Days, rules: RuleSet, capped: frozenset[str]
) -> tuple[tuple[RentalMonth, ...], tuple[RentalNote, ...]]:
    """The rents that begin in a period, by code; ``capped`` are the codes the fee schedule calls capped rentals."""
    found: list[RentalMonth] = []
    notes: list[RentalNote] = []
    if rules.equipment is EquipmentBilling.INCLUDED:
        return (), ()
    bought = [home for home in homes if home.elsewhere is None and home.sold_on is not None]
    found += [_purchase(home, rules) for home in bought if home.sold_on in period]
    for code in _rented(homes):
        mine = _rentals(homes, code)
        if rules.equipment is EquipmentBilling.DAILY_RENTAL:
            found += _days([home for home in mine if home.elsewhere is None], period)
            continue
        is_capped = rules.equipment is EquipmentBilling.CAPPED_RENTAL and code in capped
        ends = bool(rules.rental_months) and (is_capped or code not in capped)
        was_over = False
        for month in _months(mine, period.last):
            is_over = ends and month.number > rules.rental_months
            if month.on in period:
                if not is_over:
                    found.append(_dressed(month, rules, is_capped))
                    if month.number == 1 and any(home.after_payer and home.first_on == month.on for home in mine):
                        notes.append(RentalNote(code, _began_anew(code, month)))
                elif not was_over:
                    notes.append(RentalNote(code, _owned(code, month, rules.rental_months)))
            was_over = is_over
    return tuple(found), tuple(notes)


def _rented(homes: Sequence[Possession]) -> list[str]:
    """The codes of which something of ours was rented."""
    return sorted({home.code for home in homes if home.elsewhere is None and _until_sold(home) is not None})


def _rentals(homes: Sequence[Possession], code: str) -> list[Possession]:
    """What was rented of a code here, and the months another supplier was paid for, in their order."""
    ours = [each for home in homes if home.code == code and home.elsewhere is None and (each := _until_sold(home))]
    others = [home for home in homes if home.code == code and home.elsewhere]
    return sorted([*others, *_joined(ours)], key=lambda home: home.first_on) if others else _joined(ours)


def _until_sold(home: Possession) -> Possession | None:
    """As long as it was rented; None for one that was sold on the day it came."""
    if home.sold_on is None:
        return home
    return None if home.sold_on <= home.first_on else replace(home, last_on=home.sold_on - _ONE_DAY, sold_on=None)


def _purchase(home: Possession, rules: RuleSet) -> RentalMonth:
    day = home.sold_on or home.first_on
    marks = (PURCHASED, rules.medical_policy_modifier) if rules.medical_policy_modifier else (PURCHASED,)
    why = f"{home.tag or home.code} was sold to the patient on {show_day(day)}: a purchase, and no rent from then on."
    return RentalMonth(home.code, day, Days(day, day), 0, marks, Decimal(100), 1, why, home.delivery_id)


def owned(
    homes: Sequence[Possession], until: date, rules: RuleSet, capped: frozenset[str]
) -> tuple[tuple[str, date], ...]:
    """What is the patient's own by a day and since when: bought, or a capped rental that was rented to its end."""
    if rules.equipment is not EquipmentBilling.CAPPED_RENTAL:
        return ()
    found = {home.code: home.sold_on for home in homes if home.sold_on is not None and home.sold_on <= until}
    for code in sorted(capped.intersection(_rented(homes)) - found.keys()):
        was_over = False
        for month in _months(_rentals(homes, code), until):
            is_over = bool(rules.rental_months) and month.number > rules.rental_months
            if is_over and not was_over:
                found[code] = month.on
            was_over = is_over
    return tuple(sorted(found.items()))


def at_home(home: Possession, stays: Sequence[Days]) -> tuple[Possession, ...]:
    """As it is rented: not on the full days of hospital stays."""
    inside = [
        Days(stay.first + _ONE_DAY, stay.last if stay.last == date.max else stay.last - _ONE_DAY)
        for stay in stays
        if stay.last > stay.first + _ONE_DAY
    ]
    pieces = tuple(_without(home, inside)) if inside else (home,)
    return tuple(replace(each, after_stay=True) if each.first_on > home.first_on else each for each in pieces)


def under_payer(homes: Sequence[Possession], others: Sequence[Days]) -> tuple[Possession, ...]:
    """What a payer counts as rented, without the days on which ``others`` paid first.

    What is the patient's own stays so; months at another supplier count unless they ended under another payer.
    """
    found: list[Possession] = []
    for home in homes:
        if home.elsewhere is None:
            pieces = _without(home, others)
            found += [replace(each, after_payer=True) if each.first_on > home.first_on else each for each in pieces]
        elif home.elsewhere == 0 or not any(home.last_on in days for days in others):
            found.append(home)
    return tuple(found)


def _without(home: Possession, others: Sequence[Days]) -> Iterator[Possession]:
    if (rented := _until_sold(home)) is not None:
        last = rented.last_on or date.max
        for days in Days(rented.first_on, last).without(others):
            yield replace(rented, first_on=days.first, last_on=rented.last_on if days.last == last else days.last)
    if home.sold_on is not None:
        yield replace(home, first_on=max(home.first_on, home.sold_on))


def from_care_on(home: Possession, therapies: Sequence[Days], stays: Sequence[Days]) -> Possession:
    """As it is rented: from the first day of therapy at home, where it came up to a month before that."""
    day = home.first_on
    stay = next((each for each in stays if each.first < day < each.last <= day + _BEFORE_DISCHARGE), None)
    if stay is not None:
        day = stay.last
    if not any(day in each for each in therapies):
        begins = min((each.first for each in therapies if day < each.first <= day + _BEFORE_THERAPY), default=day)
        day = begins
    if home.last_on is not None and day > home.last_on:
        return home
    return home if day == home.first_on else replace(home, first_on=day)


def weeks_of_supplies(homes: Sequence[Possession], therapy: Days, period: Days) -> tuple[Days, ...]:
    """The weeks of a therapy with a pump in the home (A4221: one unit a week), each from its first such day on.

    A week belongs to the period in which that day lies.
    """
    found = []
    first = therapy.first
    while first <= min(period.last, therapy.last):
        last = min(first + _WEEK - _ONE_DAY, therapy.last)
        begins = next((day for day in Days(first, last) if any(_has(home, day) for home in homes)), None)
        if begins is not None and begins in period:
            found.append(Days(begins, last))
        first += _WEEK
    return tuple(found)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _joined(homes: Sequence[Possession]) -> list[Possession]:
    """Exchanges are no breaks: possessions that overlap or follow the next day are one."""
    joined: list[Possession] = []
    for home in sorted(homes, key=lambda each: (each.first_on, each.last_on or date.max)):
        before = joined[-1] if joined else None
        if before is None or (before.last_on is not None and home.first_on > before.last_on + _ONE_DAY):
            joined.append(home)
            continue
        if before.last_on is not None and (home.last_on is None or home.last_on > before.last_on):
            joined[-1] = replace(before, last_on=home.last_on, tag=home.tag)
    return joined


def _months(homes: Sequence[Possession], last: date) -> Iterator[RentalMonth]:
    """Each rental month through a day, numbered within its rental period."""
    begun, number, since = date.min, 0, 0
    for home in homes:
        due = home.first_on if number == 0 else add_months(begun, since)
        if number and due < home.first_on:
            if home.first_on - due > LONGEST_BREAK and not home.after_stay:
                number = 0
            due = home.first_on
        if home.elsewhere and home.last_on is not None:
            begun, number, since = home.last_on + _ONE_DAY, number + home.elsewhere, 0
            continue
        if number == 0 or due == home.first_on:
            begun, since = due, 0
        while due <= min(last, home.last_on or last):
            number, since = number + 1, since + 1
            following = add_months(begun, since)
            yield RentalMonth(
                home.code, due, Days(due, following - _ONE_DAY), number, (RENTED,), Decimal(100), 1,
                f"Rental month {number} of {home.code}, from {show_day(due)}"
                f"{f' ({home.tag})' if home.tag else ''}: in the home since {show_day(home.first_on)}.",
                home.delivery_id,
            )  # fmt: skip
            due = following


def _days(homes: Sequence[Possession], period: Days) -> Iterator[RentalMonth]:
    for home in homes:
        days = period.overlap(Days(home.first_on, home.last_on or max(period.last, home.first_on)))
        if days is not None:
            yield RentalMonth(
                home.code, days.first, days, 0, (RENTED,), Decimal(100), len(days),
                f"Rented by the day: {len(days)} days in the home.", home.delivery_id,
            )  # fmt: skip


def _dressed(month: RentalMonth, rules: RuleSet, is_capped: bool) -> RentalMonth:
    """With the modifiers and the percent of its month."""
    percent, marks, why = Decimal(100), [RENTED], month.why
    if is_capped:
        marks.append("KH" if month.number == 1 else "KI" if month.number <= FULL_RENT_MONTHS else "KJ")
        if month.number > FULL_RENT_MONTHS:
            percent = rules.rental_later_percent
            why += f" From the fourth month on {percent.normalize():f} percent of the rent are paid."
    if rules.medical_policy_modifier:
        marks.append(rules.medical_policy_modifier)
    return RentalMonth(month.code, month.on, month.days, month.number, tuple(marks), percent, 1, why, month.delivery_id)


def _began_anew(code: str, month: RentalMonth) -> str:
    return (
        f"{code}: a new rental period begins on {show_day(month.on)}, for another payer paid before. See the payer's "
        "rules; if it is the patient's own already, enter that at the patient's pumps."
    )


def _owned(code: str, month: RentalMonth, most: int) -> str:
    return (
        f"{code}: {most} rental months are billed; from {show_day(month.on)} the patient owns it. "
        "Bill maintenance and parts only."
    )


def _has(home: Possession, day: date) -> bool:
    return home.first_on <= day and (home.last_on is None or day <= home.last_on)
