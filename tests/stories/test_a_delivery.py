"""A patient's first two weeks: admitted, supplied from the shipped kit, called, supplied with only what is missing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, today
from infusion_desktop.deliveries import verify
from infusion_desktop.deliveries.bench.picking import enter_pick, scan_pick
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.calls.follow_ups import follow_ups
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.kits.starter_templates import load_starter_templates
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.queries import bench, delivery_page, equipment_at_home
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import AccessKind, Method, PatientId, Route, Sex, TherapyClass, TherapyId
from infusion_desktop.stock import verify as stock_verify
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.importing.item_import import import_items, preview_items
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId
from resources import read

PNG = b"\x89PNG\r\n\x1a\n"
START = today()
BEGAN = START - timedelta(days=7)
"""The therapy began a week ago: what is counted today is what is left for the second week."""


class Pharmacy:
    """The catalogue as shipped, everything on the shelf, one patient-ready pump."""

    def __init__(self, database: Database, staff: dict[Role, UserId]) -> None:
        self.database, self.staff = database, staff
        self.boss, self.tech = staff[Role.ADMINISTRATOR], staff[Role.TECHNICIAN]
        self.pharmacist, self.coordinator = staff[Role.PHARMACIST], staff[Role.COORDINATOR]
        with database.transaction() as session:
            set_up_places(session, self.boss)
        import_items(database, preview_items(read("demonstration/items.csv"), "items.csv"), self.boss)
        with database.reading() as session:
            rows = session.execute(select(Item.number, Item.id, Item.kind)).all()
        self.items = {row.number: ItemId(row.id) for row in rows}
        stocked = [row.id for row in rows if not row.kind.is_equipment]
        lines = tuple(ReceiptLine(ItemId(id_), 2000, lot="A1", expires_on=date(2099, 1, 31)) for id_ in stocked)
        receive(database, NewReceipt(lines), self.tech)
        self.templates = load_starter_templates(database, self.boss)
        pump = register(database, NewAsset(self.items["PMP-AMB-01"], "SN1", "P0001"), self.boss)
        custody.clean(database, pump, self.tech)
        custody.pass_check(database, pump, {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}, self.tech)

    def admits(self) -> PatientId:
        """Ann, on cefepime every 8 hours through a PICC by ambulatory pump for four weeks."""
        doctor = add_prescriber(self.database, NewPrescriber("Hartmann", "Lena", "1234567893"), self.coordinator)
        order = NewTherapy(
            TherapyClass.ANTI_INFECTIVE, "cefepime 2 g", Route.INTRAVENOUS, Method.AMBULATORY_PUMP, 8, BEGAN, doctor,
            BEGAN, drug_item_id=self.items["DRG-CEFE-02"], stops_on=BEGAN + timedelta(days=27),
        )  # fmt: skip
        person = Demographics(
            "Abernathy", "Ann", date(1961, 5, 4), Sex.FEMALE, "5035550123", "12 Elm Avenue", "Portland", "OR", "97205"
        )
        checks = Checklist(True, True, True, True, True)
        intake = Admission(person, BEGAN, (), checks, ("M86.171",), NewDevice(AccessKind.PICC), order)
        return admit(self.database, intake, self.coordinator)

    def sends(self, delivery: DeliveryId) -> None:
        """Release, pick by scan and count, verify, pack and ship."""
        assert release(self.database, delivery, self.coordinator).short == ()
        with self.database.reading() as session:
            rows = bench(session, delivery)
            needs_pump = delivery_page(session, delivery, START).equipment != ()
        if needs_pump:
            assert scan_pick(self.database, delivery, "AST:P0001", self.tech).right
        last = [enter_pick(self.database, row.lot_line_id, row.lot.quantity, self.tech) for row in rows][-1]
        assert last.complete
        verify_all(self.database, delivery, self.pharmacist)
        pack(self.database, delivery, 2, 4, self.tech)
        ship(self.database, delivery, self.tech)

    def delivers(self, delivery: DeliveryId) -> None:
        """It arrives and is signed for."""
        deliver(self.database, delivery, Proof("Bob Abernathy", "Spouse", now_utc(), PNG), self.tech)

    def quantities(self, delivery: DeliveryId) -> dict[str, int]:
        """What a delivery sends by item number."""
        with self.database.reading() as session:
            return {line.item_number: line.to_send for line in delivery_page(session, delivery, START).lines}


@pytest.fixture
def pharmacy(database: Database, staff: dict[Role, UserId]) -> Pharmacy:
    """A pharmacy on its first morning."""
    return Pharmacy(database, staff)


def test_two_weeks_of_supplies_and_only_what_is_missing(pharmacy: Pharmacy) -> None:
    database = pharmacy.database
    assert pharmacy.templates == 29
    ann = pharmacy.admits()
    with database.reading() as session:
        therapy: TherapyId = therapies_of(session, ann)[0].id
    week_one = Days(BEGAN, BEGAN + timedelta(days=6))
    week_two = Days(START, START + timedelta(days=6))

    first = plan(database, therapy, week_one, START, {}, pharmacy.coordinator)
    sent = pharmacy.quantities(first)
    assert sent["DRG-CEFE-02"] == 21
    pharmacy.sends(first)
    manifest = print_manifests(database, [first], pharmacy.tech)
    assert manifest.startswith(b"%PDF")
    pharmacy.delivers(first)

    with database.reading() as session:
        assert [each.tag for each in equipment_at_home(session, ann)] == ["P0001"]
        due = {each.kind: each.due_on for each in follow_ups(session)}
    assert due == {"first call": START + timedelta(days=1), "refill call": START}

    counts = {pharmacy.items[number]: quantity for number, quantity in sent.items()}
    counts[pharmacy.items["DRG-CEFE-02"]] = 4
    second = plan(database, therapy, week_two, week_two.first, counts, pharmacy.coordinator, counted_with="Bob")
    assert pharmacy.quantities(second)["DRG-CEFE-02"] == 17
    assert all(quantity == 0 for number, quantity in pharmacy.quantities(second).items() if number != "DRG-CEFE-02")
    with database.reading() as session:
        assert delivery_page(session, second, START).equipment == ()
    pharmacy.sends(second)
    pharmacy.delivers(second)

    with database.reading() as session:
        page = delivery_page(session, second, START)
        assert page.row.state is DeliveryState.DELIVERED
        assert {step.by for step in page.steps} >= {"Some Technician", "Some Pharmacist", "Some Coordinator"}
        assert verify.problems(session) == ()
        assert stock_verify.problems(session) == ()
