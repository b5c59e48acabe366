"""The bench: deliveries, alone or in waves, picked, verified by a second person, packed and handed over, by scans."""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget

from infusion_desktop.access.people import User, sign_in
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.dates import show_days, today
from infusion_desktop.deliveries.batches import print_deliveries
from infusion_desktop.deliveries.bench.bench import Feedback
from infusion_desktop.deliveries.bench.handing_over import Going, going
from infusion_desktop.deliveries.bench.waves import Done, make_wave
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.screen_queries import BenchPage, bench_page, open_bench
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.deliveries.bench_deeds import BenchDeeds
from infusion_desktop.desktop.deliveries.bench_home import BenchHome, home_of
from infusion_desktop.desktop.deliveries.bench_lines import BenchLine, held_in, lines_of, next_of
from infusion_desktop.desktop.deliveries.bench_scans import BenchScans
from infusion_desktop.desktop.deliveries.bench_view import BenchView
from infusion_desktop.desktop.deliveries.hand_over_dialog import HandOverDialog
from infusion_desktop.desktop.deliveries.looks import who_may
from infusion_desktop.desktop.deliveries.print_dialogs import BatchDialog, print_many
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen

_IN_THE_HOUSE = (DeliveryState.RELEASED, DeliveryState.PICKED, DeliveryState.VERIFIED, DeliveryState.PACKED)
_PAPERS = (PaperKind.PICK_LIST, PaperKind.TEACHING_LIST, PaperKind.MANIFEST, PaperKind.TOTE_LABEL)


class BenchScreen(Screen):
    """The bench."""

    title = "Bench"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "printing"})
    help = (
        "Scan a manifest or pick list to begin. Then scan each box; the large panel says which bin comes next. Type a "
        "number and press Enter to count the marked line by hand. Ctrl+Z takes the last scan back. At the hand-over "
        "scan each tote. Mark several deliveries to pick them as a wave, print their papers or hand them over together."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.delivery_id: DeliveryId | None = None
        self.kept: BenchPage | None = None
        self.lines: tuple[BenchLine, ...] = ()
        self.verifier: User | None = None
        """The second person, while this delivery is verified."""
        self.dialog: DeedDialog | None = None
        self._shown_state: DeliveryState | None = None
        self.scans, self.deeds = BenchScans(self), BenchDeeds(self)
        self._lay_out()
        self._connect()
        self._choose()

    # What is shown.

    def load(self) -> None:
        database, day = self.context.database, today()
        self.ask(lambda: home_of(database, day), self.home.show_home, key="queue")
        if self.delivery_id is not None:
            delivery_id, by = self.delivery_id, self.context.user_id
            if self.kept is None:
                self.ask_to_open(
                    lambda why: open_bench(database, delivery_id, by, why), self.show_page, key="delivery", hides=False
                )
            else:
                self.ask(lambda: self.page_of(delivery_id), self.show_page, key="delivery")

    def page_of(self, delivery_id: DeliveryId) -> BenchPage:
        """The delivery as the bench shows it; asked off the window's thread."""
        with self.context.database.reading() as session:
            return bench_page(session, delivery_id, today())

    def show_record(self, kind: str, record: object) -> None:
        """Put a delivery on the bench."""
        assert isinstance(record, int)
        if self.delivery_id != record:
            self._leave()
            self._choose()
            self.delivery_id = DeliveryId(record)
        self.opens_anew()
        self.load()

    def put_away(self) -> None:
        """Take the delivery off the bench; what was scanned is kept."""
        self._leave()
        self.delivery_id = None
        self._choose()
        self.load()

    @property
    def state(self) -> DeliveryState | None:
        """Where the delivery stands."""
        return None if self.kept is None else self.kept.page.row.state

    @property
    def worker(self) -> UserId:
        """Who does the step: the second person while verifying, else whoever is signed in."""
        return self.verifier.id if self.verifier is not None else self.context.user_id

    @property
    def last(self) -> Feedback | None:
        """The answer to the last scan."""
        return self.scans.last

    @property
    def needs_second_person(self) -> bool:
        """Whether somebody else must sign on to verify."""
        if self.kept is None or self.state is not DeliveryState.PICKED or self.verifier is not None:
            return False
        return self.context.user_id in self.kept.pickers or not self.context.may(Permission.VERIFY)

    @property
    def wants_badge(self) -> bool:
        return self.needs_second_person

    def show_page(self, kept: BenchPage) -> None:
        """Show how the delivery stands."""
        if kept.page.row.id != self.delivery_id:
            return
        self.kept, self.lines = kept, lines_of(kept)
        row = kept.page.row
        is_new = self._shown_state is not row.state
        if is_new and row.state is not DeliveryState.PICKED:
            self.verifier = None
        self.scans.shown(self.lines, row.state, is_new_step=is_new)
        self.stack.setCurrentWidget(self.view)
        self.page.lead.setText(f"{row.number}   {row.patient_name}   {row.therapy}   {show_days(row.period)}")
        for widget in (self.away, self.page_button):
            widget.show()
        self.list_button.setVisible(row.state is DeliveryState.RELEASED)
        self.table.set_rows(self.lines)
        self.view.show_step(
            row.state, can_undo=self.scans.can_undo,
            may_verify_all=row.state is DeliveryState.PICKED and not self.needs_second_person,
            verifier=self.verifier.name if self.verifier is not None else "",
        )  # fmt: skip
        self.view.show_back(row.state, self.back_button, self.context)
        self._show_panel(kept, is_new=is_new)
        held = held_in(self.lines) if row.state in _IN_THE_HOUSE else []
        if held and (is_new or not self.answer.isVisible()):
            self.answer.say(Tone.BAD, " ".join(held))
        self._shown_state = row.state

    def show_again(self) -> None:
        """Show what is known, without asking again."""
        if self.kept is not None:
            self.show_page(self.kept)

    def show_stop(self, sentence: str) -> None:
        """Nothing goes on until somebody has read what is wrong."""
        self.view.stop_panel.start(sentence)
        self.side.setCurrentWidget(self.view.stop_panel)
        self.view.stop_panel.go_on.setFocus()

    def _leave(self) -> None:
        self.kept, self.lines, self.verifier = None, (), None
        self.scans.forget()
        self._shown_state = None
        self.answer.clear()
        self.ship_panel.tracking.set_value("")

    def _choose(self) -> None:
        self.stack.setCurrentWidget(self.home)
        self.page.lead.setText("Scan a manifest, a pick list or a tote, or choose a delivery here.")
        for widget in (self.away, self.page_button, self.back_button, self.list_button):
            widget.hide()

    def _show_panel(self, kept: BenchPage, *, is_new: bool) -> None:
        state = kept.page.row.state
        if self.scans.stopped:
            self.show_stop(self.scans.stopped)
        elif state in (DeliveryState.RELEASED, DeliveryState.PICKED) and not self.needs_second_person:
            self._show_next(state)
        elif self.needs_second_person:
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
            if is_new:
                self.deeds.watch_totes()
            else:
                self.deeds.show_totes()
            self.ship_panel.ship.setEnabled(self.context.may(Permission.SHIP))
            self.ship_panel.ship.setToolTip("" if self.context.may(Permission.SHIP) else who_may(Permission.SHIP))
            self.side.setCurrentWidget(self.ship_panel)
        else:
            self.view.done_panel.start(state)
            self.side.setCurrentWidget(self.view.done_panel)

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

    # Scans and the second person.

    def on_scan(self, raw: str) -> bool:
        return self.scans.on_scan(raw)

    def undo_last(self) -> None:
        """Take the last scan or count back."""
        self.scans.undo_last()

    def report_short(self) -> None:
        """Fewer than wanted are in the bin."""
        self.deeds.report_short()

    def sign_on_by_password(self, username: str, password: str) -> None:
        """Somebody signs on to verify, by user name and password."""
        database = self.context.database
        self.desk.jobs.run(
            self, lambda: sign_in(database, username, password), self._second_person, self.show_failure,
            text="Signing on",
        )  # fmt: skip

    def sign_on_by_badge(self, badge: str) -> None:
        """Somebody signs on to verify, by badge."""
        if self.state is not DeliveryState.PICKED:
            self.scans.say(Feedback(False, "A badge signs on to verify; this delivery is not there yet."))
            return
        from infusion_desktop.desktop.own_access import BadgeDialog

        self.dialog = dialog = BadgeDialog(self.context, self.desk, badge, self, "Sign on to verify")
        dialog.succeeded.connect(self._second_person)
        dialog.open()

    def _second_person(self, user: User) -> None:
        if self.kept is None or self.state is not DeliveryState.PICKED:
            return
        if user.id in self.kept.pickers:
            self.scans.say(Feedback(False, f"{user.name} picked this kit and cannot verify it."))
            return
        if Permission.VERIFY not in user.permissions:
            self.scans.say(Feedback(False, f"The role of {user.name} does not verify."))
            return
        if user.must_change_password:
            told = f"{user.name} has a first password that somebody else knows. Sign in with it and choose another one."
            self.scans.say(Feedback(False, told))
            return
        self.verifier = user
        self.page.banner.clear()
        self.desk.messages.right(f"{user.name} verifies")
        self.answer.clear()
        self.show_page(self.kept)

    # Many at once.

    def make_wave(self) -> None:
        """The marked deliveries on one walk."""
        chosen = [row.id for row in self.queue.selected_rows() if row.state is DeliveryState.RELEASED]
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: make_wave(database, chosen, by), changed=("deliveries",),
            then=lambda wave: self.desk.open("wave", wave), pressed=self.home.wave_button,
        )  # fmt: skip

    def print_papers(self) -> None:
        """Papers of the marked deliveries, or of all that the list shows."""
        marked = self.queue.selected_rows()
        chosen = [row.id for row in (marked if len(marked) > 1 else self.queue.model.shown)]
        database, by = self.context.database, self.context.user_id
        self.dialog = print_many(
            self.context, self.desk, f"Papers of {len(chosen)} deliveries", _PAPERS, self,
            lambda kinds, why: print_deliveries(database, chosen, kinds, by, why),
        )  # fmt: skip

    def hand_over(self) -> None:
        """Everything marked that is packed leaves."""
        packed = [row for row in self.queue.selected_rows() if row.state is DeliveryState.PACKED]
        if not packed:
            self.desk.messages.refused(("Mark packed deliveries first.",), self, Tone.INFO)
            return
        database, ids = self.context.database, [row.id for row in packed]

        def show(rows: tuple[Going, ...]) -> None:
            self.dialog = HandOverDialog(self.context, self.desk, rows, self)
            self.dialog.succeeded.connect(self._handed_over)
            self.dialog.open()

        def read() -> tuple[Going, ...]:
            with database.reading() as session:
                return going(session, ids)

        self.ask(read, show, key="going")

    def _handed_over(self, done: Done) -> None:
        if done.problems:
            self.desk.messages.refused(done.problems, self, Tone.WARN)

    def _lay_out(self) -> None:
        self.home = BenchHome(self, self.desk, wave=self.make_wave, papers=self.print_papers, hand_over=self.hand_over)
        self.queue, self.view = self.home.queue, BenchView(self)
        self.table, self.answer, self.side, self.who = (
            self.view.table, self.view.answer, self.view.side, self.view.who,
        )  # fmt: skip
        self.next_panel, self.sign_on = self.view.next_panel, self.view.sign_on
        self.pack_panel, self.ship_panel = self.view.pack_panel, self.view.ship_panel
        self.undo_button = self.view.undo_button
        self.home.ship_button.setEnabled(self.context.may(Permission.SHIP))
        self.away = button("Other delivery", self.put_away, icon="list")
        self.page_button = button("Delivery page", self._open_page, icon="truck")
        self.list_button = button("Pick list", self.deeds.print_pick_list, icon="print")
        self.back_button = button("Step back…", self.deeds.step_back, icon="undo")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.home)
        self.stack.addWidget(self.view)
        self.page = Page(self)
        self.page.lead.setProperty("role", "heading")
        self.page.actions(self.back_button, self.list_button, self.page_button, self.away)
        self.page.add(self.stack, 1)

    def _connect(self) -> None:
        view, deeds = self.view, self.deeds
        self.queue.opened.connect(lambda row: self.desk.open("bench", row.id))
        self.home.waves.opened.connect(lambda row: self.desk.open("wave", row.id))
        self.home.batches.opened.connect(lambda row: self._open_batch(row.id))
        self.table.selected.connect(self._marked)
        for pressed, press in (
            (view.undo_button, self.undo_last), (view.short_button, self.report_short),
            (view.instead_button, deeds.send_instead), (view.all_button, deeds.confirm_all),
        ):  # fmt: skip
            pressed.clicked.connect(lambda _checked=False, press=press: press())
        view.next_panel.entered.connect(self.scans.enter_quantity)
        view.stop_panel.read.connect(self.scans.go_on)
        view.sign_on.signed_on.connect(self.sign_on_by_password)
        view.pack_panel.packed.connect(deeds.pack)
        view.ship_panel.print_asked.connect(deeds.print_manifest)
        view.ship_panel.labels_asked.connect(deeds.print_labels)
        view.ship_panel.shipped.connect(deeds.ship)
        shortcut = QShortcut(QKeySequence("Ctrl+Z"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.undo_last)

    def _open_batch(self, batch_id: object) -> None:
        dialog = BatchDialog(self.context, self.desk, batch_id, self)  # type: ignore[arg-type]
        dialog.look()
        dialog.open()

    def _open_page(self) -> None:
        if self.delivery_id is not None:
            self.desk.open("delivery", self.delivery_id)
