"""Many workstations play a day at once: nothing is sold twice, nothing is lost, nobody meets a deadlock (issue 7, B).

Each workstation is a process of its own (benchmarks/day_at_once.py). A run with --full makes the day
larger (20 and 10 in a full run).
"""

import json
import os
import random
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from statistics import median, quantiles
from typing import Any

import pytest
from sqlalchemy import func, select

from benchmarks.day_at_once import Facts
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import AssetEvent
from infusion_desktop.patients.tables import Patient
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance
from infusion_desktop.stock.words import ItemId
from infusion_desktop.verifying import verify_books
from tests.promises import times

WORKSTATIONS = times(4, 20)
ROUNDS = times(2, 10)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_day_at_many_workstations(database: Database, bench: Any) -> None:
    seed = int(os.environ.get("TRUST_SEED", random.SystemRandom().randrange(10**9)))
    print(f"TRUST_SEED={seed}")  # noqa: T201 - shown when the test fails
    boss = bench.staff[Role.ADMINISTRATOR]
    pumps = [register(database, NewAsset(bench.items["pump"], f"D{n}", f"D{n:04}"), boss) for n in range(WORKSTATIONS)]
    address = database.place.url.render_as_string(hide_password=False)
    drug, flush = bench.items["drug"], bench.items["flush"]
    days = [
        Facts(
            address, number, seed, ROUNDS, bench.tech, bench.pharmacist, boss, drug, flush, bench.patient, pump
        )
        for number, pump in enumerate(pumps)
    ]  # fmt: skip
    with database.reading() as session:
        main = place_id(session, "MAIN")
        version = session.scalars(select(Patient.version).where(Patient.id == bench.patient)).one()
        before = _on_hand(session, main)
        events = session.scalar(select(func.count()).select_from(AssetEvent)) or 0
    told = played(days)
    with database.reading() as session:
        after = _on_hand(session, main)
        assert after[flush] == before[flush] + _sum(told, "received") - _sum(told, "flush")
        assert after[drug] == before[drug] - _sum(told, "drug")
        assert min(after.values()) >= 0
        edited = session.scalars(select(Patient.version).where(Patient.id == bench.patient)).one()
        assert edited == version + _sum(told, "edits"), "an edit was lost"
        assert session.scalar(select(func.count()).select_from(AssetEvent)) == events + _sum(told, "custody")
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)).all()
        assert numbers == list(range(1, len(numbers) + 1))
    assert verify_books(database) == ()
    times = [each for one in told for each in one["times"]]
    print(  # noqa: T201
        f"{WORKSTATIONS} processes, {len(times)} deeds: median {median(times):.0f} ms, p95 "
        f"{quantiles(times, n=20)[-1]:.0f} ms; {_sum(told, 'again')} done again after a deadlock, "
        f"{_sum(told, 'refusals')} told to look again or short"
    )


def played(days: list[Facts]) -> list[dict[str, Any]]:
    """Every day in a process of its own, all begun together; what each did. Whatever reached a person fails."""
    told = []
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.one_day", "benchmarks.day_at_once", json.dumps(asdict(day))],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )
            for day in days
        ]  # fmt: skip
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in running:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        for each in running:
            out, _ = each.communicate(timeout=1200)
            assert each.returncode == 0, "something reached a person"
            told.append(json.loads(out))
    return told


def _sum(told: list[dict[str, Any]], what: str) -> int:
    return sum(int(each[what]) for each in told)


def _on_hand(session: Any, place: int) -> dict[ItemId, int]:
    rows = session.execute(
        select(Balance.item_id, func.sum(Balance.on_hand)).where(Balance.location_id == place).group_by(Balance.item_id)
    )
    return {ItemId(item): int(units) for item, units in rows}
