"""The bench: one delivery picked, verified by a second person, packed and handed over, by scans."""

import textwrap
from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from infusion_desktop.access.people import User, sign_in, user_by_badge
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_days, today
from infusion_desktop.deliveries.bench import Feedback
from infusion_desktop.deliveries.lists import on_bench
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.picking import enter_pick, pick_all, report_short, scan_pick, take_off_pump
from infusion_desktop.deliveries.queries import DeliveryRow
from infusion_desktop.deliveries.screen_queries import BenchPage, bench_page
from infusion_desktop.deliveries.shipping import pack, ship
from infusion_desktop.deliveries.undoing import undo
from infusion_desktop.deliveries.verifying import enter_verified, scan_verify, verify_all
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deliveries.bench_lines import COLUMNS, BenchLine, lines_of, next_of
from infusion_desktop.desktop.deliveries.bench_panels import (
    DonePanel,
    LastAnswer,
    NextPanel,
    PackPanel,
    ShipPanel,
    SignOnPanel,
    mark_step,
)
from infusion_desktop.desktop.deliveries.board_columns import BENCH_COLUMNS
from infusion_desktop.desktop.deliveries.looks import who_may
from infusion_desktop.desktop.deliveries.small_dialogs import ShortDialog
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.stock.scan_values import ScanKind
from infusion_desktop.stock.scans import read_scan

_STEPS = ("Pick", "Verify", "Pack", "Hand over")
_AT = {
    DeliveryState.RELEASED: 0,
    DeliveryState.PICKED: 1,
    DeliveryState.VERIFIED: 2,
    DeliveryState.PACKED: 3,
    DeliveryState.SHIPPED: 4,
    DeliveryState.DELIVERED: 4,
}
_BACK_PERMISSION = {
    DeliveryState.PICKED: Permission.PICK,
    DeliveryState.VERIFIED: Permission.VERIFY,
    DeliveryState.PACKED: Permission.PICK,
}
_WRAP = 44


class BenchScreen(Screen):
    """The bench."""

    title = "Bench"
    uses_badges = True
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries"})
    help = (
        "Scan a manifest or pick list to begin. Then scan each box; the large panel says which bin comes next. Type a "
        "number and press Enter to count the marked line by hand. Ctrl+Z takes the last scan back."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.delivery_id: DeliveryId | None = None
        self.kept: BenchPage | None = None
        self.lines: tuple[BenchLine, ...] = ()
        self.verifier: User | None = None
        """The second person, while this delivery is verified."""
        self.last: Feedback | None = None
        self._undo: list[tuple[tuple[str, int], int]] = []
        self._before: dict[tuple[str, int], int] | None = None
        self._waiting: list[str] = []
        self._busy = False
        self._shown_state: DeliveryState | None = None
        self._lay_out()
        self._connect()
        self._choose()

    # What is shown.

    def load(self) -> None:
        database, day = self.context.database, today()
        self.ask(lambda: _on_bench(database, day), self.queue.set_rows, key="queue")
        if self.delivery_id is not None:
            delivery_id = self.delivery_id
            self.ask(lambda: _bench_page(database, delivery_id, day), self._show, key="delivery")

    def show_record(self, kind: str, record: object) -> None:
        """Put a delivery on the bench."""
        assert isinstance(record, int)
        if self.delivery_id != record:
            self._leave()
            self.delivery_id = DeliveryId(record)
        self.load()

    def put_away(self) -> None:
        """Take the delivery off the bench; what was scanned is kept."""
        self._leave()
        self.delivery_id = None
        self._choose()
        self.load()

    def _leave(self) -> None:
        self.kept, self.lines, self.verifier, self.last = None, (), None, None
        self._undo.clear()
        self._waiting.clear()
        self._before, self._shown_state = None, None
        self.answer.clear()
        self.ship_panel.tracking.set_value("")

    def _choose(self) -> None:
        self.stack.setCurrentWidget(self.queue)
        self.page.lead.setText("Scan a manifest, a pick list or a tote, or choose a delivery here.")
        for widget in (self.away, self.page_button, self.back_button):
            widget.hide()

    @property
    def state(self) -> DeliveryState | None:
        """Where the delivery stands."""
        return None if self.kept is None else self.kept.page.row.state

    @property
    def worker(self) -> UserId:
        """Who does the step: the second person while verifying, else whoever is signed in."""
        return self.verifier.id if self.verifier is not None else self.context.user_id

    @property
    def needs_second_person(self) -> bool:
        """Whether somebody else must sign on to verify."""
        if self.kept is None or self.state is not DeliveryState.PICKED or self.verifier is not None:
            return False
        return self.context.user_id in self.kept.pickers or not self.context.may(Permission.VERIFY)

    def _show(self, kept: BenchPage) -> None:
        if kept.page.row.id != self.delivery_id:
            return
        before, self._before = self._before, None
        self.kept, self.lines = kept, lines_of(kept)
        row = kept.page.row
        if self._shown_state is not row.state:
            self._undo.clear()
            if row.state is not DeliveryState.PICKED:
                self.verifier = None
        elif before is not None and row.state is DeliveryState.RELEASED:
            grown = [line for line in self.lines if line.done > before.get(line.id, 0)]
            self._undo += [(line.id, before.get(line.id, 0)) for line in grown]
        self.stack.setCurrentWidget(self.work)
        self.page.lead.setText(f"{row.number}   {row.patient_name}   {row.therapy}   {show_days(row.period)}")
        for widget in (self.away, self.page_button):
            widget.show()
        self.table.set_rows(self.lines)
        self._show_step(row.state)
        self._show_panel(kept, is_new=self._shown_state is not row.state)
        self._shown_state = row.state

    def _show_step(self, state: DeliveryState) -> None:
        now = _AT.get(state, -1)
        for number, (icon, text) in enumerate(self._marks):
            mark_step(icon, text, number < now, number == now)
        verifying = state is DeliveryState.PICKED
        self.undo_button.setVisible(state is DeliveryState.RELEASED)
        self.undo_button.setEnabled(bool(self._undo))
        self.short_button.setVisible(state is DeliveryState.RELEASED)
        self.all_button.setVisible(state is DeliveryState.RELEASED or (verifying and not self.needs_second_person))
        self.all_button.setText("All was compared by hand" if verifying else "All was counted by hand")
        permission = _BACK_PERMISSION.get(state)
        self.back_button.setVisible(permission is not None)
        if permission is not None:
            self.back_button.setEnabled(self.context.may(permission))
            self.back_button.setToolTip(
                "Take the last step back" if self.context.may(permission) else who_may(permission)
            )
        self.who.setText(f"Verified by {self.verifier.name}" if self.verifier is not None else "")

    def _show_panel(self, kept: BenchPage, *, is_new: bool) -> None:
        state = kept.page.row.state
        if state in (DeliveryState.RELEASED, DeliveryState.PICKED) and not self.needs_second_person:
            self._show_next(state)
            return
        if self.needs_second_person:
            if self.side.currentWidget() is not self.sign_on or is_new:
                picked_self = self.context.user_id in kept.pickers
                self.sign_on.start(
                    "You picked this kit, so somebody else verifies it."
                    if picked_self
                    else "Your role does not verify. Somebody whose role does signs on here."
                )
            self.side.setCurrentWidget(self.sign_on)
            self.sign_on.username.line.setFocus()
        elif state is DeliveryState.VERIFIED:
            if is_new:
                self.pack_panel.start(kept)
            self.side.setCurrentWidget(self.pack_panel)
            (self.pack_panel.totes if is_new else self.pack_panel).setFocus()
        elif state is DeliveryState.PACKED:
            self.ship_panel.start(kept)
            self.ship_panel.ship.setEnabled(self.context.may(Permission.SHIP))
            self.ship_panel.ship.setToolTip("" if self.context.may(Permission.SHIP) else who_may(Permission.SHIP))
            self.side.setCurrentWidget(self.ship_panel)
        else:
            self.done_panel.start(state)
            self.side.setCurrentWidget(self.done_panel)

    def _show_next(self, state: DeliveryState) -> None:
        upcoming = next_of(self.lines)
        done = sum(line.is_done for line in self.lines)
        self.side.setCurrentWidget(self.next_panel)
        if upcoming is not None:
            self.table.select_ids([upcoming.id])
        self.next_panel.show_line(upcoming, done, len(self.lines), state is DeliveryState.PICKED)
        if not self.next_panel.quantity.line.hasFocus():
            self.table.grid.setFocus()

    def _marked(self, line: BenchLine | None) -> None:
        if line is None or self.side.currentWidget() is not self.next_panel or self.state is None:
            return
        done = sum(each.is_done for each in self.lines)
        self.next_panel.show_line(line, done, len(self.lines), self.state is DeliveryState.PICKED)

    # Scans, one after the other in the order they came.

    def on_scan(self, raw: str) -> bool:
        try:
            kind = read_scan(raw, today=today()).kind
        except Refused as no:
            if self.kept is None:
                return False
            self._say(Feedback(False, str(no)))
            return True
        if kind in (ScanKind.DELIVERY, ScanKind.TOTE) or self.kept is None:
            return False
        if kind is ScanKind.BADGE:
            self._sign_on_by_badge(read_scan(raw, today=today()).code)
            return True
        self._waiting.append(raw)
        self._scan_next()
        return True

    def _scan_next(self) -> None:
        if self._busy or not self._waiting or self.kept is None:
            return
        raw = self._waiting.pop(0)
        if self.state not in (DeliveryState.RELEASED, DeliveryState.PICKED):
            self._waiting.clear()
            self._say(Feedback(False, "Picking and verifying are over. Go on at the right."))
            return
        if self.needs_second_person:
            self._waiting.clear()
            self._say(Feedback(False, "A second person signs on first."))
            return
        quantity = self._typed_quantity()
        database, delivery_id, by = self.context.database, self.kept.page.row.id, self.worker
        if self.state is DeliveryState.RELEASED:
            self._answered(
                lambda override: scan_pick(database, delivery_id, raw, by, quantity=quantity, override=override)
            )
        else:
            self._answered(lambda _override: scan_verify(database, delivery_id, raw, by, quantity=quantity))

    def _typed_quantity(self) -> int | None:
        field = self.next_panel.quantity
        try:
            typed = field.value()
        except Refused:
            typed = None
        field.set_value(None)
        return typed or None

    def _answered(self, deed: Callable[[str], Feedback], override: str = "") -> None:
        """Do one scan or count, say its answer, show how things stand, then go on with the next."""
        self._busy = True
        self._before = {line.id: line.done for line in self.lines}
        delivery_id = self.delivery_id

        def answered(feedback: Feedback) -> None:
            if not feedback.right:
                self._before = None
            self.page.banner.clear()
            self._say(feedback)
            if not feedback.right or delivery_id is None:
                self._go_on()
                return
            database, day = self.context.database, today()
            self.desk.jobs.run(self, lambda: _bench_page(database, delivery_id, day), shown, failed)

        def shown(kept: BenchPage) -> None:
            self._show(kept)
            topics = ("deliveries", "stock", "equipment") if self.state is not DeliveryState.RELEASED else ()
            self.desk.changes.announce(*topics)
            self._go_on()

        def failed(error: Exception) -> None:
            self._before = None
            if not isinstance(error, Warned):
                self.desk.messages.beep()
            self.desk.messages.show_failure(
                error, self, (lambda reason: self._answered(deed, reason)) if isinstance(error, Warned) else None
            )
            self._go_on()

        self.desk.jobs.run(self, lambda: deed(override), answered, failed)

    def _go_on(self) -> None:
        self._busy = False
        self._scan_next()

    def _say(self, feedback: Feedback) -> None:
        self.last = feedback
        large = textwrap.fill(feedback.sentence, _WRAP)
        if feedback.right:
            self.desk.messages.right(large)
            self.answer.say(Tone.GOOD, feedback.sentence)
        else:
            self.desk.messages.wrong(large)
            self.answer.say(Tone.BAD, feedback.sentence)

    # Counting by hand, taking back, shortages.

    def enter_quantity(self, number: int) -> None:
        """So many of the marked line, in all."""
        line = self.table.current_row() or next_of(self.lines)
        self.next_panel.quantity.set_value(None)
        if line is None or self._busy or self.state is None:
            return
        if not line.is_lot:
            self._say(Feedback(False, "A pump or pole is scanned, not counted."))
            return
        database, lot_line_id, by = self.context.database, line.lot_line_id, self.worker
        if self.state is DeliveryState.RELEASED:
            self._answered(lambda _override: enter_pick(database, lot_line_id, number, by))
        else:
            self._answered(lambda _override: enter_verified(database, lot_line_id, number, by))

    def undo_last(self) -> None:
        """Take the last scan or count back."""
        if not self._undo or self._busy or self.state is not DeliveryState.RELEASED:
            return
        (kind, id_), before = self._undo.pop()
        database, by = self.context.database, self.context.user_id
        deed: Callable[[str], Any] = (
            (lambda _override: enter_pick(database, id_, before, by))
            if kind == "lot"
            else (lambda _override: take_off_pump(database, id_, by))
        )
        self.answer.clear()
        self.do(deed, changed=("deliveries",), said="The last scan was taken back.", pressed=self.undo_button)

    def report_short(self) -> None:
        """Fewer than wanted are in the bin."""
        line = self.table.current_row() or next_of(self.lines)
        if line is None or not line.is_lot:
            self.desk.messages.refused(("Mark the line of the lot that is short first.",), self, Tone.INFO)
            return
        database, by, lot_line_id = self.context.database, self.context.user_id, line.lot_line_id
        dialog = ShortDialog(
            self.context, self.desk, line.name, line.done, line.wanted, self,
            lambda found, why: report_short(database, lot_line_id, found, why, by),
        )  # fmt: skip
        dialog.open()

    def confirm_all(self) -> None:
        """Everything was counted or compared by hand, without scanning each box."""
        if self.kept is None or self.state not in (DeliveryState.RELEASED, DeliveryState.PICKED):
            return
        database, delivery_id, by = self.context.database, self.kept.page.row.id, self.worker
        verifying = self.state is DeliveryState.PICKED
        work = verify_all if verifying else pick_all
        left = sum(not line.is_done for line in self.lines)
        asked = Question(
            "Was every line compared with the list?" if verifying else "Was every line counted out?",
            (f"{left} of {len(self.lines)} lines were not scanned. Your name is kept as the one who counted them.",),
            yes="All was compared" if verifying else "All was counted",
        )
        self.desk.messages.confirm(
            asked,
            lambda: self.do(
                lambda _override: work(database, delivery_id, by), changed=("deliveries",), pressed=self.all_button
            ),
            self,
        )

    def step_back(self) -> None:
        """Take the last step back, with a reason."""
        if self.kept is None:
            return
        database, delivery_id, by = self.context.database, self.kept.page.row.id, self.context.user_id

        def answered(answer: Answer) -> None:
            if answer.yes:
                self.do(
                    lambda _override: undo(database, delivery_id, answer.reason, by),
                    changed=("deliveries", "equipment"), said="The step was taken back.", pressed=self.back_button,
                )  # fmt: skip

        asked = Question("Take the last step back?", ("It has to be done again afterwards.",), "Take back",
                         needs_reason=True)  # fmt: skip
        self.desk.messages.ask(asked, answered, self.window())

    # The second person.

    def sign_on_by_password(self, username: str, password: str) -> None:
        """Somebody signs on to verify, by user name and password."""
        database = self.context.database
        self.desk.jobs.run(
            self, lambda: sign_in(database, username, password), self._second_person, self.show_failure,
            text="Signing on",
        )  # fmt: skip

    def _sign_on_by_badge(self, badge: str) -> None:
        if self.state is not DeliveryState.PICKED:
            self._say(Feedback(False, "A badge signs on to verify; this delivery is not there yet."))
            return
        database = self.context.database

        def found(user: User | None) -> None:
            if user is None:
                self._say(Feedback(False, "Nobody here has this badge."))
            else:
                self._second_person(user)

        self.ask(lambda: _by_badge(database, badge), found)

    def _second_person(self, user: User) -> None:
        if self.kept is None or self.state is not DeliveryState.PICKED:
            return
        if user.id in self.kept.pickers:
            self._say(Feedback(False, f"{user.name} picked this kit and cannot verify it."))
            return
        if Permission.VERIFY not in user.permissions:
            self._say(Feedback(False, f"The role of {user.name} does not verify."))
            return
        self.verifier = user
        self.page.banner.clear()
        self.desk.messages.right(f"{user.name} verifies")
        self.answer.clear()
        self._show(self.kept)

    # Packing and handing over.

    def pack(self, totes: int, cold_packs: int) -> None:
        """Into so many totes."""
        if self.kept is None:
            return
        database, delivery_id, by = self.context.database, self.kept.page.row.id, self.context.user_id
        self.do(
            lambda override: pack(database, delivery_id, totes, cold_packs, by, override=override),
            changed=("deliveries",), said="Packed.", pressed=self.pack_panel.pack,
        )  # fmt: skip

    def print_manifest(self) -> None:
        """Show the manifest, to print."""
        if self.kept is None:
            return
        row = self.kept.page.row
        database, by = self.context.database, self.context.user_id

        def show(pdf: bytes) -> None:
            PdfDialog(
                self.desk, "Delivery manifest", pdf, f"manifest-{row.number}.pdf", self.context.folder, self
            ).open()

        self.do(lambda _override: print_manifests(database, [row.id], by), changed=("deliveries",), then=show,
                pressed=self.ship_panel.print_button, text="Drawing the manifest")  # fmt: skip

    def ship(self, tracking: str) -> None:
        """Out of the house."""
        if self.kept is None:
            return
        row = self.kept.page.row
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: ship(database, row.id, by, tracking=tracking),
            changed=("deliveries", "stock", "equipment"), said=f"{row.number} is on its way.",
            pressed=self.ship_panel.ship,
        )  # fmt: skip

    def _lay_out(self) -> None:
        self.queue: TableView[DeliveryRow] = TableView(
            BENCH_COLUMNS, lambda row: row.id, name="Deliveries at the bench", desk=self.desk,
            noun=("delivery", "deliveries"), settings=self.settings(),
            empty="Nothing waits at the bench. Release a delivery on its page first.",
        )  # fmt: skip
        self.table: TableView[BenchLine] = TableView(
            COLUMNS, lambda line: line.id, name="Lines on the bench", noun=("line", "lines"), settings=self.settings(),
            empty="Nothing is reserved for this delivery: everything is short. Receive stock, then release it again.",
        )  # fmt: skip
        self.answer = LastAnswer()
        self.who = label("", "muted")
        self.undo_button = button("Undo last", self.undo_last, icon="undo")
        self.undo_button.setToolTip("Take the last scan back (Ctrl+Z)")
        self.short_button = button("Short…", self.report_short, icon="minus")
        self.short_button.setToolTip("Fewer than wanted are in the bin of the marked line")
        self.all_button = button("All was counted by hand", self.confirm_all)
        self.away = button("Other delivery", self.put_away, icon="list")
        self.page_button = button("Delivery page", self._open_page, icon="truck")
        self.back_button = button("Step back…", self.step_back, icon="undo")
        self.next_panel, self.sign_on = NextPanel(), SignOnPanel()
        self.pack_panel, self.ship_panel, self.done_panel = PackPanel(), ShipPanel(), DonePanel()
        self.side = QStackedWidget()
        for panel in (self.next_panel, self.sign_on, self.pack_panel, self.ship_panel, self.done_panel):
            self.side.addWidget(panel)
        self.side.setMinimumWidth(330)
        self.side.setMaximumWidth(440)
        self.work = QWidget()
        column = QVBoxLayout(self.work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(self._trail())
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self.side, 2)
        middle.addWidget(self._list_side(), 4)
        column.addLayout(middle, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.queue)
        self.stack.addWidget(self.work)
        self.page = Page(self)
        self.page.lead.setProperty("role", "heading")
        self.page.actions(self.back_button, self.page_button, self.away)
        self.page.add(self.stack, 1)

    def _trail(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._marks: list[tuple[QWidget, QWidget]] = []
        for number, step in enumerate(_STEPS):
            if number:
                row.addWidget(icon_label("chevron-right", "muted", 16))
            icon, text = icon_label("dot", "muted"), label(step)
            row.addWidget(icon)
            row.addWidget(text)
            self._marks.append((icon, text))
        row.addStretch(1)
        row.addWidget(self.who)
        return row

    def _list_side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.table, 1)
        column.addWidget(self.answer)
        row = QHBoxLayout()
        for each in (self.undo_button, self.short_button):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.all_button)
        column.addLayout(row)
        return side

    def _connect(self) -> None:
        self.queue.opened.connect(lambda row: self.desk.open("bench", row.id))
        self.table.selected.connect(self._marked)
        self.next_panel.entered.connect(self.enter_quantity)
        self.sign_on.signed_on.connect(self.sign_on_by_password)
        self.pack_panel.packed.connect(self.pack)
        self.ship_panel.print_asked.connect(self.print_manifest)
        self.ship_panel.shipped.connect(self.ship)
        shortcut = QShortcut(QKeySequence("Ctrl+Z"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.undo_last)

    def _open_page(self) -> None:
        if self.delivery_id is not None:
            self.desk.open("delivery", self.delivery_id)


def _on_bench(database: Database, day: date) -> tuple[DeliveryRow, ...]:
    with database.reading() as session:
        return on_bench(session, day)


def _bench_page(database: Database, delivery_id: DeliveryId, day: date) -> BenchPage:
    with database.reading() as session:
        return bench_page(session, delivery_id, day)


def _by_badge(database: Database, badge: str) -> User | None:
    with database.reading() as session:
        return user_by_badge(session, badge) or user_by_badge(session, f"USR:{badge}")
