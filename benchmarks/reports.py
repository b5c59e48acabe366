"""Managers' reports over a year of a large pharmacy: the dashboard, every report against its bare SQL, the bundle."""

import gc
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import DATA, Figure, in_turns, memory
from benchmarks.large_pharmacy import large_pharmacy

AT_ONCE = 100.0
"""Milliseconds that nobody notices: below them the way through the program may cost more than the SQL."""
_ONLY = os.environ.get("BENCHMARK_REPORTS", "")
"""Keys of reports with commas between, to look at some of them."""


def measure() -> list[Figure]:
    """Processor time, as other programs share the machine; the bundle's worker is timed by the clock."""
    if DATA in os.environ:
        return _measured(large_pharmacy(Path(os.environ[DATA])))
    with TemporaryDirectory() as temporary:
        return _measured(large_pharmacy(Path(temporary)))


def _measured(file: Path) -> list[Figure]:
    from infusion_desktop.access.people import everybody
    from infusion_desktop.access.roles import Role
    from infusion_desktop.database.engine import Place
    from infusion_desktop.dates import Days, today
    from infusion_desktop.opening import open_pharmacy
    from infusion_desktop.reporting.registry import REPORTS

    database = open_pharmacy(Place.of(str(file)))
    day = today()
    year = Days(day.replace(year=day.year - 1), day)
    with database.reading() as session:
        by = next(each.id for each in everybody(session) if Role.ADMINISTRATOR in each.roles)
    gc.freeze()  # As the window does once its rooms are built: what stays is not looked through again and again.
    keys = [each.key for each in REPORTS if not _ONLY or each.key in _ONLY.split(",")]
    bundle = [] if _ONLY else [*_bundle(database, by)]  # First: what a year's reports took is no memory of its own.
    figures = [] if _ONLY else [*_size(database), *_dashboard(database, day)]
    gc.disable()  # As in the window, where the search never interrupts a report (desktop/collector.py); done between.
    for key in keys:
        figures += _report(database, key, year, by)
    database.close()
    return figures + bundle


def _size(database: Any) -> Iterator[Figure]:
    """How large it is; figures without a goal."""
    from infusion_desktop.dates import today
    from infusion_desktop.reporting.dashboard import census

    with database.reading() as session:
        yield Figure("patients in care", census(session, today()).patients, "patients")
        cursor = session.connection().connection.cursor()
        for what, asked in (
            ("stock moves", "(SELECT count(*) FROM move)"),
            ("receivables entries", "(SELECT count(*) FROM receivable_entry)"),
            ("deliveries", "(SELECT count(*) FROM delivery)"),
        ):  # fmt: skip
            yield Figure(what, cursor.execute(f"SELECT {asked}").fetchone()[0], "rows")


def _dashboard(database: Any, day: Any) -> Iterator[Figure]:
    """Each look as the screen asks it: a session of its own."""
    from infusion_desktop.reporting import dashboard

    looks: dict[str, Callable[..., Any]] = {
        "deliveries": dashboard.delivery_figures, "calls": dashboard.calls_figure, "pumps": dashboard.pump_figures,
        "stock": dashboard.stock_figures, "census": dashboard.census, "supply": dashboard.days_of_supply,
        "money": dashboard.money_figures,
        "margin": dashboard.margin_figures,
    }  # fmt: skip
    taken = {}
    for name, look in looks.items():

        def ask(look: Callable[..., Any] = look) -> None:
            with database.reading() as session:
                look(session, day)

        (taken[name],) = in_turns(ask, runs=3, warm=1, clock=time.process_time)
        yield Figure(f"dashboard: {name}", taken[name], "ms")
    yield Figure("dashboard: first figures", min(taken.values()), "ms", goal=300)
    yield Figure("dashboard: complete", sum(taken.values()), "ms", goal=1500)


def _report(database: Any, key: str, period: Any, by: Any) -> Iterator[Figure]:
    """The rows beside the statements they come from, run as they are on the driver's cursor; and the PDF."""
    from infusion_desktop.errors import Refused
    from infusion_desktop.reporting.papers import as_pdf, run

    with database.reading() as session:
        bare = session.connection().connection.driver_connection
        work = partial(run, session, key, period, by)
        paper = partial(as_pdf, session, key, period, by)
        asked: list[str] = []
        bare.set_trace_callback(asked.append)
        try:
            work()
        except Refused as no:
            print(f"{key}: {no}", flush=True)
            return
        finally:
            bare.set_trace_callback(None)
        statements = [each for each in asked if each.lstrip().upper().startswith(("SELECT", "WITH"))]
        floor, ours = in_turns(partial(_by_hand, bare, statements), work, runs=2, warm=0, clock=time.process_time)
        gc.collect()
        (drawn,) = in_turns(paper, runs=1, warm=0, clock=time.process_time)
    yield Figure(f"report: {key}", ours, "ms", floor, goal=max(AT_ONCE, 2 * floor))
    yield Figure("  as PDF", drawn, "ms", goal=1000 + max(AT_ONCE, 2 * floor))


def _by_hand(bare: Any, statements: list[str]) -> None:
    cursor = bare.cursor()
    for statement in statements:
        cursor.execute(statement).fetchall()
    cursor.close()


def _bundle(database: Any, by: Any) -> Iterator[Figure]:
    """The bundle of the last month: reports read here, drawn in a worker; the longest that one step takes."""
    from infusion_desktop.dates import ONE_DAY, month_of, today
    from infusion_desktop.reporting.bundle import month_end

    begun = last = time.perf_counter()
    longest, steps = 0.0, 0
    job = month_end(database, month_of(month_of(today()).first - ONE_DAY), by)
    while True:
        try:
            next(job)
        except StopIteration as end:
            size = len(end.value)
            break
        steps += 1
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    yield Figure("month-end bundle, by the clock", (time.perf_counter() - begun) * 1000, "ms")
    yield Figure("  longest between two steps of its progress", longest * 1000, "ms")
    yield Figure("  steps of its progress", steps, "steps")
    yield Figure("  the PDF", size / 1000, "kB")
    yield Figure("  most memory of the program", memory(), "MB")
