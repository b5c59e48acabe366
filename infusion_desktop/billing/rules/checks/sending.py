"""Checks of time and of the claim's life: filing limits, replacements, days that have not come yet."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from infusion_desktop.billing.rules.checks.facts import Check, ClaimFacts, Told, Where
from infusion_desktop.billing.rules.rule_set import ClaimForm, FilingClock, RuleSet
from infusion_desktop.dates import Days, show_day

SOON = timedelta(days=14)
_WAYS = "On the claim, Correct: say why it comes late, leave the late days out, or void it."


def _late(facts: ClaimFacts) -> Iterator[Told]:
    if facts.rules is None or facts.delay_reason:
        return
    for line in facts.lines:
        last = filing_deadline(line.days, facts.rules, facts.primary_paid_on)
        if facts.today > last:
            told = f"{line.label} had to be filed by {show_day(last)}. {_WAYS}"
            yield told, line.number


def _soon_late(facts: ClaimFacts) -> Iterator[Told]:
    last = _first_deadline(facts)
    if last is not None and facts.today <= last:
        yield f"The filing limit is {show_day(last)}, in {(last - facts.today).days} days. Send the claim now."


def _original_named(facts: ClaimFacts) -> Iterator[Told]:
    if facts.frequency in ("7", "8") and not facts.payer_control_number and not _is_statement(facts):
        yield "A replacement or void must name the payer's number of the first claim. Take it from the remittance."


def _original_not_named(facts: ClaimFacts) -> Iterator[Told]:
    if facts.frequency == "1" and facts.payer_control_number:
        yield "An original claim must not name an earlier claim. Send a replacement instead."


def _frequency(facts: ClaimFacts) -> Iterator[Told]:
    if facts.frequency not in ("1", "7", "8"):
        yield "The claim is neither original (1) nor replacement (7) nor void (8). Choose one."


def _future(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if line.days.last > facts.today:
            yield f"{line.label} bills days that have not come yet. Wait, or shorten the line.", line.number


def filing_deadline(line: Days, rules: RuleSet, primary_paid_on: date | None = None) -> date:
    """The last day to file a line of these days; counted from its first day unless the contract says otherwise."""
    return filed_by(_clock_starts(line, rules, primary_paid_on), rules)


def first_timely(period: Days, rules: RuleSet, today: date) -> date | None:
    """The first day of a period from which the filing limit may count today; None: it is over for every day."""
    return next((day for day in period if filed_by(day, rules) >= today), None)


def is_too_late(line: Days, timely_from: date, rules: RuleSet) -> bool:
    """Whether the limit of a line counts from a day before the first timely one.

    A line whose limit counts from its first day is cut there; one whose limit counts from its last day is too late as
    a whole or not at all, whatever other lines are.
    """
    return (line.first if rules.filing_clock is FilingClock.FROM_DAY else line.last) < timely_from


def _clock_starts(line: Days, rules: RuleSet, primary_paid_on: date | None) -> date:
    if rules.filing_clock is FilingClock.PRIMARY_PAID and primary_paid_on is not None:
        return primary_paid_on
    return line.first if rules.filing_clock is FilingClock.FROM_DAY else line.last


def filed_by(start: date, rules: RuleSet) -> date:
    """The last day to file what the clock started for on a day.

    A year from a leap day ends on the 28th of February (Medicare: one calendar year from the line's first day).
    """
    return _same_day_next_year(start) if rules.filing_days == 365 else start + timedelta(days=rules.filing_days)


def has_filing_limit(rules: RuleSet) -> bool:
    """Whether claims by these rules must be filed by some day; a patient's statement need not."""
    return rules.filing_days > 0 and rules.claim_form is not ClaimForm.STATEMENT


@lru_cache(1024)
def _same_day_next_year(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28)


def _is_statement(facts: ClaimFacts) -> bool:
    return facts.rules is not None and facts.rules.claim_form is ClaimForm.STATEMENT


def _first_deadline(facts: ClaimFacts) -> date | None:
    """The first of the lines' deadlines; None where no day is set."""
    rules = facts.rules
    if rules is None or not facts.lines or not has_filing_limit(rules) or facts.frequency != "1":
        return None
    return filed_by(min([_clock_starts(line.days, rules, facts.primary_paid_on) for line in facts.lines]), rules)


def _limit_is_near(facts: ClaimFacts) -> bool:
    """Whether the filing limit is near or past."""
    first = _first_deadline(facts)
    return first is not None and first <= facts.today + SOON


CHECKS = (
    Check("LATE", "The filing limit", Where.CLAIM, True, _late, _limit_is_near),
    Check("SOON_LATE", "A filing limit that is near", Where.CLAIM, False, _soon_late, _limit_is_near),
    Check("ORIGINAL_MISSING", "The first claim's number", Where.CLAIM, True, _original_named),
    Check("ORIGINAL_NAMED", "An original that names an earlier claim", Where.CLAIM, True, _original_not_named),
    Check("FREQUENCY", "Original, replacement or void", Where.CLAIM, True, _frequency),
    Check("FUTURE", "Days that have not come", Where.CLAIM, True, _future),
)
