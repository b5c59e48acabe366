"""The month-end bundle, periods told by name, and bars on paper."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.access.people import UserId, everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, Days, month_of, today
from infusion_desktop.errors import NotAllowed
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting.bundle import MONTH_END, month_end
from infusion_desktop.reporting.period_rules import period_of
from infusion_desktop.reporting.registry import report
from infusion_desktop.reporting.words import PeriodRule
from reports.bar_chart import MOST_BARS, BarChart, chart_block, chart_of
from reports.paper import LETTER, Paper


@pytest.fixture
def pharmacy(one_demonstration: Place) -> Iterator[Database]:
    database = open_pharmacy(one_demonstration)
    yield database
    database.close()


def somebody(database: Database, role: Role) -> UserId:
    with database.reading() as session:
        return next(person.id for person in everybody(session) if role in person.roles)


def test_the_bundle_has_contents_and_a_bookmark_for_each_report(pharmacy: Database) -> None:
    manager, told = somebody(pharmacy, Role.MANAGER), []
    month = month_of(month_of(today()).first - ONE_DAY)
    pdf = run_to_end(month_end(pharmacy, month, manager), told.append)
    assert [step.done for step in told] == list(range(len(MONTH_END) + 1))
    with pypdfium2.PdfDocument(pdf) as document:
        marks = list(document.get_toc())
        titles = [mark.get_title() for mark in marks if mark.level == 1]
        assert sorted(titles) == sorted(report(key).title for key in MONTH_END)
        assert [mark.get_title() for mark in marks if mark.level == 0][:2] == ["Contents", "Stock"]
        contents = document[0].get_textpage().get_text_range()
        for mark in marks:
            if mark.level == 1:
                page = mark.get_dest().get_index()
                words = document[page].get_textpage().get_text_range()
                assert mark.get_title() in words and f"sheet {page + 1}" in words
                assert mark.get_title() in contents
        printed = {int(number) for number in re.findall(r"\b\d+\b", contents)}
        assert {mark.get_dest().get_index() + 1 for mark in marks if mark.level == 1} <= printed


def test_a_bundle_is_stopped_between_two_reports_and_needs_the_permission(pharmacy: Database) -> None:
    steps = month_end(pharmacy, month_of(today()), somebody(pharmacy, Role.MANAGER))
    next(steps)
    next(steps)
    steps.close()
    with pytest.raises(NotAllowed):
        run_to_end(month_end(pharmacy, month_of(today()), somebody(pharmacy, Role.TECHNICIAN)))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_periods_by_name_fit_together(day: date) -> None:
    days = {rule: period_of(rule, day) for rule in PeriodRule}
    for this, last in ((PeriodRule.THIS_MONTH, PeriodRule.LAST_MONTH), (PeriodRule.THIS_YEAR, PeriodRule.LAST_YEAR),
                       (PeriodRule.THIS_QUARTER, PeriodRule.LAST_QUARTER)):  # fmt: skip
        assert days[last].last == days[this].first - ONE_DAY and days[this].last == day
    assert len(days[PeriodRule.LAST_QUARTER].by_month()) == 3 and len(days[PeriodRule.LAST_YEAR].by_month()) == 12
    assert len(days[PeriodRule.LAST_7_DAYS]) == 7 and days[PeriodRule.YESTERDAY] == Days(day - ONE_DAY, day - ONE_DAY)


@given(st.lists(st.tuples(st.text(max_size=40), st.decimals(-10**9, 10**9, places=2)), max_size=40),
       st.text(max_size=15))  # fmt: skip
def test_any_bars_can_be_drawn_and_those_left_out_are_counted(named: list[tuple[str, Decimal]], told: str) -> None:
    chart = chart_of("Amounts", named, lambda size: told)
    some = [each for each in named if each[1]]
    if len(some) < 2:
        assert chart is None
        return
    assert isinstance(chart, BarChart)
    assert len(chart.bars) + chart.left_out == len(some) and len(chart.bars) <= MOST_BARS
    assert abs(chart.bars[0].size) == max(abs(size) for _, size in some)
    paper = Paper("Bars", LETTER)
    chart_block(paper, chart).draw(paper, 700.0)
