"""Days with pumps in the real window: the whole round by scans, a pump exchanged, returns, rentals, models, import."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from infusion_desktop.access.people import add_person
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.billing.months.month_facts import month_facts
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all, scan_pick
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.care.ending import stop_and_fetch
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.plans.planning import plan_items
from infusion_desktop.deliveries.pumps.charges import charge_rows
from infusion_desktop.deliveries.pumps.swapping import swap_rows
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.equipment.board_screen import BoardScreen
from infusion_desktop.desktop.equipment.care_dialogs import (
    BackFromVendorDialog,
    DueDayDialog,
    MaintenanceDialog,
    TakeBackDialog,
    VendorDialog,
    VersionsDialog,
)
from infusion_desktop.desktop.equipment.import_dialog import ImportAssetsDialog
from infusion_desktop.desktop.equipment.lending_dialogs import BookingDialog, CallDialog, ChargeDialog, SwapDialog
from infusion_desktop.desktop.equipment.models_tab import ModelDialog
from infusion_desktop.desktop.equipment.rental_dialogs import RentDialog
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.models import edit_model, model_rows
from infusion_desktop.equipment.queries import AssetRow, asset_row, history
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState, CallOutcome
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import patients, therapies_of
from infusion_desktop.patients.words import PatientId, TherapyId
from tests.deliveries.conftest import make_patient

S = AssetState
GOOD = {"Flow accuracy": "1.5", "Occlusion alarm": "12", "Battery": "95"}
WEEK = Days(today(), today() + timedelta(days=6))
Open = Callable[..., Shell]


class House:
    """The pharmacy with a patient, the window over it, and what people do with both."""

    def __init__(self, database: Database, by: UserId, pumps: list[AssetId], qtbot: QtBot) -> None:
        self.database, self.by, self.pumps, self.qtbot = database, by, pumps, qtbot
        self.second = add_person(database, "second", "Sam Second", "another long password", frozenset(
            {Role.PHARMACIST}), by)  # fmt: skip
        doctor = add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893"), by)
        self.patient: PatientId = make_patient(database, by, doctor)
        with database.reading() as session:
            self.therapy: TherapyId = therapies_of(session, self.patient)[0].id

    def ready(self, pump: AssetId) -> None:
        custody.clean(self.database, pump, self.by)
        assert custody.pass_check(self.database, pump, GOOD, self.by) is S.READY

    def sends(self, delivery: DeliveryId, tag: str) -> None:
        """A draft, from release to the patient's signature."""
        release(self.database, delivery, self.by)
        assert scan_pick(self.database, delivery, f"AST:{tag}", self.by).right
        with self.database.reading() as session:
            is_picked = delivery_page(session, delivery, today()).row.state is DeliveryState.PICKED
        if not is_picked:
            pick_all(self.database, delivery, self.by)
        verify_all(self.database, delivery, self.second)
        pack(self.database, delivery, 1, 0, self.by)
        ship(self.database, delivery, self.by)
        deliver(self.database, delivery, Proof("Ann", "patient", now_utc()), self.by)

    def brings(self, tag: str) -> None:
        """A pump goes to the patient with a delivery for the therapy."""
        delivery = plan_items(self.database, self.patient, WEEK, today(), (), self.by, therapy_id=self.therapy,
                              equipment=("ambulatory pump",))  # fmt: skip
        self.sends(delivery, tag)

    def opens(self, open_shell: Open) -> BoardScreen:
        self.shell = open_shell()
        screen = self.shell.screen_in_front
        assert isinstance(screen, BoardScreen)
        self.screen = screen
        self.qtbot.waitUntil(lambda: len(screen.table.model.rows) == len(self.pumps))
        return screen

    def state(self) -> AssetState | None:
        return self.screen.panel.facts.row.state if self.screen.panel.facts else None

    def chooses(self, tag: str, pump: AssetId) -> None:
        self.shell.on_scan(f"AST:{tag}")
        facts = self.screen.panel
        self.qtbot.waitUntil(lambda: facts.facts is not None and facts.facts.row.id == pump)

    def scans(self, deed: AssetDeed, leads_to: AssetState | None = None) -> None:
        """A code of the bench's sheet, and the state the pump then has."""
        self.shell.on_scan(f"DEED:{deed.name}")
        if leads_to is not None:
            self.qtbot.waitUntil(lambda: self.state() is leads_to)

    def dialog(self, kind: type[QDialog]) -> QDialog:
        self.qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), kind))
        found = QApplication.activeModalWidget()
        assert isinstance(found, QDialog)
        return found

    def reads_and_closes_the_paper(self) -> None:
        paper = self.dialog(PdfDialog)
        assert isinstance(paper, PdfDialog)
        self.qtbot.waitUntil(lambda: paper.preview.pages > 0 and not paper.preview.picture(0).isNull())
        paper.reject()
        self.qtbot.waitUntil(lambda: not isValid(paper))

    def measures(self, **values: str) -> None:
        """Type the values of the check, Enter after each; the last Enter saves it."""
        for name, value in {**GOOD, **values}.items():
            field = self.screen.panel.check.fields[name]
            self.qtbot.keyClicks(field, value)
            self.qtbot.keyClick(field, Qt.Key.Key_Return)

    def does(self, dialog: DeedDialog) -> None:
        """Press the dialog's button; it closes when its deed is done."""
        dialog.press()
        self.qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)

    def row(self, pump: AssetId) -> AssetRow:
        with self.database.reading() as session:
            found = asset_row(session, pump, today())
        assert found is not None
        return found

    def proves(self) -> None:
        with self.database.reading() as session:
            assert problems(session) == ()


@pytest.fixture
def house(one_database: Database, by: UserId, pumps: list[AssetId], qtbot: QtBot) -> House:
    return House(one_database, by, pumps, qtbot)


def test_a_pumps_whole_round_by_scans_from_the_end_of_a_therapy_to_a_future_day(
    house: House, open_shell: Open, qtbot: QtBot
) -> None:
    pump = house.pumps[0]
    house.ready(pump)
    house.brings("P0001")
    assert stop_and_fetch(house.database, house.therapy, today(), "cured", 1, house.by) == 1
    screen = house.opens(open_shell)
    house.shell.on_scan("PUT:PU00001")
    tickets = screen.lists.pickups.tickets
    qtbot.waitUntil(lambda: tickets.current_row() is not None)
    assert tickets.current_row().reason.startswith("The therapy ended on")  # type: ignore[union-attr]
    qtbot.mouseClick(screen.lists.pickups.print_button, Qt.MouseButton.LeftButton)
    house.reads_and_closes_the_paper()
    house.chooses("P0001", pump)
    house.scans(AssetDeed.CLEAN)
    assert "P0001 is due back. Take it back first." in house.shell.messages.feedback.text.text()
    house.scans(AssetDeed.TAKE_BACK, S.RETURNED)
    house.scans(AssetDeed.CLEAN, S.CLEANED)
    house.scans(AssetDeed.PASS_CHECK)
    house.measures(Battery="12")
    qtbot.mouseClick(screen.panel.check.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: house.state() is S.QUARANTINED)
    house.scans(AssetDeed.SEND_TO_VENDOR)
    vendor = house.dialog(VendorDialog)
    assert isinstance(vendor, VendorDialog)
    vendor.wrong.set_value("battery does not hold")
    vendor.number.set_value("RMA-9")
    vendor.press()
    qtbot.waitUntil(lambda: house.state() is S.REPAIR)
    house.scans(AssetDeed.RETURN_FROM_VENDOR)
    back = house.dialog(BackFromVendorDialog)
    assert isinstance(back, BackFromVendorDialog)
    back.cost.set_value(Decimal("120.00"))
    back.press()
    qtbot.waitUntil(lambda: house.state() is S.RECEIVED)
    house.scans(AssetDeed.CLEAN, S.CLEANED)
    house.scans(AssetDeed.START_CHECK, S.CHECKING)
    house.scans(AssetDeed.PASS_CHECK)
    house.measures()
    qtbot.waitUntil(lambda: house.state() is S.READY)
    qtbot.mouseClick(screen.panel.buttons["Keep for a day"], Qt.MouseButton.LeftButton)
    booking = house.dialog(BookingDialog)
    assert isinstance(booking, BookingDialog)
    qtbot.keyClicks(booking.picker.field, "aber")
    qtbot.waitUntil(lambda: len(booking.picker.rows) == 1)
    qtbot.keyClick(booking.picker.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: booking.patient is not None)
    booking.first.set_value(today() + timedelta(days=9))
    booking.press()
    qtbot.waitUntil(lambda: house.state() is S.RESERVED)
    facts = screen.panel.facts
    assert facts is not None
    assert facts.row.booked_from == today() + timedelta(days=9)
    assert "For Ann Abernathy" in screen.panel.where.text()
    house.shell.on_scan("LOC:SERVICE")
    qtbot.waitUntil(lambda: screen.panel.facts is not None and screen.panel.facts.row.place.startswith("Equipment"))
    house.scans(AssetDeed.CLEAN)
    assert "end its booking first" in house.shell.messages.feedback.text.text()
    screen.deeds.print_log(facts)
    house.reads_and_closes_the_paper()
    with house.database.reading() as session:
        events = [event.deed for event in history(session, pump)][::-1]
    assert events.pop() is AssetDeed.MOVE
    assert events[-9:] == [
        AssetDeed.TAKE_BACK, AssetDeed.CLEAN, AssetDeed.FAIL_CHECK, AssetDeed.SEND_TO_VENDOR,
        AssetDeed.RETURN_FROM_VENDOR, AssetDeed.CLEAN, AssetDeed.START_CHECK, AssetDeed.PASS_CHECK, AssetDeed.RESERVE,
    ]  # fmt: skip
    house.proves()


def test_a_pump_is_swapped_from_its_panel_and_the_per_diem_days_do_not_break(
    house: House, open_shell: Open, qtbot: QtBot
) -> None:
    old, new = house.pumps[:2]
    for pump in (old, new):
        house.ready(pump)
    house.brings("P0001")
    with house.database.reading() as session:
        before = month_facts(session, house.patient, WEEK)
    screen = house.opens(open_shell)
    house.chooses("P0001", old)
    qtbot.mouseClick(screen.panel.buttons["Swap"], Qt.MouseButton.LeftButton)
    dialog = house.dialog(SwapDialog)
    assert isinstance(dialog, SwapDialog)
    dialog.press()
    assert dialog.fault.error.text() == "What is wrong with it is needed."
    qtbot.keyClicks(dialog.fault.line, "occlusion alarm")
    qtbot.keyClick(dialog.fault.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: house.state() is S.DUE_BACK)
    with house.database.reading() as session:
        [swap] = swap_rows(session)
    house.sends(swap.delivery_id, "P0002")
    screen.tabs.show_page(screen.lists.pickups)
    qtbot.waitUntil(lambda: [row.new_tag for row in screen.lists.pickups.swaps.model.rows] == ["P0002"])
    house.chooses("P0001", old)
    house.scans(AssetDeed.TAKE_BACK, S.RETURNED)
    house.scans(AssetDeed.CLEAN, S.CLEANED)
    house.scans(AssetDeed.PASS_CHECK)
    house.measures()
    qtbot.waitUntil(lambda: "reported fault: occlusion alarm" in screen.findChild(type(dialog.banner)).text.text())
    with house.database.reading() as session:
        after = month_facts(session, house.patient, WEEK)
        assert replace(after, homes=before.homes) == before
        assert [row.stands for row in swap_rows(session, done_too=True)] == ["done"]
    house.proves()


def test_versions_maintenance_and_a_loss_are_entered_at_the_pump(house: House, open_shell: Open, qtbot: QtBot) -> None:
    first, second, *_ = house.pumps
    house.ready(first)
    house.brings("P0001")
    panel = house.opens(open_shell).panel
    house.shell.messages.ask = lambda _asked, answered, _parent: answered(  # type: ignore[assignment]
        Answer(True, "left on the bus")
    )
    # At the bench: software and drug library, maintenance with what was done, and another day for the next.
    house.chooses("P0002", second)
    panel.more["Software and drug library"].run()
    versions = house.dialog(VersionsDialog)
    assert isinstance(versions, VersionsDialog)
    versions.firmware.set_value("4.2")
    versions.library.set_value("2026.3")
    house.does(versions)
    qtbot.waitUntil(lambda: (row := house.row(second)).firmware == "4.2" and row.library == "2026.3")
    house.scans(AssetDeed.CLEAN, S.CLEANED)
    house.scans(AssetDeed.START_MAINTENANCE, S.MAINTENANCE)
    house.scans(AssetDeed.FINISH_MAINTENANCE)
    maintained = house.dialog(MaintenanceDialog)
    assert isinstance(maintained, MaintenanceDialog)
    maintained.work_done.set_value("battery replaced")
    house.does(maintained)
    qtbot.waitUntil(lambda: house.state() is S.CLEANED)
    panel.more["When maintenance is due"].run()
    due = house.dialog(DueDayDialog)
    assert isinstance(due, DueDayDialog)
    due.due.set_value(today() + timedelta(days=40))
    due.why.set_value("letter from the maker")
    house.does(due)
    qtbot.waitUntil(lambda: house.row(second).maintenance_due_on == today() + timedelta(days=40))
    with house.database.reading() as session:
        assert "battery replaced" in [event.note for event in history(session, second)]
    # At the patient's: lost, and charged with a statement.
    house.chooses("P0001", first)
    house.scans(AssetDeed.LOSE, S.LOST)
    qtbot.waitUntil(lambda: "Charge for it" in panel.more)
    panel.more["Charge for it"].run()
    charged = house.dialog(ChargeDialog)
    assert isinstance(charged, ChargeDialog)
    charged.amount.set_value(Decimal("1850.00"))
    charged.reason.set_value("left on the bus")
    house.does(charged)
    qtbot.waitUntil(lambda: any(title.startswith("Statement") for title in panel.more))
    statement = next(title for title in panel.more if title.startswith("Statement"))
    panel.more[statement].run()
    house.reads_and_closes_the_paper()
    with house.database.reading() as session:
        [row] = charge_rows(session, asset_id=first)
    assert (row.amount, row.reason) == (Decimal("1850.00"), "left on the bus")
    house.proves()


def test_what_is_overdue_is_called_about_and_comes_back_incomplete(
    house: House, open_shell: Open, qtbot: QtBot
) -> None:
    pump = house.pumps[0]
    with house.database.reading() as session:
        [row] = model_rows(session)
    edit_model(house.database, row.item_id, replace(row.facts, accessories=("AC adapter", "Pouch")), row.version,
               house.by)  # fmt: skip
    house.ready(pump)
    house.brings("P0001")
    stop_and_fetch(house.database, house.therapy, today(), "cured", 1, house.by)
    screen = house.opens(open_shell)
    returns = screen.lists.returns
    screen.tabs.show_page(returns)
    qtbot.waitUntil(lambda: len(returns.table.model.rows) == 1)
    returns.table.grid.selectRow(0)
    qtbot.mouseClick(returns.call_button, Qt.MouseButton.LeftButton)
    call = house.dialog(CallDialog)
    assert isinstance(call, CallDialog)
    call.outcome.set_value(CallOutcome.PROMISED)
    call.press()
    qtbot.waitUntil(lambda: "the day on which" in call.banner.text.text())
    call.promised.set_value(today())
    call.press()
    qtbot.waitUntil(lambda: returns.table.model.rows[0].calls == 1)
    house.chooses("P0001", pump)
    house.scans(AssetDeed.TAKE_BACK)
    back = house.dialog(TakeBackDialog)
    assert isinstance(back, TakeBackDialog)
    back.boxes["Pouch"].setChecked(False)
    back.press()
    qtbot.waitUntil(lambda: house.state() is S.RETURNED)
    assert "Lacks Pouch" in screen.panel.where.text()


def test_models_rentals_and_a_whole_register_from_a_file(
    house: House, open_shell: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    screen = house.opens(open_shell)
    models = screen.lists.models
    screen.tabs.show_page(models)
    qtbot.waitUntil(lambda: len(models.table.model.rows) == 1)
    models.table.grid.selectRow(0)
    qtbot.mouseClick(models.edit_button, Qt.MouseButton.LeftButton)
    model = house.dialog(ModelDialog)
    assert isinstance(model, ModelDialog)
    model.hours.set_value(2000)
    model.limits.add_alarms()
    model.library.set_value("2026.3")
    model.press()
    qtbot.waitUntil(lambda: models.table.model.rows[0].behind == 3)
    assert len(models.table.model.rows[0].facts.limits) == 7

    house.chooses("P0001", house.pumps[0])
    house.shell.messages.ask = lambda _asked, answered, _parent: answered(Answer(True, "maker's notice 7"))  # type: ignore[assignment]
    screen.panel.more["Hold it"].run()
    qtbot.waitUntil(lambda: "Let it be used again" in screen.panel.more)
    assert {row.tag: row.held for row in screen.table.model.rows}["P0001"] == "maker's notice 7"
    screen.panel.more["Let it be used again"].run()
    qtbot.waitUntil(lambda: "Hold it" in screen.panel.more)
    screen.panel.more["It is rented"].run()
    rent = house.dialog(RentDialog)
    assert isinstance(rent, RentDialog)
    rent.vendor.set_value("Cascade Rental")
    rent.rate.set_value(Decimal("11.50"))
    rent.back.set_value(today() + timedelta(days=20))
    rent.press()
    rentals = screen.lists.rentals
    screen.tabs.show_page(rentals)
    qtbot.waitUntil(lambda: [row.vendor for row in rentals.table.model.rows] == ["Cascade Rental"])
    rentals.table.grid.selectRow(0)
    house.shell.messages.ask = lambda _asked, answered, _parent: answered(Answer(True, "RA-1"))  # type: ignore[assignment]
    qtbot.mouseClick(rentals.give_back_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: rentals.table.model.rows[0].ended_on == today())
    with house.database.reading() as session:
        row = asset_row(session, house.pumps[0], today())
    assert row is not None
    assert row.state is S.RETIRED

    file = tmp_path / "pumps.csv"
    file.write_text("Model,Serial,Tag\nPU-1,SN-B,\nNO-1,X1,T1\nPU-1,X2,P0002\n", "utf-8")
    qtbot.mouseClick(screen.import_button, Qt.MouseButton.LeftButton)
    dialog = house.dialog(ImportAssetsDialog)
    assert isinstance(dialog, ImportAssetsDialog)
    dialog.read_file(file)
    qtbot.waitUntil(lambda: dialog.preview is not None)
    assert [row[1].line for row in dialog.problems.model.rows] == [2, 3, 4]
    assert not dialog.save_button.isEnabled()
    mend = tmp_path / "mend.csv"
    dialog.save_bad_lines(mend)
    qtbot.waitUntil(mend.exists)
    assert "is no pump or pole of the catalogue" in mend.read_text("utf-8-sig")
    dialog.columns.choices["tag"].setCurrentIndex(0)
    dialog.columns.choices["tag"].activated.emit(0)
    qtbot.waitUntil(lambda: [row[1].line for row in dialog.problems.model.rows] == [2, 3])
    file.write_text(f"Model,Serial,Tag,Status,Last check\nPU-1,X1,T1,ready,{today()}\nPU-1,X2,,,\n", "utf-8")
    dialog.read_file(file)
    qtbot.waitUntil(dialog.save_button.isEnabled)
    dialog.press()
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 4)  # One of three went back, two came in.
    assert {row.tag: row.state for row in screen.table.model.rows}["T1"] is S.READY
    house.proves()


def test_use_and_cost_and_the_papers_of_the_morning(house: House, open_shell: Open, qtbot: QtBot) -> None:
    screen = house.opens(open_shell)
    screen.tabs.show_page(screen.lists.use)
    qtbot.waitUntil(lambda: len(screen.lists.use.table.model.rows) == 3)
    screen.tabs.show_page(screen.due)
    qtbot.mouseClick(screen.due.print_button, Qt.MouseButton.LeftButton)
    house.reads_and_closes_the_paper()
    qtbot.mouseClick(screen.due.codes_button, Qt.MouseButton.LeftButton)
    house.reads_and_closes_the_paper()
    house.shell.on_scan("DEED:CLEAN")
    assert "Scan the pump first" in house.shell.messages.feedback.text.text()
    with house.database.reading() as session:
        assert len(patients(session)) == 1
