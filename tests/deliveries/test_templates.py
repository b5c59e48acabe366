"""Which kit fits whom, which lines a patient gets, and versions with their days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from infusion_desktop.access.roles import Role
from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.deliveries.care_words import Ages, Purpose
from infusion_desktop.deliveries.kits.template_rules import Care, Fit, Template, TemplateLine, lines_for, rank
from infusion_desktop.deliveries.kits.templates import (
    matching_templates,
    save_template,
    substitutes,
    template,
    templates,
    versions,
)
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass
from tests.deliveries.conftest import START, WEEK, Bench

ABX = Care(TherapyClass.ANTI_INFECTIVE, Method.AMBULATORY_PUMP, 8, AccessKind.PICC, 2)
FOR_ALL = Fit(TherapyClass.ANTI_INFECTIVE, (), ())


def test_the_narrower_kit_comes_first_and_a_kit_for_others_never() -> None:
    narrow = replace(FOR_ALL, access_kinds=(AccessKind.PICC,), lowest_interval_hours=8, highest_interval_hours=8)
    two = replace(FOR_ALL, lowest_lumens=2, highest_lumens=2)
    child, allergic = replace(FOR_ALL, ages=Ages.CHILD), replace(FOR_ALL, latex_allergic_only=True)
    best = [each for each in (allergic, child, two, narrow, FOR_ALL) if rank(each, ABX)]
    assert sorted(best, key=lambda each: rank(each, ABX) or ()) == [two, narrow, FOR_ALL]
    sick_child = replace(ABX, is_child=True, latex_allergic=True)
    found = [each for each in (FOR_ALL, narrow, two, child, allergic) if rank(each, sick_child)]
    assert sorted(found, key=lambda each: rank(each, sick_child) or ())[:2] == [allergic, child]
    for other in (
        replace(ABX, therapy_class=TherapyClass.PAIN), replace(ABX, interval_hours=12),
        replace(ABX, access=AccessKind.PORT),
    ):  # fmt: skip
        assert rank(narrow, other) is None
    assert rank(replace(FOR_ALL, ages=Ages.ADULT), sick_child) is None
    assert rank(two, replace(ABX, lumens=1)) is None
    assert rank(two, replace(ABX, lumens=0)) is not None, "unknown lumens speak against nothing"


def test_a_line_for_each_lumen_and_a_line_for_ports() -> None:
    connector = TemplateLine(None, QuantityRule.PER_DRESSING_CHANGE, Decimal(1), equipment="pole", per_lumen=True)
    needle = replace(connector, per_lumen=False, access_kinds=(AccessKind.PORT,))
    assert [line.amount for line in lines_for((connector, needle), AccessKind.PICC, 3)] == [Decimal(3)]
    assert [line.amount for line in lines_for((connector, needle), AccessKind.PORT, 0)] == [Decimal(1), Decimal(1)]
    assert len(lines_for((connector, needle), None, 0)) == 1, "nothing for a port where no port is known"


def test_versions_with_their_days_and_alternatives(bench: Bench) -> None:
    boss = bench.staff[Role.ADMINISTRATOR]
    with bench.database.reading() as session:
        (kept,) = templates(session, START)
    lines = (
        *(line for line in kept.template.lines if line.item_id != bench.items["flush"]),
        TemplateLine(bench.items["flush"], QuantityRule.PER_DOSE, Decimal(3), purpose=Purpose.SUPPLY,
                     alternatives=(bench.items["tubing"],), access_kinds=(AccessKind.PICC,)),
    )  # fmt: skip
    later = START + timedelta(days=10)
    newer = save_template(bench.database, replace(kept.template, lines=lines, ages=Ages.ADULT), boss, later)
    with bench.database.reading() as session:
        assert [each.id for each in templates(session, START)] == [kept.id]
        assert [each.id for each in templates(session, later)] == [newer]
        assert [each.id for each in templates(session, START, later_too=True)] == [kept.id, newer]
        care = replace(ABX, lumens=1)
        assert matching_templates(session, later - ONE_DAY, care) == (kept.id,)
        assert matching_templates(session, later, care) == (newer,)
        assert matching_templates(session, later, replace(care, is_child=True)) == ()
        read = template(session, newer, alternatives=True).template
        assert read == replace(kept.template, lines=lines, ages=Ages.ADULT)
        assert substitutes(session, newer, bench.items["flush"]) == (bench.items["tubing"],)
        assert [each.number for each in versions(session, "ABX")] == [2, 1]


def test_every_reason_against_a_template_is_told_together(bench: Bench) -> None:
    flush = bench.items["flush"]
    wrong = Template(
        " ", "", TherapyClass.PAIN, (), (AccessKind.PICC,),
        (
            TemplateLine(None, QuantityRule.PER_DAY, Decimal(1)),
            TemplateLine(flush, QuantityRule.PER_DAY, Decimal(0), alternatives=(flush,)),
            TemplateLine(flush, QuantityRule.PER_DAY, Decimal(1), access_kinds=(AccessKind.PORT,)),
            TemplateLine(bench.items["pump"], QuantityRule.PER_DAY, Decimal(1)),
        ),
        9, 8, 3, 2,
    )  # fmt: skip
    with pytest.raises(Refused) as no:
        save_template(bench.database, wrong, bench.staff[Role.ADMINISTRATOR])
    said = " ".join(no.value.reasons)
    for words in ("code and a name", "interval", "lumens", "Line 1: name an item", "Line 2: the amount",
                  "stand in for itself", "Line 3: the kit is not for a implanted port", "another line",
                  "is equipment"):  # fmt: skip
        assert words in said


def test_a_child_gets_the_kit_for_children(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(born_on=START - timedelta(days=365 * 6))
    with bench.database.reading() as session:
        (kept,) = templates(session, START)
    small = replace(kept.template, code="SMALL", name="For children", ages=Ages.CHILD)
    save_template(bench.database, small, bench.staff[Role.ADMINISTRATOR], START)
    delivery = bench.plans(Days(START, WEEK.last))
    with bench.database.reading() as session:
        assert "For children" in delivery_page(session, delivery, START).template
