"""A month of one patient in the real window: two therapies, a hospital stay, a pump swap, a refusal, an early stop."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop import dates
from infusion_desktop.access.people import add_first_administrator, add_person, set_pin
from infusion_desktop.access.roles import Permission, Role, UserId
from infusion_desktop.billing.months.month_facts import month_facts
from infusion_desktop.chores import Chores
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.care_words import CallOutcome, Effect, EventKind, Purpose, SiteState
from infusion_desktop.deliveries.kits.template_rules import Template, TemplateLine
from infusion_desktop.deliveries.kits.templates import save_template
from infusion_desktop.deliveries.lists import of_patient
from infusion_desktop.deliveries.pumps.pickups import ticket_rows
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.equipment.lending_dialogs import SwapDialog
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.queries import at_place
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import patient_page, therapy_calendars
from infusion_desktop.patients.words import (
    AccessKind,
    InterruptionKind,
    Method,
    PatientId,
    PayerKind,
    Route,
    Sex,
    TherapyClass,
)
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.words import ItemId, ItemKind
from infusion_desktop.verifying import verify_books

PASSWORD = "correct horse battery"
FIRST = date(2026, 3, 2)
FAR = date(2099, 1, 31)


class Clock:
    """The pharmacy's clock: it stands at noon of a day until it is moved on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.day, self.minutes = FIRST, 0
        clock = self

        class Standing(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Standing":
                clock.minutes += 1
                noon = datetime(clock.day.year, clock.day.month, clock.day.day, 12, tzinfo=UTC)
                at = noon + timedelta(seconds=clock.minutes)
                return cls.combine(at.date(), at.timetz()).astimezone(tz or UTC)  # type: ignore[return-value]

        patch.setattr(dates, "datetime", Standing)

    def on(self, number: int) -> date:
        """Day 1 is the first day of therapy."""
        self.day, self.minutes = FIRST + timedelta(days=number - 1), 0
        assert today() == self.day
        return self.day


class Pharmacy:
    """Shelves, two pumps, two kits, and Ann with two therapies through one PICC."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.boss = add_first_administrator(database, "admin", "Ada Min", PASSWORD)
        tech = frozenset({Role.TECHNICIAN})
        self.tech = add_person(database, "tom", "Tom Brand", PASSWORD, tech, self.boss, badge="1002")
        set_pin(database, self.tech, PASSWORD, "1002", "2580")
        with database.transaction() as session:
            set_up_places(session, self.boss)
        kinds = {
            "drug": ItemKind.DRUG, "fluid": ItemKind.DRUG, "flush": ItemKind.FLUSH, "dressing": ItemKind.DRESSING,
            "gloves": ItemKind.OTHER, "set": ItemKind.TUBING, "sheet": ItemKind.OTHER,
        }  # fmt: skip
        self.items = {
            name: add_item(
                database, NewItem(name.upper(), name.capitalize(), kind, unit_cost=Decimal("1.25")), self.boss
            )
            for name, kind in kinds.items()
        }
        lines = tuple(ReceiptLine(item, 1000, lot=f"L{item}", expires_on=FAR) for item in self.items.values())
        receive(database, NewReceipt(lines), self.boss)
        pump = add_item(
            database, NewItem("PMP", "Ambulatory pump", ItemKind.PUMP, hcpcs="E0781", serial_tracked=True), self.boss
        )
        self.pumps = [self._ready(pump, tag) for tag in ("P0001", "P0002")]
        self._kits()
        self.contracts()

    def _ready(self, item: ItemId, tag: str) -> Any:
        asset = register(self.database, NewAsset(item, f"SN-{tag}", tag), self.boss)
        custody.clean(self.database, asset, self.boss)
        measured = {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}
        custody.pass_check(self.database, asset, measured, self.boss)
        return asset

    def _kits(self) -> None:
        item, rule, one = self.items, QuantityRule, Decimal(1)
        shared = (
            TemplateLine(item["dressing"], rule.PER_DRESSING_CHANGE, one),
            TemplateLine(item["gloves"], rule.PER_WEEK, Decimal(10), 10),
            TemplateLine(item["sheet"], rule.ONCE_AT_START, one, purpose=Purpose.TEACHING),
        )
        pump = (
            TemplateLine(item["drug"], rule.PER_DOSE, one), TemplateLine(item["flush"], rule.PER_DOSE, Decimal(2)),
            TemplateLine(None, rule.ONCE_AT_START, one, equipment="ambulatory pump"), *shared,
        )  # fmt: skip
        fluid = (
            TemplateLine(item["fluid"], rule.PER_DOSE, one), TemplateLine(item["set"], rule.PER_DAY, one),
            TemplateLine(item["flush"], rule.PER_DOSE, Decimal(2)), *shared,
        )  # fmt: skip
        for code, name, kind, method, lines in (
            ("ABX", "Antibiotic by pump", TherapyClass.ANTI_INFECTIVE, Method.AMBULATORY_PUMP, pump),
            ("HYD", "Hydration by gravity", TherapyClass.HYDRATION, Method.GRAVITY, fluid),
        ):
            save_template(self.database, Template(code, name, kind, (method,), (), lines), self.boss, FIRST - ONE_DAY)

    def contracts(self) -> None:
        """Who pays and who orders."""
        add_payer(self.database, NewPayer("Cascadia Health Plan", "CHP01", PayerKind.COMMERCIAL), self.boss)
        add_prescriber(self.database, NewPrescriber("Hartmann", "Lena", "1234567893", "MD"), self.boss)

    def drafts(self, ann: PatientId) -> dict[str, DeliveryId]:
        """What is planned, by the drug."""
        with self.database.reading() as session:
            rows = of_patient(session, ann, today())
        return {row.therapy: row.id for row in rows if row.state is DeliveryState.DRAFT}

    def sent(self, delivery: DeliveryId) -> dict[str, int]:
        """What a delivery sends, by item."""
        with self.database.reading() as session:
            return {line.item_number: line.to_send for line in delivery_page(session, delivery, today()).lines}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def pharmacy(clock: Clock, one_database: Database) -> Pharmacy:
    return Pharmacy(one_database)


@pytest.fixture
def window(pharmacy: Pharmacy, qtbot: QtBot, tmp_path: Path) -> Iterator[Shell]:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.install(application, dark=False)
    context = Context(pharmacy.database, UserId(pharmacy.boss), "Ada Min", frozenset(Permission), None, tmp_path)
    rooms = house(context)
    made = Shell(context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans)
    made.messages.beep = lambda: None
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()


def quiet(shell: Shell) -> Callable[[], bool]:
    return lambda: not shell.jobs.running


def press(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def calls_and_plans(
    shell: Shell, qtbot: QtBot, ann: PatientId, counts: dict[ItemId, int], days: Days, arrives_on: date
) -> None:
    """The refill call from the board, what the patient counts, and the supply plan it leads to."""
    shell.go("calls")
    board: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: any(row.patient_id == ann for row in board.calls.model.rows))
    board.calls.select_ids([ann])
    board.call()
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: set(counts) <= set(screen.counts))
    for item, left in counts.items():
        screen.counts[item].setFocus()
        qtbot.keyClicks(screen.counts[item], str(left))
    screen.outcome.set_value(CallOutcome.AGREED)
    qtbot.keyClicks(screen.spoke_with.line, "Bob Abernathy")
    qtbot.keyClicks(screen.relation.line, "spouse")
    screen.site.set_value(SiteState.WELL)
    screen.next_on.set_value(arrives_on)
    press(qtbot, screen.save_button)
    qtbot.waitUntil(lambda: shell.screen_in_front.title == "Supply plan")
    plans(shell, qtbot, days)


def plans(shell: Shell, qtbot: QtBot, days: Days) -> None:
    """The days, and the drafts."""
    plan: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: plan.sheet is not None and quiet(shell)())
    plan.first.set_value(days.first)
    plan.last.set_value(days.last)
    plan.first.changed.emit()
    qtbot.waitUntil(lambda: plan.shown is not None and plan.shown.plan.period == days and quiet(shell)())
    press(qtbot, plan.plan_button)
    qtbot.waitUntil(lambda: shell.screen_in_front is not plan and quiet(shell)())


class House:
    """The bench, the door and the shelf of pumps, as people there work the window."""

    def __init__(self, shell: Shell, pharmacy: Pharmacy, qtbot: QtBot) -> None:
        self.shell, self.pharmacy, self.qtbot = shell, pharmacy, qtbot
        shell.messages.ask = lambda _asked, answered, _parent: answered(Answer(True, "as agreed"))

    def state(self, delivery: DeliveryId) -> DeliveryState:
        with self.pharmacy.database.reading() as session:
            return delivery_page(session, delivery, today()).row.state

    def waits(self, delivery: DeliveryId, state: DeliveryState) -> None:
        self.qtbot.waitUntil(lambda: self.state(delivery) is state)

    def opens(self, delivery: DeliveryId, button: str) -> Any:
        """The delivery's page, once it offers this."""
        self.shell.open("delivery", delivery)
        page: Any = self.shell.screen_in_front
        self.qtbot.waitUntil(
            lambda: page.shown is not None and page.shown.row.id == delivery and page.buttons[button].isVisible()
        )
        return page

    def sends(self, delivery: DeliveryId, pump: str = "") -> None:
        """Released on its page; picked, verified by a second person's badge, packed and handed over at the bench."""
        press(self.qtbot, self.opens(delivery, "release").buttons["release"])
        self.waits(delivery, DeliveryState.RELEASED)
        self.shell.open("bench", delivery)
        bench: Any = self.shell.screen_in_front

        def at(state: DeliveryState) -> Callable[[], bool]:
            return lambda: bench.delivery_id == delivery and bench.state is state and quiet(self.shell)()

        self.qtbot.waitUntil(at(DeliveryState.RELEASED))
        if pump:
            self.shell.on_scan(f"AST:{pump}")
            self.qtbot.waitUntil(lambda: bench.kept.page.equipment[0].picked and quiet(self.shell)())
        if bench.state is DeliveryState.RELEASED:
            press(self.qtbot, bench.view.all_button)
        self.qtbot.waitUntil(at(DeliveryState.PICKED))
        assert bench.needs_second_person
        self.shell.on_scan("USR:1002")
        self.qtbot.keyClicks(bench.dialog.pin.line, "2580")
        self.qtbot.keyClick(bench.dialog.pin.line, Qt.Key.Key_Return)
        self.qtbot.waitUntil(lambda: bench.verifier is not None)
        press(self.qtbot, bench.view.all_button)
        self.qtbot.waitUntil(at(DeliveryState.VERIFIED))
        press(self.qtbot, bench.pack_panel.pack)
        self.qtbot.waitUntil(at(DeliveryState.PACKED))
        press(self.qtbot, bench.ship_panel.ship)
        self.waits(delivery, DeliveryState.SHIPPED)

    def arrives(self, delivery: DeliveryId, pump: str = "") -> None:
        """And signed for."""
        self.sends(delivery, pump)
        page = self.opens(delivery, "deliver")
        press(self.qtbot, page.buttons["deliver"])
        self.qtbot.keyClicks(page.dialog.received_by.line, "Bob Abernathy")
        page.dialog.relation.set_value("spouse")
        self.qtbot.keyClick(page.dialog.received_by.line, Qt.Key.Key_Return)
        self.waits(delivery, DeliveryState.DELIVERED)

    def comes_back(self, delivery: DeliveryId, why: str) -> None:
        """Refused at the door."""
        self.sends(delivery)
        page = self.opens(delivery, "back")
        press(self.qtbot, page.buttons["back"])
        self.qtbot.keyClicks(page.dialog.text.line, why)
        self.qtbot.keyClick(page.dialog.text.line, Qt.Key.Key_Return)
        self.waits(delivery, DeliveryState.REFUSED)

    def swaps(self, pump: Any, tag: str, fault: str) -> DeliveryId:
        """The exchange ordered on the pump's panel; the delivery of the new one opens."""
        self.shell.open("asset", pump)
        board: Any = self.shell.screen_in_front
        self.qtbot.waitUntil(lambda: "Swap" in board.panel.buttons and board.panel.facts.row.tag == tag)
        press(self.qtbot, board.panel.buttons["Swap"])
        self.qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), SwapDialog))
        dialog: Any = QApplication.activeModalWidget()
        self.qtbot.keyClicks(dialog.fault.line, fault)
        self.qtbot.keyClick(dialog.fault.line, Qt.Key.Key_Return)
        self.qtbot.waitUntil(lambda: self.shell.screen_in_front is not board and quiet(self.shell)())
        page: Any = self.shell.screen_in_front
        return DeliveryId(page.delivery_id)

    def takes_back(self, pump: Any, tag: str) -> None:
        """The old pump is scanned on the service bench, then the code of the deed."""
        self.shell.open("asset", pump)
        board: Any = self.shell.screen_in_front
        self.qtbot.waitUntil(
            lambda: board.panel.facts is not None and board.panel.facts.row.tag == tag and quiet(self.shell)()
        )
        self.shell.on_scan("DEED:TAKE_BACK")
        self.qtbot.waitUntil(lambda: board.panel.facts.row.state is AssetState.RETURNED)


def page_of(shell: Shell, qtbot: QtBot, ann: PatientId) -> Any:
    shell.open("patient", ann)
    page: Any = shell.screen_in_front
    page.load()
    qtbot.waitUntil(lambda: page.shown is not None and quiet(shell)())
    return page


def admits(shell: Shell, pharmacy: Pharmacy, qtbot: QtBot) -> PatientId:
    """Ann, on cefazolin every 8 hours by pump and a liter of fluid a day, both through one PICC."""
    shell.go("admit")
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(quiet(shell))
    for field, typed in (
        (screen.last_name, "Abernathy"), (screen.first_name, "Ann"), (screen.born_on, "5/4/1961"),
        (screen.phone, "503-555-0123"), (screen.street, "12 Elm Avenue"), (screen.city, "Portland"),
        (screen.state, "OR"), (screen.zip, "97205"), (screen.diagnoses, "M86.9"), (screen.member, "W1"),
        (screen.covered_from, "1/1/2020"),
    ):  # fmt: skip
        qtbot.keyClicks(field.line, typed)
    screen.sex.set_value(Sex.FEMALE)
    screen.device.set_value(AccessKind.PICC)
    screen.lumens.set_value(2)
    screen.payer.combo.setCurrentIndex(0)
    orders(screen.order, TherapyClass.ANTI_INFECTIVE, "cefazolin 2 g", Method.AMBULATORY_PUMP, 8,
           pharmacy.items["drug"])  # fmt: skip
    for check in screen.checks.values():
        check.set_value(True)
    for _ in range(5):
        press(qtbot, screen.steps.next)
    qtbot.waitUntil(lambda: quiet(shell)() and shell.screen_in_front is not screen)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None)
    ann = PatientId(page.shown.page.id)
    page.dialog = None
    page._order()
    qtbot.waitUntil(lambda: page.dialog is not None and page.dialog.isVisible())
    form = page.dialog.form
    qtbot.waitUntil(lambda: bool(form.item._choices))
    orders(form, TherapyClass.HYDRATION, "Lactated Ringer 1 L", Method.GRAVITY, 24, pharmacy.items["fluid"])
    press(qtbot, page.dialog.save_button)
    qtbot.waitUntil(lambda: len(page.therapies.model.rows) == 2)
    return ann


def orders(form: Any, kind: TherapyClass, drug: str, method: Method, hours: int, item: ItemId) -> None:
    """Type an order from the first day on."""
    form.therapy_class.set_value(kind)
    form.drug.set_value(drug)
    form.item.set_value(item)
    form.route.set_value(Route.INTRAVENOUS)
    form.method.set_value(method)
    form.interval.set_value(hours)
    form.starts_on.set_value(FIRST)
    form.ordered_on.set_value(FIRST)
    form.prescriber.combo.setCurrentIndex(0)


def comes_in(shell: Shell, qtbot: QtBot) -> None:
    """The first person of a day: the program makes the day's tasks."""
    Chores(shell, lambda: shell).make_tasks()
    qtbot.waitUntil(quiet(shell))


def fill(qtbot: QtBot, page: Any, ask: Callable[[], object], **values: object) -> None:
    """Ask a deed's dialog, type the values, save, and wait until it is done."""
    page.dialog = None
    ask()
    qtbot.waitUntil(lambda: page.dialog is not None and page.dialog.isVisible())
    dialog = page.dialog
    for name, value in values.items():
        getattr(dialog.form if hasattr(dialog.form, name) else dialog, name).set_value(value)
    gone: list[int] = []
    dialog.finished.connect(gone.append)
    press(qtbot, dialog.save_button)
    qtbot.waitUntil(lambda: bool(gone))


def test_a_month(clock: Clock, pharmacy: Pharmacy, window: Shell, qtbot: QtBot) -> None:
    item, database, staff = pharmacy.items, pharmacy.database, House(window, pharmacy, qtbot)
    ann = admits(window, pharmacy, qtbot)

    # Day 1: the first supply of both therapies for a week, planned together; shared things go once.
    clock.on(1)
    page = page_of(window, qtbot, ann)
    assert page.glance.texts["Deliveries"] == ["Nothing was delivered yet."]
    page._plan()
    plans(window, qtbot, Days(FIRST, FIRST + timedelta(days=6)))
    drafts = pharmacy.drafts(ann)
    antibiotic, fluid = pharmacy.sent(drafts["cefazolin 2 g"]), pharmacy.sent(drafts["Lactated Ringer 1 L"])
    assert antibiotic == {"DRUG": 21, "FLUSH": 42, "DRESSING": 1, "GLOVES": 10, "SHEET": 1}
    assert fluid == {"FLUID": 7, "SET": 7, "FLUSH": 14}, "dressing, gloves and teaching sheet go with the other kit"
    staff.arrives(drafts["cefazolin 2 g"], "P0001")
    staff.arrives(drafts["Lactated Ringer 1 L"])

    # Day 2: the first calls are tasks; one is done in the work list.
    clock.on(2)
    comes_in(window, qtbot)
    window.go("calls")
    board: Any = window.screen_in_front
    board.load()
    qtbot.waitUntil(lambda: sum(row.kind == "first call" for row in board.tasks.model.rows) == 2)
    board.tasks.select_ids([next(row.id for row in board.tasks.model.rows if row.kind == "first call")])
    board.finish()
    qtbot.keyClicks(board.dialog.text.line, "well, the pump runs")
    press(qtbot, board.dialog.save_button)
    qtbot.waitUntil(lambda: sum(row.kind == "first call" for row in board.tasks.model.rows) == 1)

    # Day 5: the refill call. Two doses more than reckoned are left; the fluid is refused at the door on day 7.
    clock.on(5)
    second = Days(FIRST + timedelta(days=7), FIRST + timedelta(days=13))
    counts = {item["drug"]: 11, item["fluid"]: 3, item["flush"]: 24}
    calls_and_plans(window, qtbot, ann, counts, second, FIRST + timedelta(days=6))
    drafts = pharmacy.drafts(ann)
    assert pharmacy.sent(drafts["cefazolin 2 g"])["DRUG"] == 19, "21 needed, 11 counted, 9 used until the week begins"
    clock.on(7)
    staff.arrives(drafts["cefazolin 2 g"])
    staff.comes_back(drafts["Lactated Ringer 1 L"], "no room for the boxes")
    window.go("calls")
    board.load()
    # Only the fluid is not covered.
    qtbot.waitUntil(lambda: [row.therapies for row in board.calls.model.rows] == [("Lactated Ringer 1 L",)])
    window.open("supply plan", ann)
    plans(window, qtbot, second)
    drafts = pharmacy.drafts(ann)
    assert list(drafts) == ["Lactated Ringer 1 L"], "the antibiotic's days are supplied already"
    staff.arrives(drafts["Lactated Ringer 1 L"])

    # Days 9 to 11 in hospital, logged as an event; back on day 12.
    clock.on(9)
    page = page_of(window, qtbot, ann)
    fill(qtbot, page, page._log_event, kind=EventKind.SITE_INFECTION, what="fever and a red site",
         action="to the emergency room", effect=Effect.HOSPITAL, follow_up="Ask the ward for the culture")  # fmt: skip
    clock.on(12)
    page = page_of(window, qtbot, ann)
    assert page.pauses.model.rows[0].pause.kind is InterruptionKind.HOSPITAL
    page._show_tab(page.pauses)
    fill(qtbot, page, page._end_pause, last_on=FIRST + timedelta(days=10))

    # Day 13: the pump alarms and is exchanged; the new one comes, the old one goes.
    clock.on(13)
    staff.arrives(staff.swaps(pharmacy.pumps[0], "P0001", "occlusion alarm"), "P0002")
    staff.takes_back(pharmacy.pumps[0], "P0001")
    with database.reading() as session:
        home = patient_page(session, ann).home_id
        assert [row.tag for row in at_place(session, home, clock.day)] == ["P0002"]
    page = page_of(window, qtbot, ann)
    assert any("SN-P0002" in line for line in page.glance.texts["At home"])

    # Day 14: three days in hospital left supplies at home, and only what is missing goes.
    clock.on(14)
    third = Days(FIRST + timedelta(days=14), FIRST + timedelta(days=20))
    counts = {item["drug"]: 12, item["fluid"]: 4, item["flush"]: 30, item["dressing"]: 1, item["gloves"]: 4}
    calls_and_plans(window, qtbot, ann, counts, third, FIRST + timedelta(days=14))
    drafts = pharmacy.drafts(ann)
    assert pharmacy.sent(drafts["cefazolin 2 g"])["DRUG"] == 12, "21 less the 9 that are left when the week begins"
    assert pharmacy.sent(drafts["Lactated Ringer 1 L"])["FLUID"] == 4
    clock.on(15)
    for draft in drafts.values():
        staff.arrives(draft)

    # Day 17: every 12 hours from day 18 on; day 20: the prescriber stops both on day 21.
    clock.on(17)
    page = page_of(window, qtbot, ann)
    cefazolin = next(row for row in page.therapies.model.rows if row.order.drug == "cefazolin 2 g")
    page.therapies.select_ids([cefazolin.id])
    page.dialog = None
    page._change()
    qtbot.waitUntil(lambda: page.dialog is not None and page.dialog.isVisible())
    page.dialog.form.interval.set_value(12)
    page.dialog.form.fields[0].set_value(FIRST + timedelta(days=17))
    qtbot.keyClicks(page.dialog.form.fields[1].line, "level too high")
    press(qtbot, page.dialog.save_button)
    qtbot.waitUntil(lambda: len(page.therapies.model.rows) == 3)
    clock.on(18)
    window.open("refill call", ann)
    call: Any = window.screen_in_front
    qtbot.waitUntil(lambda: "every 12 h; supplied through Mar 22, 2026" in call.orders.text())
    clock.on(20)
    page = page_of(window, qtbot, ann)
    fill(qtbot, page, page._discharge, last_on=FIRST + timedelta(days=20), reason="cured early")
    qtbot.waitUntil(lambda: "Discharged" in page.care.text())

    # Day 22: the pump is asked back by a ticket that the day's rules write.
    clock.on(22)
    comes_in(window, qtbot)
    with database.reading() as session:
        assert [line.tag for ticket in ticket_rows(session) for line in ticket.lines] == ["P0002"]
        whole = Days(FIRST, clock.day)
        days = sorted(day for each in therapy_calendars(session, whole, ann) if each.order.drug == "cefazolin 2 g"
                      for day in each.days(whole))  # fmt: skip
        facts = month_facts(session, ann, whole)
        for each in therapy_calendars(session, whole, ann):
            covered = {day for sent in facts.deliveries if sent.serves(each.therapy_id)
                       for day in sent.supply}  # fmt: skip
            assert set(each.days(whole)) <= covered, "each day of each version of an order has its delivery"
    assert len(days) == 18, "21 days less three in hospital, over both versions of the order"
    page = page_of(window, qtbot, ann)
    left = page.glance.texts["Supplies left"]
    assert left[0].startswith("Also there: "), "no order takes it any more, and it lies there all the same"
    told = " ".join(row.what for row in page.line.model.rows)
    for words in ("Admitted", "refused", "Site infection", "Back from hospital", "Order changes to",
                  "Discharged: cured", "agreed to the refill (Bob Abernathy)"):  # fmt: skip
        assert words in told
    assert verify_books(database) == ()
