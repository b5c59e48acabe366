"""What the demonstration shows of the shelves: a second site, plans and counts, write-offs, and a recall under way."""

import random
from datetime import date, timedelta
from decimal import Decimal

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY
from infusion_desktop.deliveries.scarce import recalls
from infusion_desktop.deliveries.scarce.recall_queries import recall_page
from infusion_desktop.deliveries.scarce.recalls import Exchange, NewContact
from infusion_desktop.deliveries.words import ContactOutcome, ContactWay
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.demonstration.shelves import noon
from infusion_desktop.errors import Refused
from infusion_desktop.stock import site_transfers
from infusion_desktop.stock.counting import counts
from infusion_desktop.stock.counting.count_plans import Plan, add_plan, open_planned
from infusion_desktop.stock.counting.count_queries import sheet
from infusion_desktop.stock.places import add_place
from infusion_desktop.stock.queries import StockRow, place_rows, stock_rows
from infusion_desktop.stock.scarce.recall import quarantine_recalled, where_are
from infusion_desktop.stock.scarce.recall_rules import Scope
from infusion_desktop.stock.words import CountId, ItemKind, LocationKind, MoveReason, WriteOffCode
from infusion_desktop.stock.write_offs import write_off

_SEND = 12
_COUNTED = (43, 36, 29, 22, 15, 8, 1, 0)
"""How many days ago shelves were counted."""


def care_for_shelves(database: Database, cast: Cast, last: date, pick: random.Random) -> None:
    """The last weeks at the shelves."""
    with database.reading() as session:
        stock = stock_rows(session)
    free = [row for row in stock if row.available >= 3 * _SEND]
    _second_site(database, cast, free, last, pick)
    _write_off(database, cast, stock, last, pick)
    _recall(database, cast, stock, last)


def _second_site(database: Database, cast: Cast, free: list[StockRow], last: date, pick: random.Random) -> None:
    boss, technician = cast.administrator, cast.technicians[0]
    north = add_place(database, "NORTH", "North site, Vancouver", LocationKind.SITE, boss, 900)
    for code, name, kind in (
        ("N-01", "North store", LocationKind.ROOM), ("BAG-1", "Bag of nurse Alvarez", LocationKind.NURSE_BAG),
        ("CLEAN", "Clean pumps", LocationKind.CLEAN), ("DIRTY", "Pumps to be cleaned", LocationKind.DIRTY),
    ):  # fmt: skip
        add_place(database, code, name, kind, boss, 901, north if code == "N-01" else None)
    for days, note in ((9, "weekly"), (1, "weekly")):
        chosen = [site_transfers.Sending(row.id[0], row.id[1], _SEND) for row in pick.sample(free, 4)]
        sent = site_transfers.send(database, chosen, "N-01", technician, note, noon(last - timedelta(days=days)))
        if days > 1:
            with database.reading() as session:
                lines = site_transfers.transfer_lines(session, sent)
            arrived = {line.id: line.left for line in lines}
            site_transfers.receive(database, sent, arrived, cast.technicians[1], noon(last - timedelta(days=days - 1)))


class Counting:
    """The two plans by which the shelves are counted: once a week what is due, the refrigerator as a whole."""

    def __init__(self, database: Database, cast: Cast, last: date) -> None:
        with database.reading() as session:
            fridge = next(row.id for row in place_rows(session) if row.code == "FRIDGE")
        everything = Plan("All shelves by value and risk", most_lines=90)
        weekly = Plan("Refrigerator every week", 7, 7, 7, location_id=fridge, most_lines=60)
        self._plans = [add_plan(database, each, cast.pharmacists[0]) for each in (everything, weekly)]
        self._database, self._cast, self._last, self._pick = database, cast, last, random.Random(7)

    def live(self, day: date) -> None:
        """Each week of the last ones a sheet of both; yesterday's waits for approval, today's is under way."""
        ago = (self._last - day).days
        if ago not in _COUNTED:
            return
        for plan in self._plans[:1] if ago == 1 else self._plans[1:] if ago == 0 else self._plans:
            try:
                count = open_planned(self._database, plan, self._cast.technicians[0], noon(day))
            except Refused:  # A small pharmacy has counted everything by then.
                continue
            _enter(self._database, self._cast, count, day, self._pick, most=1000 if ago else 9)
            if ago and counts.finish(self._database, count, self._cast.technicians[0]):
                _enter(self._database, self._cast, count, day, self._pick, again=True)
                counts.finish(self._database, count, self._cast.technicians[0])
            if ago > 1:
                counts.approve(self._database, count, self._cast.pharmacists[0], "", noon(day + ONE_DAY))


def _enter(
    database: Database, cast: Cast, count: CountId, day: date, pick: random.Random, *,
    again: bool = False, most: int = 1000,
) -> None:  # fmt: skip
    """Most lines are as the books say; a few differ a little, one differs much."""
    with database.reading() as session:
        lines = [line for line in sheet(session, count) if line.counted is None][:most]
        there = {row.id: row.on_hand for row in stock_rows(session)}
    counter = cast.technicians[1] if again else cast.technicians[0]
    for number, line in enumerate(lines):
        books = there.get((line.lot_id, line.location_id), 0)
        off = 0 if again or number % 6 else pick.choice((-2, -1, 1))
        if number == 3 and not again:
            off = -max(1, books // 8)
        counts.enter(database, line.id, max(0, books + off), counter, noon(day))


def _write_off(database: Database, cast: Cast, stock: tuple[StockRow, ...], last: date, pick: random.Random) -> None:
    pharmacist = cast.pharmacists[0]
    expired = [
        row for row in stock if row.expires_on is not None and row.expires_on < last and row.on_hand > row.reserved
    ]
    for row in expired[1:3]:  # One is still on its shelf.
        units = min(row.on_hand - row.reserved, 10)
        write_off(database, row.id[0], row.id[1], units, MoveReason.EXPIRED, "", pharmacist,
                  noon(last - timedelta(days=2)))  # fmt: skip
    cold = [row for row in stock if row.storage.is_cold and row.available > 8 and row.unit_cost > Decimal(40)]
    if cold:
        row = pick.choice(cold)
        write_off(database, row.id[0], row.id[1], 8, MoveReason.DAMAGED, "door left open over night", pharmacist,
                  noon(last - timedelta(days=1)), code=WriteOffCode.COLD_CHAIN)  # fmt: skip


def _recall(database: Database, cast: Cast, stock: tuple[StockRow, ...], last: date) -> None:
    """A dressing of one lot: some patients were reached, some get another lot."""
    pharmacist = cast.pharmacists[0]
    candidates = [row for row in stock if row.kind is ItemKind.DRESSING and row.available > 20]
    with database.reading() as session:
        homes = {row.id[0]: sum(place.place_kind is LocationKind.PATIENT_HOME and place.on_hand > 0
                                for place in where_are(session, [row.id[0]])) for row in candidates}  # fmt: skip
    fitting = [row for row in candidates if 3 <= homes[row.id[0]] <= 15] or candidates
    if not fitting:
        return
    row = fitting[0]
    number = row.lot.partition(" / ")[0]
    opened = recalls.open_recall(
        database, row.item_id, [Scope(number, number)], "Package seal may be open: not sterile",
        "FDA Z-0412-2026, maker's letter", pharmacist, noon(last - timedelta(days=3)),
    )  # fmt: skip
    quarantine_recalled(database, opened, pharmacist, noon(last - timedelta(days=3)))
    with database.reading() as session:
        patients = recall_page(session, opened).patients
    outcomes = (ContactOutcome.REACHED, ContactOutcome.LEFT_MESSAGE, ContactOutcome.REACHED, ContactOutcome.NO_ANSWER)
    for place, patient in enumerate(patients[:-2]):
        outcome = outcomes[place % len(outcomes)]
        aside = patient.at_home if outcome is ContactOutcome.REACHED else 0
        contact = NewContact(ContactWay.PHONE, outcome, aside, 0, "", noon(last - timedelta(days=2)))
        recalls.log_contact(database, opened, patient.id, contact, cast.coordinator)
    reached = [patient.id for place, patient in enumerate(patients[:-2]) if place % 2 == 0 and patient.at_home]
    if reached:
        exchange = Exchange(last + timedelta(days=1), row.item_id, "10:00 to 14:00")
        recalls.replace_and_fetch(database, opened, reached, exchange, cast.coordinator)
