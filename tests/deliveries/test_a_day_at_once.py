"""Many workstations play a day at once: nothing is sold twice, nothing is lost, nobody meets a deadlock (issue 7, B).

Each workstation is a thread with an engine, a pool and connections of its own, so that they meet only in the database
server, as programs on several machines do. DAY_WORKSTATIONS and DAY_ROUNDS make the day larger (20 and 10 in a full
run).
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.audit import seal
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.undoing import cancel
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import AssetEvent
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.tables import Patient
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.counting.counts import approve, enter, finish, mark, open_count
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance, CountLine
from infusion_desktop.stock.words import CountLineId, ItemId
from infusion_desktop.verifying import verify_books

WORKSTATIONS = int(os.environ.get("DAY_WORKSTATIONS", "8"))
ROUNDS = int(os.environ.get("DAY_ROUNDS", "2"))
START = today()
PNG = b"\x89PNG\r\n\x1a\n"
MEASURED = {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}


class Workstation:
    """Somebody's day at one of the benches."""

    def __init__(self, bench: Any, number: int, pump: int, seed: int) -> None:
        self.bench, self.number, self.pump = bench, number, pump
        self.database = Database(bench.database.place, seal, f"bench-{number}")
        with self.database.reading() as session:
            self.main = place_id(session, "MAIN")
        self.chance = random.Random(seed + number)
        self.sent: Counter[ItemId] = Counter()
        self.received, self.custody_deeds, self.edits = 0, 0, 0
        self.refusals = 0

    def day(self) -> None:
        for _ in range(ROUNDS):
            steps = [self.supply, self.receive, self.care_for_pump, self.count, self.supply, self.telephone]
            self.chance.shuffle(steps)
            for step in steps:
                step()

    def supply(self) -> None:
        """Plan, release, pick, verify, pack, ship, deliver; what cannot be filled is cancelled."""
        database, bench = self.database, self.bench
        wanted = [Wanted(bench.items[name], self.chance.randint(1, 4)) for name in ("drug", "flush")]
        self.chance.shuffle(wanted)
        period = Days(START, START + timedelta(days=6))
        made = plan_items(database, bench.patient, period, START, wanted, bench.pharmacist)
        if release(database, made, bench.pharmacist, override="counted by hand").short:
            cancel(database, made, "not enough on the shelf", bench.pharmacist)
            self.refusals += 1
            return
        pick_all(database, made, bench.tech)
        verify_all(database, made, bench.pharmacist)
        pack(database, made, 1, 2, bench.tech)
        ship(database, made, bench.tech)
        deliver(database, made, Proof("Bob", "Spouse", now_utc(), PNG), bench.tech)
        self.sent.update({each.item_id: each.quantity for each in wanted})

    def receive(self) -> None:
        line = ReceiptLine(self.bench.items["flush"], 3, lot="F1", expires_on=START + timedelta(days=100))
        receive(self.database, NewReceipt((line,)), self.bench.tech)
        self.received += 3

    def care_for_pump(self) -> None:
        custody.clean(self.database, self.pump, self.bench.tech)
        custody.pass_check(self.database, self.pump, MEASURED, self.bench.tech)
        custody.quarantine(self.database, self.pump, "the screen flickers", self.bench.tech)
        custody.release(self.database, self.pump, self.bench.staff[Role.ADMINISTRATOR])
        self.custody_deeds += 4

    def count(self) -> None:
        """Count the shelf while others pick: a lot that was touched meanwhile is refused, and counted again."""
        database, bench = self.database, self.bench
        sheet = open_count(database, f"Sheet of {self.number}", [self.main], bench.tech)
        with database.reading() as session:
            lines = session.scalars(select(CountLine.id).where(CountLine.count_id == sheet)).all()
        for line in map(CountLineId, lines):
            while not self._counted(line):
                self.refusals += 1
        assert finish(database, sheet, bench.tech) == 0, "a line differs, though its number was taken from the books"
        assert approve(database, sheet, bench.pharmacist) == (0, 0)

    def _counted(self, line: CountLineId) -> bool:
        with self.database.reading() as session:
            begun = mark(session, line)
            on_hand = session.scalars(
                select(Balance.on_hand)
                .join(CountLine, (Balance.lot_id == CountLine.lot_id) & (Balance.location_id == CountLine.location_id))
                .where(CountLine.id == line)
            ).one()
        try:
            enter(self.database, line, on_hand, self.bench.tech, begun=begun)
        except Refused:
            return False
        return True

    def telephone(self) -> None:
        """Everybody writes the same patient's record: who read an older one is told, looks again and writes again."""
        while True:
            with self.database.reading() as session:
                page = patient_page(session, self.bench.patient)
            person = replace(page.person, phone=f"503555{self.chance.randint(0, 9999):04}")
            try:
                edit_demographics(self.database, self.bench.patient, person, page.version, self.bench.pharmacist)
            except Stale:
                self.refusals += 1
                continue
            self.edits += person.phone != page.person.phone
            return


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_day_at_many_workstations(database: Database, bench: Any) -> None:
    seed = int(os.environ.get("TRUST_SEED", random.SystemRandom().randrange(10**9)))
    print(f"TRUST_SEED={seed}")  # noqa: T201 - shown when the test fails
    boss = bench.staff[Role.ADMINISTRATOR]
    pumps = [register(database, NewAsset(bench.items["pump"], f"D{n}", f"D{n:04}"), boss) for n in range(WORKSTATIONS)]
    works = [Workstation(bench, number, pump, seed) for number, pump in enumerate(pumps)]
    with database.reading() as session:
        version = session.scalars(select(Patient.version).where(Patient.id == bench.patient)).one()
        before = _on_hand(session, works[0].main)
        events = session.scalar(select(func.count()).select_from(AssetEvent))
    raised = at_once([each.day for each in works])
    for each in works:
        each.database.close()
    assert not raised, [f"{type(each).__name__}: {each}" for each in raised]
    with database.reading() as session:
        after = _on_hand(session, works[0].main)
        sent = sum((each.sent for each in works), Counter())
        received = sum(each.received for each in works)
        flush, drug = bench.items["flush"], bench.items["drug"]
        assert after[flush] == before[flush] + received - sent[flush]
        assert after[drug] == before[drug] - sent[drug]
        assert min(after.values()) >= 0
        edited = session.scalars(select(Patient.version).where(Patient.id == bench.patient)).one()
        assert edited == version + sum(each.edits for each in works), "an edit was lost"
        assert session.scalar(select(func.count()).select_from(AssetEvent)) == (events or 0) + sum(
            each.custody_deeds for each in works
        )
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)).all()
        assert numbers == list(range(1, len(numbers) + 1))
    assert verify_books(database) == ()


def _on_hand(session: Any, place: int) -> dict[ItemId, int]:
    rows = session.execute(
        select(Balance.item_id, func.sum(Balance.on_hand)).where(Balance.location_id == place).group_by(Balance.item_id)
    )
    return {ItemId(item): int(units) for item, units in rows}


def at_once(works: list[Callable[[], None]]) -> list[BaseException]:
    """Run every day in a thread of its own, all begun together; whatever reached a person."""
    raised: list[BaseException] = []
    together = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        together.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return raised
