"""What the demonstration shows of equipment: models, rentals, a booking, an exchange, what is overdue."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.equipment_charging import charge
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.pumps.pickups import write_due_tickets
from infusion_desktop.deliveries.pumps.returns import NewCall, ReturnRow, log_call, returns_due
from infusion_desktop.deliveries.pumps.swapping import NewSwap, order_swap
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.equipment import checks, custody
from infusion_desktop.equipment.booking import NewBooking, book
from infusion_desktop.equipment.models import ALARMS, CheckLimit, edit_model, model_rows
from infusion_desktop.equipment.queries import AssetRow, board
from infusion_desktop.equipment.rentals import NewRental, rent
from infusion_desktop.equipment.words import AssetState, CallOutcome, ChargeKind, Per
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.money import to_cents
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.queries import ItemRow
from infusion_desktop.stock.words import ItemKind

SOFTWARE, LIBRARY, OLD_LIBRARY = "4.1.2", "2026.3", "2026.2"
USUAL = (
    CheckLimit("Flow accuracy", "%", "-5", "5"), CheckLimit("Occlusion alarm", "psi", "4", "30"),
    CheckLimit("Battery", "%", "80", "100"),
)  # fmt: skip
TRIED = {alarm.name: "pass" for alarm in ALARMS[:2]}
OVERDUE_SINCE = timedelta(days=6)


def set_up_models(database: Database, items: tuple[ItemRow, ...], by: UserId) -> None:
    """What each pump asks for; poles keep the usual, which is nothing."""
    costs = {item.id: to_cents(item.unit_cost) for item in items}
    with database.reading() as session:
        pumps = [row for row in model_rows(session) if row.kind is ItemKind.PUMP]
    for row in pumps:
        edit_model(
            database, row.item_id,
            replace(
                row.facts, maintenance_days=365, limits=USUAL + ALARMS[:2], firmware=SOFTWARE, library=LIBRARY,
                accessories=("AC adapter", "Carrying pouch", "User guide"), life_months=72,
                maintenance_hours=4000 if "SYR" in row.number else 0, hours_per_day=12,
                replacement_value=costs.get(row.item_id, Decimal(0)),
            ),
            row.version, by,
        )  # fmt: skip


def lend(database: Database, cast: Cast, last: date) -> None:
    """The last days: what is overdue, a swap under way, a pump kept for a future day, rentals, one at the vendor."""
    with database.reading() as session:
        overdue = returns_due(session, last)
        rows = board(session, last)
    _call(database, cast, overdue, last)
    write_due_tickets(database, last, cast.coordinator)
    ready = [row for row in rows if row.is_ready and row.kind is ItemKind.PUMP]
    patients = [row.patient_id for row in overdue]
    _keep(database, cast, ready[:1], patients, last)
    _rent(database, cast, ready[1:4], last)
    _service(database, cast, ready[4:6], last)
    out = [row for row in rows if row.state is AssetState.WITH_PATIENT and row.kind is ItemKind.PUMP]
    for row in out:
        try:
            order_swap(database, NewSwap(row.id, "Occlusion alarm, line is clear", last, "daughter"), cast.coordinator)
        except Refused:
            continue  # Its therapy has ended.
        break


def _call(database: Database, cast: Cast, overdue: tuple[ReturnRow, ...], last: date) -> None:
    outcomes = (
        NewCall(CallOutcome.NO_ANSWER), NewCall(CallOutcome.PROMISED, "the patient", last + timedelta(days=1)),
        NewCall(CallOutcome.MESSAGE), NewCall(CallOutcome.LOST, "the patient's son"),
    )  # fmt: skip
    for row, call in zip(overdue, outcomes, strict=False):
        log_call(database, row.asset_id, call, cast.coordinator)
        if call.outcome is CallOutcome.LOST:
            custody.report_lost(database, row.asset_id, "left in a hotel", cast.technicians[0])
            charge(database, row.asset_id, ChargeKind.LOST, row.replacement_value or Decimal("950.00"),
                   "It was not returned after the therapy ended.", cast.pharmacists[0])  # fmt: skip


def _keep(database: Database, cast: Cast, ready: list[AssetRow], patients: list[PatientId], last: date) -> None:
    for row, patient in zip(ready, patients, strict=False):
        new = NewBooking(patient, last + timedelta(days=5), last + timedelta(days=12), "second course")
        try:
            book(database, row.id, new, cast.coordinator)
        except Warned:
            book(database, row.id, new, cast.pharmacists[0], override="maintenance is planned before")


def _rent(database: Database, cast: Cast, ready: list[AssetRow], last: date) -> None:
    for number, row in enumerate(ready):
        new = NewRental(
            "Cascade Pump Rental", Decimal(("11.50", "64.00", "210.00")[number]), tuple(Per)[number],
            last - timedelta(days=20 + 9 * number), None if number == 2 else last + timedelta(days=9 + 30 * number),
            f"CPR-{4410 + number}",
        )  # fmt: skip
        rent(database, row.id, new, cast.technicians[0])


def _service(database: Database, cast: Cast, ready: list[AssetRow], last: date) -> None:
    for number, row in enumerate(ready):
        if number:
            checks.start_check(database, row.id, cast.technicians[0])
        else:
            custody.quarantine(database, row.id, "cracked door", cast.technicians[0])
            custody.send_to_vendor(
                database, row.id, cast.technicians[0], note="cracked door (RMA 77120)", vendor="the maker"
            )
