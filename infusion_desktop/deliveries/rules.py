"""How much of each thing a patient needs for a supply period, and what speaks against a delivery. Pure decisions."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import ceil, gcd

from infusion_desktop.dates import ONE_DAY, Days, runs_of, show_day
from infusion_desktop.errors import Refused

# --- how much is needed -----------------------------------------------------------------------------------------------


class QuantityRule(StrEnum):
    """What an item's quantity follows from."""

    PER_DOSE = "per_dose"
    PER_DAY = "per_day"
    PER_WEEK = "per_week"
    """Per week begun."""
    PER_DRESSING_CHANGE = "per_dressing_change"
    PER_BAG = "per_bag"
    """Per bag, cassette or filled pump hung; the doses where no bags are told apart from them."""
    PER_DELIVERY = "per_delivery"
    ONCE_AT_START = "once_at_start"
    """With the first delivery of a therapy only."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """So many times in every so many days; ``first_on``, where known, is a day it happens on."""

    times: int
    every_days: int = 1
    first_on: date | None = None

    def __post_init__(self) -> None:
        if self.times < 1 or self.every_days < 1:
            raise ValueError("a frequency is at least once in a number of days")

    @classmethod
    def every_hours(cls, hours: int, first_on: date | None = None) -> "Frequency":
        """The frequency of a dosing interval: every 8 hours is 3 times a day, every 168 hours once in 7 days."""
        if hours < 1:
            raise ValueError("an interval is at least one hour")
        shared = gcd(24, hours)
        return cls(24 // shared, hours // shared, first_on)

    def on(self, days: Collection[date]) -> int:
        """How often it falls on these days: exactly where that is known, otherwise the most it can be (never short)."""
        if self.times == 1 and self.every_days > 1 and self.first_on is not None:
            return sum((day - self.first_on).days % self.every_days == 0 for day in days)
        runs = runs_of(days)
        if not runs:
            return 0
        return min(self._most(len(Days(runs[0].first, runs[-1].last))), sum(self._most(len(run)) for run in runs))

    def _most(self, days: int) -> int:
        rounds, rest = divmod(days, self.every_days)
        return rounds * self.times + min(self.times, rest * ceil(self.times / self.every_days))

    def show(self) -> str:
        """As people say it: "3 a day", "1 every 7 days"."""
        return f"{self.times} a day" if self.every_days == 1 else f"{self.times} every {self.every_days} days"


WEEKLY = Frequency(1, 7)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a delivery has to last for: a period less its interruptions, and how often things happen in it."""

    days: Days
    interruptions: tuple[Days, ...] = ()
    doses: Frequency | None = None
    bags: Frequency | None = None
    dressings: Frequency | None = WEEKLY
    is_first: bool = False
    """The first delivery of the therapy."""

    def __hash__(self) -> int:
        """From the days alone: asked once a line of a kit, and supplies of the same days are few."""
        return hash((self.days.first, self.days.last))

    def counted(self) -> tuple[date, ...]:
        """The days at home: all of the period but those interrupted (hospital, hold, away)."""
        return tuple(day for day in self.days if not any(day in pause for pause in self.interruptions))


@dataclass(frozen=True, slots=True)
class KitLine:
    """The rule of one kit line; what is sent is a multiple of ``round_to`` base units."""

    rule: QuantityRule
    amount: Decimal
    round_to: int = 1
    unit: str = "each"

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount < 0 or self.round_to < 1:
            raise ValueError("an amount is not negative, and packs hold at least one")


@dataclass(frozen=True, slots=True)
class Need:
    """How much is needed, counted at home and sent, in base units, and how the numbers came about."""

    needed: int
    at_home: int
    to_send: int
    steps: tuple[str, ...]

    @property
    def why(self) -> str:
        """All steps as one line, such as "2 per dose × 21 doses (3 a day on 7 days) = 42; less 10 at home = 32"."""
        return "; ".join(self.steps)


def need(line: KitLine, supply: Supply, at_home: int = 0) -> Need:
    """What to send of a kit line: needed for the period, less what was counted at home, up to whole packs.

    Refused when the rule asks for doses or dressing changes and the therapy has no frequency for them.
    """
    if at_home < 0:
        raise Refused("The count at home is below zero. Type how many are left, or 0.")
    needed, why_needed = needed_of(line, supply)
    missing = max(0, needed - at_home)
    to_send = -(-missing // line.round_to) * line.round_to
    steps = [why_needed]
    if at_home and needed:
        enough = " (enough at home)" if not missing else ""
        steps.append(f"less {at_home} at home = {missing}{enough}")
    if to_send != missing:
        steps.append(f"up to whole packs of {line.round_to} = {to_send}")
    return Need(needed, at_home, to_send, tuple(steps))


def times_in(frequency: Frequency, supply: Supply) -> int:
    """How often something happens on the days of a supply period that count."""
    return frequency.on(supply.counted())


def needed_of(line: KitLine, supply: Supply) -> tuple[int, str]:
    """How much a kit line needs for the supply's days, and how the number came about."""
    if line.rule is QuantityRule.ONCE_AT_START and not supply.is_first:
        return 0, "only with the first delivery = 0"
    counts = _counts(line.rule, supply)
    if counts is None:
        return 0, "no day at home in this period = 0"
    count, per, counted = counts
    exact = line.amount * count
    needed = ceil(exact)
    amount = _plain(line.amount)
    start = f"{amount} {per}" if not counted else f"{amount} {per} × {counted}"
    total = f" = {needed}" if exact == needed else f" = {_plain(exact)}, so {needed}"
    return needed, start + total


@lru_cache(256)  # A kit asks for the same few of its period, once a line.
def _counts(rule: QuantityRule, supply: Supply) -> tuple[int, str, str] | None:
    days = len(supply.counted())
    return _COUNTS[rule](supply, days) if days else None


@lru_cache(256)
def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _repeated(frequency: Frequency | None, supply: Supply, days: int, per: str, one: str) -> tuple[int, str, str]:
    if frequency is None:
        raise Refused(f"The therapy does not say how often: {one}s cannot be counted. Fill in its frequency.")
    count = times_in(frequency, supply)
    return count, per, f"{_plural(count, one)} ({frequency.show()} on {_plural(days, 'day')})"


def _weeks(days: int) -> int:
    return ceil(days / 7)


_COUNTS: dict[QuantityRule, Callable[[Supply, int], tuple[int, str, str]]] = {
    QuantityRule.PER_DOSE: lambda s, days: _repeated(s.doses, s, days, "per dose", "dose"),
    QuantityRule.PER_BAG: lambda s, days: _repeated(s.bags or s.doses, s, days, "per bag", "bag"),
    QuantityRule.PER_DRESSING_CHANGE: lambda s, days: _repeated(
        s.dressings, s, days, "per dressing change", "dressing change"
    ),
    QuantityRule.PER_DAY: lambda s, days: (days, "per day", _plural(days, "day")),
    QuantityRule.PER_WEEK: lambda s, days: (_weeks(days), "per week", _plural(_weeks(days), "week") + " begun"),
    QuantityRule.PER_DELIVERY: lambda s, days: (1, "per delivery", ""),
    QuantityRule.ONCE_AT_START: lambda s, days: (1, "with the first delivery", ""),
}


# --- when a refill may be arranged ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefillRule:
    """How early a refill may be talked about and delivered; a payer's contract may set its own."""

    starts_on: date
    contact_days: int
    delivery_days: int
    contact_counts_from_delivery: bool = False
    """Contact is counted back from the delivery (the older rule), not from the end of the supply at home."""
    longest_supply_days: int = 0
    """0 for no limit."""
    weekend_extra_days: int = 0
    """Days more that a delivery over a holiday weekend may supply."""
    count_required: bool = False
    """A refill rests on a count of what is left at home."""

    @property
    def most_days(self) -> int:
        """The most days a delivery may supply; 0 for no limit."""
        return self.longest_supply_days + self.weekend_extra_days if self.longest_supply_days else 0


MEDICARE_REFILL_RULES = (
    RefillRule(date(2011, 8, 1), 14, 10, contact_counts_from_delivery=True, count_required=True),
    RefillRule(date(2024, 1, 1), contact_days=30, delivery_days=10, count_required=True),
)
"""CMS standard documentation requirements for refills, as the DME contractors published them: since January 1, 2024
contact no sooner than 30 days before the supply is expected to end; before, 14 days before shipping or delivery.
Delivery no sooner than 10 days before the end under both."""


def refill_rule_on(day: date, rules: Sequence[RefillRule] = MEDICARE_REFILL_RULES) -> RefillRule | None:
    """The rule in force on a delivery's day, or None when none had begun."""
    begun = [rule for rule in rules if rule.starts_on <= day]
    return max(begun, key=lambda rule: rule.starts_on) if begun else None


def terms(rule: RefillRule, no_limit: int) -> str:
    """What a refill rule says, in a few words; ``no_limit`` days and more stand for no limit."""
    parts = []
    if rule.contact_days < no_limit:
        what = "the delivery" if rule.contact_counts_from_delivery else "the supply ends"
        parts.append(f"call no sooner than {rule.contact_days} days before {what}")
    if rule.delivery_days < no_limit:
        parts.append(f"deliver no sooner than {rule.delivery_days} days before the supply ends")
    if rule.most_days:
        parts.append(f"at most {rule.most_days} days at a time")
    return ", ".join(parts) or "a call with a yes"


def contact_from(rule: RefillRule, supply_ends_on: date, delivers_on: date) -> date:
    """The first day the refill call may be made."""
    anchor = delivers_on if rule.contact_counts_from_delivery else supply_ends_on
    return anchor - timedelta(days=rule.contact_days)


def delivery_from(rule: RefillRule, supply_ends_on: date) -> date:
    """The first day the refill may be delivered."""
    return supply_ends_on - timedelta(days=rule.delivery_days)


@dataclass(frozen=True, slots=True)
class Refill:
    """What is known of a refill: when the supply at home ends, when the patient was asked and said yes."""

    supply_ends_on: date
    contacted_on: date | None
    confirmed: bool


def reasons_against_refill(rule: RefillRule, refill: Refill, delivers_on: date, period: Days) -> list[str]:
    """Why a refill is too early, too long or not asked for; all reasons."""
    reasons = []
    earliest = delivery_from(rule, refill.supply_ends_on)
    if delivers_on < earliest:
        reasons.append(
            f"The supply at home lasts until {show_day(refill.supply_ends_on)}. "
            f"Deliver on {show_day(earliest)} or later ({rule.delivery_days} days before it ends)."
        )
    reasons += _reasons_against_contact(rule, refill, delivers_on)
    if rule.most_days and len(period) > rule.most_days:
        last = period.first + (rule.most_days - 1) * ONE_DAY
        reasons.append(
            f"The payer allows {rule.most_days} days at a time and this period has {len(period)}. "
            f"End it on {show_day(last)} or earlier."
        )
    return reasons


def _reasons_against_contact(rule: RefillRule, refill: Refill, delivers_on: date) -> list[str]:
    if refill.contacted_on is None:
        return ["No refill call is recorded. Call the patient, count what is left and write it down."]
    reasons = []
    earliest = contact_from(rule, refill.supply_ends_on, delivers_on)
    if refill.contacted_on < earliest:
        reasons.append(
            f"The refill call on {show_day(refill.contacted_on)} was too early. "
            f"Call again on {show_day(earliest)} or later."
        )
    if refill.contacted_on > delivers_on:
        reasons.append("The refill call is dated after the delivery. Correct its day.")
    if not refill.confirmed:
        reasons.append("The patient has not said yes to this refill. Call, ask and write the answer down.")
    return reasons


# --- what speaks against a delivery -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SentLot:
    """What one line of a delivery sends, as far as the checks need it."""

    item: str
    contains_latex: bool = False


def reasons_against_verifier(picked_by: Collection[int], verified_by: int | None) -> list[str]:
    """A kit is verified by somebody who did not pick any of it."""
    if verified_by is not None and verified_by in picked_by:
        return ["Whoever picked a kit cannot verify it. Ask a second person to verify."]
    return []


def reasons_against_latex(latex_allergy: bool, lots: Iterable[SentLot]) -> list[str]:
    """Nothing with latex goes to a patient who is allergic to it; each such item is named once."""
    if not latex_allergy:
        return []
    found = dict.fromkeys(lot.item for lot in lots if lot.contains_latex)
    return [f"The patient is allergic to latex and {name} contains it. Choose an item without latex." for name in found]
