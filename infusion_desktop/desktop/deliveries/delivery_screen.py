"""Everything about one delivery, and what can be done with it where it stands."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.bench.release import Released, fill_owed, release, speaks_against
from infusion_desktop.deliveries.bench.shipping import failed_attempt, ship
from infusion_desktop.deliveries.bench.undoing import cancel, undo
from infusion_desktop.deliveries.bench.wave_queries import wave_of
from infusion_desktop.deliveries.door.delivering import CameBack, EquipmentBack, Proof, bring_back_all, deliver
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.plans.planning import add_line, change_quantity, remove_line, reschedule
from infusion_desktop.deliveries.queries import DeliveryPage, EquipmentRow, LineRow, StepRow, delivery_page
from infusion_desktop.deliveries.schedule.scheduling import try_again
from infusion_desktop.deliveries.screen_queries import open_delivery
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState, LineOutcome
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.deliveries.deliver_dialog import DeliverDialog
from infusion_desktop.desktop.deliveries.delivery_after import AfterTheDoor
from infusion_desktop.desktop.deliveries.delivery_head import DeliveryHead
from infusion_desktop.desktop.deliveries.delivery_parts import EQUIPMENT_COLUMNS, LINE_COLUMNS, STEP_COLUMNS
from infusion_desktop.desktop.deliveries.looks import UNDO_PERMISSION, who_may
from infusion_desktop.desktop.deliveries.proof_tab import ProofTab, after_door
from infusion_desktop.desktop.deliveries.small_dialogs import (
    AddItemDialog,
    NobodyDialog,
    QuantityDialog,
    RescheduleDialog,
    SayDialog,
)
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView

_S = DeliveryState
_BEFORE_SHIPPING = (_S.DRAFT, _S.RELEASED, _S.PICKED, _S.VERIFIED, _S.PACKED)


_ORDER = (
    "cancel", "undo", "reschedule", "fill", "manifest", "later", "corrections", "attach", "again", "fail", "back",
    "ship", "bench", "deliver", "release",
)  # fmt: skip
"""The buttons at the top, the usual next one last."""
_CORRECTS = {
    "correct": Permission.DELIVER,
    "lot": Permission.RELEASE,
    "never": Permission.RELEASE,
    "tracking": Permission.SHIP,
}
"""What is put right after a delivery has left, and who may."""


class DeliveryScreen(Screen):
    """One delivery."""

    title = "Delivery"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock"})
    help = (
        "What goes, where it stands, who did what. The buttons at the top are what can be done next. While it is a "
        "draft, Enter on a line changes its quantity."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.delivery_id: DeliveryId | None = None
        self.shown: DeliveryPage | None = None
        self.dialog: DeedDialog | None = None
        self.after_deeds = AfterTheDoor(self)
        self._lay_out()

    def load(self) -> None:
        if self.delivery_id is None:
            return
        database, delivery_id, by = self.context.database, self.delivery_id, self.context.user_id
        if self.shown is None:
            self.ask_to_open(lambda why: open_delivery(database, delivery_id, by, why), self._show_opened, key="page")
            return
        self.ask(lambda: _page(database, delivery_id), self._show, key="page")
        self._load_rest(delivery_id)

    def _show_opened(self, page: DeliveryPage) -> None:
        self._show(page)
        self._load_rest(page.row.id)

    def _load_rest(self, delivery_id: DeliveryId) -> None:
        """What speaks against its next step, and what became of it behind the door."""
        database = self.context.database
        self.ask(lambda: _against(database, delivery_id), self._show_held, key="held")
        self.ask(lambda: after_door(database, delivery_id), self.after.show_after, key="after")

    def show_record(self, kind: str, record: object) -> None:
        """Show this delivery."""
        assert isinstance(record, int)
        if record != self.delivery_id:
            self.page.banner.clear()
            self.shown = None
            self.found.clear()
            self.held.clear()
        self.delivery_id = DeliveryId(record)
        self.opens_anew()
        self.load()

    # What can be done.

    def release(self) -> None:
        """Reserve stock and hand it to the bench."""
        kept = self.kept()
        database, delivery_id, by = self.context.database, kept.row.id, self.context.user_id
        self.do(
            lambda override: release(database, delivery_id, by, override=override),
            changed=("deliveries", "stock"), said=_said_released, then=self._show_released,
            pressed=self.buttons["release"],
        )  # fmt: skip

    def fill_owed(self) -> None:
        """Try again to reserve what is short."""
        kept = self.kept()
        database, delivery_id, by = self.context.database, kept.row.id, self.context.user_id
        self.do(
            lambda _override: fill_owed(database, delivery_id, by), changed=("deliveries", "stock"),
            said=_said_released, then=self._show_released, pressed=self.buttons["fill"],
        )  # fmt: skip

    def preview_manifest(self) -> None:
        """Show the manifest, to print or save."""
        row = self.kept().row
        database, by = self.context.database, self.context.user_id

        def show(pdf: bytes) -> None:
            name = f"manifest-{row.number}.pdf"
            PdfDialog(self.desk, "Delivery manifest", pdf, name, self.context.folder, self).open()

        self.do(lambda why: print_manifests(database, [row.id], by, why), changed=("deliveries",), then=show,
                pressed=self.buttons["manifest"], text="Drawing the manifest")  # fmt: skip

    def ship(self) -> None:
        """Out of the house."""
        kept = self.kept()
        database, row, by = self.context.database, kept.row, self.context.user_id
        if row.carrier is Carrier.PARCEL and not kept.tracking:
            self._say_dialog("Hand over", "Tracking number", "Hand over", "It is on its way.",
                             lambda typed: ship(database, row.id, by, tracking=typed))  # fmt: skip
            return
        self.do(
            lambda _override: ship(database, row.id, by), changed=("deliveries", "stock", "equipment"),
            said=f"{row.number} is on its way.", pressed=self.buttons["ship"],
        )  # fmt: skip

    def deliver(self) -> None:
        """It arrived."""
        kept = self.kept()
        database, delivery_id, by = self.context.database, kept.row.id, self.context.user_id

        def work(proof: Proof, back: Sequence[CameBack], equipment: Sequence[EquipmentBack]) -> DeliveryState:
            return deliver(database, delivery_id, proof, by, back=back, equipment_back=equipment)

        self.dialog = DeliverDialog(self.context, self.desk, kept, self, work)
        self.dialog.open()

    def failed_attempt(self) -> None:
        """Nobody was at home; perhaps the day of the next try is agreed at once."""
        database, row, by = self.context.database, self.kept().row, self.context.user_id
        self.show_dialog(NobodyDialog(
            self.context, self.desk, row.number, self,
            lambda typed, day: failed_attempt(database, row.id, typed, by, again_on=day), failed=True,
        ))  # fmt: skip

    def try_again(self) -> None:
        """The driver tries again on another day."""
        database, row, by = self.context.database, self.kept().row, self.context.user_id

        def work(_typed: str, day: date | None) -> None:
            assert day is not None
            try_again(database, row.id, day, row.version, by)

        self.show_dialog(NobodyDialog(self.context, self.desk, row.number, self, work, failed=False))

    def bring_back(self) -> None:
        """Nothing of it stayed."""
        database, delivery_id, by = self.context.database, self.kept().row.id, self.context.user_id
        self._say_dialog(
            "Everything came back", "Why", "All came back", "It came back. Plan a new delivery.",
            lambda typed: bring_back_all(database, delivery_id, LineOutcome.REFUSED, typed, by), kind="danger",
            example="refused at the door",
        )  # fmt: skip

    def undo(self) -> None:
        """Take the last step back."""
        database, delivery_id, by = self.context.database, self.kept().row.id, self.context.user_id
        self._say_dialog("Take the last step back", "Why", "Take back", "The step was taken back.",
                         lambda typed: undo(database, delivery_id, typed, by))  # fmt: skip

    def cancel(self) -> None:
        """Send it not at all."""
        database, delivery_id, by = self.context.database, self.kept().row.id, self.context.user_id
        self._say_dialog(
            "Cancel this delivery", "Why", "Cancel the delivery", "The delivery is cancelled.",
            lambda typed: cancel(database, delivery_id, typed, by), kind="danger",
        )  # fmt: skip

    def reschedule(self) -> None:
        """Another day, window or carrier."""
        kept = self.kept()
        database, row, by = self.context.database, kept.row, self.context.user_id
        self.dialog = RescheduleDialog(
            self.context, self.desk, kept, self,
            lambda day, visit: reschedule(database, row.id, day, visit, row.version, by),
        )  # fmt: skip
        self.dialog.opened_by(self.reschedule).open()

    def change_line(self) -> None:
        """Another quantity of the marked line."""
        line = self._marked()
        if line is None:
            return
        database, by = self.context.database, self.context.user_id
        self.dialog = QuantityDialog(
            self.context, self.desk, line.item_name, line.unit, line.to_send, line.why, self,
            lambda quantity, reason: change_quantity(database, line.id, quantity, reason, by, was=line.to_send),
        )  # fmt: skip
        self.dialog.open()

    def add_line(self) -> None:
        """An item the kit does not hold."""
        database, delivery_id, by = self.context.database, self.kept().row.id, self.context.user_id
        self.dialog = AddItemDialog(
            self.context, self.desk, self,
            lambda item, quantity, reason: add_line(database, delivery_id, item, quantity, reason, by),
        )  # fmt: skip
        self.dialog.open()

    def remove_line(self) -> None:
        """Take the marked line off."""
        line = self._marked()
        if line is None:
            return
        database, by = self.context.database, self.context.user_id
        self._say_dialog(
            f"Take {line.item_name} off", "Why", "Take off", "Taken off.",
            lambda typed: remove_line(database, line.id, typed, by),
        )  # fmt: skip

    def _say_dialog(
        self, title: str, field: str, save: str, done: str, work: Any, *, kind: str = "primary", example: str = ""
    ) -> None:
        self.dialog = SayDialog(
            self.context, self.desk, title, field, self, work, save=save, done=done, kind=kind,
            suggestions=(example,) if example else (),
        )  # fmt: skip
        self.dialog.open()

    def kept(self) -> DeliveryPage:
        """What is shown."""
        assert self.shown is not None
        return self.shown

    def _marked(self) -> LineRow | None:
        line = self.lines.current_row()
        if line is None:
            self.desk.messages.refused(("Mark a line of the list first.",), self, Tone.INFO)
        return line

    # What is shown.

    def _show(self, kept: DeliveryPage) -> None:
        if kept.row.id != self.delivery_id:
            return
        self.shown = kept
        row = kept.row
        self.head.show_page(kept)
        self.lines.set_rows(kept.lines)
        is_draft = row.state is _S.DRAFT
        for title in ("Needed", "At home", "Why"):
            self.lines.show_column(title, shown=is_draft)
        for title in ("Short", "Lots"):
            self.lines.show_column(title, shown=not is_draft)
        self.equipment.set_rows(kept.equipment)
        self.steps.set_rows(kept.steps)
        self.tabs.setTabText(1, f"Pumps and poles ({len(kept.equipment)})" if kept.equipment else "Pumps and poles")
        self._show_buttons(kept)

    @property
    def proof_card(self) -> QWidget:
        """Who signed for it; shown once somebody did."""
        return self.head.proof_card

    def show_dialog(self, dialog: DeedDialog) -> None:
        """Open a dialog over this page."""
        self.dialog = dialog
        dialog.open()

    def _show_buttons(self, kept: DeliveryPage) -> None:
        state = kept.row.state
        on_bench = state in (_S.RELEASED, _S.PICKED, _S.VERIFIED, _S.PACKED)
        shown = {
            "cancel": state in _BEFORE_SHIPPING,
            "undo": state in UNDO_PERMISSION,
            "reschedule": state in _BEFORE_SHIPPING,
            "fill": state is _S.RELEASED and bool(kept.row.owed),
            "manifest": state not in (_S.DRAFT, _S.CANCELLED),
            "later": state is _S.DELIVERED,
            "corrections": state in (_S.SHIPPED, _S.DELIVERED),
            "again": state is _S.SHIPPED,
            "attach": state in (_S.SHIPPED, _S.DELIVERED, _S.REFUSED),
            "fail": state is _S.SHIPPED,
            "back": state is _S.SHIPPED,
            "bench": on_bench,
            "ship": state is _S.PACKED,
            "deliver": state is _S.SHIPPED,
            "release": state is _S.DRAFT,
            "change": state is _S.DRAFT,
            "add": state is _S.DRAFT,
            "remove": state is _S.DRAFT,
        }
        for name, is_shown in shown.items():
            self.buttons[name].setVisible(is_shown)
        permissions = {**self._permissions, "undo": UNDO_PERMISSION.get(state, Permission.RELEASE)}
        for name in ("correct", "never"):
            self.corrections[name].setVisible(state is _S.DELIVERED)
        for name, permission in permissions.items():
            allowed = self.context.may(permission)
            self.buttons[name].setEnabled(allowed)
            self.buttons[name].setToolTip("" if allowed else who_may(permission))
        for name, permission in _CORRECTS.items():
            self.corrections[name].setEnabled(self.context.may(permission))

    def _show_held(self, found: tuple[DeliveryId, tuple[str, ...], str]) -> None:
        """What would stop the release of a draft, before anybody presses it; and the wave it is picked in."""
        delivery_id, sentences, wave = found
        if delivery_id != self.delivery_id:
            return
        self.head.wave.setText(wave)
        if sentences:
            self.held.say(Tone.WARN, sentences)
        else:
            self.held.clear()

    def _show_released(self, released: Released) -> None:
        """Say what is short and which lots were passed over, and keep it in view."""
        said = [f"{each.item_name}: {each.units:,} short. They stay owed." for each in released.short]
        said += released.passed_over
        if said:
            self.found.say(Tone.WARN if released.short else Tone.INFO, said)
        else:
            self.found.clear()

    def _lay_out(self) -> None:
        self._make_buttons()
        self.page = Page(self)
        self.found, self.held = Banner(), Banner()
        self.held.close_button.hide()
        one = self.buttons
        self.page.actions(*(one[name] for name in _ORDER))
        self.page.add(self.found)
        self.page.add(self.held)
        self.head = DeliveryHead()
        self.head.patient_asked.connect(self._open_patient)
        self.head.waste_asked.connect(self._open_waste)
        self.page.add(self.head)
        self.lines: TableView[LineRow] = TableView(
            LINE_COLUMNS, lambda line: line.id, name="Lines of this delivery", desk=self.desk, noun=("line", "lines"),
            empty="No items. Add one, or see pumps and poles.",
        )  # fmt: skip
        self.equipment: TableView[EquipmentRow] = TableView(
            EQUIPMENT_COLUMNS, lambda row: row.id, name="Pumps and poles of this delivery", noun=("piece", "pieces"),
            empty="This delivery asks for no pump or pole.",
        )  # fmt: skip
        self.steps: TableView[StepRow] = TableView(
            STEP_COLUMNS, lambda row: (row.step, row.recorded_at), name="Steps of this delivery",
            noun=("step", "steps"), empty="Nothing was done yet.",
        )  # fmt: skip
        self.lines.opened.connect(self._line_opened)
        self.equipment.opened.connect(
            lambda row: self.desk.open("asset", row.asset_id) if row.asset_id is not None else None
        )
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self._lines_tab(), "Items")
        self.tabs.addTab(_padded(self.equipment), "Pumps and poles")
        self.tabs.addTab(_padded(self.steps), "Who did what")
        self.after = ProofTab(self.desk)
        self.after.attachments.opened.connect(self.after_deeds.show_attachment)
        self.tabs.addTab(self.after, "Proof and papers")
        self.page.add(self.tabs, 1)

    def _make_buttons(self) -> None:
        deeds = self.after_deeds
        self.buttons: dict[str, QPushButton] = {
            "cancel": button("Cancel…", self.cancel, kind="danger"),
            "undo": button("Step back…", self.undo, icon="undo"),
            "reschedule": button("Reschedule…", self.reschedule, icon="calendar"),
            "fill": button("Fill what is short", self.fill_owed, icon="refresh"),
            "manifest": button("Manifest", self.preview_manifest, icon="print"),
            "later": button("Comes back…", deeds.take_back_later, icon="undo"),
            "corrections": button("Correct", icon="edit"),
            "attach": button("Attach…", deeds.attach, icon="plus"),
            "again": button("Another day…", self.try_again, icon="calendar"),
            "fail": button("Nobody took it…", self.failed_attempt, icon="home"),
            "back": button("All came back…", self.bring_back, icon="undo"),
            "ship": button("Hand over", self.ship, icon="truck"),
            "bench": button("Open on the bench", self._open_bench, icon="scan", kind="primary"),
            "deliver": button("Arrived…", self.deliver, icon="sign", kind="primary"),
            "release": button("Release", self.release, icon="check", kind="primary"),
            "change": button("Change quantity…", self.change_line, icon="edit"),
            "add": button("Add item…", self.add_line, icon="plus"),
            "remove": button("Take off…", self.remove_line, icon="minus"),
        }
        self._permissions = {
            **dict.fromkeys(("cancel", "reschedule", "change", "add", "remove"), Permission.PLAN_DELIVERY),
            **dict.fromkeys(("fill", "release"), Permission.RELEASE),
            **dict.fromkeys(("again", "fail", "back", "deliver", "later", "attach"), Permission.DELIVER),
            "ship": Permission.SHIP,
            "bench": Permission.PICK,
        }
        menu = QMenu(self.buttons["corrections"])
        self.corrections = {
            "correct": menu.addAction("Proof of delivery…", deeds.correct_proof),
            "lot": menu.addAction("Another lot or item was sent…", deeds.other_lot),
            "never": menu.addAction("It never left the house…", deeds.never_left),
            "tracking": menu.addAction("Tracking number…", deeds.correct_tracking),
        }
        self.buttons["corrections"].setMenu(menu)
        for each in self.buttons.values():
            each.hide()

    def _lines_tab(self) -> QWidget:
        tab = _padded(self.lines)
        row = QHBoxLayout()
        for name in ("change", "add", "remove"):
            row.addWidget(self.buttons[name])
        row.addStretch(1)
        layout = tab.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addLayout(row)
        return tab

    def _line_opened(self, line: LineRow) -> None:
        if self.shown is not None and self.shown.row.state is _S.DRAFT and self.context.may(Permission.PLAN_DELIVERY):
            self.change_line()
        else:
            self.desk.open("item", line.item_id)

    def _open_bench(self) -> None:
        self.desk.open("bench", self.kept().row.id)

    def _open_patient(self) -> None:
        if self.shown is not None:
            self.desk.open("patient", self.shown.row.patient_id)

    def _open_waste(self) -> None:
        if self.shown is not None:
            self.desk.open("waste", self.shown.row.id)


def _said_released(released: Released) -> str:
    return "Released with shortages." if released.short else "Released. It waits at the bench."


def _padded(widget: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 12, 0, 0)
    column.addWidget(widget, 1)
    return page


def _against(database: Database, delivery_id: DeliveryId) -> tuple[DeliveryId, tuple[str, ...], str]:
    with database.reading() as session:
        return delivery_id, speaks_against(session, delivery_id), wave_of(session, delivery_id)


def _page(database: Database, delivery_id: DeliveryId) -> DeliveryPage:
    with database.reading() as session:
        return delivery_page(session, delivery_id, today())
