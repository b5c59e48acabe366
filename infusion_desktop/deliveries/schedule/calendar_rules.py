"""On which day a delivery goes: delivery days, holidays, cutoffs, cold items, doses, and what speaks against. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from infusion_desktop.dates import ONE_DAY, Days, show_day, show_days
from infusion_desktop.deliveries.rules import Frequency
from infusion_desktop.deliveries.words import Carrier

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SEARCHED = 60
"""Days looked through for a delivery day; a pharmacy closed for longer plans by hand."""


@dataclass(frozen=True, slots=True)
class Week:
    """From a day on: the weekdays (0 is Monday) on which we deliver, and until when a delivery must be released."""

    starts_on: date
    weekdays: frozenset[int]
    cutoff: time
    cutoff_days: int = 1
    """Delivery days before the delivery's own; 0 for the same day."""


USUAL_WEEK = Week(date(2000, 1, 1), frozenset(range(5)), time(15), 1)
"""Until the pharmacy says otherwise: Monday to Friday, released by three in the afternoon of the day before."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The pharmacy's delivery days: its weeks by the day they begin, and the days it is closed with their names."""

    weeks: tuple[Week, ...] = (USUAL_WEEK,)
    closed: Mapping[date, str] = field(default_factory=dict)

    def week_on(self, day: date) -> Week:
        """The week in force on a day."""
        begun = [week for week in self.weeks if week.starts_on <= day]
        return max(begun, key=lambda week: week.starts_on) if begun else USUAL_WEEK

    def why_not(self, day: date) -> str:
        """Why nothing is delivered on a day; "" on a delivery day."""
        if day in self.closed:
            return f"{show_day(day)} is {self.closed[day]}"
        if day.weekday() not in self.week_on(day).weekdays:
            return f"{show_day(day)} is a {WEEKDAYS[day.weekday()]}"
        return ""

    def last_by(self, day: date) -> date:
        """The latest delivery day on or before a day; the day itself where none is near."""
        days = (day - n * ONE_DAY for n in range(_SEARCHED))
        return next((each for each in days if not self.why_not(each)), day)

    def first_from(self, day: date) -> date:
        """The first delivery day on or after a day; the day itself where none is near."""
        days = (day + n * ONE_DAY for n in range(_SEARCHED))
        return next((each for each in days if not self.why_not(each)), day)

    def cutoff_of(self, day: date) -> datetime:
        """Until when a delivery of a day must be released, in local time."""
        week, until = self.week_on(day), day
        for _ in range(week.cutoff_days):
            until = self.last_by(until - ONE_DAY)
        return datetime.combine(until, week.cutoff)


# --- recurring deliveries ---------------------------------------------------------------------------------------------


def aligned(first: date, length: int, doses: Frequency | None, stops_on: date | None = None) -> Days | None:
    """The next supply period from ``first`` on for about ``length`` days: it begins with a dose and ends before one.

    A drug given once in several days is never cut between two doses, and the period is never longer than ``length``
    unless a single interval is. None when the therapy ends before it begins.
    """
    if doses is not None and doses.times == 1 and doses.every_days > 1 and doses.first_on is not None:
        every = doses.every_days
        first += timedelta(days=(doses.first_on - first).days % every)
        length = max(every, length - length % every)
    last = first + timedelta(days=length - 1)
    if stops_on is not None:
        last = min(last, stops_on)
    return Days(first, last) if first <= last else None


def arrives_on(calendar: Calendar, period: Days, lead_days: int, weekday: int | None = None) -> date:
    """The day a recurring delivery arrives: a delivery day, ``lead_days`` or more before the period begins.

    A ``weekday`` is kept where it is a delivery day within the week before; otherwise the latest delivery day is taken.
    """
    latest = period.first - timedelta(days=lead_days)
    if weekday is not None:
        wanted = latest - timedelta(days=(latest.weekday() - weekday) % 7)
        if not calendar.why_not(wanted):
            return wanted
    return calendar.last_by(latest)


# --- moving a delivery to another day ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoveFacts:
    """All that is looked at when a delivery is put on a day; ``now`` is local time."""

    day: date
    now: datetime
    period: Days
    calendar: Calendar
    carrier: Carrier = Carrier.OWN_DRIVER
    cold: tuple[str, ...] = ()
    """Names of items that must stay cold."""
    is_released: bool = False
    supplied_through: date | None = None
    """The last day an earlier delivery covers; None when this is the first."""
    earliest: date | None = None
    """The payer's first day for this refill."""
    away: tuple[tuple[str, Days], ...] = ()
    """Days the patient is not at home, each with why."""
    others: tuple[str, ...] = ()
    """Numbers of other deliveries to this patient on that day."""


@dataclass(frozen=True, slots=True)
class DayCheck:
    """What speaks against a day: what stops it, and what a person may override with a reason."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_fine(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.refusals and not self.warnings


def check_day(facts: MoveFacts) -> DayCheck:
    """Everything that speaks against delivering on a day, together."""
    day, today = facts.day, facts.now.date()
    if day < today:
        return DayCheck((f"{show_day(day)} has passed. Choose today or a later day.",))
    warnings = [*_against_calendar(facts), *_against_cold(facts), *_against_supply(facts)]
    for why, days in facts.away:
        if day in days:
            warnings.append(f"The patient is not at home on {show_day(day)}: {why}. Ask where it shall go.")
    if facts.others:
        warnings.append(
            f"{' and '.join(facts.others)} also {'goes' if len(facts.others) == 1 else 'go'} to this patient that day. "
            "Send them together."
        )
    return DayCheck((), tuple(warnings))


def _against_calendar(facts: MoveFacts) -> list[str]:
    day, calendar = facts.day, facts.calendar
    why = calendar.why_not(day)
    if why:
        before, after = calendar.last_by(day), calendar.first_from(day)
        near = show_day(after) if before < facts.now.date() else f"{show_day(before)} or {show_day(after)}"
        return [f"{why}, and we do not deliver. Near delivery days: {near}."]
    until = calendar.cutoff_of(day)
    if not facts.is_released and facts.now > until:
        return [
            f"The cutoff for {show_day(day)} was {show_day(until.date())} {until:%H:%M} and it is not released. "
            "Have the bench agree, or choose a later day."
        ]
    return []


def _against_cold(facts: MoveFacts) -> list[str]:
    """A parcel travels the night before; over days when nobody carries it, what is cold gets warm."""
    if not facts.cold or facts.carrier is not Carrier.PARCEL:
        return []
    handed_over = facts.calendar.last_by(facts.day - ONE_DAY)
    nights = (facts.day - handed_over).days
    if nights <= 1:
        return []
    more = f" and {len(facts.cold) - 1} more" if len(facts.cold) > 1 else ""
    return [
        f"{facts.cold[0]}{more} must stay cold and would travel {nights} nights, from {show_day(handed_over)}. "
        "Choose a day after a delivery day, or a driver."
    ]


def _against_supply(facts: MoveFacts) -> list[str]:
    warnings = []
    if facts.day > facts.period.last:
        warnings.append(
            f"Its supplies are for {show_days(facts.period)}, and none of these days is left on {show_day(facts.day)}. "
            "Cancel it, and plan the days that come then."
        )
    elif facts.day > facts.period.first:
        gap = facts.supplied_through is None or facts.supplied_through < facts.day - ONE_DAY
        if gap:
            lasts = (
                f"; what is at home lasts until {show_day(facts.supplied_through)}" if facts.supplied_through else ""
            )
            warnings.append(
                f"Its supplies are needed from {show_day(facts.period.first)}{lasts}. "
                f"Deliver by {show_day(facts.calendar.last_by(facts.period.first))}."
            )
    if facts.earliest is not None and facts.day < facts.earliest:
        warnings.append(f"The payer takes this refill from {show_day(facts.earliest)} on. Choose that day or a later.")
    return warnings


# --- holidays -----------------------------------------------------------------------------------------------------


def federal_holidays(year: int) -> dict[date, str]:
    """The legal public holidays of the United States (5 U.S.C. 6103), as observed by a Monday to Friday house."""
    fixed = {
        date(year, 1, 1): "New Year's Day",
        date(year, 6, 19): "Juneteenth",
        date(year, 7, 4): "Independence Day",
        date(year, 11, 11): "Veterans Day",
        date(year, 12, 25): "Christmas Day",
    }
    observed = {day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)): name for day, name in fixed.items()}
    return dict(
        sorted(
            {
                **observed,
                _nth(year, 1, 0, 3): "Birthday of Martin Luther King, Jr.",
                _nth(year, 2, 0, 3): "Washington's Birthday",
                _nth(year, 5, 0, -1): "Memorial Day",
                _nth(year, 9, 0, 1): "Labor Day",
                _nth(year, 10, 0, 2): "Columbus Day",
                _nth(year, 11, 3, 4): "Thanksgiving Day",
            }.items()
        )
    )


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """The n-th of a weekday in a month; -1 for the last."""
    if number < 0:
        last = date(year, month + 1, 1) - ONE_DAY
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
