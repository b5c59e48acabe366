"""Periods that are told by a name: the last month, this quarter. Pure: today is an argument."""

from datetime import date, timedelta

from infusion_desktop.dates import ONE_DAY, Days, month_of
from infusion_desktop.reporting.words import PeriodRule


def period_of(rule: PeriodRule, today: date) -> Days:
    """The days a rule means today; both ends belong to them."""
    month = month_of(today)
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    before = month_of(quarter - ONE_DAY)
    year = date(today.year, 1, 1)
    periods = {
        PeriodRule.YESTERDAY: Days(today - ONE_DAY, today - ONE_DAY),
        PeriodRule.LAST_7_DAYS: Days(today - timedelta(days=7), today - ONE_DAY),
        PeriodRule.THIS_MONTH: Days(month.first, today),
        PeriodRule.LAST_MONTH: month_of(month.first - ONE_DAY),
        PeriodRule.THIS_QUARTER: Days(quarter, today),
        PeriodRule.LAST_QUARTER: Days(date(before.first.year, before.first.month - 2, 1), before.last),
        PeriodRule.THIS_YEAR: Days(year, today),
        PeriodRule.LAST_YEAR: Days(date(today.year - 1, 1, 1), year - ONE_DAY),
    }
    return periods[rule]
