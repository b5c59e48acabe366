"""Managers' reports over large books: the dashboard's looks, and reports against their SQL by hand."""

import sqlite3
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, in_turns

MOVES, ENTRIES = 1_000_000, 300_000
_GROW = (
    ("move", "reverses_id", MOVES),
    ("receivable_entry", "reverses_id", ENTRIES),
)
_BY_HAND = {
    "payments": (
        "SELECT p.name, count(*), sum(e.amount) FROM receivable_entry e JOIN claim c ON c.id = e.claim_id"
        " JOIN payer p ON p.id = c.payer_id WHERE e.kind = 'payment' AND e.posted_on BETWEEN :a AND :b GROUP BY p.id"
    ),
    "aging": (
        "SELECT p.name, c.id, min(e.posted_on), sum(e.amount) FROM receivable_entry e JOIN claim c ON c.id = e.claim_id"
        " JOIN payer p ON p.id = c.payer_id WHERE e.posted_on <= :b GROUP BY p.id, c.id"
    ),
    "receivables": (
        "SELECT p.name, e.posted_on < :a, e.kind, sum(e.amount) FROM receivable_entry e"
        " JOIN claim c ON c.id = e.claim_id JOIN payer p ON p.id = c.payer_id WHERE e.posted_on <= :b GROUP BY 1, 2, 3"
    ),
}


def measure() -> list[Figure]:
    """Processor time; the demonstration's ledgers are repeated by bulk inserts until they are large."""
    from infusion_desktop.cli import main
    from infusion_desktop.database.engine import Place
    from infusion_desktop.dates import Days, today
    from infusion_desktop.opening import open_pharmacy
    from infusion_desktop.reporting import dashboard
    from infusion_desktop.reporting.papers import as_pdf, run

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "large.db")
        if main(["--database", file, "demo", "--size", "standard"]):
            raise SystemExit("the demonstration could not be made")
        grow(file)
        database = open_pharmacy(Place.of(file))
        day = today()
        year = Days(day.replace(year=day.year - 1), day)
        figures, clock = [], time.process_time
        looks = {
            "deliveries": dashboard.delivery_figures, "calls": dashboard.calls_figure, "pumps": dashboard.pump_figures,
            "stock": dashboard.stock_figures, "census": dashboard.census, "money": dashboard.money_figures,
            "margin": dashboard.margin_figures,
        }  # fmt: skip
        with database.reading() as session:
            taken = [in_turns(partial(look, session, day), runs=3, warm=1, clock=clock)[0] for look in looks.values()]
            figures.append(Figure("dashboard: its first figures", min(taken), "ms", goal=300))
            figures.append(Figure("dashboard: all looks", sum(taken), "ms", goal=1500))
            for key, sql in _BY_HAND.items():
                bare = database.engine.raw_connection()
                days = {"a": year.first.isoformat(), "b": year.last.isoformat()}
                floor, ours = in_turns(
                    lambda: bare.cursor().execute(sql, days).fetchall(),  # noqa: B023
                    lambda: run(session, key, year, 1),  # type: ignore[arg-type]  # noqa: B023
                    runs=3, warm=1, clock=clock,
                )  # fmt: skip
                (paper,) = in_turns(lambda: as_pdf(session, key, year, 1), runs=3, warm=1, clock=clock)  # type: ignore[arg-type]  # noqa: B023
                bare.close()
                figures.append(Figure(f"report: {key}, a year", ours, "ms", floor, 2.0))
                figures.append(Figure(f"report: {key} as PDF", paper, "ms", goal=1000 + 2 * floor))
        database.close()
        return figures


def grow(file: str) -> None:
    """Repeat the rows of the ledgers that reverse nothing, under new ids, until there are enough."""
    with sqlite3.connect(file) as books:
        for table, once, wanted in _GROW:
            names = [row[1] for row in books.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
            listed = ", ".join(names)
            there = books.execute(f"SELECT count(*) FROM {table} WHERE {once} IS NULL").fetchone()[0]
            times = max(0, wanted // max(1, there))
            books.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times})"
                f" INSERT INTO {table} ({listed}) SELECT {listed} FROM {table}, n WHERE {once} IS NULL"
            )
        books.execute("ANALYZE")
