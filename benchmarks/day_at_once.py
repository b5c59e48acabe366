"""One workstation's day, played by a process of its own: `python -m benchmarks.day_at_once FACTS`, begun by a line.

Several of them meet only in the database server, as programs on several machines do (tests/deliveries/
test_a_day_at_once.py starts them). What it did, and how long each deed took, is told as JSON.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Place
from infusion_desktop.dates import Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.undoing import cancel
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.counting.counts import approve, enter, finish, mark, open_count
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.tables import Balance, CountLine
from infusion_desktop.stock.words import CountLineId, ItemId

START = today()
PNG = b"\x89PNG\r\n\x1a\n"
MEASURED = {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """Whose day it is: the server, the people, the items, a patient all write to, and a pump of its own."""

    address: str
    number: int
    seed: int
    rounds: int
    tech: int
    pharmacist: int
    boss: int
    drug: int
    flush: int
    patient: int
    pump: int


class Workstation:
    """Somebody's day at one of the benches."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.tech, self.pharmacist, self.boss = UserId(facts.tech), UserId(facts.pharmacist), UserId(facts.boss)
        self.drug, self.flush = ItemId(facts.drug), ItemId(facts.flush)
        self.patient, self.pump = PatientId(facts.patient), AssetId(facts.pump)
        self.database = open_pharmacy(Place.of(facts.address), f"bench-{facts.number}")
        with self.database.reading() as session:
            self.main = place_id(session, "MAIN")
        self.chance = random.Random(facts.seed + facts.number)
        self.sent: Counter[int] = Counter()
        self.received = self.custody_deeds = self.edits = self.refusals = 0
        self.times: list[float] = []

    def day(self) -> None:
        """So many rounds of everything, in an order of its own."""
        for _ in range(self.facts.rounds):
            steps = [self.supply, self.receive, self.care_for_pump, self.count, self.supply, self.telephone]
            self.chance.shuffle(steps)
            for step in steps:
                step()

    def do(self, deed: Callable[[], T]) -> T:
        """A deed as a screen does it, timed."""
        begun = time.perf_counter()
        try:
            return self.database.unhindered(deed)
        finally:
            self.times.append((time.perf_counter() - begun) * 1000)

    def supply(self) -> None:
        """Plan, release, pick, verify, pack, ship, deliver; what cannot be filled is cancelled."""
        database, tech, pharmacist = self.database, self.tech, self.pharmacist
        wanted = [Wanted(item, self.chance.randint(1, 4)) for item in (self.drug, self.flush)]
        self.chance.shuffle(wanted)
        period = Days(START, START + timedelta(days=6))
        made = self.do(lambda: plan_items(database, self.patient, period, START, wanted, pharmacist))
        if self.do(lambda: release(database, made, pharmacist, override="counted by hand")).short:
            self.do(lambda: cancel(database, made, "not enough on the shelf", pharmacist))
            self.refusals += 1
            return
        self.do(lambda: pick_all(database, made, tech))
        self.do(lambda: verify_all(database, made, pharmacist))
        self.do(lambda: pack(database, made, 1, 2, tech))
        self.do(lambda: ship(database, made, tech))
        self.do(lambda: deliver(database, made, Proof("Bob", "Spouse", now_utc(), PNG), tech))
        self.sent.update({int(each.item_id): each.quantity for each in wanted})

    def receive(self) -> None:
        """A box comes in."""
        line = ReceiptLine(self.flush, 3, lot="F1", expires_on=START + timedelta(days=100))
        self.do(lambda: receive(self.database, NewReceipt((line,)), self.tech))
        self.received += 3

    def care_for_pump(self) -> None:
        """Cleaned, tested, set aside, let go again."""
        database, pump, tech = self.database, self.pump, self.tech
        self.do(lambda: custody.clean(database, pump, tech))
        self.do(lambda: custody.pass_check(database, pump, MEASURED, tech))
        self.do(lambda: custody.quarantine(database, pump, "the screen flickers", tech))
        self.do(lambda: custody.release(database, pump, self.boss))
        self.custody_deeds += 4

    def count(self) -> None:
        """Count the shelf while others pick: a lot that was touched meanwhile is refused, and counted again."""
        database = self.database
        title = f"Sheet of {self.facts.number}"
        sheet = self.do(lambda: open_count(database, title, [self.main], self.tech))
        with database.reading() as session:
            lines = session.scalars(select(CountLine.id).where(CountLine.count_id == sheet)).all()
        for line in map(CountLineId, lines):
            while not self._counted(line):
                self.refusals += 1
        assert self.do(lambda: finish(database, sheet, self.tech)) == 0, "its number was taken from the books"
        assert self.do(lambda: approve(database, sheet, self.pharmacist)) == (0, 0)

    def _counted(self, line: CountLineId) -> bool:
        with self.database.reading() as session:
            begun = mark(session, line)
            on_hand = session.scalars(
                select(Balance.on_hand)
                .join(CountLine, (Balance.lot_id == CountLine.lot_id) & (Balance.location_id == CountLine.location_id))
                .where(CountLine.id == line)
            ).one()
        try:
            self.do(lambda: enter(self.database, line, on_hand, self.tech, begun=begun))
        except Refused:
            return False
        return True

    def telephone(self) -> None:
        """Everybody writes the same patient's record: who read an older one is told, looks again and writes again."""
        while True:
            with self.database.reading() as session:
                page = patient_page(session, self.patient)
            person = replace(page.person, phone=f"503555{self.chance.randint(0, 9999):04}")
            try:
                self.do(
                    lambda page=page, person=person: edit_demographics(  # type: ignore[misc]
                        self.database, self.patient, person, page.version, self.pharmacist
                    )
                )
            except Stale:
                self.refusals += 1
                continue
            self.edits += person.phone != page.person.phone
            return


def main() -> None:
    """Get ready, wait for the word, play the day, tell what was done."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    work = Workstation(Facts(**given))
    print("ready", flush=True)
    sys.stdin.readline()
    work.day()
    told = {
        "drug": work.sent[work.drug], "flush": work.sent[work.flush], "received": work.received,
        "custody": work.custody_deeds, "edits": work.edits, "refusals": work.refusals, "again": work.database.again,
        "times": work.times,
    }  # fmt: skip
    print(json.dumps(told), flush=True)
    work.database.close()


if __name__ == "__main__":
    main()
