"""What changed costs do to a day, added up one unit at a time; sharing what is scarce, and how long it lasts."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.stock.buying.price_rules import CostChange, DayUse, effects
from infusion_desktop.stock.scarce.shortage_rules import Claim, Use, covers, lasting, share_out, substitute_units

COSTS = st.decimals(0, 500, places=4)
USES = st.lists(
    st.builds(DayUse, st.integers(1, 3), st.integers(1, 4), st.integers(0, 90), st.integers(1, 28)), max_size=8
)


@given(USES, st.dictionaries(st.integers(1, 4), COSTS), st.dictionaries(st.integers(1, 4), COSTS))
def test_a_days_margin_falls_by_what_a_day_of_supplies_costs_more(
    uses: list[DayUse], was: dict[int, Decimal], now: dict[int, Decimal]
) -> None:
    changes = [CostChange(item, f"item {item}", was.get(item, Decimal(0)), cost) for item, cost in now.items()]
    found = {effect.therapy: effect for effect in effects(changes, uses, was, {1: Decimal("92.00")})}
    assert set(found) == {use.therapy for use in uses if use.item in now}
    for therapy, effect in found.items():
        before = after = Fraction(0)
        for use in (each for each in uses if each.therapy == therapy):
            for _unit in range(use.units):
                old = was.get(use.item, Decimal(0))
                before += Fraction(old) / use.days
                after += Fraction(now.get(use.item, old)) / use.days
        assert (effect.cost_before, effect.cost_after) == (_cents(before), _cents(after))
        if therapy == 1:
            assert effect.margin_after == Decimal("92.00") - _cents(after)
            assert effect.margin_before is not None
            assert effect.margin_before - effect.margin_after == effect.change
        else:
            assert effect.margin_after is None
    order = [effect.change for effect in effects(changes, uses, was, {})]
    assert order == sorted(order, reverse=True)


def _cents(amount: Fraction) -> Decimal:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


CLAIMS = st.lists(
    st.builds(
        Claim, st.integers(0, 99), st.integers(1, 9), st.dates(date(2026, 1, 1), date(2026, 1, 20)), st.integers(1, 60)
    ),
    max_size=12,
    unique_by=lambda claim: claim.key,
)


@given(st.integers(-5, 300), CLAIMS)
def test_scarce_units_go_by_priority_and_none_is_lost_or_made(available: int, claims: list[Claim]) -> None:
    shares = share_out(available, claims)
    assert sorted(share.claim.key for share in shares) == sorted(claim.key for claim in claims)
    assert sum(share.given for share in shares) == min(max(0, available), sum(claim.units for claim in claims))
    assert all(0 <= share.given <= share.claim.units for share in shares)
    short = next((place for place, share in enumerate(shares) if share.short), len(shares))
    assert all(not share.given for share in shares[short + 1 :]), "nobody later is served before an earlier one is full"
    order = [(share.claim.priority, share.claim.on) for share in shares]
    assert order == sorted(order)


@given(st.integers(0, 2000), st.lists(st.builds(Use, st.integers(0, 40), st.integers(1, 28)), max_size=6))
def test_days_left_are_never_promised_too_many(available: int, uses: list[Use]) -> None:
    found = lasting(available, uses)
    used = [use for use in uses if use.units]
    assert found.patients == len(used)
    if not used:
        assert found.days is None
        return
    assert found.days is not None
    a_day = sum((Fraction(use.units, use.days) for use in used), Fraction(0))
    assert found.days * a_day <= available < (found.days + 1) * a_day
    each = Fraction(sum(use.units for use in used), sum(use.days for use in used))
    assert found.patient_days * each <= available < (found.patient_days + 1) * each


@given(st.integers(1, 500), st.integers(1, 20), st.integers(1, 20))
def test_a_substitute_is_never_too_little(units: int, gives: int, for_units: int) -> None:
    sent = substitute_units(units, gives, for_units)
    assert sent * for_units >= units * gives > (sent - 1) * for_units
    assert covers(sent, gives, for_units) >= units


def test_patient_days_read_as_people_ask_for_them() -> None:
    fortnight = [Use(28, 14), Use(14, 14)]  # Two a day and one a day.
    found = lasting(90, fortnight)
    assert (found.days, found.patient_days, found.patients) == (30, 60, 2)
    assert [share.given for share in share_out(50, [
        Claim(1, 6, date(2026, 1, 2), 40), Claim(2, 1, date(2026, 1, 9), 30), Claim(3, 1, date(2026, 1, 3), 10),
    ])] == [10, 30, 10]  # fmt: skip
