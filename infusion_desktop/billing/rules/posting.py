"""What a payer's adjustments do to what is owed: written off, moved to the patient, or left open to be worked.

Which group and reason does what is data (posting rules by payer, then those shipped); nothing here knows a code.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from infusion_desktop.billing.words import Outcome
from infusion_desktop.money import ZERO

UNDERPAID_FROM = Decimal("0.05")
"""Differences below this are the payer's rounding, not worth a letter."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One adjustment: positive lowers what the payer pays."""

    group: str
    reason: str
    amount: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An outcome for a group and reason ("" for the whole group); both days belong to it."""

    group: str
    reason: str
    outcome: Outcome
    starts_on: date = date.min
    ends_on: date | None = None

    def holds(self, group: str, reason: str, day: date) -> bool:
        """Whether it speaks about this adjustment on this day."""
        in_force = self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)
        return in_force and self.group == group and self.reason in ("", reason)


@dataclass(frozen=True, slots=True)
class Rules:
    """A payer's own rules, before those for all payers, before those shipped; a named reason before its group."""

    own: tuple[Rule, ...] = ()
    shared: tuple[Rule, ...] = ()
    shipped: tuple[Rule, ...] = ()
    is_worked: Callable[[str], bool] = field(default=lambda _reason: False)
    """Whether a reason means that somebody must act (the list of adjustment reasons says so)."""
    _known: dict[tuple[str, str, date], Outcome] = field(default_factory=dict, compare=False, repr=False)

    def outcome(self, group: str, reason: str, day: date) -> Outcome:
        """What to do with an adjustment; an unknown group stays open at the payer."""
        key = (group, reason, day)
        if key not in self._known:
            self._known[key] = self._outcome(*key)
        return self._known[key]

    def _outcome(self, group: str, reason: str, day: date) -> Outcome:
        for rules in (self.own, self.shared):
            if found := _first(rules, group, reason, day):
                return found
        exact = _first((each for each in self.shipped if each.reason), group, reason, day)
        general = _first((each for each in self.shipped if not each.reason), group, reason, day)
        if exact is None and general is Outcome.WRITE_OFF and self.is_worked(reason):
            return Outcome.DENIAL
        return exact or general or Outcome.KEEP_OPEN


def _first(rules: Iterable[Rule], group: str, reason: str, day: date) -> Outcome | None:
    holding = [each for each in rules if each.holds(group, reason, day)]
    holding.sort(key=lambda each: (each.reason == "", -each.starts_on.toordinal()))
    return holding[0].outcome if holding else None


@dataclass(frozen=True, slots=True)
class Effect:
    """What one adjustment does: ``amount`` is what leaves the payer's account, negative when it comes back."""

    cut: Cut
    outcome: Outcome
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision on a line (or on the claim itself) comes to."""

    paid: Decimal
    effects: tuple[Effect, ...]

    @property
    def patient(self) -> Decimal:
        """What the patient or the next payer owes now."""
        return sum((each.amount for each in self.effects if each.outcome is Outcome.PATIENT), ZERO)

    @property
    def denied(self) -> Decimal:
        """What was refused and stays open."""
        return sum((each.cut.amount for each in self.effects if each.outcome is Outcome.DENIAL), ZERO)


def decide(
    paid: Decimal, cuts: Sequence[Cut], rules: Rules, day: date, *, all_denied: bool = False, already: Decimal = ZERO
) -> Decided:
    """Turn a payment and its adjustments into effects.

    ``all_denied``: the payer says denied without a reason that does: what would be written off stays open instead.
    ``already``: the part of the charge that other payers have settled and that was never moved here; adjustments that
    only tell of it (first the effect of the payer before, then reductions) move nothing.
    """
    found = [(each, rules.outcome(each.group, each.reason, day)) for each in cuts]
    if all_denied and all(outcome is not Outcome.DENIAL for _, outcome in found):
        found = [(cut, Outcome.DENIAL if outcome is Outcome.WRITE_OFF else outcome) for cut, outcome in found]
    left = already
    moved: dict[int, Decimal] = {}
    order = sorted(range(len(found)), key=lambda place: (found[place][0].group != "OA", place))
    for place in order:
        cut, outcome = found[place]
        amount = cut.amount
        if outcome is not Outcome.PATIENT and amount > ZERO and left > ZERO:
            told = min(left, amount)
            left -= told
            amount -= told
        moved[place] = amount
    effects = tuple(
        Effect(cut, outcome, moved[place] if outcome in (Outcome.WRITE_OFF, Outcome.PATIENT) else ZERO)
        for place, (cut, outcome) in enumerate(found)
    )
    return Decided(paid, effects)


def main_reason(decided: Iterable[Effect]) -> Cut | None:
    """The largest adjustment that denies; None when nothing was denied."""
    denied = [each.cut for each in decided if each.outcome is Outcome.DENIAL]
    return max(denied, key=lambda each: each.amount, default=None)


def short_paid(expected: Decimal, paid: Decimal, patient: Decimal, denied: Decimal) -> Decimal:
    """How much less than expected was allowed where nothing was denied; 0 when it is not worth asking."""
    if denied != ZERO:
        return ZERO
    short = expected - paid - patient
    return short if short >= UNDERPAID_FROM else ZERO


def eob_cuts(
    charge: Decimal,
    allowed: Decimal,
    paid: Decimal,
    *,
    deductible: Decimal = ZERO,
    coinsurance: Decimal = ZERO,
    copay: Decimal = ZERO,
    other_group: str = "CO",
    other_reason: str = "",
) -> tuple[tuple[Cut, ...], Decimal]:
    """The adjustments that a paper explanation of benefits means, and what of the charge stays unexplained.

    The reduction to the allowed amount is CO 45; what is neither paid nor the patient's needs a reason of its own.
    """
    cuts = [Cut("CO", "45", charge - allowed)] if charge != allowed else []
    cuts += [
        Cut("PR", reason, amount)
        for reason, amount in (("1", deductible), ("2", coinsurance), ("3", copay))
        if amount != ZERO
    ]
    rest = allowed - paid - deductible - coinsurance - copay
    if rest != ZERO and other_reason:
        cuts.append(Cut(other_group, other_reason, rest))
        rest = ZERO
    return tuple(cuts), rest
