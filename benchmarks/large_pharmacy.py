"""A year of a pharmacy with 1,500 patients in care: the demonstration's books repeated until its ledgers are large.

The demonstration (80 patients over four months) is put into the file many times, in bulk SQL: every copy has its own
patients, homes, deliveries and claims under ids and numbers of its own, and every round of copies lies some weeks
before the next. Copies of one round share their lots, receipts and orders, which hold as many times more units. So
every balance, reservation and claim still adds up, and `verify_books` says that they do. Older rounds have ended: their
therapies stopped, and what was never sent is left out.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from infusion_desktop.access.audit import seal_of
from infusion_desktop.database.types import Day, Instant
from infusion_desktop.dates import today
from infusion_desktop.schema import metadata

COPIES, ROUNDS, WEEKS = 45, 7, 7
"""Copies in a round, rounds, and weeks between two rounds: 1,700 patients in care today, five million ledger rows."""
_APART = 20_000
"""Ids of one copy; the demonstration uses fewer of every table."""

_UNITS: dict[str, tuple[str, ...]] = {
    "lot": (), "receipt": (), "receipt_line": ("packs", "quantity"), "purchase_order": (), "purchase_order_event": (),
    "purchase_order_line": ("packs", "quantity", "received"), "stock_count": (),
    "stock_count_line": ("counted", "expected", "first_counted", "first_expected"), "write_off": ("quantity", "value"),
    "site_transfer": (), "site_transfer_line": ("sent", "received", "lost"), "vendor_return": ("expected",),
    "vendor_return_line": ("quantity",), "vendor_credit": ("amount",), "recall": (), "recall_scope": (),
    "recalled_lot": (),
}  # fmt: skip
"""What a round's copies share, and the columns that hold as many times more."""
_EACH = (
    "location", "patient", "access_device", "episode", "therapy", "therapy_lab", "interruption", "coverage",
    "refill_call", "delivery", "delivery_line", "delivery_lot", "delivery_step", "delivery_stop", "delivery_repeat",
    "delivery_equipment", "drug_waste", "proof_of_delivery", "home_count", "follow_up", "clinical_event",
    "clinical_event_supply", "nursing_visit", "payer_authorization", "claim_batch", "claim", "claim_event",
    "claim_line", "deposit", "remittance", "remittance_item", "payer_decision", "line_decision", "dispute",
    "dispute_step", "receivable_entry", "asset_event", "balance", "move",
)  # fmt: skip
_NEWEST = (
    "asset", "asset_booking", "asset_swap", "pickup", "pickup_line", "rental", "return_call", "reservation",
    "recall_case", "recall_contact", "equipment_charge", "equipment_payment", "wave", "wave_delivery",
    "equipment_refund",
)  # fmt: skip
"""What only the newest round has. Its pumps were those of older rounds too."""
_LEFT_OUT = ("month_close", "print_batch", "print_part", "paper_print", "patient_statement", "answer_file")

_NUMBERS = ("number", "trace_number")
_HOME = "(SELECT id FROM base.location WHERE kind = 'patient home')"
_GOES_HOME = "base.move.document IN ('delivery', 'home count')"
_OPEN = "(SELECT id FROM base.delivery WHERE state IN ('draft', 'released', 'picked', 'verified', 'packed'))"
_ENDS = {
    ("therapy", "stops_on"): "max(min(coalesce({it}, copies.ends_on), copies.ends_on), date(starts_on, copies.shift))",
    ("episode", "discharged_on"): "max(coalesce({it}, copies.ends_on), date(admitted_on, copies.shift))",
    ("delivery_repeat", "ended_at"): "coalesce({it}, copies.ends_on || 'T00:00:00.000000+00:00')",
    ("follow_up", "done_at"): "coalesce({it}, copies.ends_on || 'T00:00:00.000000+00:00')",
    ("follow_up", "done_by"): "coalesce({it}, 1)",
    ("balance", "reserved"): "0",
    ("asset_event", "deed"): "CASE {it} WHEN 'register' THEN 'take back' ELSE {it} END",
}
"""How older rounds differ: they ended."""


def large_pharmacy(folder: Path) -> Path:
    """The file in a folder, made when it is not there for today: its days count back from the day it was made."""
    file = folder / f"large-pharmacy-{today().isoformat()}.db"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        for old in (*folder.glob("large-pharmacy-*.db*"), unfinished):
            old.unlink(missing_ok=True)
        base = folder / "demonstration.db"
        _demonstration(base)
        shutil.copy(base, unfinished)
        _grow(unfinished, base)
        base.unlink()
        unfinished.replace(file)
    return file


def _demonstration(file: Path) -> None:
    from infusion_desktop.cli import main

    for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        part.unlink(missing_ok=True)
    if main(["--database", str(file), "demo", "--size", "standard"]):
        raise SystemExit("the demonstration could not be made")
    with sqlite3.connect(file) as books:
        books.execute("PRAGMA journal_mode = DELETE")


def _grow(file: Path, base: Path) -> None:
    books = sqlite3.connect(file, isolation_level=None)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
        books.execute(f"PRAGMA {setting}")
    books.execute("ATTACH ? AS base", (str(base),))
    lifted = books.execute(
        "SELECT type, name, sql FROM main.sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in lifted:
        books.execute(f"DROP {kind} main.{name}")
    books.execute("BEGIN")
    _make_copies(books)
    tables = _tables()
    for name in (*_LEFT_OUT, *_NEWEST, *_UNITS, *_EACH):
        books.execute(f"DELETE FROM main.{name}" + (f" WHERE id IN {_HOME}" if name == "location" else ""))
    for name in (*_UNITS, *_EACH, *_NEWEST):
        _repeat(books, tables[name])
    _seal_again(books)
    books.execute("COMMIT")
    for _, _, sql in lifted:
        books.execute(sql)
    books.close()


def _make_copies(books: sqlite3.Connection) -> None:
    """One row a copy: what its ids, its round's shared ids and its newest copy's ids begin at, and its days' shift."""
    books.execute(
        "CREATE TEMP TABLE copies (unit INTEGER PRIMARY KEY, is_first, is_newest, own, shared, newest, shift, ends_on)"
    )
    for place in range(ROUNDS * COPIES):
        turn, copy = divmod(place, COPIES)
        days = 7 * WEEKS * (ROUNDS - 1 - turn)
        books.execute(
            "INSERT INTO copies VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (place + 1, copy == 0, turn == ROUNDS - 1, (place + 1) * _APART, (turn * COPIES + 1) * _APART,
             ((ROUNDS - 1) * COPIES + copy + 1) * _APART, f"-{days} days",
             (today() - timedelta(days=days)).isoformat()),
        )  # fmt: skip


def _tables() -> dict[str, Any]:
    return dict(metadata().tables)


def _repeat(books: sqlite3.Connection, table: Any) -> None:
    """Every copy of a table's rows in one statement, in the order of their ids."""
    name = table.name
    names = [row[1] for row in books.execute(f"PRAGMA main.table_info({name})")]
    unlike = _told_apart(books, name)
    made = ", ".join(_value(table, column, unlike) for column in names)
    books.execute(
        f"INSERT INTO main.{name} ({', '.join(names)}) SELECT {made} FROM copies CROSS JOIN base.{name}"
        f" WHERE {_which(name, names)} ORDER BY copies.unit, base.{name}.{names[0]}"
    )


def _which(name: str, names: Iterable[str]) -> str:
    """Which of a table's rows a copy has."""
    home = f"base.{name}.location_id IN {_HOME}" if "location_id" in names else ""
    if name in _UNITS:
        return "copies.is_first"
    if name in _NEWEST:
        return "copies.is_newest"
    if name == "location":
        return "base.location.kind = 'patient home'"
    if name == "move":
        return f"copies.is_first OR {_GOES_HOME}"
    if name == "balance":
        return f"copies.is_first OR {home}"
    if name == "delivery":
        return f"copies.is_newest OR base.delivery.id NOT IN {_OPEN}"
    if "delivery_id" in names:
        return f"copies.is_newest OR base.{name}.delivery_id IS NULL OR base.{name}.delivery_id NOT IN {_OPEN}"
    return "1"


def _value(table: Any, column: str, unlike: set[str]) -> str:
    """What stands in a copy's column."""
    name = table.name
    mapped = table.columns[column]
    it = f"base.{name}.{column}"
    more = _more(name, it, mapped)
    if more:
        it = f"({it} + {more})"
    elif isinstance(mapped.type, Day) and (name, column) not in {("lot", "expires_on"), ("balance", "expires_on")}:
        it = f"date({it}, copies.shift)"
    elif isinstance(mapped.type, Instant):
        it = f"(date(substr({it}, 1, 10), copies.shift) || substr({it}, 11))"
    elif column in unlike:
        it = f"CASE {it} WHEN '' THEN '' ELSE {it} || '-' || copies.unit END"
    elif column in _UNITS.get(name, ()):
        it = f"({it} * {COPIES})"
    elif name == "move" and column == "quantity":
        it = f"({it} * CASE WHEN {_GOES_HOME} THEN 1 ELSE {COPIES} END)"
    elif name == "balance" and column in ("on_hand", "reserved"):
        it = f"({it} * CASE WHEN base.balance.location_id IN {_HOME} THEN 1 ELSE {COPIES} END)"
    ended = _ENDS.get((name, column))
    return f"CASE WHEN copies.is_newest THEN {it} ELSE {ended.format(it=it)} END" if ended else it


def _more(name: str, it: str, column: Any) -> str:
    """What an id, or a reference to one, is raised by; "" for all other columns."""
    if column.name == "document_id" or (name == "reservation" and column.name == "line_id"):
        return "copies.own"
    if column.primary_key and not column.foreign_keys and column.name == "id":
        return "copies.own"
    if name == "claim_batch" and column.name.endswith("_control"):
        return "copies.own"
    for key in column.foreign_keys:
        there = key.column.table.name
        if there == "location":
            return f"CASE WHEN {it} IN {_HOME} THEN copies.own ELSE 0 END"
        if there == "asset":
            return "copies.newest"
        if there in _UNITS:
            return "copies.shared"
        if there in _EACH or there in _NEWEST:
            return "copies.own"
    return ""


def _told_apart(books: sqlite3.Connection, name: str) -> set[str]:
    """The text columns that unique indexes ask to differ and that no id tells apart."""
    found = set()
    raised = {column.name for column in _tables()[name].columns if _more(name, "", column)}
    for _, index, is_unique, *_ in books.execute(f"PRAGMA base.index_list({name})").fetchall():
        of_it = [row[2] for row in books.execute(f"PRAGMA base.index_info({index})")]
        if is_unique and not raised & set(of_it):
            found.add(next(each for each in (*_NUMBERS, *reversed(of_it)) if each in of_it))
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the demonstration's trail, with the instant read once."""

    at: datetime
    facts: dict[str, Any]


def _seal_again(books: sqlite3.Connection) -> None:
    """The trail of every copy, one after the other, sealed as deeds seal it."""
    books.execute("DELETE FROM main.audit_entry")
    (secret,) = books.execute("SELECT secret FROM main.audit_head").fetchone()
    asked = books.execute("SELECT * FROM base.audit_entry ORDER BY number")
    names = [column[0] for column in asked.description]
    told = [dict(zip(names, row, strict=True)) for row in asked]
    base = [_Entry(datetime.fromisoformat(row["at"]), row) for row in told]
    last = ""
    number = 0

    def rows() -> Iterator[tuple[Any, ...]]:
        nonlocal last, number
        for own, ends_on in books.execute("SELECT own, ends_on FROM copies ORDER BY unit").fetchall():
            earlier = today() - date.fromisoformat(ends_on)
            for entry in base:
                number += 1
                row = {**entry.facts, "number": number, "at": entry.at - earlier}
                if row["patient_id"] is not None:
                    row["patient_id"] += own
                del row["seal"]
                last = row["seal"] = seal_of(secret, last, row)
                row["at"] = row["at"].isoformat(timespec="microseconds")
                yield tuple(row[name] for name in names)

    marks = ", ".join("?" * len(names))
    books.executemany(f"INSERT INTO main.audit_entry ({', '.join(names)}) VALUES ({marks})", rows())
    books.execute("UPDATE main.audit_head SET number = ?, seal = ?", (number, last))
