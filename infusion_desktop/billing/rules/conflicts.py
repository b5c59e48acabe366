"""Which therapies give way to others on a day: versions of one order, forbidden pairs of codes, catheter care."""

from collections.abc import Sequence
from decimal import Decimal

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.codes import exclude_each_other, whatever_the_therapy
from infusion_desktop.billing.rules.days import Reason
from infusion_desktop.billing.rules.legs import LeftOut, Leg
from infusion_desktop.billing.rules.rule_set import ConflictScope, RuleSet
from infusion_desktop.billing.rules.therapy import FeeSchedule, RateBasis
from infusion_desktop.dates import Days


def give_way(legs: Sequence[Leg], period: Days, rules: RuleSet, fees: FeeSchedule) -> list[LeftOut]:
    """Take the days from the legs that must give way, and tell which and why."""
    left_out = _older_versions(legs)
    left_out += _forbidden_pairs(legs, period, rules, fees)
    if not rules.catheter_care_beside_therapy:
        left_out += _covered_catheter_care(legs)
    return left_out


def _older_versions(legs: Sequence[Leg]) -> list[LeftOut]:
    """On a day two versions of one order touch, the one that started later counts."""
    found: list[LeftOut] = []
    if not [leg for leg in legs if leg.course.therapy_id is not None]:
        return found  # Each is an order of its own.
    for place, later in enumerate(legs):
        for earlier in legs[:place]:
            same = earlier.course.order == later.course.order and earlier.course.id != later.course.id
            if same and (shared := earlier.mask & later.mask):
                earlier.mask ^= shared
                found.append(LeftOut(earlier.course, Reason.SAME_ORDER, shared, later.course.label))
    return found


def _forbidden_pairs(legs: Sequence[Leg], period: Days, rules: RuleSet, fees: FeeSchedule) -> list[LeftOut]:
    found = []
    for place, one in enumerate(legs):
        for other in legs[:place]:
            shared = one.mask & other.mask
            if shared and _conflict(one, other, rules):
                loser, winner = _loser_and_winner(one, other, day_mask.first_of(shared), period, fees)
                loser.mask ^= shared
                found.append(
                    LeftOut(loser.course, Reason.CODE_CONFLICT, shared, f"{winner.code} ({winner.course.label})")
                )
    return found


def _conflict(one: Leg, other: Leg, rules: RuleSet) -> bool:
    if not exclude_each_other(one.choice.row, other.choice.row):
        return False
    related = rules.code_conflicts is ConflictScope.SAME_DAY or one.course.order == other.course.order
    return related or whatever_the_therapy(one.choice.row, other.choice.row)


def _loser_and_winner(one: Leg, other: Leg, offset: int, period: Days, fees: FeeSchedule) -> tuple[Leg, Leg]:
    """The general code loses to the specific one; else the lower price, the later start, the higher code."""
    day = day_mask.day_at(period.first, offset)

    def strength(leg: Leg) -> tuple[bool, Decimal, int, str, int]:
        fee = fees.price_on(day, leg.code, rate_key=leg.course.rate_key, basis=leg.basis)
        general = leg.choice.row is not None and leg.choice.row.generic
        return general, -fee.rate if fee else Decimal(1), leg.course.begun_on.toordinal(), leg.code, leg.course.id

    return (one, other) if strength(one) > strength(other) else (other, one)


def _covered_catheter_care(legs: Sequence[Leg]) -> list[LeftOut]:
    """Catheter care counts only on days no other therapy's per diem covers (Oregon OAR 410-148-0300)."""
    found: list[LeftOut] = []
    cared_for = [leg for leg in legs if leg.choice.catheter_care]
    if not cared_for:
        return found
    others = [leg for leg in legs if not leg.choice.catheter_care and leg.basis is RateBasis.PER_DIEM]
    for leg in cared_for:
        for other in others:
            if covered := leg.mask & other.mask:
                leg.mask ^= covered
                found.append(LeftOut(leg.course, Reason.COVERED, covered, other.course.label))
    return found
