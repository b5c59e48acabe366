"""How many therapy-months the per-diem engine counts in a second of processor time, on plain data.

The mix: patients with one to three therapies, a hospital stay for one in five, an authorization for one in three,
a tenth on infusion days every 48 hours, a second therapy paid half. Goal: 20,000 therapy-months a second.
"""

import random
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

from benchmarks.figures import Figure, table
from infusion_desktop.billing.rules.counting import count_period
from infusion_desktop.billing.rules.rule_set import DayBasis, RuleSet
from infusion_desktop.billing.rules.therapy import (
    Authorization,
    Fee,
    FeeSchedule,
    Interruption,
    InterruptionKind,
    TherapyCourse,
)
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.dates import Days, month_of

MARCH = month_of(date(2026, 3, 1))
ACCESS = RuleSet(name="Plan", rank_percent=(Decimal(100), Decimal(50), Decimal(0)))
INFUSIONS = RuleSet(name="Days", day_basis=DayBasis.INFUSION_DAY)
PRICED = ("S9500", "S9501", "S9502", "S9503", "S9494", "S9365", "S9366", "S9367", "S9338", "S9375")


def patients(count: int, seed: int = 7):
    """Random patients' months, all of whose data is ready as plain values."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        infusion_days = chance.random() < 0.1
        courses = [_course(chance, number * 3 + n, infusion_days) for n in range(chance.choice((1, 1, 1, 2, 2, 3)))]
        pauses = []
        if chance.random() < 0.2:
            admitted = date(2026, 3, chance.randint(1, 25))
            pauses.append(Interruption(InterruptionKind.HOSPITAL, admitted, admitted + timedelta(chance.randint(0, 6))))
        permissions = [Authorization("A1", "", Days(date(2026, 1, 1), date(2026, 6, 30)), units=120)]
        made.append((courses, pauses, INFUSIONS if infusion_days else ACCESS, permissions if number % 3 == 0 else []))
    return made


def _course(chance: random.Random, number: int, infusion_days: bool) -> TherapyCourse:
    start = date(2026, 2, 10) + timedelta(chance.randint(0, 40))
    stop = None if chance.random() < 0.4 else start + timedelta(chance.randint(5, 40))
    family = chance.choice(("anti_infective", "anti_infective", "tpn", "immunotherapy", "hydration"))
    return TherapyCourse(
        number,
        family,
        start,
        stop,
        name=family,
        interval_hours=48 if infusion_days else chance.choice((24, 12, 8, 6)),
        litres_per_day=Decimal("1.8"),
    )


def counted(size: int, *, spelled: bool) -> tuple[float, int]:
    """Seconds of cpu to count the months of that many patients, and how many therapy-months they are."""
    codes = code_table()
    fees = FeeSchedule(tuple(Fee(code, Decimal(60 + 3 * n)) for n, code in enumerate(PRICED)))
    work = patients(size)
    begun = time.process_time()
    for courses, pauses, rules, permissions in work:
        result = count_period(MARCH, courses, pauses, rules, fees, permissions, codes=codes)
        if spelled:
            _ = result.service_days, result.exclusions, [line.sentences for line in result.lines]
    return time.process_time() - begun, sum(len(courses) for courses, *_ in work)


def measure(small: int = 2_000, large: int = 20_000) -> list[Figure]:
    """The goal of 20,000 a second of cpu as the time of 20,000 therapy-months, and how it grows."""
    counted(200, spelled=True)
    figures, each = [], {}
    for size in (small, large):
        seconds, months = min(counted(size, spelled=False) for _ in range(3))
        each[size] = seconds / months
        what = f"day engine, 20,000 of {months:,} therapy-months"
        figures.append(Figure(what, seconds / months * 20_000, "s cpu", goal=1.0))
    seconds, months = counted(large, spelled=True)
    figures.append(Figure("the same with every day, exclusion and trace", seconds / months * 20_000, "s cpu"))
    growth = f"day engine, a therapy-month at {large:,} patients beside {small:,}"
    figures.append(Figure(growth, each[large] * 1e6, "us cpu", each[small] * 1e6, ratio_goal=1.2))
    return figures


if __name__ == "__main__":
    print(table(measure(*map(int, sys.argv[1:]))))
