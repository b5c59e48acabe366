"""A wave: one walk through the bins for many deliveries; each scan says which slot of the cart the units go into."""

import textwrap
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.batches import print_wave
from infusion_desktop.deliveries.bench.bench import Feedback
from infusion_desktop.deliveries.bench.picking import enter_pick, report_short
from infusion_desktop.deliveries.bench.wave_queries import SlotRow, WavePage, WavePickRow, open_wave, wave_page
from infusion_desktop.deliveries.bench.waves import WaveFeedback, close_wave, leave_wave, scan_wave
from infusion_desktop.deliveries.printing import print_wave_list
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind, WaveId
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.deliveries.bench_panels import LastAnswer
from infusion_desktop.desktop.deliveries.bench_scans import typed_quantity
from infusion_desktop.desktop.deliveries.looks import NEXT, tone_of
from infusion_desktop.desktop.deliveries.print_dialogs import print_many
from infusion_desktop.desktop.deliveries.small_dialogs import ShortDialog
from infusion_desktop.desktop.forms import QuantityField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan

_WRAP = 44
_PAPERS = (PaperKind.WAVE_LIST, PaperKind.PICK_LIST, PaperKind.TEACHING_LIST, PaperKind.MANIFEST, PaperKind.TOTE_LABEL)


def _into(row: WavePickRow) -> str:
    return "   ".join(f"{slot}→{wanted - done:,}" for slot, _row, done, wanted in row.parts if wanted > done) or "done"


PICK_COLUMNS: tuple[Column[WavePickRow], ...] = (
    Column("Bin", lambda row: row.place, sort_key=lambda row: row.turn),
    Column("Item", lambda row: f"{row.item_name} (cold)" if row.storage.is_cold else row.item_name, stretch=True,
           width=180, hint=lambda row: row.item_number),
    Column("Lot", lambda row: row.lot),
    Column("Slot → how many", _into, stretch=True, width=120),
    Column("Done", lambda row: f"{row.done:,} of {row.wanted:,}",
           tone=lambda row: Tone.GOOD if row.done >= row.wanted else Tone.INFO if row.done else Tone.NEUTRAL,
           sort_key=lambda row: row.done / row.wanted if row.wanted else 1.0),
)  # fmt: skip
SLOT_COLUMNS: tuple[Column[SlotRow], ...] = (
    Column("Slot", lambda row: str(row.slot), sort_key=lambda row: row.slot, numeric=True),
    Column("Delivery", lambda row: row.delivery.number),
    Column("Patient", lambda row: row.delivery.patient_name, stretch=True, width=110),
    Column("Units", lambda row: f"{row.units_done:,} of {row.units_wanted:,}"),
    Column("Stands", lambda row: row.delivery.state.value.capitalize(), tone=lambda row: tone_of(row.delivery),
           hint=lambda row: NEXT[row.delivery.state]),
    Column("Still to scan", lambda row: ", ".join(row.equipment), hidden=True),
)  # fmt: skip


class WalkPanel(Card):
    """The bin to go to, what to take there, and into which slots."""

    def __init__(self) -> None:
        super().__init__()
        self.place, self.item = label("", "figure", wrap=True), label("", "heading", wrap=True)
        self.lot, self.take = label("", "muted", wrap=True), label("", "title", wrap=True)
        self.slots = label("", "heading", wrap=True)
        self.things = label("", "strong", wrap=True)
        self.quantity = QuantityField("How many, for its first slot", least=0)
        self.overall = label("", "muted")
        for part in (label("Next bin", "caption"), self.place, self.item, self.lot, self.take, self.slots, self.things):
            self.add(part)
        self.column.addStretch(1)
        self.add(self.quantity)
        self.add(self.overall)

    def show_row(self, row: WavePickRow | None, page: WavePage) -> None:
        """Show one line of the walk; without one everything is picked."""
        done = sum(each.done >= each.wanted for each in page.picks)
        waiting = [f"Slot {slot.slot}: scan {', '.join(slot.equipment)}" for slot in page.slots if slot.equipment]
        self.things.setText("\n".join(waiting))
        self.things.setVisible(bool(waiting))
        self.overall.setText(f"{done} of {len(page.picks)} picks done" if page.picks else "")
        self.quantity.setEnabled(row is not None)
        if row is None:
            self.place.setText("")
            self.item.setText("Everything is picked." if not waiting else "Only pumps and poles are left.")
            for part in (self.lot, self.take, self.slots):
                part.setText("")
            return
        self.place.setText(row.place)
        self.item.setText(row.item_name)
        facts = (row.item_number, f"lot {row.lot}" if row.lot else "", f"expires {show_day(row.expires_on)}"
                 if row.expires_on else "", "keep cold" if row.storage.is_cold else "")  # fmt: skip
        self.lot.setText(" · ".join(fact for fact in facts if fact))
        self.take.setText(f"Take {row.wanted - row.done:,} {row.unit}" if row.done < row.wanted else "Done")
        left = [(slot, wanted - done) for slot, _row, done, wanted in row.parts if wanted > done]
        self.slots.setText("\n".join(f"{units:,} into slot {slot}" for slot, units in left))


class WaveScreen(Screen):
    """One wave."""

    title = "Wave"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries"})
    help = (
        "Walk from bin to bin in the order of the list and scan each box: the answer names the slot of the cart it "
        "goes into. A typed number and Enter counts for the first open slot of the marked line. Verify each delivery "
        "on the bench afterwards."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.wave_id: WaveId | None = None
        self.shown: WavePage | None = None
        self.dialog: DeedDialog | None = None
        self.last: WaveFeedback | None = None
        self._waiting: list[Callable[[], None]] = []
        """What was scanned or typed while the one before is being booked."""
        self._busy = False
        self._lay_out()

    def load(self) -> None:
        if self.wave_id is None:
            return
        database, wave_id, by = self.context.database, self.wave_id, self.context.user_id
        if self.shown is None:
            self.ask_to_open(lambda why: open_wave(database, wave_id, by, why), self._show, key="wave")
        else:
            self.ask(lambda: _page(database, wave_id, today()), self._show, key="wave")

    def show_record(self, kind: str, record: object) -> None:
        """Show this wave."""
        assert isinstance(record, int)
        if record != self.wave_id:
            self.shown, self.last = None, None
            self.answer.clear()
            self._waiting.clear()
        self.wave_id = WaveId(record)
        self.opens_anew()
        self.load()

    # Scans.

    def on_scan(self, raw: str) -> bool:
        try:
            kind = read_scan(raw, today=today()).kind
        except Refused as no:
            self._say(WaveFeedback(Feedback(False, str(no))))
            return True
        if kind in (ScanKind.DELIVERY, ScanKind.TOTE, ScanKind.BADGE) or self.shown is None:
            return False
        quantity, database, by = typed_quantity(self.walk.quantity), self.context.database, self.context.user_id
        wave_id = self.shown.id
        self._waiting.append(
            lambda: self._answered(
                lambda override: scan_wave(database, wave_id, raw, by, quantity=quantity, override=override)
            )
        )
        self._next()
        return True

    def _next(self) -> None:
        if not self._busy and self._waiting:
            self._waiting.pop(0)()

    def _answered(self, deed: Callable[[str], WaveFeedback], override: str = "") -> None:
        """Do one scan or count, say its answer, show how things stand, then go on with the next."""
        self._busy = True
        database, wave_id = self.context.database, self.wave_id

        def answered(answer: WaveFeedback) -> None:
            self.page.banner.clear()
            self._say(answer)
            if not answer.feedback.right or wave_id is None:
                self._go_on()
                return
            if answer.feedback.complete:
                self.desk.changes.announce("deliveries", "equipment")
            self.desk.jobs.run(self, lambda: _page(database, wave_id, today()), shown, failed)

        def shown(page: WavePage) -> None:
            self._show(page)
            self._go_on()

        def failed(error: Exception) -> None:
            if not isinstance(error, Warned):
                self.desk.messages.beep()
            self.desk.messages.show_failure(
                error, self, (lambda reason: self._answered(deed, reason)) if isinstance(error, Warned) else None
            )
            self._go_on()

        self.desk.jobs.run(self, lambda: self.attempts.do(lambda: deed(override)), answered, failed)

    def _go_on(self) -> None:
        self._busy = False
        self._next()

    def _say(self, answer: WaveFeedback) -> None:
        self.last = answer
        large = textwrap.fill(answer.feedback.sentence, _WRAP)
        if answer.feedback.right:
            self.desk.messages.right(f"SLOT {answer.slot}\n{large}" if answer.slot else large)
            self.answer.say(Tone.GOOD, answer.feedback.sentence)
        else:
            self.desk.messages.wrong(large)
            self.answer.say(Tone.BAD, answer.feedback.sentence)

    def enter_quantity(self) -> None:
        """So many of the marked line for its first open slot."""
        row = self._marked()
        if row is None or self.walk.quantity.is_blank() or not self.walk.quantity.check():
            return
        number = self.walk.quantity.value()
        assert number is not None
        self.walk.quantity.set_value(None)
        self._waiting.append(lambda: self._counted(row.id, number))
        self._next()

    def _counted(self, row_id: tuple[int, int], number: int) -> None:
        picks = () if self.shown is None else self.shown.picks
        open_parts = [part for row in picks if row.id == row_id for part in row.parts if part[3] > part[2]]
        if not open_parts:
            self._say(WaveFeedback(Feedback(False, "This line is done already. Mark another one.")))
            self._next()
            return
        slot, lot_line, _done, _wanted = open_parts[0]
        database, by = self.context.database, self.context.user_id

        def count(_override: str) -> WaveFeedback:
            feedback = enter_pick(database, lot_line, number, by)
            return WaveFeedback(replace(feedback, sentence=f"Slot {slot}. {feedback.sentence}"), slot)

        self._answered(count)

    # Deeds.

    def report_short(self) -> None:
        """Fewer than wanted are in the bin, for the first open slot of the marked line."""
        row = self._marked()
        if row is None:
            self.desk.messages.refused(("Mark a line that is not done.",), self, Tone.INFO)
            return
        slot, lot_line, done, wanted = next(part for part in row.parts if part[3] > part[2])
        database, by = self.context.database, self.context.user_id
        self._open(ShortDialog(
            self.context, self.desk, f"{row.item_name}, slot {slot}", done, wanted, self,
            lambda found, why: report_short(database, lot_line, found, why, by),
        ))  # fmt: skip

    def leave(self) -> None:
        """Take the marked delivery off the cart."""
        slot, wave_id = self.slots.current_row(), self.wave_id
        if slot is None or wave_id is None:
            self.desk.messages.refused(("Mark a slot of the cart first.",), self, Tone.INFO)
            return
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: leave_wave(database, wave_id, slot.delivery.id, by), changed=("deliveries",),
            said=f"{slot.delivery.number} is off the cart.", pressed=self.leave_button,
        )  # fmt: skip

    def close_wave(self) -> None:
        """The walk is over; the first delivery that waits for a second person goes onto the bench."""
        database, by, wave_id = self.context.database, self.context.user_id, self.wave_id
        if wave_id is None:
            return
        waiting = [] if self.shown is None else [
            slot.delivery for slot in self.shown.slots if slot.delivery.state is DeliveryState.PICKED
        ]  # fmt: skip

        def over(_result: object) -> None:
            if waiting:
                self.desk.open("bench", waiting[0].id)

        self.do(
            lambda _override: close_wave(database, wave_id, by), changed=("deliveries",),
            said="The walk is over. A second person verifies.", then=over, pressed=self.close_button,
        )  # fmt: skip

    def print_list(self) -> None:
        """The walk on paper."""
        database, by, wave_id = self.context.database, self.context.user_id, self.wave_id
        if wave_id is None:
            return

        def show(pdf: bytes) -> None:
            PdfDialog(self.desk, "Wave pick list", pdf, "wave.pdf", self.context.folder, self).open()

        self.do(lambda _override: print_wave_list(database, wave_id, by), then=show, pressed=self.list_button,
                text="Drawing the walk")  # fmt: skip

    def print_papers(self) -> None:
        """The papers of all slots."""
        database, by, wave_id = self.context.database, self.context.user_id, self.wave_id
        if wave_id is not None:
            self._open(print_many(
                self.context, self.desk, "Papers of the wave", _PAPERS, self,
                lambda kinds, why: print_wave(database, wave_id, kinds, by, why),
            ), opened=True)  # fmt: skip

    # What is shown.

    def _show(self, page: WavePage) -> None:
        if page.id != self.wave_id:
            return
        self.shown = page
        self.page.lead.setText(f"Wave {page.number}" + ("   is over" if page.closed else ""))
        self.picks.set_rows(page.picks)
        self.slots.set_rows(page.slots)
        upcoming = next((row for row in page.picks if row.done < row.wanted), None)
        if upcoming is not None:
            self.picks.select_ids([upcoming.id])
        self.walk.show_row(upcoming, page)
        for each in (self.short_button, self.leave_button, self.close_button):
            each.setEnabled(not page.closed and self.context.may(Permission.PICK))

    def _marked(self) -> WavePickRow | None:
        row = self.picks.current_row()
        if row is None and self.shown is not None:
            row = next((each for each in self.shown.picks if each.done < each.wanted), None)
        return row if row is not None and row.done < row.wanted else None

    def _pick_marked(self, row: WavePickRow | None) -> None:
        if row is not None and self.shown is not None:
            self.walk.show_row(row, self.shown)

    def _open(self, dialog: DeedDialog, *, opened: bool = False) -> None:
        self.dialog = dialog
        if not opened:
            dialog.open()

    def _lay_out(self) -> None:
        self.walk = WalkPanel()
        self.walk.setMinimumWidth(300)
        self.walk.setMaximumWidth(400)
        self.answer = LastAnswer()
        self.picks: TableView[WavePickRow] = TableView(
            PICK_COLUMNS, lambda row: row.id, name="The walk", noun=("pick", "picks"), settings=self.settings(),
            empty="Nothing is left to pick in this wave.",
        )  # fmt: skip
        self.slots: TableView[SlotRow] = TableView(
            SLOT_COLUMNS, lambda row: row.slot, name="Slots on the cart", noun=("slot", "slots"),
            settings=self.settings(), empty="No delivery is on this cart.",
        )  # fmt: skip
        self.slots.opened.connect(lambda row: self.desk.open("bench", row.delivery.id))
        self.picks.selected.connect(self._pick_marked)
        self.walk.quantity.line.returnPressed.connect(self.enter_quantity)
        self.short_button = button("Short…", self.report_short, icon="minus")
        self.leave_button = button("Off the cart", self.leave, icon="cross")
        self.list_button = button("Walk on paper", self.print_list, icon="print")
        self.papers_button = button("Print…", self.print_papers, icon="print")
        self.close_button = button("The walk is over", self.close_wave, icon="check", kind="primary")
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.picks, 3)
        right.addWidget(self.answer)
        foot = QHBoxLayout()
        foot.addWidget(self.short_button)
        foot.addWidget(self.leave_button)
        foot.addStretch(1)
        right.addLayout(foot)
        right.addWidget(self.slots, 2)
        across = QWidget()
        row = QHBoxLayout(across)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addWidget(self.walk, 2)
        row.addLayout(right, 5)
        self.page = Page(self)
        self.page.lead.setProperty("role", "heading")
        self.page.lead.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.page.actions(self.list_button, self.papers_button, self.close_button)
        self.page.add(across, 1)


def _page(database: Database, wave_id: WaveId, day: date) -> WavePage:
    with database.reading() as session:
        return wave_page(session, wave_id, day)
