"""Two people read the same and both save: the second is refused, deed by deed, on both engines (RELIABILITY B5).

One after the other, and at once: the first is held just before its commit, and let go when the second waits for it.
Every deed that asks what was seen has its case here, or is named with the reason why not.
"""

import dataclasses
import importlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import time, timedelta
from decimal import Decimal
from functools import partial
from time import sleep
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import head_of, record
from infusion_desktop.access.emergency import begin_emergency
from infusion_desktop.access.people import end_access, everybody, set_roles
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Kept, Role, UserId
from infusion_desktop.access.tables import AuditEntry, Staff, StaffRole
from infusion_desktop.billing.money.deposits import NewDeposit, add_deposit
from infusion_desktop.billing.money.money_tables import AnswerFile, Collector, Deposit, Dispute
from infusion_desktop.billing.months.elsewhere import FromElsewhere, add_elsewhere
from infusion_desktop.billing.months.visits import NewVisit
from infusion_desktop.billing.tables import Authorization, Claim, EquipmentElsewhere, NursingVisit, Remittance
from infusion_desktop.billing.terms.authorizations import ChangedAuthorization
from infusion_desktop.billing.terms.contracts import rule_versions
from infusion_desktop.billing.words import ClaimState, DisputeKind, DisputeState, Frequency
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import failed_attempt, pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.bench.waves import make_wave
from infusion_desktop.deliveries.calls.refill_rules_kept import NewRefillRule
from infusion_desktop.deliveries.care_tables import PayerRefillRule
from infusion_desktop.deliveries.kits.templates import template, versions
from infusion_desktop.deliveries.plans.planning import Visit, plan
from infusion_desktop.deliveries.pumps.pickups import Trip
from infusion_desktop.deliveries.scarce.priorities import priorities
from infusion_desktop.deliveries.scarce.shortage_tables import TherapyPriority
from infusion_desktop.deliveries.schedule.calendar_rules import Week
from infusion_desktop.deliveries.schedule.delivery_days import NewDriver, add_driver, calendar_of
from infusion_desktop.deliveries.schedule.dispatch_tables import (
    DeliveryRepeat,
    DeliveryStop,
    Driver,
    PrintBatch,
    Wave,
    WaveDelivery,
)
from infusion_desktop.deliveries.schedule.scheduling import Assignment
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, FollowUp, KitTemplate
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, TemplateId
from infusion_desktop.equipment.correcting import Versions
from infusion_desktop.equipment.holding import hold
from infusion_desktop.equipment.models import model_facts
from infusion_desktop.equipment.tables import Asset, AssetModel, Pickup, Rental
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.keeping import years_before
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.admitting import Checklist
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.payers import NewPayer
from infusion_desktop.patients.prescribers import NewPrescriber
from infusion_desktop.patients.tables import (
    AccessDevice,
    Coverage,
    Episode,
    Interruption,
    Patient,
    Payer,
    Prescriber,
    Therapy,
    TherapyLab,
)
from infusion_desktop.patients.therapies import NewTherapy, change_therapy
from infusion_desktop.patients.words import PatientId, TherapyClass, TherapyId
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor
from infusion_desktop.stock.catalogue import NewItem, add_item, attach_code
from infusion_desktop.stock.counting.count_plans import Plan
from infusion_desktop.stock.house_rules import house_rules
from infusion_desktop.stock.moving import hold_lot
from infusion_desktop.stock.purchase_tables import (
    PurchaseOrder,
    PurchaseOrderLine,
    Substitute,
    VendorOffer,
    VendorReturn,
)
from infusion_desktop.stock.scarce.substitutes import NewSubstitute
from infusion_desktop.stock.tables import CountPlan, Item, ItemPack, Location, Lot, Vendor
from infusion_desktop.stock.words import ItemKind, LocationKind, LotId, OrderState
from infusion_desktop.verifying import verify_books

DAY, LATER = today(), today() + timedelta(days=3)
OTHER = {"first": "first words", "second": "second words"}


@dataclass(frozen=True)
class Case:
    """One deed, and what it is done to: ``values`` gives what the first or the second person hands over, by name."""

    deed: str
    values: Callable[["Desk", str], dict[str, Any]]


class Desk:
    """What both people saw before they typed: looked up once for each case."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def row(self, table: Any, *where: Any) -> Any:
        """A row for this case, the same for both people."""
        found = self.session.scalars(select(table).where(*where).order_by(table.id)).first()
        assert found is not None, f"the demonstration has no such {table.__tablename__} left"
        return found

    def therapy(self) -> Any:
        """A therapy that goes on, in an episode of its own."""
        return self.row(
            Therapy, Therapy.stops_on.is_(None) | (Therapy.stops_on > LATER), Therapy.starts_on < DAY - ONE_DAY,
            Therapy.episode_id.in_(select(Episode.id).where(Episode.discharged_on.is_(None))),
            Therapy.episode_id.not_in(
                select(Therapy.episode_id).group_by(Therapy.episode_id).having(func.count() > 1)
            ),
        )  # fmt: skip


def shown(kind: Any, row: Any, **other: Any) -> Any:
    """What a form shows of a row, with what is typed over it."""
    names = [each.name for each in dataclasses.fields(kind) if hasattr(row, each.name)]
    return kind(**{name: getattr(row, name) for name in names} | other)


CASES: list[Case] = []


def case(deed: str) -> Callable[[Callable[[Desk, str], dict[str, Any]]], None]:
    def keep(values: Callable[[Desk, str], dict[str, Any]]) -> None:
        CASES.append(Case(deed, values))

    return keep


def of_row(deed: str, table: Any, *where: Any, key: str, **values: Any) -> None:
    """A deed whose typed values are few: ``{words}`` stands for the words of each person."""

    def made(desk: Desk, words: str) -> dict[str, Any]:
        row = desk.row(table, *where)
        return {key: row.id, "version": row.version} | {
            name: value.format(words=words) if isinstance(value, str) else value for name, value in values.items()
        }

    CASES.append(Case(deed, made))


def of_facts(deed: str, table: Any, kind: Any, key: str, typed: str, field: str, *where: Any, **more: Any) -> None:
    """A deed that takes the whole form: one field differs."""

    def made(desk: Desk, words: str) -> dict[str, Any]:
        row = desk.row(table, *where)
        return {key: row.id, typed: shown(kind, row, **{field: words}), "version": row.version, **more}

    CASES.append(Case(deed, made))


@case("access.people.set_roles")
def _(desk: Desk, words: str) -> dict[str, Any]:
    who = desk.row(Staff, Staff.username == "bill").id
    was = frozenset(desk.session.scalars(select(StaffRole.role).where(StaffRole.staff_id == who)))
    given = {"first words": Role.TECHNICIAN, "second words": Role.COORDINATOR}[words]
    return {"user": who, "roles": frozenset({given}), "was": was}


# What people type over a whole form

of_facts("patients.demographics.edit_demographics", Patient, Demographics, "patient_id", "person", "street")
of_facts("patients.payers.edit_payer", Payer, NewPayer, "payer_id", "payer", "street")
of_facts("patients.prescribers.edit_prescriber", Prescriber, NewPrescriber, "prescriber_id", "prescriber", "practice")
of_facts("patients.coverage.edit_coverage", Coverage, NewCoverage, "coverage_id", "policy", "group_number")
of_facts("patients.devices.edit_device", AccessDevice, NewDevice, "device_id", "device", "site")
of_facts("stock.buying.vendors.change_vendor", Vendor, NewVendor, "vendor_id", "vendor", "terms")
of_facts("stock.catalogue.change_item", Item, NewItem, "item_id", "item", "manufacturer")
of_facts("stock.counting.count_plans.change_plan", CountPlan, Plan, "plan_id", "plan", "title")
of_facts(
    "deliveries.schedule.delivery_days.change_driver", Driver, NewDriver, "driver_id", "driver", "name",
    Driver.ended_on.is_(None),
)  # fmt: skip
of_facts(
    "deliveries.calls.refill_rules_kept.edit_refill_rule", PayerRefillRule, NewRefillRule, "rule_id", "rule", "source"
)
of_facts(
    "billing.terms.authorizations.change_authorization", Authorization, ChangedAuthorization, "authorization",
    "changed", "note", Authorization.ended_at.is_(None), reason="by telephone",
)  # fmt: skip
of_facts(
    "billing.months.visits.correct_visit", NursingVisit, NewVisit, "visit_id", "visit", "note",
    NursingVisit.removed_at.is_(None),
)  # fmt: skip


@case("access.pharmacy.save_profile")
def _(desk: Desk, words: str) -> dict[str, Any]:
    seen = profile(desk.session)
    assert seen is not None
    return {"profile": replace(seen, street=words)}


@case("stock.house_rules.save_house_rules")
def _(desk: Desk, words: str) -> dict[str, Any]:
    return {"rules": replace(house_rules(desk.session), dead_after_days=100 + len(words))}


@case("equipment.models.edit_model")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(AssetModel)
    return {
        "item_id": row.item_id, "facts": replace(model_facts(desk.session, row.item_id), firmware=words),
        "version": row.version,
    }  # fmt: skip


def _new_pump(desk: Desk) -> Any:
    """A pump of the catalogue of which none was registered and whose model nobody set."""
    return desk.row(Item, Item.kind == ItemKind.PUMP, Item.id.not_in(select(AssetModel.item_id)))


@case("equipment.models.edit_model")
def _(desk: Desk, words: str) -> dict[str, Any]:
    pump = _new_pump(desk)
    return {
        "item_id": pump.id, "facts": replace(model_facts(desk.session, pump.id), firmware=words), "version": 0,
    }  # fmt: skip


@case("patients.admitting.edit_episode")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Episode)
    codes = {"first words": ["E86.0"], "second words": ["A41.9"]}[words]
    return {"episode_id": row.id, "diagnoses": codes, "checklist": shown(Checklist, row), "version": row.version}


@case("billing.terms.contracts.add_rules")
def _(desk: Desk, words: str) -> dict[str, Any]:
    payer = desk.row(Payer)
    newest = max(rule_versions(desk.session, payer.id), key=lambda each: each.rules.version)
    return {
        "payer": payer.id, "rules": newest.rules, "starts_on": LATER, "note": words, "seen": newest.rules.version,
    }  # fmt: skip


@case("stock.buying.vendors.set_offer")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(VendorOffer, VendorOffer.ended_on.is_(None))
    return {
        "vendor_id": row.vendor_id, "offer": NewOffer(row.item_id, words, price=Decimal(len(words))),
        "version": row.version,
    }  # fmt: skip


@case("stock.buying.vendors.set_offer")
def _(desk: Desk, words: str) -> dict[str, Any]:
    vendor = desk.row(Vendor)
    item = desk.row(Item, Item.id.not_in(select(VendorOffer.item_id).where(VendorOffer.vendor_id == vendor.id)))
    return {"vendor_id": vendor.id, "offer": NewOffer(item.id, words), "version": None}


@case("stock.places.change_place")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Location, Location.kind == LocationKind.BIN)
    return {
        "place": row.id, "name": words, "parent_id": row.parent_id, "pick_order": row.pick_order,
        "version": row.version,
    }  # fmt: skip


@case("stock.lots.correct_expiry")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Lot, Lot.expires_on.is_not(None))
    day = row.expires_on + timedelta(days=len(words))
    return {"lot_id": row.id, "expires_on": day, "version": row.version, "why": "misread"}


@case("stock.moving.release_lot")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Lot, Lot.held != "")
    return {"lot_id": row.id, "was": row.held}


@case("equipment.holding.end_hold")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Asset, Asset.held != "")
    return {"asset_id": row.id, "was": row.held, "why": f"not affected {words}"}


# Orders and the days of care


@case("patients.therapies.change_therapy")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.therapy()
    order = shown(NewTherapy, row, drug=f"{row.drug} {words}")
    return {"therapy_id": row.id, "order": order, "version": row.version, "reason": "by telephone"}


@case("patients.order_versions.change_from")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.therapy()
    order = shown(NewTherapy, row, drug=f"{row.drug} {words}", starts_on=DAY, ordered_on=DAY)
    return {"therapy_id": row.id, "order": order, "from_on": DAY, "version": row.version, "reason": "by telephone"}


of_row("patients.therapies.record_signature", Therapy, Therapy.unsigned, key="therapy_id", signed_on=DAY)


def of_therapy(deed: str) -> None:
    def made(desk: Desk, words: str) -> dict[str, Any]:
        row = desk.therapy()
        return {"therapy_id": row.id, "last_on": DAY + ONE_DAY, "reason": words, "version": row.version}

    CASES.append(Case(deed, made))


of_therapy("patients.therapies.stop_therapy")
of_therapy("deliveries.care.ending.stop_and_fetch")


def of_episode(deed: str, day: str) -> None:
    def made(desk: Desk, words: str) -> dict[str, Any]:
        row = desk.row(Episode, Episode.id == desk.therapy().episode_id)
        return {"episode_id": row.id, day: DAY, "reason": words, "version": row.version}

    CASES.append(Case(deed, made))


of_episode("patients.discharging.discharge", "discharged_on")
of_episode("deliveries.care.ending.discharge_and_fetch", "last_on")


@case("patients.interruptions.close_interruption")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Interruption, Interruption.removed_at.is_(None))
    day = row.first_on + timedelta(days=len(words) - 10)
    return {"interruption_id": row.id, "last_on": day, "version": row.version}


of_row(
    "patients.interruptions.remove_interruption", Interruption, Interruption.removed_at.is_(None),
    key="interruption_id", reason="{words}",
)  # fmt: skip
of_row("patients.labs.end_lab", TherapyLab, TherapyLab.ended_on.is_(None), key="lab_id", ended_on=DAY)
of_row(
    "billing.terms.authorizations.end_authorization", Authorization, Authorization.ended_at.is_(None),
    key="authorization", reason="{words}",
)  # fmt: skip
of_row(
    "billing.months.visits.take_back_visit", NursingVisit, NursingVisit.removed_at.is_(None), key="visit_id",
    reason="{words}",
)  # fmt: skip

of_row("billing.months.elsewhere.take_back_elsewhere", EquipmentElsewhere, key="kept_id", reason="{words}")

# Deliveries, pick-ups, tasks

TO_COME = Delivery.state.in_((DeliveryState.DRAFT,))


@case("deliveries.plans.planning.reschedule")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Delivery, TO_COME)
    visit = Visit(window=words, carrier=row.carrier)
    return {"delivery_id": row.id, "scheduled_on": row.scheduled_on, "visit": visit, "version": row.version}


@case("deliveries.schedule.scheduling.move_to_day")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Delivery, TO_COME)
    day = row.scheduled_on + timedelta(days=len(words) - 10)
    return {"delivery_id": row.id, "day": day, "version": row.version, "override": "agreed"}


@case("deliveries.plans.planning.change_quantity")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(DeliveryLine, DeliveryLine.delivery_id.in_(select(Delivery.id).where(TO_COME)))
    return {"line_id": row.id, "quantity": row.to_send + len(words), "reason": words, "was": row.to_send}


@case("deliveries.schedule.scheduling.try_again")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Delivery, Delivery.state == DeliveryState.SHIPPED)
    return {"delivery_id": row.id, "day": DAY + timedelta(days=len(words) - 9), "version": row.version}


@case("deliveries.door.correcting.correct_tracking")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Delivery, Delivery.state == DeliveryState.DELIVERED)
    return {"delivery_id": row.id, "tracking": words, "why": "misread", "was": row.tracking}


@case("deliveries.pumps.pickups.plan_ticket")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Pickup)
    return {"ticket_id": row.id, "trip": Trip(LATER, driver=words), "version": row.version}


of_row("deliveries.pumps.pickups.cancel_ticket", Pickup, key="ticket_id", why="{words}")
of_row(
    "deliveries.calls.follow_ups.assign_follow_up", FollowUp, FollowUp.done_at.is_(None), key="follow_up_id",
    owner_id=None, due_on=LATER,
)  # fmt: skip
of_row(
    "deliveries.calls.follow_ups.finish_follow_up", FollowUp, FollowUp.done_at.is_(None), key="follow_up_id",
    outcome="{words}",
)  # fmt: skip
of_row(
    "deliveries.schedule.repeats.end_repeat", DeliveryRepeat, DeliveryRepeat.ended_at.is_(None), key="repeat_id",
    why="{words}",
)  # fmt: skip
of_row("deliveries.schedule.delivery_days.end_driver", Driver, Driver.name == "Idle", key="driver_id")

# Pumps


@case("equipment.correcting.set_versions")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Asset, Asset.state == AssetState.READY)
    return {"asset_id": row.id, "versions": Versions(words, row.library), "was": Versions(row.firmware, row.library)}


@case("equipment.correcting.set_maintenance_due")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Asset, Asset.state == AssetState.READY)
    day = DAY + timedelta(days=100 + len(words))
    return {"asset_id": row.id, "due_on": day, "why": words, "was": row.maintenance_due_on}


@case("equipment.rentals.extend")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Rental, Rental.ended_on.is_(None))
    day = DAY + timedelta(days=100 + len(words))
    return {"rental_id": row.id, "return_by": day, "reason": words, "version": row.version}


of_row(
    "equipment.rentals.give_back", Rental, Rental.ended_on.is_(None),
    Rental.asset_id.in_(select(Asset.id).where(Asset.state.in_((AssetState.READY, AssetState.RECEIVED)))),
    key="rental_id", note="{words}",
)  # fmt: skip

# Steps that end something: two people who press at once end it once


@case("deliveries.batches.close_batch")
def _(desk: Desk, _words: str) -> dict[str, Any]:
    return {"batch_id": desk.row(PrintBatch, PrintBatch.closed_at.is_(None), PrintBatch.finished_at.is_not(None)).id}


@case("deliveries.batches.give_up_batch")
def _(desk: Desk, _words: str) -> dict[str, Any]:
    return {"batch_id": desk.row(PrintBatch, PrintBatch.closed_at.is_(None), PrintBatch.finished_at.is_(None)).id}


@case("deliveries.bench.waves.leave_wave")
def _(desk: Desk, _words: str) -> dict[str, Any]:
    row = desk.session.scalars(select(WaveDelivery).order_by(WaveDelivery.wave_id, WaveDelivery.slot)).first()
    assert row is not None
    return {"wave_id": row.wave_id, "delivery_id": row.delivery_id}


@case("deliveries.bench.waves.close_wave")
def _(desk: Desk, _words: str) -> dict[str, Any]:
    """The wave that the case before made empty is over; this is the other one."""
    return {"wave_id": desk.row(Wave, Wave.closed_at.is_(None)).id}


@case("keeping.let_go")
def _(desk: Desk, words: str) -> dict[str, Any]:
    return {"kept": Kept.CLAIM_FILES, "before": years_before(now_utc(), 10), "past": 1, "why": words}


@case("access.emergency.end_emergency")
def _(_desk: Desk, _words: str) -> dict[str, Any]:
    return {}


@case("billing.money.deposits.tie")
def _(desk: Desk, _words: str) -> dict[str, Any]:
    paid = desk.row(Remittance, Remittance.deposit_id.is_(None), Remittance.amount > Decimal(0))
    deposit = desk.row(Deposit, Deposit.withdrawn_at.is_(None), Deposit.reference == "in one sum")
    return {"remittance": paid.id, "deposit": deposit.id}


# One choice, set whole


@case("billing.claiming.checking.give_delay_reason")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Claim, Claim.state.in_((ClaimState.DRAFT, ClaimState.READY)), Claim.frequency == Frequency.ORIGINAL)
    return {"claim": row.id, "reason": {"first words": "7", "second words": "11"}[words], "was": row.delay_reason}


@case("billing.money.collectors.assign_collector")
def _(desk: Desk, words: str) -> dict[str, Any]:
    payer = desk.row(Payer, Payer.id.not_in(select(Collector.payer_id)))
    name = {"first words": "maria", "second words": "bill"}[words]
    return {"payer": payer.id, "staff": desk.row(Staff, Staff.username == name).id, "was": None}


@case("billing.money.collectors.assign_collector")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Collector, Collector.ends_on.is_(None))
    others = [each.id for each in desk.session.scalars(select(Staff).order_by(Staff.id)) if each.id != row.staff_id]
    return {"payer": row.payer_id, "staff": others[len(words) - 11], "was": row.staff_id}


@case("deliveries.scarce.priorities.set_priority")
def _(desk: Desk, words: str) -> dict[str, Any]:
    now = priorities(desk.session)[TherapyClass.HYDRATION]
    return {"therapy_class": TherapyClass.HYDRATION, "rank": len(words) - 10, "why": words, "was": now}


@case("deliveries.scarce.priorities.set_priority")
def _(desk: Desk, words: str) -> dict[str, Any]:
    kept = desk.session.scalars(select(TherapyPriority)).one()
    return {"therapy_class": kept.therapy_class, "rank": 9 - len(words) % 2, "why": words, "was": kept.rank}


@case("deliveries.scarce.shortages.send_instead")
def _(desk: Desk, words: str) -> dict[str, Any]:
    drafts = select(Delivery.id).where(TO_COME)
    line, other = desk.session.execute(
        select(DeliveryLine, Substitute.substitute_id)
        .join(Substitute, Substitute.item_id == DeliveryLine.item_id)
        .where(DeliveryLine.delivery_id.in_(drafts), DeliveryLine.to_send > 1, Substitute.ended_on.is_(None))
        .order_by(DeliveryLine.id)
    ).first() or (None, None)
    assert line is not None, "no draft sends an item that has a substitute"
    return {"line_id": line.id, "substitute_id": other, "units": 1, "reason": words, "was": line.to_send}


WEEK = Week(LATER, frozenset({0, 2, 4}), time(12), 1)


@case("deliveries.schedule.delivery_days.set_week")
def _(desk: Desk, words: str) -> dict[str, Any]:
    kept = next((each for each in calendar_of(desk.session).weeks if each.starts_on == LATER), None)
    return {"week": replace(WEEK, cutoff_days=len(words) - 10), "was": kept}


@case("deliveries.schedule.delivery_days.set_week")
def _(desk: Desk, words: str) -> dict[str, Any]:
    kept = next(each for each in calendar_of(desk.session).weeks if each.starts_on == LATER)
    return {"week": replace(WEEK, cutoff_days=len(words) - 8), "was": kept}


@case("deliveries.schedule.scheduling.assign")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Delivery, TO_COME)
    return {"seen": [(row.id, row.version)], "to": Assignment(None, words)}


@case("deliveries.schedule.scheduling.order_stops")
def _(desk: Desk, words: str) -> dict[str, Any]:
    first, second = (each.id for each in desk.session.scalars(select(Delivery).where(TO_COME).order_by(Delivery.id)))
    order = [first, second] if words == OTHER["first"] else [second, first]
    kept = {row.delivery_id: row.position for row in desk.session.scalars(select(DeliveryStop))}
    return {"delivery_ids": order, "was": {each: kept.get(each, 0) for each in order}}


@case("deliveries.kits.templates.save_template")
def _(desk: Desk, words: str) -> dict[str, Any]:
    kept = template(desk.session, TemplateId(desk.row(KitTemplate).id), alternatives=True)
    seen = versions(desk.session, kept.template.code)[0].number
    return {"template": replace(kept.template, name=words), "starts_on": LATER, "seen": seen}


@case("stock.buying.costs.accept_cost")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Item, Item.unit_cost > Decimal(0))
    return {"item_id": row.id, "cost": row.unit_cost + len(words), "was": row.unit_cost}


@case("stock.buying.vendors.prefer")
def _(desk: Desk, words: str) -> dict[str, Any]:
    item = desk.row(Item, Item.vendor_id.is_not(None))
    others = desk.session.scalars(select(Vendor.id).where(Vendor.ended_on.is_(None), Vendor.id != item.vendor_id))
    chosen = {"first words": None, "second words": others.first()}[words]
    return {"item_id": item.id, "vendor_id": chosen, "was": item.vendor_id}


@case("stock.scarce.substitutes.ration")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Item, Item.kind == ItemKind.FLUSH)
    return {"item_id": row.id, "why": words, "was": row.rationed}


@case("stock.scarce.substitutes.set_substitute")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(Substitute, Substitute.ended_on.is_(None))
    new = NewSubstitute(row.item_id, row.substitute_id, row.rank, row.gives, row.for_units, words)
    return {"new": new, "version": row.version}


@case("stock.scarce.substitutes.set_substitute")
def _(desk: Desk, words: str) -> dict[str, Any]:
    one, *_between, other = desk.session.scalars(select(Item.id).where(Item.kind == ItemKind.TUBING).order_by(Item.id))
    return {"new": NewSubstitute(one, other, note=words), "version": None}


# Buying

SENT = (OrderState.SENT, OrderState.PARTLY_RECEIVED)


@case("stock.buying.purchase_orders.change_line")
def _(desk: Desk, words: str) -> dict[str, Any]:
    drafts = select(PurchaseOrder.id).where(PurchaseOrder.state == OrderState.DRAFT)
    row = desk.row(PurchaseOrderLine, PurchaseOrderLine.order_id.in_(drafts))
    return {
        "line_id": row.id, "packs": row.packs + len(words), "price": row.pack_price,
        "was": (row.packs, row.pack_price),
    }  # fmt: skip


@case("stock.buying.purchase_orders.expect_on")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(PurchaseOrder, PurchaseOrder.state.in_(SENT))
    day = DAY + timedelta(days=30 + len(words))
    return {"order_id": row.id, "expected_on": day, "note": words, "was": row.expected_on}


@case("stock.buying.purchase_orders.put_on_backorder")
def _(desk: Desk, words: str) -> dict[str, Any]:
    row = desk.row(
        PurchaseOrderLine,
        PurchaseOrderLine.order_id.in_(select(PurchaseOrder.id).where(PurchaseOrder.state.in_(SENT))),
        PurchaseOrderLine.received < PurchaseOrderLine.quantity,
    )
    return {"line_id": row.id, "until": LATER, "note": words, "was": (row.backordered_until, row.note)}


of_row(
    "stock.buying.purchase_orders.send_order", PurchaseOrder, PurchaseOrder.state == OrderState.DRAFT, key="order_id",
    how="{words}",
)  # fmt: skip
of_row(
    "stock.buying.purchase_orders.cancel_order", PurchaseOrder, PurchaseOrder.state == OrderState.SENT,
    key="order_id", reason="{words}",
)  # fmt: skip
of_row(
    "stock.buying.purchase_orders.close_order", PurchaseOrder, PurchaseOrder.state.in_(SENT), key="order_id",
    reason="{words}",
)  # fmt: skip
of_row("stock.buying.vendor_returns.close_return", VendorReturn, key="return_id", reason="{words}")

# Money


def of_dispute(deed: str, **values: Any) -> None:
    def made(desk: Desk, words: str) -> dict[str, Any]:
        worked = Dispute.state.in_((DisputeState.OPEN, DisputeState.APPEALED))
        row = desk.row(Dispute, worked, Dispute.kind != DisputeKind.OVERPAID)
        return {"seen": [(row.id, row.version)], "note": words, **values}

    CASES.append(Case(deed, made))


of_dispute("billing.money.disputes.move_disputes", state=DisputeState.APPEALED)
of_dispute("billing.money.disputes.write_off_disputes")

ENDS = {
    "access.emergency.end_emergency", "billing.money.deposits.tie", "deliveries.batches.close_batch",
    "deliveries.batches.give_up_batch", "deliveries.bench.waves.close_wave", "deliveries.bench.waves.leave_wave",
    "keeping.let_go",
}  # fmt: skip
"""Deeds that take nothing that was seen: a step that is taken once."""
ELSEWHERE = {
    "billing.money.appeals.appeal": "asks the same function as the two deeds on disputes above, and draws a letter",
    "billing.money.overpaid.refund_overpaid": "asks the same function as the two deeds on disputes above",
    "billing.months.rule_effects.effect_of_rules": "looks, and changes nothing",
    "patients.queries.open_patient": "looks, and changes nothing",
}
"""Deeds that take what was seen, and why no case of theirs is here."""


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest) -> Iterator[tuple[Database, Database]]:
    """Two workstations of a demonstration pharmacy in which one kit is on its way."""
    place = request.getfixturevalue(f"{request.param}_demonstration")
    first, second = open_pharmacy(place, "bench-1"), open_pharmacy(place, "bench-2")
    with first.reading() as session:
        people = dict(session.execute(select(Staff.username, Staff.id)).all())
        running = session.scalars(
            select(Therapy.id)
            .where(Therapy.starts_on <= DAY, Therapy.stops_on.is_(None) | (Therapy.stops_on > LATER))
            .order_by(Therapy.id)
        ).all()
    planned = sum(_is_planned(first, TherapyId(each), UserId(people["admin"])) for each in running)
    assert planned >= 2
    with first.reading() as session:
        drafts = session.scalars(
            select(Delivery.id).where(Delivery.state == DeliveryState.DRAFT).order_by(Delivery.id)
        ).all()
    boss, second_person = UserId(people["admin"]), UserId(people["maria"])
    kit = next(each for each in map(DeliveryId, drafts) if _is_sent(first, each, boss, second_person))
    failed_attempt(first, kit, "nobody there", boss)
    add_driver(first, NewDriver("Idle"), boss)
    with first.reading() as session:
        pump = session.scalars(select(Asset).where(Asset.state == AssetState.READY).order_by(Asset.id.desc())).first()
        lot = session.scalars(select(Lot.id).where(Lot.held == "").order_by(Lot.id.desc())).first()
    assert pump is not None and lot is not None
    hold_lot(first, LotId(lot), "recall 7", boss)
    hold(first, pump.item_id, [pump.serial], "recall 7", boss)
    add_elsewhere(first, PatientId(1), FromElsewhere("E0791", 3, DAY - timedelta(days=90)), boss)
    with first.reading() as session:
        spoken = session.scalars(select(Therapy).order_by(Therapy.id.desc())).first()
    assert spoken is not None
    order = shown(NewTherapy, spoken, unsigned=True)
    change_therapy(first, TherapyId(spoken.id), order, spoken.version, boss, "by telephone")
    add_item(first, NewItem("PUMP-NEW", "Another pump", ItemKind.PUMP, serial_tracked=True, lot_tracked=False), boss)
    begin_emergency(first, boss, "the storm cut the road off")
    _add_what_ends(first, [DeliveryId(each) for each in drafts if each != kit], boss)
    yield first, second
    first.close()
    second.close()


def _add_what_ends(database: Database, drafts: list[DeliveryId], boss: UserId) -> None:
    """Two waves of one delivery each, two batches of papers, money of a remittance, and a file past its time."""
    released = [each for each in drafts[2:] if _is_released(database, each, boss)][:2]
    for each in released:
        make_wave(database, [each], boss)
    pick_all(database, released[1], boss)
    with database.transaction() as session:
        for finished in (None, now_utc()):
            session.add(PrintBatch(title="Papers", made_at=now_utc(), staff_id=boss, finished_at=finished))
        session.add(
            AnswerFile(
                kind="999", sha256="old", content="x", told="[]", staff_id=boss, read_at=years_before(now_utc(), 11)
            )
        )
        record(session, boss, "make", "print batch")
        paid = session.scalars(select(Remittance).where(Remittance.amount > Decimal(0))).first()
        assert paid is not None
        paid.deposit_id, amount = None, paid.amount
    add_deposit(database, NewDeposit(DAY, amount, "in one sum", "by transfer"), boss)


def _is_released(database: Database, kit: DeliveryId, by: UserId) -> bool:
    try:
        release(database, kit, by, override="agreed")
    except Refused:
        return False
    return True


def _is_planned(database: Database, therapy: TherapyId, by: UserId) -> bool:
    try:
        plan(database, therapy, Days(DAY + ONE_DAY, LATER), DAY + ONE_DAY, {}, by, override="agreed")
    except Refused:
        return False
    return True


def _is_sent(database: Database, kit: DeliveryId, by: UserId, other: UserId) -> bool:
    try:
        release(database, kit, by, override="agreed")
        pick_all(database, kit, by)
        verify_all(database, kit, other)
        pack(database, kit, 1, 1, by, override="weighed twice")
        ship(database, kit, by)
    except Refused:
        return False
    return True


def _deed(name: str) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(f"infusion_desktop.{module}"), function)


def _boss(database: Database) -> UserId:
    with database.reading() as session:
        return UserId(session.scalars(select(Staff.id).where(Staff.username == "admin")).one())


def _seen(database: Database, each: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    with database.reading() as session:
        desk = Desk(session)
        return each.values(desk, OTHER["first"]), each.values(desk, OTHER["second"])


def _refused(save: Callable[[], object]) -> str:
    """What somebody is told who saves over what another person saved meanwhile."""
    try:
        save()
    except Stale:
        return ""
    except Refused as refusal:
        return f"refused: {refusal}"
    except Exception as error:
        return f"failed: {type(error).__name__}"
    return "SAVED OVER THE OTHER"


ENDED = {
    "access.emergency.end_emergency": "No emergency access is open",
    "billing.money.deposits.tie": "is tied to a deposit already",
    "deliveries.batches.close_batch": "put away already",
    "deliveries.batches.give_up_batch": "put away already",
    "deliveries.bench.waves.close_wave": "is over already",
    "deliveries.bench.waves.leave_wave": "not in the wave any more",
    "keeping.let_go": "is past its time",
    "billing.money.disputes.write_off_disputes": "settled already",
    "billing.months.elsewhere.take_back_elsewhere": "not known any more",
    "billing.months.visits.take_back_visit": "not known",
    "deliveries.care.ending.discharge_and_fetch": "was discharged",
    "deliveries.schedule.delivery_days.end_driver": "not known any more",
    "patients.discharging.discharge": "was discharged",
    "patients.interruptions.remove_interruption": "was removed",
    "patients.order_versions.change_from": "was changed on",
    "stock.buying.vendors.set_offer": "already. Select it in the list",
}
"""Deeds that say in other words that there is nothing left to change, or that it is there already."""


def _is_wrong(deed: str, told: str) -> bool:
    return bool(told) and not (told.startswith("refused") and ENDED.get(deed, told + ".") in told)


NOTHING_BEFORE = ENDS | {
    "billing.money.disputes.move_disputes", "billing.money.disputes.write_off_disputes",
    "billing.months.elsewhere.take_back_elsewhere", "billing.months.visits.take_back_visit",
    "billing.terms.authorizations.end_authorization", "billing.terms.contracts.add_rules",
    "deliveries.calls.follow_ups.finish_follow_up", "deliveries.kits.templates.save_template",
    "deliveries.pumps.pickups.cancel_ticket", "deliveries.schedule.repeats.end_repeat",
    "equipment.rentals.give_back", "stock.buying.purchase_orders.cancel_order",
    "stock.buying.purchase_orders.close_order", "stock.buying.purchase_orders.send_order",
    "stock.buying.vendor_returns.close_return",
}  # fmt: skip
"""Deeds that overwrite nothing: a step or an end where nothing stood, or a version beside the one that stays."""


def _tells_what_was(database: Database, since: int) -> bool:
    """Whether an entry of the deed tells what was there before: besides the state of a delivery."""
    with database.reading() as session:
        entries = session.execute(select(AuditEntry.before, AuditEntry.after).where(AuditEntry.number > since)).all()
    return any(set(json.loads(before)) - {"state"} or "was" in json.loads(after) for before, after in entries)


def test_who_saves_second_is_refused(two: tuple[Database, Database]) -> None:
    first, second = two
    boss, wrong = _boss(first), []
    for each in CASES:
        deed, (mine, theirs) = _deed(each.deed), _seen(first, each)
        with first.reading() as session:
            newest = (head_of(session) or (0, ""))[0]
        deed(first, by=boss, **mine)
        seen = mine.get("version", getattr(mine.get("rules"), "version", mine.get("was", "nothing")))
        is_new = seen in (0, None)
        if not (_tells_what_was(first, newest) or is_new or each.deed in NOTHING_BEFORE):
            wrong.append(f"{each.deed}: its entry does not tell what was there before")
        kept = second.entries
        told = _refused(partial(deed, second, by=boss, **theirs))
        if _is_wrong(each.deed, told) or second.entries != kept:
            wrong.append(f"{each.deed}: {told}")
    assert not wrong, "\n".join(wrong)
    assert verify_books(first) == ()


def test_of_two_who_save_at_once_the_second_is_refused(two: tuple[Database, Database]) -> None:
    first, second = two
    boss, wrong = _boss(first), []
    for each in CASES:
        deed, (mine, theirs) = _deed(each.deed), _seen(first, each)
        told = _told_at_once(two, partial(deed, first, by=boss, **mine), partial(deed, second, by=boss, **theirs))
        if _is_wrong(each.deed, told):
            wrong.append(f"{each.deed}: {told}")
    assert not wrong, "\n".join(wrong)
    assert verify_books(first) == ()


def test_two_codes_attached_to_one_pack_at_once_leave_the_first(two: tuple[Database, Database]) -> None:
    first, second = two
    boss = _boss(first)
    with first.reading() as session:
        pack_of = session.scalars(select(ItemPack).where(ItemPack.gtin == "").order_by(ItemPack.id)).first()
        assert pack_of is not None
    attach = partial(attach_code, item_id=pack_of.item_id, pack_name=pack_of.name, quantity=pack_of.quantity, by=boss)
    told = _told_at_once(
        two, partial(attach, first, typed="00312345678906"), partial(attach, second, typed="00312345678913")
    )
    assert told.startswith("refused"), told
    with first.reading() as session:
        assert session.get_one(ItemPack, pack_of.id).gtin == "00312345678906"


def test_two_administrators_who_end_each_other_at_once_leave_one(two: tuple[Database, Database]) -> None:
    first, second = two
    boss = _boss(first)
    with first.reading() as session:
        maria = UserId(session.scalars(select(Staff.id).where(Staff.username == "maria")).one())
        had = frozenset(session.scalars(select(StaffRole.role).where(StaffRole.staff_id == maria)))
    set_roles(first, maria, frozenset({Role.ADMINISTRATOR}), boss, was=had)
    told = _told_at_once(two, partial(end_access, first, maria, boss), partial(end_access, second, boss, maria))
    assert told.startswith(("refused: At least one administrator", "refused: Your role")), told
    with first.reading() as session:
        assert [each.id for each in everybody(session) if Role.ADMINISTRATOR in each.roles] == [boss]


def _told_at_once(two: tuple[Database, Database], save: Callable[[], object], over: Callable[[], object]) -> str:
    """What the second is told; the first is held just before its commit until the second waits for it."""
    first, second = two
    with ThreadPoolExecutor(2) as people, _held_at_its_commit(first) as (held, go_on):
        saving = people.submit(first.unhindered, save)
        while not (held.is_set() or saving.done()):
            sleep(0.001)
        kept = second.entries
        refusing = people.submit(_refused, partial(second.unhindered, over))
        _until_it_waits(second, refusing)
        go_on.set()
        saving.result()
        told = refusing.result()
    return told if second.entries == kept else f"WROTE ALL THE SAME: {told}"


@contextmanager
def _held_at_its_commit(database: Database) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Everything a deed wrote is written, and it waits to be kept until it is told to go on."""
    held, go_on, commit = threading.Event(), threading.Event(), database._commit

    def wait(*what: Any) -> None:
        held.set()
        go_on.wait()
        commit(*what)

    database._commit = wait  # type: ignore[method-assign]
    try:
        yield held, go_on
    finally:
        go_on.set()
        database._commit = commit  # type: ignore[method-assign]


def _until_it_waits(database: Database, other: Future[str]) -> None:
    """Until the other deed waits for a lock of a server, or is over. A file lets no second writer begin at all."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not (database.place.is_sqlite or other.done()):
        with database.reading() as session:
            if session.scalar(waits):
                return
        sleep(0.01)
