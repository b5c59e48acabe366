"""A pharmacy with a shelf, a pump, a kit and a patient, for the steps of a delivery."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.kits.template_rules import Template, TemplateLine
from infusion_desktop.deliveries.kits.templates import save_template
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.words import AssetId
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import AccessKind, Method, PatientId, Route, Sex, TherapyClass, TherapyId
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.tables import Lot
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, Storage

START = today()
WEEK = Days(START, START + timedelta(days=6))
FAR = START + timedelta(days=400)


@dataclass(frozen=True)
class Bench:
    """The pharmacy as the tests use it."""

    database: Database
    staff: dict[Role, UserId]
    items: dict[str, ItemId]
    patient: PatientId
    therapy: TherapyId
    pump: AssetId
    pump_tag: str

    @property
    def tech(self) -> UserId:
        return self.staff[Role.TECHNICIAN]

    @property
    def pharmacist(self) -> UserId:
        return self.staff[Role.PHARMACIST]

    def receives(self, item: str, lot: str, quantity: int, expires_on: date = FAR) -> LotId:
        """Take units of a lot in."""
        line = ReceiptLine(self.items[item], quantity, lot=lot, expires_on=expires_on)
        receive(self.database, NewReceipt((line,)), self.tech)
        with self.database.reading() as session:
            return LotId(session.scalars(select(Lot.id).where(Lot.number == lot)).one())

    def plans(self, period: Days = WEEK, counts: dict[ItemId, int] | None = None) -> DeliveryId:
        """Draft a delivery for the therapy."""
        return plan(self.database, self.therapy, period, period.first, counts or {}, self.pharmacist)

    def releases(self, delivery: DeliveryId) -> DeliveryId:
        """Release it."""
        release(self.database, delivery, self.pharmacist)
        return delivery


def make_patient(database: Database, by: UserId, prescriber: int, **changes: object) -> PatientId:
    """Somebody on cefazolin every 8 hours through a PICC by ambulatory pump."""
    order = NewTherapy(
        TherapyClass.ANTI_INFECTIVE, "cefazolin 2 g", Route.INTRAVENOUS, Method.AMBULATORY_PUMP, 8, START,
        prescriber, START,
    )  # fmt: skip
    person = Demographics(
        "Abernathy", "Ann", date(1961, 5, 4), Sex.FEMALE, "5035550123", "12 Elm Avenue", "Portland", "OR", "97205"
    )
    intake = Admission(
        replace(person, **changes), START, checklist=Checklist(True, True, True, True, True),
        diagnoses=("M86.171",), device=NewDevice(AccessKind.PICC), order=order,
    )  # fmt: skip
    return admit(database, intake, by)


@pytest.fixture
def make_bench(database: Database, staff: dict[Role, UserId]) -> Callable[..., Bench]:
    """Set the pharmacy up, with changes to the patient."""

    def make(**changes: object) -> Bench:
        boss = staff[Role.ADMINISTRATOR]
        with database.transaction() as session:
            set_up_places(session, boss)
        new = {
            "flush": NewItem("FLU-1", "Saline flush 10 mL", ItemKind.FLUSH),
            "tubing": NewItem("TUB-1", "Pump tubing", ItemKind.TUBING),
            "dressing": NewItem("DRS-1", "Dressing kit", ItemKind.DRESSING, contains_latex=True),
            "dressing-nl": NewItem("DRS-2", "Dressing kit without latex", ItemKind.DRESSING),
            "drug": NewItem("DRG-1", "Cefazolin 2 g", ItemKind.DRUG, storage=Storage.REFRIGERATED),
            "pump": NewItem("PMP-1", "Ambulatory pump", ItemKind.PUMP, hcpcs="E0781", serial_tracked=True),
            "pole": NewItem("POL-1", "Pole", ItemKind.POLE, serial_tracked=True),
        }
        items = {name: add_item(database, item, boss) for name, item in new.items()}
        kit = Template(
            "ABX", "Antibiotic by pump", TherapyClass.ANTI_INFECTIVE, (Method.AMBULATORY_PUMP,), (AccessKind.PICC,),
            (
                TemplateLine(items["drug"], QuantityRule.PER_DOSE, Decimal(1)),
                TemplateLine(items["flush"], QuantityRule.PER_DOSE, Decimal(2)),
                TemplateLine(items["tubing"], QuantityRule.PER_DAY, Decimal(1), optional=True),
                TemplateLine(items["dressing"], QuantityRule.PER_DRESSING_CHANGE, Decimal(1),
                             latex_free_item_id=items["dressing-nl"]),
                TemplateLine(None, QuantityRule.ONCE_AT_START, Decimal(1), equipment="ambulatory pump"),
            ),
        )  # fmt: skip
        save_template(database, kit, boss, START - ONE_DAY)
        asset = register(database, NewAsset(items["pump"], "SN100", "P0100"), boss)
        custody.clean(database, asset, boss)
        measured = {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}
        custody.pass_check(database, asset, measured, boss)
        doctor = add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893"), boss)
        patient = make_patient(database, staff[Role.PHARMACIST], doctor, **changes)
        with database.reading() as session:
            therapy = therapies_of(session, patient)[0].id
        return Bench(database, staff, items, patient, therapy, asset, "P0100")

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """The pharmacy with a well stocked shelf."""
    made = make_bench()
    made.receives("drug", "D1", 100)
    made.receives("flush", "F1", 100, START + timedelta(days=100))
    made.receives("flush", "F2", 100)
    made.receives("dressing", "X1", 20)
    made.receives("dressing-nl", "N1", 20)
    return made


@pytest.fixture
def read_pdf() -> Callable[[bytes], str]:
    """The words of a PDF in one line."""
    import pypdfium2

    def read(pdf: bytes) -> str:
        with pypdfium2.PdfDocument(pdf) as document:
            texts = [page.get_textpage().get_text_bounded() for page in document]
        return " ".join(" ".join(texts).split())

    return read
