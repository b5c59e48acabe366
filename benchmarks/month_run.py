"""Billing a month: cost by patient-month as it grows, and beside hand-written SQL that inserts the very same rows.

The pharmacy is made by plain inserts: each patient has one to three therapies under a contract, a delivery with proof
for each fortnight, an authorization for one in three, a hospital stay for one in five. The run counts, makes, checks
and keeps every claim; writing files is another figure. The floor is given every row the run wrote as ready values
(evidence, findings and seals already text) and inserts it into a copy of the same tables from before the run (same
indexes, checks, triggers, driver and settings) by `executemany`, in as many transactions as the run makes; it reads,
counts, checks, encodes and seals nothing. Both are measured in turns, as often as each other, and the shortest of each
is told. Python's search for unreachable objects is set as on the command line.
"""

import gc
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from benchmarks.figures import Figure, memory
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.pharmacy import Profile, save_profile
from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.runs.month_run import TOGETHER, run_month
from infusion_desktop.billing.tables import Authorization, ClaimLine
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fee_files import import_fees
from infusion_desktop.billing.words import LineKind
from infusion_desktop.cli import GARBAGE
from infusion_desktop.database.engine import Database, Place, prepare_sqlite, sqlite
from infusion_desktop.dates import month_of
from infusion_desktop.deliveries.tables import Delivery, ProofOfDelivery
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.tables import Coverage, Episode, Interruption, Patient, Prescriber, Therapy
from infusion_desktop.patients.words import (
    InterruptionKind,
    Method,
    PayerId,
    PayerKind,
    Rank,
    Relation,
    Route,
    Sex,
    TherapyClass,
)
from infusion_desktop.progress import run_to_end
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import LocationKind

MARCH = month_of(date(2026, 3, 1))
WRITTEN = {"claim": "id", "claim_line": "claim_id", "claim_event": "claim_id", "audit_entry": "subject_id"}
"""The tables a run writes, with the column that names the claim."""
SIZES = (300, 3_000)
LEAST_TURNS, MOST_TURNS, TURNS_FOR = 3, 5, 9_000
"""How often a size is measured, at the least and the most; between, until that many patients are billed in all."""
CLASSES = (TherapyClass.ANTI_INFECTIVE, TherapyClass.IMMUNE_GLOBULIN)
CODES = ("S9494", "S9500", "S9501", "S9502", "S9503", "S9364", "S9366", "S9338")


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def make_pharmacy(
    file: Path, patients: int, seed: int = 11, classes: Sequence[TherapyClass] = CLASSES
) -> tuple[Database, UserId]:
    """A pharmacy with that many patients in therapy in March, in a new file."""
    database = open_pharmacy(Place.of(str(file)))
    return database, fill_pharmacy(database, patients, seed, classes)


def fill_pharmacy(
    database: Database, patients: int, seed: int = 11, classes: Sequence[TherapyClass] = CLASSES
) -> UserId:
    """The same in an empty pharmacy that is open."""
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    ours = Profile("Northside", "12 Mill Road", "Portland", "OR", "972010001", "5035550123", "1234567893", "411234567")
    save_profile(database, ours, by)
    payer = add_payer(database, NewPayer("Plan", "PLAN1", PayerKind.COMMERCIAL), by)
    add_rules(database, payer, starter("commercial_100_50_0").rules, date(2026, 1, 1), by)
    lines = "\n".join(f"{code},{90 + 3 * n},{150 + 3 * n},2026-01-01" for n, code in enumerate(CODES))
    import_fees(database, payer, f"code,rate,charge,starts_on\n{lines}\n", by)
    pick = random.Random(seed)
    with database.transaction() as session:
        session.execute(insert(Prescriber).values(id=1, last_name="Welby", first_name="M", npi="1234567893", version=1))
        for start in range(0, patients, 2000):
            _fill(session, range(start + 1, min(patients, start + 2000) + 1), payer, pick, classes)
        record(session, by, "set up", "benchmark", 1)
    return by


def _fill(session: Any, numbers: range, payer: PayerId, pick: random.Random, classes: Sequence[TherapyClass]) -> None:
    homes, people, coverages, episodes, therapies = [], [], [], [], []
    deliveries, proofs, stays, permissions = [], [], [], []
    for number in numbers:
        home = 1_000_000 + number
        homes.append(
            {"id": home, "code": f"HOME-{number}", "name": "home", "kind": LocationKind.PATIENT_HOME, "version": 1}
        )
        people.append({
            "id": number, "number": f"P{number:06}", "last_name": f"Quill{number}", "first_name": "Ann",
            "born_on": date(1960, 5, 1), "sex": Sex.FEMALE, "phone": "5035550111", "street": "5 Oak St",
            "city": "Portland", "state": "OR", "zip": "972010002", "home_id": home, "created_at": noon(MARCH.first),
            "version": 1,
        })  # fmt: skip
        coverages.append({
            "id": number, "patient_id": number, "payer_id": payer, "rank": Rank.PRIMARY, "member_id": f"M{number}",
            "relation": Relation.SELF, "starts_on": date(2026, 1, 1), "version": 1,
        })  # fmt: skip
        episodes.append({
            "id": number, "patient_id": number, "admitted_on": date(2026, 2, 1), "diagnoses": "L03115", "version": 1,
        })  # fmt: skip
        for _ in range(pick.choice((1, 1, 1, 2, 2, 3))):
            starts = date(2026, 2, 10) + timedelta(pick.randrange(35))
            stops = max(MARCH.first, starts) + timedelta(pick.randrange(5, 40))
            therapies.append({
                "id": len(therapies) + numbers.start * 4, "episode_id": number, "patient_id": number, "drug": "drug",
                "therapy_class": pick.choice(classes),
                "interval_hours": pick.choice((24, 12, 8)), "route": Route.INTRAVENOUS, "method": Method.ELASTOMERIC,
                "run_hours": Decimal(1), "starts_on": starts,
                "stops_on": None if pick.random() < 0.5 else stops,
                "prescriber_id": 1, "ordered_on": starts, "version": 1,
            })  # fmt: skip
        for half in (0, 1):
            first = MARCH.first + timedelta(16 * half)
            delivery = number * 2 + half
            deliveries.append({
                "id": delivery, "number": f"D{delivery:07}", "patient_id": number, "therapy_id": None,
                "state": DeliveryState.DELIVERED, "period_first": first - timedelta(20 * (1 - half)),
                "period_last": first + timedelta(16), "scheduled_on": first, "carrier": Carrier.OWN_DRIVER,
                "shipped_at": noon(first), "delivered_at": noon(first), "version": 1,
            })  # fmt: skip
            proofs.append({
                "delivery_id": delivery, "received_by": "Ann", "relation": "self", "received_at": noon(first),
                "signed_on": first, "recorded_at": noon(first), "staff_id": 1,
            })  # fmt: skip
        if number % 5 == 0:
            first = date(2026, 3, pick.randrange(3, 24))
            stays.append({
                "patient_id": number, "kind": InterruptionKind.HOSPITAL, "first_on": first,
                "last_on": first + timedelta(pick.randrange(1, 5)), "recorded_at": noon(first), "version": 1,
            })  # fmt: skip
        if number % 3 == 0:
            permissions.append({
                "patient_id": number, "payer_id": payer, "number": f"A{number}", "code": "", "units": 200,
                "first_on": date(2026, 1, 1), "last_on": date(2026, 12, 31), "version": 1,
            })  # fmt: skip
    for table, rows in (
        (Location, homes), (Patient, people), (Coverage, coverages), (Episode, episodes), (Therapy, therapies),
        (Delivery, deliveries), (ProofOfDelivery, proofs), (Interruption, stays), (Authorization, permissions),
    ):  # fmt: skip
        if rows:
            session.execute(insert(table), rows)


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds of cpu of a month run and of inserting its rows by hand, and what it wrote: rows, service days, lines."""

    ours: float
    floor: float
    rows: int
    days: int
    charges: int


def run(patients: int, folder: Path) -> Ran:
    """A month run over so many patients, and the same rows by hand; of some turns of both the shortest of each."""
    unbilled = folder / f"pharmacy-{patients}.db"
    database, by = make_pharmacy(unbilled, patients)
    database.close()
    count = max(LEAST_TURNS, min(MOST_TURNS, TURNS_FOR // patients))
    turns = [_turn(unbilled, by, patients, folder) for _ in range(count)]
    unbilled.unlink()
    return replace(turns[0], ours=min(each.ours for each in turns), floor=min(each.floor for each in turns))


def _turn(unbilled: Path, by: UserId, patients: int, folder: Path) -> Ran:
    file, empty = folder / "billed.db", folder / "by-hand.db"
    shutil.copy(unbilled, file)
    shutil.copy(unbilled, empty)
    database = open_pharmacy(Place.of(str(file)))
    gc.collect()
    begun = time.process_time()
    done = run_to_end(run_month(database, MARCH, by, send=False, on=date(2026, 4, 5)))
    ours = time.process_time() - begun
    if len(done.claims) != patients:
        raise SystemExit(f"only {len(done.claims)} of {patients} months were billed: {done.refused[:3]}")
    with database.reading() as session:
        counted = select(func.count(), func.sum(ClaimLine.units)).where(ClaimLine.kind == LineKind.PER_DIEM)
        charges, days = session.execute(counted).one()
    database.close()
    floor, rows = by_hand(file, empty)
    for each in (file, empty):
        each.unlink()
    return Ran(ours, floor, rows, int(days), charges)


def by_hand(file: Path, empty: Path) -> tuple[float, int]:
    """Seconds of cpu to insert what the run wrote into the database as it was before, and how many rows that is."""
    read, target = sqlite.connect(str(file)), sqlite.connect(str(empty), isolation_level=None, cached_statements=512)
    prepare_sqlite(target, None)
    inserts, chunks = [], []
    for table, owner in WRITTEN.items():
        columns = [row[1] for row in read.execute(f"PRAGMA table_info({table})")]
        last = target.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0]
        inserts.append(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})")
        rows = read.execute(f"SELECT * FROM {table} WHERE rowid > ? ORDER BY rowid", (last,))
        chunks.append(_by_transaction(rows, columns.index(owner)))
    head = read.execute("SELECT number, seal FROM audit_head").fetchone()
    taken, count = 0.0, 0
    for together in zip(*chunks, strict=True):
        begun = time.process_time()
        target.execute("BEGIN IMMEDIATE")
        for insert_row, rows in zip(inserts, together, strict=True):
            target.executemany(insert_row, rows)
        target.execute("UPDATE audit_head SET number = ?, seal = ?", head)
        target.execute("COMMIT")
        taken += time.process_time() - begun
        count += sum(map(len, together))
    read.close()
    target.close()
    return taken, count


def _by_transaction(rows: Iterable[tuple[Any, ...]], owner: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows as the run wrote them together, by the claim they belong to, read as they are asked for."""
    return (list(some) for _, some in groupby(rows, key=lambda row: (row[owner] - 1) // TOGETHER))


def measure(*sizes: int) -> list[Figure]:
    """Months of growing size: each beside hand-written SQL, and how the cost of one patient-month grows."""
    gc.set_threshold(*GARBAGE)
    figures = []
    each: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        run(50, Path(folder))  # Imports and first statements are nobody's patient-month.
        for patients in sizes or SIZES:
            ran = run(patients, Path(folder))
            each[patients] = ran.ours / patients * 1000
            what = f"month run, {patients:,} patients ({ran.rows:,} rows), by patient-month"
            figures += [
                Figure(what, each[patients], "ms cpu", ran.floor / patients * 1000, ratio_goal=4),
                Figure("  service days counted, checked and kept", ran.days / ran.ours, "a second"),
                Figure("  charges (claim lines)", ran.charges / ran.ours, "a second"),
                Figure("  memory so far", memory(), "MB"),
            ]
    smallest, *larger = each
    for patients in larger:
        growth = f"month run, patient-month at {patients:,} beside {smallest:,}"
        figures.append(Figure(growth, each[patients], "ms cpu", each[smallest], ratio_goal=1.2))
    return figures


def measure_large() -> list[Figure]:
    """The same up to fifty thousand patients: some minutes."""
    return measure(1_000, 10_000, 50_000)


if __name__ == "__main__":
    from benchmarks.figures import table

    print(table(measure(*map(int, sys.argv[1:]))))
