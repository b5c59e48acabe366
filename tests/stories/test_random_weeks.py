"""The whole pharmacy in random order: any deed on any record at any time, and the rooms still fit together.

A demonstration pharmacy goes through a random walk of deeds as people do them at all desks at once, in orders nobody
planned. A deed may be refused in sentences or asked about; after each step the books are in order and the truths below
hold. ``PHARMACY_SEED`` begins elsewhere.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import mark_sent, replace_claim, void_claim, write_file
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.counted_once import counts_once
from infusion_desktop.billing.money.adjusting import WRITE_OFF_REASONS, move_balance, undo_write_off, write_off
from infusion_desktop.billing.money.month_close import close_month, next_to_close
from infusion_desktop.billing.money.patient_money import NewPatientPayment, refund, take_patient_payment
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.runs.month_run import run_month
from infusion_desktop.billing.tables import Claim, ClaimBatch, ClaimLine, LedgerEntry
from infusion_desktop.billing.words import Account, BatchId, ClaimId, ClaimState, EntryKind, Frequency, LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, month_of, now_utc, today
from infusion_desktop.deliveries.bench.in_totes import units_in_totes
from infusion_desktop.deliveries.bench.picking import do_without_pump, pick_all, report_short, scan_pick, take_off_pump
from infusion_desktop.deliveries.bench.release import fill_owed, release
from infusion_desktop.deliveries.bench.shipping import failed_attempt, pack, ship
from infusion_desktop.deliveries.bench.undoing import cancel, undo
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.care.ending import discharge_and_fetch, stop_and_fetch
from infusion_desktop.deliveries.door.delivering import (
    CameBack,
    EquipmentBack,
    Proof,
    bring_back_all,
    deliver,
    return_later,
)
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.pumps.pickups import write_due_tickets
from infusion_desktop.deliveries.pumps.swapping import NewSwap, order_swap
from infusion_desktop.deliveries.scarce import recalls
from infusion_desktop.deliveries.steps import DOCUMENT
from infusion_desktop.deliveries.tables import Delivery, DeliveryEquipment, DeliveryLot
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, LineOutcome
from infusion_desktop.demonstration.payments import _remittance
from infusion_desktop.equipment import checks, custody
from infusion_desktop.equipment.booking import NewBooking, book, end_booking
from infusion_desktop.equipment.holding import end_hold, hold
from infusion_desktop.equipment.models import ALARMS
from infusion_desktop.equipment.tables import Asset, AssetBooking
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.admitting import Checklist, readmit
from infusion_desktop.patients.interruptions import (
    NewInterruption,
    close_interruption,
    interrupt,
    remove_interruption,
)
from infusion_desktop.patients.order_versions import change_from
from infusion_desktop.patients.tables import Episode, Interruption, Patient, Therapy
from infusion_desktop.patients.therapies import NewTherapy, order_therapy
from infusion_desktop.patients.words import EpisodeId, InterruptionKind, PatientId, TherapyId
from infusion_desktop.reporting.margin_rules import all_together
from infusion_desktop.reporting.margins import by_class, by_patient, by_payer, by_template, by_therapy, margins
from infusion_desktop.stock import moving, write_offs
from infusion_desktop.stock.buying.vendor_returns import GoingBack, NewReturn, return_to_vendor
from infusion_desktop.stock.counting import counts
from infusion_desktop.stock.scarce import recall
from infusion_desktop.stock.scarce.recall_rules import Scope
from infusion_desktop.stock.tables import (
    Balance,
    Count,
    CountLine,
    Location,
    Lot,
    Recall,
    Reservation,
    Vendor,
)
from infusion_desktop.stock.words import LocationId, LocationKind, LotId, MoveReason
from infusion_desktop.verifying import verify_books
from tests.promises import times
from tests.reporting.agreement import everything_agrees

S = DeliveryState
_SEED = int(os.environ.get("PHARMACY_SEED", "1"))
_STEPS = times(60, 200)
_WHERE = ("sqlite",) * times(2, 50) + ("postgresql",) * times(1, 50)
_ON_THE_WAY = {S.DRAFT, S.RELEASED, S.PICKED, S.VERIFIED, S.PACKED, S.SHIPPED}
_PASSED = {"Flow accuracy": "1.2", "Occlusion alarm": "12", "Battery": "97", **{a.name: "pass" for a in ALARMS[:2]}}


class Walk:
    """One pharmacy and who works in it; every method whose name begins with ``do_`` is a deed a person may do."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.pick = database, random.Random(seed)
        with database.reading() as session:
            people = dict(session.execute(select(Staff.username, Staff.id)).all())
        self.boss, self.second = UserId(people["admin"]), UserId(people["maria"])
        self.deeds: list[Callable[[], object]] = [
            getattr(self, name) for name in sorted(vars(type(self))) if name.startswith("do_")
        ]
        self.deeds += [self.do_next_step] * (len(self.deeds) // 3)
        self.told: list[str] = []
        self.done: Counter[str] = Counter()
        self.reserved_of_held: dict[int, int] = {}
        self.at_hand: DeliveryId | None = None

    def step(self) -> None:
        """One deed; no is an answer, anything else that goes wrong is a fault."""
        deed = self.pick.choice(self.deeds)
        name = deed.__name__.removeprefix("do_")
        try:
            deed()
        except Warned:
            self.told.append(f"{name}: asked")
        except Refused as refusal:
            assert refusal.reasons and all(len(each) > 10 for each in refusal.reasons)
            self.told.append(f"{name}: {refusal}")
        else:
            self.told.append(f"{name}: done")
            self.done[name] += 1

    def one(self, wanted: Any) -> Any:
        """Any row of a query; the walk passes on where there is none."""
        with self.database.reading() as session:
            rows = session.execute(wanted.order_by(*wanted.selected_columns)).all()  # A seed is one walk on any engine.
        if not rows:
            raise Refused("There is nothing of that kind now.")
        return self.pick.choice(rows)

    def a_delivery(self, *likely: DeliveryState) -> DeliveryId:
        """Mostly one in a state that fits, sometimes any; while a kit is at hand, that one."""
        if self.at_hand is not None:
            return self.at_hand
        wanted = select(Delivery.id).where(Delivery.state.in_(likely or tuple(S)))
        if self.pick.random() < 0.15:
            wanted = select(Delivery.id).where(Delivery.id > 25)
        return DeliveryId(self.one(wanted)[0])

    def a_patient(self) -> PatientId:
        return PatientId(self.one(select(Patient.id))[0])

    def a_day(self) -> date:
        return today() + timedelta(days=self.pick.randrange(-20, 12))

    # Care

    def do_interrupt(self) -> None:
        first = self.a_day()
        last = self.pick.choice((None, first, first + timedelta(days=3)))
        kind = self.pick.choice(tuple(InterruptionKind))
        interrupt(self.database, self.a_patient(), NewInterruption(kind, first, last), self.boss)

    def do_end_interruption(self) -> None:
        row = self.one(select(Interruption.id, Interruption.version))
        if self.pick.random() < 0.5:
            close_interruption(self.database, row.id, self.a_day(), row.version, self.boss)
        else:
            remove_interruption(self.database, row.id, "typed for another patient", row.version, self.boss)

    def _order(self, row: Therapy, starts_on: date) -> NewTherapy:
        names = [name for name in NewTherapy.__dataclass_fields__ if hasattr(row, name)]
        values = {name: getattr(row, name) for name in names} | {"starts_on": starts_on, "stops_on": None}
        return NewTherapy(**values | {"ordered_on": min(starts_on, today())})

    def do_change_order(self) -> None:
        (row,) = self.one(select(Therapy))
        day = self.a_day()
        change_from(
            self.database, TherapyId(row.id), self._order(row, day), day, row.version, self.boss, "prescriber's call"
        )

    def do_order_again(self) -> None:
        (row,) = self.one(select(Therapy))
        order_therapy(self.database, PatientId(row.patient_id), self._order(row, self.a_day()), self.boss)

    def do_stop(self) -> None:
        row = self.one(select(Therapy.id, Therapy.version))
        stop_and_fetch(self.database, TherapyId(row.id), self.a_day(), "done", row.version, self.boss)

    def do_discharge_or_readmit(self) -> None:
        row = self.one(select(Episode))[0]
        if self.pick.random() < 0.4:
            discharge_and_fetch(self.database, EpisodeId(row.id), self.a_day(), "moved", row.version, self.boss)
        else:
            check_list = Checklist(True, True, True, True, True)
            readmit(self.database, PatientId(row.patient_id), today(), ("E86.0",), check_list, self.boss)

    # The kits

    def do_plan(self) -> None:
        row = self.one(select(Therapy.id))
        day = today() + timedelta(days=self.pick.randrange(0, 9))
        period = Days(day + ONE_DAY, day + timedelta(days=self.pick.choice((1, 3, 7))))
        plan(self.database, TherapyId(row.id), period, day, {}, self.boss, override="wanted twice")

    def do_release(self) -> None:
        override = self.pick.choice(("", "agreed"))
        release(self.database, self.a_delivery(S.DRAFT), self.boss, override=override)

    def do_next_step(self) -> None:
        """A kit goes on from where it is."""
        row = self.one(select(Delivery.id, Delivery.state).where(Delivery.state.in_(_ON_THE_WAY)))
        deeds = {
            S.DRAFT: self.do_release, S.RELEASED: self.do_pick, S.PICKED: self.do_verify, S.VERIFIED: self.do_pack,
            S.PACKED: self.do_ship, S.SHIPPED: self.do_deliver,
        }  # fmt: skip
        self.at_hand = DeliveryId(row.id)
        try:
            deeds[row.state]()
        finally:
            self.at_hand = None

    def do_pick(self) -> None:
        delivery = self.a_delivery(S.RELEASED)
        with self.database.reading() as session:
            wanted = session.scalar(
                select(func.count()).where(
                    DeliveryEquipment.delivery_id == delivery, DeliveryEquipment.asset_id.is_(None)
                )
            )
        for _ in range(wanted or 0):
            for tag in self._tags(AssetState.READY):
                try:
                    scan_pick(self.database, delivery, f"AST:{tag}", self.boss, override="yes")
                    break
                except Refused:
                    continue
        pick_all(self.database, delivery, self.boss)

    def _tags(self, state: AssetState) -> list[str]:
        with self.database.reading() as session:
            tags = list(session.scalars(select(Asset.tag).where(Asset.state == state).order_by(Asset.id)))
        self.pick.shuffle(tags)
        return tags[:6]

    def do_pick_short(self) -> None:
        row = self.one(
            select(DeliveryLot.id, DeliveryLot.quantity)
            .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
            .where(Delivery.state.in_((S.RELEASED, S.PICKED)))
        )
        report_short(self.database, row.id, self.pick.randrange(row.quantity + 1), "two are torn", self.boss)

    def do_fill_owed(self) -> None:
        fill_owed(self.database, self.a_delivery(S.RELEASED, S.PICKED), self.boss)

    def do_take_off_pump(self) -> None:
        row = self.one(
            select(DeliveryEquipment.id)
            .join(Delivery, Delivery.id == DeliveryEquipment.delivery_id)
            .where(Delivery.state.in_((S.RELEASED, S.PICKED, S.VERIFIED)))
        )
        if self.pick.random() < 0.5:
            take_off_pump(self.database, row.id, self.boss)
        else:
            do_without_pump(self.database, row.id, "the old one works", self.boss)

    def do_verify(self) -> None:
        verify_all(self.database, self.a_delivery(S.PICKED), self.pick.choice((self.second, self.second, self.boss)))

    def do_pack(self) -> None:
        pack(self.database, self.a_delivery(S.VERIFIED), 1, 1, self.boss, override="weighed twice")

    def do_ship(self) -> None:
        ship(self.database, self.a_delivery(S.PACKED), self.boss)

    def do_deliver(self) -> None:
        delivery = self.a_delivery(S.SHIPPED)
        with self.database.reading() as session:
            lots = session.execute(
                select(DeliveryLot.id, DeliveryLot.quantity).where(DeliveryLot.delivery_id == delivery)
            ).all()
            things = session.scalars(
                select(DeliveryEquipment.id).where(DeliveryEquipment.delivery_id == delivery)
            ).all()
        back = [CameBack(row.id, self.pick.randint(1, row.quantity)) for row in lots if self.pick.random() < 0.2]
        pumps = [EquipmentBack(each) for each in things if self.pick.random() < 0.3]
        proof = Proof("Jo Neighbor", "neighbor", now_utc())
        deliver(self.database, delivery, proof, self.boss, back=back, equipment_back=pumps)

    def do_nothing_stays(self) -> None:
        outcome = self.pick.choice(tuple(LineOutcome))
        bring_back_all(self.database, self.a_delivery(S.SHIPPED), outcome, "nobody there", self.boss)

    def do_knock_in_vain(self) -> None:
        failed_attempt(self.database, self.a_delivery(S.SHIPPED), "nobody there", self.boss)

    def do_return_later(self) -> None:
        row = self.one(select(DeliveryLot.id, DeliveryLot.quantity))
        return_later(self.database, row.id, self.pick.randint(1, row.quantity), "too many", self.boss)

    def do_undo(self) -> None:
        undo(self.database, self.a_delivery(S.RELEASED, S.PICKED, S.VERIFIED, S.PACKED, S.SHIPPED), "wrong", self.boss)

    def do_cancel(self) -> None:
        cancel(self.database, self.a_delivery(*_ON_THE_WAY), "not wanted", self.boss)

    # Pumps

    def do_swap(self) -> None:
        row = self.one(select(Asset.id).where(Asset.state.in_((AssetState.WITH_PATIENT, AssetState.DUE_BACK))))
        order_swap(self.database, NewSwap(AssetId(row.id), "occlusion alarm", today()), self.boss)

    def do_take_pump_back(self) -> None:
        row = self.one(
            select(Asset.id).where(
                Asset.state.in_((AssetState.WITH_PATIENT, AssetState.DUE_BACK, AssetState.IN_TRANSIT))
            )
        )
        custody.take_back(self.database, AssetId(row.id), self.boss)

    def do_make_pump_ready(self) -> None:
        row = self.one(select(Asset.id).where(Asset.state.in_((AssetState.RETURNED, AssetState.RECEIVED))))
        custody.clean(self.database, AssetId(row.id), self.boss)
        checks.pass_check(self.database, AssetId(row.id), _PASSED, self.boss)

    def do_lose_or_find_pump(self) -> None:
        row = self.one(select(Asset.id, Asset.state))
        if row.state is AssetState.LOST:
            custody.report_found(self.database, AssetId(row.id), self.boss)
        else:
            custody.report_lost(self.database, AssetId(row.id), "not at home", self.boss)

    def do_hold_pump(self) -> None:
        row = self.one(select(Asset.id, Asset.item_id, Asset.serial, Asset.held))
        if self.pick.random() < 0.5:
            hold(self.database, row.item_id, [row.serial], "maker's notice", self.boss)
        else:
            end_hold(self.database, AssetId(row.id), "not affected", self.boss, was=row.held)

    def do_book_pump(self) -> None:
        row = self.one(select(Asset.id).where(Asset.state == AssetState.READY))
        book(self.database, AssetId(row.id), NewBooking(self.a_patient(), today() + ONE_DAY), self.boss, "yes")

    def do_end_booking(self) -> None:
        row = self.one(select(AssetBooking.id))
        end_booking(self.database, row.id, "not needed", self.boss)

    def do_fetch_due(self) -> None:
        write_due_tickets(self.database, today(), self.boss)

    # Shelves

    def _a_lot(self) -> Any:
        in_use = select(DeliveryLot.lot_id)
        return self.one(
            select(Balance.lot_id, Balance.location_id, Balance.on_hand, Lot.item_id, Lot.number)
            .join(Lot, Lot.id == Balance.lot_id)
            .where(Balance.on_hand > 0, Lot.id.in_(in_use))
        )

    def do_recall(self) -> None:
        row = self._a_lot()
        if self.pick.random() < 0.5:
            scope = Scope(row.number, row.number)
            recalls.open_recall(self.database, row.item_id, [scope], "seal open", "FDA Z-1", self.boss)

    def do_work_recall(self) -> None:
        (row,) = self.one(select(Recall))
        deed = self.pick.choice((recall.quarantine_recalled, recalls.see_recall))
        if self.pick.random() < 0.3:
            recalls.close_recall(self.database, row.id, "all back", self.boss, "yes")
        elif self.pick.random() < 0.4:
            exchange = recalls.Exchange(today(), row.item_id)
            recalls.replace_and_fetch(self.database, row.id, [self.a_patient()], exchange, self.boss)
        else:
            deed(self.database, row.id, self.boss)

    def do_hold_lot(self) -> None:
        row = self._a_lot()
        if self.pick.random() < 0.5:
            moving.hold_lot(self.database, LotId(row.lot_id), "looks odd", self.boss)
        else:
            with self.database.reading() as session:
                held = session.get_one(Lot, row.lot_id).held
            moving.release_lot(self.database, LotId(row.lot_id), self.boss, was=held)

    def do_transfer(self) -> None:
        row = self._a_lot()
        code = self.one(
            select(Location.code).where(
                Location.kind.in_((LocationKind.BIN, LocationKind.QUARANTINE, LocationKind.VEHICLE))
            )
        ).code
        units = self.pick.randint(1, row.on_hand)
        moving.transfer(self.database, LotId(row.lot_id), LocationId(row.location_id), code, units, self.boss)

    def do_write_off(self) -> None:
        row = self._a_lot()
        units = self.pick.randint(1, row.on_hand)
        write_offs.write_off(
            self.database, LotId(row.lot_id), LocationId(row.location_id), units, MoveReason.DAMAGED, "wet", self.boss
        )

    def do_back_to_vendor(self) -> None:
        row, vendor = self._a_lot(), self.one(select(Vendor.id))
        going = GoingBack(LotId(row.lot_id), LocationId(row.location_id), self.pick.randint(1, row.on_hand))
        return_to_vendor(self.database, NewReturn(vendor.id, "overstock", lots=(going,)), self.boss)

    def do_open_count(self) -> None:
        row = self._a_lot()
        counts.open_count(self.database, "again", [LocationId(row.location_id)], self.boss)

    def do_count(self) -> None:
        row = self.one(select(CountLine.id, CountLine.lot_id, CountLine.location_id))
        with self.database.reading() as session:
            there = session.scalar(
                select(Balance.on_hand).where(Balance.lot_id == row.lot_id, Balance.location_id == row.location_id)
            )
        found = max(0, (there or 0) + self.pick.choice((-3, -1, 0, 0, 1)))
        counts.enter(self.database, row.id, found, self.second, away=units_in_totes)

    def do_end_count(self) -> None:
        row = self.one(select(Count.id))
        for line in self._lines_of(row.id):
            counts.enter(self.database, line, self.pick.randrange(40), self.second, away=units_in_totes)
        counts.finish(self.database, row.id, self.second)
        counts.approve(self.database, row.id, self.boss, "recounted")

    def _lines_of(self, count: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(
                session.scalars(
                    select(CountLine.id).where(CountLine.count_id == count, CountLine.counted.is_(None)).limit(30)
                )
            )

    # Money

    def do_month(self) -> None:
        month = month_of(self.pick.choice((today(), today().replace(day=1) - ONE_DAY)))
        for _ in run_month(self.database, month, self.boss):
            pass

    def a_claim(self, *likely: ClaimState) -> ClaimId:
        wanted = select(Claim.id)
        if likely and self.pick.random() < 0.8:
            wanted = wanted.where(Claim.state.in_(likely))
        return ClaimId(self.one(wanted)[0])

    def do_check(self) -> None:
        check(self.database, self.a_claim(ClaimState.DRAFT), self.boss)

    def do_write_file(self) -> None:
        write_file(self.database, [self.a_claim(ClaimState.READY)], self.boss)

    def do_mark_sent(self) -> None:
        mark_sent(self.database, BatchId(self.one(select(ClaimBatch.id))[0]), self.boss)

    def do_post(self) -> None:
        batch = self.one(select(ClaimBatch.id))[0]
        text, answered, _ = _remittance(self.database, batch, today() - timedelta(days=16))
        if answered:
            number = self.pick.randrange(10**6)
            post_remittance(self.database, text.replace(f"EFT{batch:07}", f"EFT9{number:06}"), self.boss, "yes")

    def do_void(self) -> None:
        void_claim(self.database, self.a_claim(ClaimState.PAID, ClaimState.PART_PAID), self.boss, "not ours")

    def do_replace(self) -> None:
        replace_claim(self.database, self.a_claim(ClaimState.PAID, ClaimState.PART_PAID), self.boss, "stay learned")

    def do_bill_next(self) -> None:
        make_secondary(self.database, self.a_claim(ClaimState.PAID, ClaimState.PART_PAID), self.boss, "yes")

    def do_adjust(self) -> None:
        claim, account = self.a_claim(), self.pick.choice(tuple(Account))
        amount = self.pick.choice((None, Decimal("1.00"), Decimal("0.01")))
        if self.pick.random() < 0.5:
            write_off(self.database, claim, account, amount, self.pick.choice(WRITE_OFF_REASONS), self.boss, "old")
        else:
            move_balance(self.database, claim, account, amount, self.boss, "the plan says so")

    def do_undo_write_off(self) -> None:
        row = self.one(select(LedgerEntry.id).where(LedgerEntry.kind == EntryKind.WRITE_OFF))
        undo_write_off(self.database, row.id, self.boss, "paid after all")

    def do_patient_pays(self) -> None:
        paid = NewPatientPayment(self.a_patient(), Decimal(self.pick.randrange(1, 90)), "check", "77", today())
        take_patient_payment(self.database, paid, self.boss, "yes")

    def do_refund(self) -> None:
        account = self.pick.choice(tuple(Account))
        refund(self.database, self.a_claim(), account, Decimal(self.pick.randrange(1, 30)), "1077", self.boss)

    def do_close_month(self) -> None:
        with self.database.reading() as session:
            month = next_to_close(session, today())
        if month is not None and self.pick.random() < 0.3:
            close_month(self.database, month, self.boss)

    # What must be true whatever was done

    def hold_true(self) -> None:
        """The truths that no room can tell alone."""
        assert verify_books(self.database) == ()
        self.units_are_in_one_place()
        self.recalled_lots_are_not_reserved_anew()
        self.pumps_are_in_one_custody()
        self.paid_units_were_delivered()

    def units_are_in_one_place(self) -> None:
        """What is on the way is exactly what shipped kits list; nothing else of theirs is anywhere."""
        with self.database.reading() as session:
            listed = session.execute(
                select(DeliveryLot.lot_id, func.sum(DeliveryLot.quantity))
                .join(Delivery, Delivery.id == DeliveryLot.delivery_id)
                .where(Delivery.state == S.SHIPPED)
                .group_by(DeliveryLot.lot_id)
            ).all()
            there = session.execute(
                select(Balance.lot_id, func.sum(Balance.on_hand))
                .join(Location, Location.id == Balance.location_id)
                .where(Location.code == "TRANSIT", Balance.on_hand > 0)
                .group_by(Balance.lot_id)
            ).all()
        assert dict(map(tuple, listed)) == dict(map(tuple, there))  # type: ignore[arg-type]

    def recalled_lots_are_not_reserved_anew(self) -> None:
        """From the moment a lot is held, what is reserved of it only becomes less."""
        with self.database.reading() as session:
            held = set(session.scalars(select(Lot.id).where(Lot.held != "")))
            rows = session.execute(
                select(Reservation.lot_id, func.sum(Reservation.quantity))
                .where(Reservation.document == DOCUMENT)
                .group_by(Reservation.lot_id)
            ).all()
        reserved = dict.fromkeys(held, 0) | {lot: units for lot, units in rows if lot in held}
        for lot, units in reserved.items():
            assert units <= self.reserved_of_held.get(lot, units), f"lot {lot} is held and was reserved after that"
        self.reserved_of_held = reserved

    def pumps_are_in_one_custody(self) -> None:
        """No pump is in two kits, and one that is reserved or on the way is where its kit says."""
        with self.database.reading() as session:
            twice = session.execute(
                select(DeliveryEquipment.asset_id)
                .join(Delivery, Delivery.id == DeliveryEquipment.delivery_id)
                .where(Delivery.state.in_(_ON_THE_WAY), DeliveryEquipment.asset_id.is_not(None))
                .group_by(DeliveryEquipment.asset_id)
                .having(func.count() > 1)
            ).all()
            rows = session.execute(
                select(Asset.tag, Asset.state, Delivery.number, Delivery.state)
                .join(DeliveryEquipment, DeliveryEquipment.asset_id == Asset.id)
                .join(Delivery, Delivery.id == DeliveryEquipment.delivery_id)
                .where(Delivery.state.in_(_ON_THE_WAY))
            ).all()
        assert twice == []
        for tag, state, number, step in rows:
            fits = AssetState.IN_TRANSIT if step is S.SHIPPED else AssetState.RESERVED
            assert state is fits, f"{tag} is {state.value}, its kit {number} {step.value}"

    def paid_units_were_delivered(self) -> None:
        """Every per-diem unit of a claim that was paid names a kit that was delivered."""
        with self.database.reading() as session:
            delivered = set(session.scalars(select(Delivery.id).where(Delivery.state == S.DELIVERED)))
            lines = session.execute(
                select(ClaimLine.claim_id, ClaimLine.evidence)
                .join(Claim, Claim.id == ClaimLine.claim_id)
                .where(ClaimLine.kind == LineKind.PER_DIEM, Claim.state.in_((ClaimState.PAID, ClaimState.PART_PAID)))
                .where(Claim.frequency != Frequency.VOID)
            ).all()
        for claim, evidence in lines:
            for unit in json.loads(evidence)["units"]:
                assert unit["delivery"] is None or unit["delivery"] in delivered, f"claim {claim}: {unit}"

    def margins_agree(self) -> None:
        """Five reports, one truth: the days are the per-diem units that standing claims count, once each."""
        month = month_of(today().replace(day=1) - ONE_DAY)
        with self.database.reading() as session:
            rows = margins(session, month)
            whole = all_together(rows)
            units = session.scalar(
                select(func.sum(ClaimLine.units))
                .join(Claim, Claim.id == ClaimLine.claim_id)
                .where(ClaimLine.kind == LineKind.PER_DIEM, Claim.period_first >= month.first)
                .where(Claim.period_last <= month.last, *counts_once())
            )
            found = [each(session, month) for each in (by_therapy, by_patient, by_payer, by_template, by_class)]
        assert whole.days == (units or 0)
        assert all(row.days >= 0 and row.cost >= 0 for row in rows)
        assert len({each.totals[1:7] for each in found if each.totals}) <= 1

    def reports_agree(self) -> None:
        """The same figure from two reports is the same, also over books that nobody planned."""
        with self.database.reading() as session:
            everything_agrees(session, self.boss)


@pytest.mark.parametrize(("seed", "where"), list(enumerate(_WHERE, _SEED)))
def test_whatever_order_the_day_takes_the_rooms_fit_together(
    request: pytest.FixtureRequest, seed: int, where: str
) -> None:
    pharmacy = open_pharmacy(request.getfixturevalue(f"{where}_demonstration"))
    walk = Walk(pharmacy, seed)
    try:
        for _ in range(_STEPS // 5):
            for _ in range(5):
                walk.step()
                walk.hold_true()
            walk.margins_agree()
        walk.reports_agree()
    except Exception as fault:
        fault.add_note("\n".join(walk.told[-40:]))
        raise
    finally:
        pharmacy.close()
