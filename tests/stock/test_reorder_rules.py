"""The reorder rule against a slow reference that adds one pack at a time, and packs against counting one by one."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from infusion_desktop.stock.buying.reorder_rules import Position, SoldIn, reorder
from infusion_desktop.stock.pack_rules import PackSize, as_largest, packs_for, plural, say_packs

UNITS = st.integers(0, 400)
LEVELS = st.integers(0, 200)


@st.composite
def positions(draw: st.DrawFn) -> Position:
    par, least = draw(LEVELS), draw(st.one_of(st.just(0), LEVELS))
    most = draw(st.one_of(st.just(0), st.integers(max(par, least), 600)))
    return Position(draw(UNITS), draw(UNITS), par, least, most, draw(UNITS), draw(UNITS))


def slowly(position: Position, sold: SoldIn) -> int:
    """How many packs, found by taking units one by one and putting packs one by one onto an imagined shelf."""
    shelf = position.free + position.on_order
    for _ in range(position.deliveries + position.therapies):
        shelf -= 1
    line = position.reorder_point or position.par - 1
    full = max(position.par, position.reorder_point)
    if shelf >= 0 and not (shelf <= line and shelf < full):
        return 0
    packs, then = 0, shelf
    while then < full or packs < sold.least_packs:
        packs, then = packs + 1, then + sold.pack_quantity
    if not position.most:
        return packs
    while packs and then > position.most:  # Take packs back while no patient goes short by it.
        fewer, left = packs - 1, then - sold.pack_quantity
        if left < 0:
            break
        packs, then = fewer, left
    if 0 < packs < sold.least_packs:  # The vendor does not sell so few.
        return sold.least_packs if shelf < 0 else 0
    return packs


@given(positions(), st.integers(1, 90), st.integers(1, 4))
@example(Position(30, 20, 50, 0, 0, 120), 60, 1)
@example(Position(0, 0, 10, 10, 12, 0, 0), 60, 1)
@example(Position(5, 0, 0, 0, 0, 6, 0), 60, 1)
def test_the_reorder_rule_agrees_with_filling_a_shelf_pack_by_pack(
    position: Position, pack_quantity: int, least_packs: int
) -> None:
    sold = SoldIn("case", pack_quantity, least_packs)
    found = reorder(position, sold)
    assert found.packs == slowly(position, sold)
    assert found.units == found.packs * pack_quantity
    assert found.is_for_patients == (position.projected < 0)
    after = position.projected + found.units
    assert after >= 0 or not found.is_for_patients
    if position.projected < 0:
        assert found.packs, "patients never go short for the sake of a maximum"
    if found.packs and position.most and after > position.most:
        assert position.projected + (found.packs - sold.least_packs) * pack_quantity < 0 or after - pack_quantity < 0
    if " = " in found.why and "needed by" in found.why.split(" = ")[0]:
        assert _added_up(found.why) == found.missing


def _added_up(why: str) -> int:
    """What the sentence's own numbers come to."""
    left = why.split(" = ")[0].replace(",", "")
    signed = re.findall(r"(^|[-+] )[a-z ]*?(\d+|-\d+)(?= |$)", left)
    return sum(-int(number) if sign.startswith("-") else int(number) for sign, number in signed)


def test_the_sum_reads_as_people_say_it() -> None:
    found = reorder(Position(free=30, on_order=20, par=50, deliveries=120), SoldIn("case", 60))
    assert (found.packs, found.why) == (
        2, "needed by deliveries 120 + par 50 - on hand 30 - on order 20 = 120, rounded to 2 cases of 60",
    )  # fmt: skip
    uneven = reorder(Position(free=30, on_order=20, par=50, deliveries=110, therapies=5), SoldIn("case", 60))
    assert uneven.why == (
        "needed by deliveries 110 + by therapies 5 + par 50 - on hand 30 - on order 20 = 115, rounded to 2 cases of 60"
    )
    assert reorder(Position(free=400, reorder_point=50, par=200, deliveries=20), SoldIn()).why == (
        "on hand 400 - needed 20 = 380: enough above reorder point 50"
    )
    full = reorder(Position(free=45, par=50, most=55), SoldIn("box", 30))
    assert (full.packs, full.why.split(", ")[1]) == (0, "but 30 more would pass the maximum 55")
    needed = reorder(Position(free=0, par=50, most=55, deliveries=10), SoldIn("case", 100))
    assert needed.packs == 1
    assert "because patients need it" in needed.why


SIZES = st.lists(st.tuples(st.sampled_from(["pack", "box", "case"]), st.integers(2, 50)), max_size=3)


@given(st.integers(0, 5000), SIZES)
def test_units_are_stacked_without_losing_one(units: int, sizes: list[tuple[str, int]]) -> None:
    levels = [PackSize(f"{name}{size}", size) for name, size in sizes]
    said = as_largest(units, levels)
    worth = {plural(level.name, count): level.quantity for level in levels for count in (1, 2)} | {"each": 1}
    assert (
        sum(int(n.replace(",", "")) * worth[name] for n, name in re.findall(r"([\d,]+) (\S+?)(?:,|$| )", said)) == units
    )


@given(st.integers(-5, 5000), st.integers(1, 500), st.integers(1, 9))
def test_the_fewest_packs_are_enough_and_one_fewer_is_not(units: int, pack_quantity: int, least: int) -> None:
    packs = packs_for(units, pack_quantity, least)
    assert packs * pack_quantity >= units
    assert packs == 0 if units <= 0 else packs >= least
    assert packs <= least or (packs - 1) * pack_quantity < units


def test_a_case_says_how_many_eaches_it_is() -> None:
    assert say_packs(2, "case", 60) == "2 cases of 60 = 120 each"
    assert say_packs(3, "box", 1200, "mL") == "3 boxes of 1,200 = 3,600 mL"
    assert say_packs(5, "each", 1) == "5 each"
