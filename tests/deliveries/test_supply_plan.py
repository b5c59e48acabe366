"""The supply plan against hours and days counted one by one: never short, never more than the rule, counts honoured."""

from datetime import date, timedelta
from decimal import Decimal
from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from infusion_desktop.dates import Days, runs_of
from infusion_desktop.deliveries.kits.supply_rules import NOT_USED_UP, Use, day_by_day, gathered, needs, short_on, total
from infusion_desktop.deliveries.rules import Frequency, KitLine, QuantityRule, Supply
from infusion_desktop.stock.words import ItemId
from tests.deliveries.slow_supply import Course, Line, most, phases_of, walk

FIRST = date(2026, 3, 2)
ONE = timedelta(days=1)
ITEM = ItemId(1)
RULES = list(QuantityRule)
DOSED = (QuantityRule.PER_DOSE, QuantityRule.PER_BAG)


@st.composite
def courses(draw: st.DrawFn, least: int = -20) -> tuple[Course, Supply]:
    """A therapy that runs on some days of a window, with pauses."""
    first = FIRST + timedelta(days=draw(st.integers(0, 6)))
    length = draw(st.integers(1, 35))
    whole = [first + timedelta(days=n) for n in range(length)]
    pauses = []
    for _ in range(draw(st.integers(0, 2))):
        begin = draw(st.integers(0, length - 1))
        pauses.append(Days(whole[begin], whole[min(length - 1, begin + draw(st.integers(0, 5)))]))
    interval = draw(st.sampled_from([3, 4, 6, 8, 12, 24, 48, 72, 168, 336]))
    starts_on = first + timedelta(days=draw(st.integers(least, 0)))
    doses = Frequency.every_hours(interval, starts_on)
    supply = Supply(Days(whole[0], whole[-1]), tuple(pauses), doses, is_first=draw(st.booleans()))
    return Course(supply.counted(), interval, starts_on, draw(st.integers(1, 2)), supply.is_first), supply


def a_use(course: Course, supply: Supply, rule: QuantityRule, amount: Decimal, pack: int, shared: bool) -> Use:
    return Use(ITEM, KitLine(rule, amount, pack), supply, "it", f"device {course.device}" if shared else "")


amounts = st.sampled_from([Decimal("0.25"), Decimal(1), Decimal(2), Decimal("2.5"), Decimal(4)])
packs = st.sampled_from([1, 4, 10, 30])


@settings(max_examples=100)
@given(courses(), st.sampled_from(RULES), amounts, packs, st.integers(0, 200))
def test_one_line_is_never_short_and_never_more_than_the_rule(
    made: tuple[Course, Supply], rule: QuantityRule, amount: Decimal, pack: int, counted: int
) -> None:
    course, supply = made
    line = Line(course, rule, amount, pack)
    (answer,) = needs([a_use(course, supply, rule, amount, pack, False)], {ITEM: counted})
    runs = [tuple(run) for run in runs_of(course.days)]
    for phase in phases_of(line):
        assert answer.needed >= sum(walk(line, course.days, phase), Decimal(0)), "never short, whichever way it falls"
        if len(runs) == 1:
            left = counted + answer.to_send
            for used in walk(line, course.days, phase):
                left -= used  # type: ignore[assignment]
                assert left >= 0
    if len(runs) <= 1:
        assert answer.needed == most(line, course.days), "exactly the most it can be"
    elif rule in DOSED or rule is QuantityRule.PER_DRESSING_CHANGE:
        hull = tuple(Days(course.days[0], course.days[-1]))
        assert answer.needed <= min(most(line, hull), sum(most(line, run) for run in runs)) + len(runs)
    missing = max(0, answer.needed - counted)
    assert answer.at_home == counted
    assert missing <= answer.to_send < missing + pack
    assert answer.to_send % pack == 0


@settings(max_examples=100)
@given(st.lists(courses(), min_size=2, max_size=3), st.sampled_from(RULES), amounts, packs, st.integers(0, 60))
def test_therapies_share_what_they_share_and_no_more(
    made: list[tuple[Course, Supply]], rule: QuantityRule, amount: Decimal, pack: int, counted: int
) -> None:
    shared = rule not in DOSED and rule is not QuantityRule.PER_DAY
    uses = [a_use(course, supply, rule, amount, pack, shared) for course, supply in made]
    together = total(uses)
    alone = [total([use]) for use in uses]
    assert max(alone) <= together <= sum(alone)
    if not shared:
        assert together == sum(alone)
    elif rule is QuantityRule.PER_WEEK:
        by_device = {course.device: set[date]() for course, _ in made}
        for course, _ in made:
            by_device[course.device] |= set(course.days)
        assert together == sum(ceil(amount * ceil(len(days) / 7)) for days in by_device.values())
    # One after the other, each with a delivery of its own: together they send what all need, less home counted once.
    sent, rest = 0, counted
    for place, use in enumerate(uses):
        (answer,) = needs([use], {ITEM: counted}, others=uses[:place])
        assert answer.needed == total(uses[: place + 1]) - total(uses[:place])
        assert answer.at_home <= max(0, counted - total(uses[:place]))
        sent += answer.to_send
        rest = max(0, rest - answer.needed)
    assert counted + sent >= together, "never short together"
    assert sent <= max(0, together - counted) + len(uses) * (pack - 1), "never more than the rules allow"


@settings(max_examples=100)
@given(courses(), st.sampled_from(RULES), amounts, packs, st.integers(0, 200), st.integers(0, 9))
def test_what_is_used_before_the_supply_begins_is_not_counted_twice(
    made: tuple[Course, Supply], rule: QuantityRule, amount: Decimal, pack: int, counted: int, ahead: int
) -> None:
    """The patient counts some days before the new supply begins, and goes on using the old one until then."""
    course, supply = made
    line = Line(course, rule, amount, pack)
    days = Days(supply.days.first - timedelta(days=max(1, ahead)), supply.days.first - ONE)
    is_used = rule not in NOT_USED_UP
    between = [a_use(course, Supply(days, (), supply.doses), rule, amount, pack, False)] if is_used else []
    (answer,) = needs([a_use(course, supply, rule, amount, pack, False)], {ITEM: counted}, before=between,
                      begins_on=supply.days.first)  # fmt: skip
    for phase in phases_of(line) if rule in DOSED else (0,):
        gone = sum(walk(line, tuple(days), phase), Decimal(0)) if is_used else Decimal(0)
        left = max(Decimal(0), counted - gone)
        assert left + answer.to_send >= sum(walk(line, course.days, phase), Decimal(0)), "never short"
    assert 0 <= answer.at_home <= counted
    assert answer.to_send < max(0, answer.needed - answer.at_home) + pack


@settings(max_examples=100)
@given(courses(), st.sampled_from(RULES), amounts, st.integers(0, 40))
def test_the_days_add_up_to_the_plan_and_no_day_falls_behind(
    made: tuple[Course, Supply], rule: QuantityRule, amount: Decimal, at_home: int
) -> None:
    course, supply = made
    line = Line(course, rule, amount, 1)
    use = a_use(course, supply, rule, amount, 1, False)
    plan = day_by_day([use], at_home, {}, supply.days)
    assert [each.day for each in plan] == list(supply.days)
    assert sum(each.needed for each in plan) == total([use])
    assert all(each.needed == 0 for each in plan if each.day not in course.days), "nothing on days away from home"
    assert [each.left for each in plan][-1:] == [at_home - total([use])] or not plan
    for phase in phases_of(line):
        used, planned = Decimal(0), 0
        taken = dict(zip(course.days, walk(line, course.days, phase), strict=True))
        for each in plan:
            used += taken.get(each.day, Decimal(0))
            planned += each.needed
            if len(runs_of(course.days)) == 1:
                assert planned >= used, "up to any day never less than is really taken"
    short = short_on(plan)
    assert (short is None) == (total([use]) <= at_home)


def test_a_dressing_is_changed_once_for_two_drugs_through_one_catheter() -> None:
    fortnight = Days(FIRST, FIRST + timedelta(days=13))
    supply = Supply(fortnight, (), Frequency.every_hours(8, FIRST))
    rule = KitLine(QuantityRule.PER_DRESSING_CHANGE, Decimal(1))
    one = Use(ITEM, rule, supply, "cefazolin", "device 7")
    second = Use(
        ITEM, rule, Supply(Days(FIRST + timedelta(days=7), FIRST + timedelta(days=20))), "vancomycin", "device 7"
    )
    assert total([one]) == 2
    assert total([one, second]) == 3, "three weeks for both"
    (answer,) = needs([second], {}, others=[one])
    assert (answer.needed, answer.to_send) == (1, 1)
    assert "go with cefazolin" in answer.why
    assert [each.whose for each in gathered([one, second])] == ["cefazolin and vancomycin"]
    elsewhere = Use(ITEM, rule, supply, "fluid", "device 8")
    assert total([one, elsewhere]) == 4, "another catheter has its own dressing"


def test_the_reasons_say_what_is_used_before_and_what_stays() -> None:
    week = Days(FIRST, FIRST + timedelta(days=6))
    daily = Frequency.every_hours(24, FIRST - timedelta(days=30))
    line = KitLine(QuantityRule.PER_DOSE, Decimal(2), 30)
    before = Use(ITEM, line, Supply(Days(FIRST - timedelta(days=3), FIRST - ONE), (), daily), "it")
    (answer,) = needs([Use(ITEM, line, Supply(week, (), daily), "it")], {ITEM: 10}, before=[before], begins_on=FIRST)
    assert (answer.needed, answer.at_home, answer.to_send) == (14, 4, 30)
    assert answer.why == (
        "2 per dose × 7 doses (1 a day on 7 days) = 14; 10 counted at home, 6 used before Mar 2, 2026: less 4 = 10; "
        "up to whole packs of 30 = 30"
    )
