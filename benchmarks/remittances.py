"""Posting an 835 of 1,000 claims (4,000 lines) against the same rows written by hand in SQL; growth and memory."""

import gc
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert

from benchmarks.figures import Figure
from benchmarks.kit_life import postgresql
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.receivables import NewEntry, post
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import ClaimId, ClaimState, EntryKind, Frequency, LineKind
from infusion_desktop.cli import GARBAGE
from infusion_desktop.database.engine import Database, Place, prepare_sqlite, sqlite
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.tables import Coverage, Patient, Payer
from infusion_desktop.patients.words import PayerKind, Rank, Relation, Sex
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import LocationKind

CLAIMS, LINES = 1_000, 4
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
CHARGE, PAID, CUT, SHARE = Decimal(150), Decimal(95), Decimal(45), Decimal(10)


def measure() -> list[Figure]:
    """Cpu of posting 1,000 claims beside 1,000 and beside 10,000 others, its floor, and what it holds in memory."""
    with tempfile.TemporaryDirectory() as folder:
        gc.set_threshold(*GARBAGE)
        command_line, ready = _on_sqlite(Path(folder), 999)
        gc.disable()  # As the window does: desktop/collector.py collects while nobody waits.
        small, floor = _on_sqlite(Path(folder), 1_000)
        large, _ = _on_sqlite(Path(folder), 10_000)
        few, many = _held(Path(folder))
    return [
        Figure("835 of 1,000 claims posted in the window", small, "s cpu", floor, ratio_goal=4.0),
        Figure("  on the command line", command_line, "s cpu", ready, ratio_goal=4.0),
        Figure("the same beside 10,000 other claims", large, "s cpu", small, ratio_goal=1.5),
        Figure("memory for 2,000 claims beside that for 500", many, "MB", few, ratio_goal=4.4),
    ]


def measure_postgresql() -> list[Figure]:
    """The same on a server started for this, in elapsed time: most of it passes there."""
    import psycopg

    gc.disable()
    with postgresql() as server:
        connect = partial(psycopg.connect, server, autocommit=True, prepare_threshold=2)
        ours, floor = _both(server, connect, 1_000, time.perf_counter)
    return [Figure("835 of 1,000 claims posted, PostgreSQL", ours, "s", floor, ratio_goal=4.0)]


def _held(folder: Path) -> tuple[float, float]:
    """The most memory that posting 500 and 2,000 claims holds at once."""
    database = open_pharmacy(Place.of(str(folder / "held.db")))
    by = add_first_administrator(database, "bench", "Bench", "correct horse battery")
    lines = _fill(database, by, 2_500)
    found = []
    for turn, claims in enumerate((lines[:500], lines[500:])):
        text = remittance(claims, turn)
        tracemalloc.start()
        post_remittance(database, text, by)
        found.append(tracemalloc.get_traced_memory()[1] / (1 << 20))
        tracemalloc.stop()
    database.close()
    return found[0], found[1]


def _on_sqlite(folder: Path, others: int) -> tuple[float, float]:
    file = str(folder / f"post-{others}.db")
    return _both(file, partial(_connect, file), others, time.process_time)


def _connect(file: str) -> Any:
    connection = sqlite.connect(file, isolation_level=None)
    prepare_sqlite(connection, None)
    return connection


def _both(place: str, connect: Callable[[], Any], others: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Seconds of posting and of the same by hand, the median of three."""
    database = open_pharmacy(Place.of(place))
    by = add_first_administrator(database, "bench", "Bench", "correct horse battery")
    lines = _fill(database, by, others + 3 * CLAIMS)
    ours = []
    for turn in range(3):
        text = remittance(lines[turn * CLAIMS : (turn + 1) * CLAIMS], turn)
        began = clock()
        post_remittance(database, text, by)
        ours.append(clock() - began)
    database.close()
    return median(ours), _by_hand(connect, lines[:CLAIMS], clock)


def _fill(database: Database, by: UserId, claims: int) -> list[tuple[str, int, list[int]]]:
    """That many sent and charged claims of four lines: number, id, line ids."""
    with database.transaction() as session:
        home = session.execute(
            insert(Location)
            .values(code="H", name="home", kind=LocationKind.PATIENT_HOME, version=1)
            .returning(Location.id)
        ).scalar_one()
        patient = session.execute(
            insert(Patient)
            .values(number="P1", last_name="A", first_name="B", born_on=date(1960, 1, 1), sex=Sex.FEMALE,
                    phone="5035550111", street="1 A St", city="B", state="OR", zip="97201", home_id=home,
                    created_at=NOON, version=1)
            .returning(Patient.id)
        ).scalar_one()  # fmt: skip
        payer = session.execute(
            insert(Payer).values(name="P", payer_code="P1", kind=PayerKind.COMMERCIAL, version=1).returning(Payer.id)
        ).scalar_one()
        coverage = session.execute(
            insert(Coverage)
            .values(patient_id=patient, payer_id=payer, rank=Rank.PRIMARY, member_id="M", relation=Relation.SELF,
                    starts_on=date(2026, 1, 1), version=1)
            .returning(Coverage.id)
        ).scalar_one()  # fmt: skip
        rows = [
            {"number": f"C{each:07d}", "patient_id": patient, "coverage_id": coverage, "payer_id": payer,
             "state": ClaimState.SENT, "frequency": Frequency.ORIGINAL, "period_first": date(2026, 3, 1),
             "period_last": date(2026, 3, 31), "charge": CHARGE * LINES, "expected": (PAID + SHARE) * LINES,
             "made_at": NOON, "version": 1}
            for each in range(claims)
        ]  # fmt: skip
        ids = list(session.execute(insert(Claim).returning(Claim.id, sort_by_parameter_order=True), rows).scalars())
        wanted = [
            {"claim_id": claim, "position": place, "kind": LineKind.PER_DIEM, "code": "S9500",
             "first_on": date(2026, 3, place), "last_on": date(2026, 3, place), "units": Decimal(1), "rate": PAID,
             "charge": CHARGE,
             "expected": PAID + SHARE, "evidence": json.dumps({"units": []})}
            for claim in ids
            for place in range(1, LINES + 1)
        ]  # fmt: skip
        lines = list(
            session.execute(insert(ClaimLine).returning(ClaimLine.id, sort_by_parameter_order=True), wanted).scalars()
        )
        entries = (
            NewEntry(ClaimId(row["claim_id"]), EntryKind.CHARGE, CHARGE, line)  # type: ignore[arg-type]
            for row, line in zip(wanted, lines, strict=True)
        )
        post(session, entries, date(2026, 4, 1), by)
        record(session, by, "fill", "benchmark")
    return [(f"C{each:07d}", ids[each], lines[each * LINES : (each + 1) * LINES]) for each in range(claims)]


def remittance(claims: list[tuple[str, int, list[int]]], turn: int) -> str:
    """An 835 that pays each line 95, cuts 45 and leaves 10 to the patient."""
    total = PAID * LINES * len(claims)
    body = [
        f"BPR*I*{total}*C*ACH************20260420", f"TRN*1*EFT{turn}*1411234567", "N1*PR*PAYER",
        "N1*PE*US*XX*1234567893", "LX*1",
    ]  # fmt: skip
    for number, _, lines in claims:
        body.append(f"CLP*{number}*1*{CHARGE * LINES}*{PAID * LINES}*{SHARE * LINES}*12*I{number}")
        body.append("NM1*QC*1*A*B")
        for place, line in enumerate(lines, 1):
            body += [
                f"SVC*HC:S9500*{CHARGE}*{PAID}**1", f"DTM*472*202603{place:02d}", f"CAS*CO*45*{CUT}",
                f"CAS*PR*2*{SHARE}", f"REF*6R*L{line}", f"AMT*B6*{PAID + SHARE}",
            ]  # fmt: skip
    isa = "ISA*00*          *00*          *ZZ*PAYER          *ZZ*1234567893     *260420*1200*^*00501*000000009*0*P*:"
    group = "GS*HP*PAYER*1234567893*20260420*1200*9*X*005010X221A1"
    inside = ["ST*835*0001", *body, f"SE*{len(body) + 2}*0001"]
    return "~".join([isa, group, *inside, "GE*1*9", "IEA*1*000000009", ""])


def _by_hand(connect: Callable[[], Any], claims: list[tuple[str, int, list[int]]], clock: Callable[[], float]) -> float:
    """Look each claim and its lines up and write the same rows in plain SQL, one transaction, on the same tables."""
    taken = []
    for turn in range(3):
        connection = connect()
        began = clock()
        _write(connection, claims, turn)
        taken.append(clock() - began)
        connection.close()
    return median(taken)


def _write(connection: Any, claims: list[tuple[str, int, list[int]]], turn: int) -> None:
    cursor = connection.cursor()
    on_server = not isinstance(connection, sqlite.Connection)

    def execute(sql: str, values: Sequence[Any] = ()) -> Any:
        return cursor.execute(sql.replace("?", "%s") if on_server else sql, values)

    def many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
        cursor.executemany(sql.replace("?", "%s") if on_server else sql, rows)

    at, day = "2026-04-20T12:00:00.000000+00:00", "2026-04-20"
    execute("BEGIN" if on_server else "BEGIN IMMEDIATE")
    remittance_id = execute(
        "INSERT INTO remittance (payer_code, payer_name, trace_number, amount, paid_on, posted_at, staff_id, "
        "file_sha256, source, method) VALUES ('X', 'X', ?, 1, ?, ?, 1, '', '835', 'ACH') RETURNING id",
        (f"HAND{turn}", day, at),
    ).fetchone()[0]
    for number, _, _ in claims:
        claim, state = execute(
            "SELECT id, state FROM claim WHERE number = ? ORDER BY id DESC LIMIT 1", (number,)
        ).fetchone()
        lines = execute("SELECT id, charge FROM claim_line WHERE claim_id = ? ORDER BY position", (claim,)).fetchall()
        (owed,) = execute(
            "SELECT sum(amount) FROM receivable_entry WHERE claim_id = ? AND account = 'payer'", (claim,)
        ).fetchone()
        decision = execute(
            "INSERT INTO payer_decision (remittance_id, claim_id, status, charge, paid, patient_owes, "
            "payer_claim_number, decided_on, adjustments, remarks) "
            "VALUES (?, ?, '1', 60000, 38000, 4000, 'I', ?, '[]', '') RETURNING id",
            (remittance_id, claim, day),
        ).fetchone()[0]
        many(
            "INSERT INTO line_decision (decision_id, line_id, code, modifiers, charge, paid, units, allowed, "
            "adjustments, remarks) VALUES (?, ?, 'S9500', '', 15000, 9500, 10000, 10500, ?, '')",
            [(decision, line, '[["CO", "45", "45", null], ["PR", "2", "10", null]]') for line, _ in lines],
        )
        entries = []
        for line, _ in lines:
            for kind, account, amount, group, reason in (
                ("payment", "payer", -9500, "", ""), ("adjustment", "payer", -4500, "CO", "45"),
                ("transfer to next payer or patient", "payer", -1000, "PR", "2"),
                ("transfer to next payer or patient", "patient", 1000, "PR", "2"),
            ):  # fmt: skip
                entries.append((claim, line, kind, account, amount, group, reason, remittance_id, decision, day, at))
        many(
            "INSERT INTO receivable_entry (claim_id, line_id, kind, account, amount, group_code, reason_code, "
            "remittance_id, decision_id, posted_on, recorded_at, staff_id, note) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, '')",
            entries,
        )
        state = "paid" if owed - 60000 <= 0 else state
        execute(
            "UPDATE claim SET state = ?, payer_control_number = 'I', version = version + 1 WHERE id = ?", (state, claim)
        )
        execute(
            "INSERT INTO claim_event (claim_id, state, at, staff_id, note) VALUES (?, ?, ?, 1, '')", (claim, state, at)
        )
    execute("COMMIT")
