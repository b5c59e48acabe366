"""A pharmacy with a patient, a kit, stock on two shelves and a pump, and the delivery screens in a real window."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator, add_person
from infusion_desktop.access.roles import Permission, Role, UserId, permissions_of
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.kits.template_rules import Template, TemplateLine
from infusion_desktop.deliveries.kits.templates import save_template
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.desktop.care.places import PLACES as CARE
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.deliveries.places import NAME_SCANS, PLACES, SEARCHES
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.today.places import PLACES as TODAY
from infusion_desktop.identifiers import gtin_check_digit
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import AccessKind, Method, PatientId, PayerKind, Route, Sex, TherapyClass
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import add_place, set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind, LocationKind, Storage

PASSWORD = "correct horse battery"
LATER = today() + timedelta(days=400)


def _gtin(body: str) -> str:
    return body + str(gtin_check_digit(body))


DRUG, FLUSH, OTHER = (_gtin(f"008123450000{number}") for number in (1, 2, 3))


def gs1(code: str, lot: str, expires_on: date = LATER) -> str:
    """What a scanner types for a GS1 DataMatrix."""
    return f"]d201{code}17{expires_on:%y%m%d}10{lot}"


@dataclass(frozen=True, slots=True)
class House:
    """Who and what is there."""

    database: Database
    administrator: UserId
    technician: UserId
    pharmacist: UserId
    patient: PatientId
    drug: ItemId
    flush: ItemId


@pytest.fixture
def house(one_database: Database) -> House:
    database = one_database
    by = add_first_administrator(database, "admin", "Ada Min", PASSWORD)
    technician = add_person(database, "tom", "Tom Brand", PASSWORD, frozenset({Role.TECHNICIAN}), by, badge="1002")
    pharmacist = add_person(database, "aisha", "Aisha Rahman", PASSWORD, frozenset({Role.PHARMACIST}), by, badge="1003")
    with database.transaction() as session:
        set_up_places(session, by)
    add_place(database, "A-01", "Aisle A, bin 1", LocationKind.BIN, by, 1)
    add_place(database, "B-07", "Aisle B, bin 7", LocationKind.BIN, by, 2)
    drug = add_item(
        database,
        NewItem("DRG-1", "Cefazolin 2 g in elastomeric pump", ItemKind.DRUG, storage=Storage.REFRIGERATED,
                packs=(Pack("each", 1, DRUG),)), by,
    )  # fmt: skip
    flush = add_item(
        database, NewItem("FL-10", "Saline flush 10 mL", ItemKind.FLUSH, packs=(Pack("box", 30, FLUSH),)), by
    )
    add_item(database, NewItem("HU-20", "Huber needle 20 G", ItemKind.NEEDLE, packs=(Pack("each", 1, OTHER),)), by)
    receive(database, NewReceipt((ReceiptLine(drug, 40, lot="CEF1", expires_on=LATER),), "A-01"), by)
    receive(database, NewReceipt((ReceiptLine(flush, 60, lot="FL1", expires_on=LATER),), "B-07"), by)
    save_template(
        database,
        Template("K1", "Antibiotic kit", TherapyClass.ANTI_INFECTIVE, (Method.ELASTOMERIC,), (), (
            TemplateLine(drug, QuantityRule.PER_DOSE, Decimal(1)),
            TemplateLine(flush, QuantityRule.PER_DOSE, Decimal(2), 30),
        )), by, today() - timedelta(days=60),
    )  # fmt: skip
    payer = add_payer(database, NewPayer("Cascadia Health Plan", "CHP01", PayerKind.COMMERCIAL), by)
    prescriber = add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893", credentials="MD"), by)
    first = today() - timedelta(days=1)
    order = NewTherapy(TherapyClass.ANTI_INFECTIVE, "cefazolin 2 g", Route.INTRAVENOUS, Method.ELASTOMERIC, 24, first,
                       prescriber, first, drug_item_id=drug)  # fmt: skip
    person = Demographics("Łukasik", "Ann", date(1961, 5, 4), Sex.FEMALE, "503-555-0123", "12 Elm Avenue", "Portland",
                          "OR", "97205")  # fmt: skip
    patient = admit(
        database,
        Admission(person, first, coverages=(NewCoverage(payer, "W123", date(2026, 1, 1)),),
                  checklist=Checklist(True, True, True, True, True), diagnoses=("M86171",),
                  device=NewDevice(AccessKind.PICC, 2, "left arm", first), order=order), by,
    )  # fmt: skip
    return House(database, by, technician, pharmacist, patient, drug, flush)


@pytest.fixture
def open_shell(qtbot: QtBot, house: House) -> Iterator[Callable[..., Shell]]:
    """Opens the window as the administrator, or as somebody with one role."""
    made: list[Shell] = []

    def make(place: str = "today", role: Role = Role.ADMINISTRATOR) -> Shell:
        user = {Role.TECHNICIAN: house.technician, Role.PHARMACIST: house.pharmacist}.get(role, house.administrator)
        may: frozenset[str] = frozenset(permissions_of({role}) if role is not Role.ADMINISTRATOR else Permission)
        context = Context(house.database, user, role.value.title(), may)
        shell = Shell(
            context,
            (*TODAY, *PLACES, *CARE),
            searches=[search(context) for search in SEARCHES],
            name_scans=[name(context) for name in NAME_SCANS],
        )
        shell.messages.beep = lambda: None
        qtbot.addWidget(shell)
        shell.resize(1280, 800)
        shell.show()
        qtbot.waitExposed(shell)
        shell.go(place)
        made.append(shell)
        return shell

    yield make
    for shell in made:
        shell.jobs.close()


PIN = "2580"


def sign_on(shell: Shell, bench: Any, qtbot: QtBot, badge: str, pin: str = PIN) -> Any:
    """A second person scans their badge at the bench and types their PIN."""
    shell.on_scan(badge)
    qtbot.keyClicks(bench.dialog.pin.line, pin)
    qtbot.keyClick(bench.dialog.pin.line, Qt.Key.Key_Return)
    return bench.dialog
