"""What the same work costs at the least, measured in the same run: the bare window, hand-written SQL, a bare canvas."""

import io
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

BARE_WINDOW = """
import time, sys, resource
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(sys.argv)
window = QMainWindow()
window.resize(1280, 800)
window.show()
app.processEvents()
print(time.monotonic(), time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def cpu_time(work: Callable[[], Any], runs: int = 7) -> float:
    """Median seconds of process time of a piece of work."""
    taken = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return median(taken)


_KIT_SCHEMA = """
CREATE TABLE lot (id INTEGER PRIMARY KEY, item INTEGER, expires TEXT, on_hand INTEGER CHECK (on_hand >= 0),
                  reserved INTEGER CHECK (reserved >= 0 AND reserved <= on_hand));
CREATE INDEX lot_fefo ON lot (item, expires, id);
CREATE TABLE delivery (id INTEGER PRIMARY KEY, patient INTEGER, state TEXT);
CREATE TABLE line (id INTEGER PRIMARY KEY, delivery INTEGER, item INTEGER, quantity INTEGER, lot INTEGER,
                   picked INTEGER);
CREATE INDEX line_delivery ON line (delivery);
CREATE TABLE move (id INTEGER PRIMARY KEY, lot INTEGER, source INTEGER, target INTEGER, quantity INTEGER, at TEXT);
CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT);
"""


def kit_by_hand(folder: Path, lines: int = 25) -> "KitByHand":
    """A kit's whole life in hand-written SQL on SQLite, one transaction a step, full syncs: create, reserve, pick,
    pack, ship."""
    file = folder / "by-hand.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_KIT_SCHEMA)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO lot (item, expires, on_hand, reserved) VALUES (?, ?, 1000000, 0)",
        [(item, f"2030-01-{day:02}") for item in range(300) for day in range(1, 6)],
    )
    connection.execute("COMMIT")
    return KitByHand(connection, list(range(0, lines * 10, 10)))


class KitByHand:
    """The steps of a kit as a person would write them for SQLite; called, a whole life of one.

    It gives back the seconds of reserving and shipping alone.
    """

    def __init__(self, connection: sqlite3.Connection, items: list[int]) -> None:
        self._connection = connection
        self._items = items

    def __call__(self) -> float:
        delivery = self.create()
        alone = -time.perf_counter()
        self.reserve(delivery)
        alone += time.perf_counter()
        for step in ("picked", "packed"):
            self.step(delivery, step)
        alone -= time.perf_counter()
        self.ship(delivery)
        return alone + time.perf_counter()

    def create(self) -> int:
        """A draft with its lines; its id."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        delivery = execute("INSERT INTO delivery (patient, state) VALUES (1, 'draft')").lastrowid
        assert delivery is not None
        self._connection.executemany(
            "INSERT INTO line (delivery, item, quantity, picked) VALUES (?, ?, 4, 0)",
            [(delivery, item) for item in self._items],
        )
        execute("INSERT INTO audit (what) VALUES ('create')")
        execute("COMMIT")
        return delivery

    def reserve(self, delivery: int) -> None:
        """The first lots to expire, kept for its lines."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        for line, item in execute("SELECT id, item FROM line WHERE delivery = ?", (delivery,)).fetchall():
            lot = execute(
                "SELECT id FROM lot WHERE item = ? AND on_hand - reserved >= 4 ORDER BY expires, id LIMIT 1", (item,)
            ).fetchone()[0]
            execute("UPDATE lot SET reserved = reserved + 4 WHERE id = ? AND on_hand - reserved >= 4", (lot,))
            execute("UPDATE line SET lot = ? WHERE id = ?", (lot, line))
        execute("UPDATE delivery SET state = 'reserved' WHERE id = ?", (delivery,))
        execute("INSERT INTO audit (what) VALUES ('reserve')")
        execute("COMMIT")

    def step(self, delivery: int, state: str) -> None:
        """Picked or packed."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        execute("UPDATE line SET picked = quantity WHERE delivery = ?", (delivery,))
        execute("UPDATE delivery SET state = ? WHERE id = ?", (state, delivery))
        execute("INSERT INTO audit (what) VALUES (?)", (state,))
        execute("COMMIT")

    def ship(self, delivery: int) -> None:
        """Stock leaves, moves are kept."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        rows = execute("SELECT lot, quantity FROM line WHERE delivery = ?", (delivery,)).fetchall()
        self._connection.executemany(
            "UPDATE lot SET on_hand = on_hand - ?, reserved = reserved - ? WHERE id = ?",
            [(q, q, lot) for lot, q in rows],
        )
        self._connection.executemany(
            "INSERT INTO move (lot, source, target, quantity, at) VALUES (?, 1, 2, ?, '2026-01-01')", rows
        )
        execute("UPDATE delivery SET state = 'shipped' WHERE id = ?", (delivery,))
        execute("INSERT INTO audit (what) VALUES ('ship')")
        execute("COMMIT")


def kit_by_hand_on_postgresql(address: str, lines: int = 25) -> Callable[[], float]:
    """The same life in hand-written SQL through psycopg, row locks taken, statements prepared, batches pipelined."""
    import psycopg

    connection = psycopg.connect(address, autocommit=True, prepare_threshold=2)
    schema = _KIT_SCHEMA.replace("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY")
    connection.execute("DROP SCHEMA IF EXISTS by_hand CASCADE")
    connection.execute("CREATE SCHEMA by_hand")
    connection.execute("SET search_path = by_hand")
    for statement in filter(str.strip, schema.split(";")):
        connection.execute(statement.encode())
    with connection.transaction():
        connection.cursor().executemany(
            "INSERT INTO lot (item, expires, on_hand, reserved) VALUES (%s, %s, 1000000, 0)",
            [(item, f"2030-01-{day:02}") for item in range(300) for day in range(1, 6)],
        )
    connection.execute("ANALYZE")
    items = list(range(0, lines * 10, 10))
    execute, many = connection.execute, connection.cursor().executemany

    def step(delivery: int, state: str) -> None:
        execute("UPDATE delivery SET state = %s WHERE id = %s", (state, delivery))
        execute("INSERT INTO audit (what) VALUES (%s)", (state,))

    def life() -> float:
        with connection.transaction():
            found = execute("INSERT INTO delivery (patient, state) VALUES (1, 'draft') RETURNING id").fetchone()
            assert found is not None
            delivery = found[0]
            many(
                "INSERT INTO line (delivery, item, quantity, picked) VALUES (%s, %s, 4, 0)",
                [(delivery, item) for item in items],
            )
            execute("INSERT INTO audit (what) VALUES ('create')")
        alone = -time.perf_counter()
        with connection.transaction():
            wanted = execute("SELECT id, item FROM line WHERE delivery = %s ORDER BY item", (delivery,)).fetchall()
            chosen = []
            for line, item in wanted:
                lot = execute(
                    "SELECT id FROM lot WHERE item = %s AND on_hand - reserved >= 4 ORDER BY expires, id LIMIT 1 "
                    "FOR UPDATE",
                    (item,),
                ).fetchone()
                assert lot is not None
                chosen.append((lot[0], line))
            many(
                "UPDATE lot SET reserved = reserved + 4 WHERE id = %s AND on_hand - reserved >= 4",
                [(lot,) for lot, _ in chosen],
            )
            many("UPDATE line SET lot = %s WHERE id = %s", chosen)
            step(delivery, "reserved")
        alone += time.perf_counter()
        for state in ("picked", "packed"):
            with connection.transaction():
                execute("UPDATE line SET picked = quantity WHERE delivery = %s", (delivery,))
                step(delivery, state)
        alone -= time.perf_counter()
        with connection.transaction():
            rows = execute("SELECT lot, quantity FROM line WHERE delivery = %s", (delivery,)).fetchall()
            many(
                "UPDATE lot SET on_hand = on_hand - %s, reserved = reserved - %s WHERE id = %s",
                [(quantity, quantity, lot) for lot, quantity in rows],
            )
            many(
                "INSERT INTO move (lot, source, target, quantity, at) VALUES (%s, 1, 2, %s, '2026-01-01')",
                rows,
            )
            step(delivery, "shipped")
        return alone + time.perf_counter()

    return life


def bare_canvas(pages: int = 3) -> bytes:
    """Three pages of text and lines on a ReportLab canvas, as much as a manifest has."""
    from reportlab.lib.pagesizes import letter
    from reportlab.pdfgen.canvas import Canvas

    paper = io.BytesIO()
    canvas = Canvas(paper, pagesize=letter, invariant=1)
    for _ in range(pages):
        for row in range(38):
            height = 740 - row * 18
            for column, place in enumerate((40, 100, 300, 340, 380, 450, 520)):
                canvas.setFont("Helvetica", 8)
                canvas.drawString(place, height, f"Cell {row} {column}")
            canvas.line(40, height - 4, 570, height - 4)
        canvas.showPage()
    canvas.save()
    return paper.getvalue()
