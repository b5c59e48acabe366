"""One count: the blind sheet with the line that is being counted, or its differences once nobody counts any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_instant, today
from infusion_desktop.deliveries.bench.in_totes import units_in_totes
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.count_columns import (
    SHEET_CHIPS,
    SHEET_COLUMNS,
    VARIANCE_CHIPS,
    VARIANCE_COLUMNS,
    state_of,
)
from infusion_desktop.desktop.stock.count_entry import CountEntry, Target
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.stock import papers
from infusion_desktop.stock.counting.count_queries import CountRow, SheetRow, Variance, count_row, sheet, variances
from infusion_desktop.stock.counting.counts import (
    Mark,
    approve,
    cancel_count,
    count_again,
    enter,
    enter_found,
    finish,
    mark,
)
from infusion_desktop.stock.queries import PlaceRow, place_rows
from infusion_desktop.stock.scanning.lot_scans import ScannedLots, scanned_lots
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.words import CountId, CountLineId, CountState


@dataclass(frozen=True, slots=True)
class _Count:
    row: CountRow
    lines: tuple[SheetRow, ...]
    variances: tuple[Variance, ...]
    places: tuple[PlaceRow, ...]


class CountSheetView(QWidget):
    """Belongs to the screen of counts, whose jobs and banner it uses."""

    back_asked = Signal()

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.owner, self.context, self.desk = screen, screen.context, screen.desk
        self.count_id: CountId | None = None
        self.shown: _Count | None = None
        self.place: PlaceRow | None = None
        self._wanted_scan = ""
        self._scans = 0
        self._lay_out()
        self.lines.selected.connect(self._choose)
        self.lines.opened.connect(lambda _row: self.entry.quantity.setFocus())
        self.entry.entered.connect(self.save)
        self.differences.selected.connect(lambda _row: self._allow())

    def show_count(self, count_id: CountId, scan: str = "") -> None:
        """Show a count from now on."""
        if count_id != self.count_id:
            self.shown = self.place = None
            self.entry.show_nothing("")
            self.lines.set_rows(())
            self.lines.clear_filter()
            self.differences.set_rows(())
        self.count_id, self._wanted_scan = count_id, scan
        self.load()

    def load(self) -> None:
        """Ask again; what was typed stays."""
        database, count_id = self.context.database, self.count_id
        if count_id is not None:
            self.owner.ask(lambda: _read(database, count_id), self._show, key="sheet")

    def has_unsaved(self) -> bool:
        """Whether a number was typed that is not written down yet."""
        return self.entry.number() is not None and self.entry.is_typed

    def on_scan(self, raw: str) -> bool:
        """A shelf, a box, a lot label, or a line of the printed sheet."""
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if self.shown is None or self.shown.row.state is not CountState.OPEN:
            self.desk.messages.wrong("Nothing is counted on this sheet any more.")
        elif scan.kind is ScanKind.COUNT_LINE:
            self._scanned_line(scan.code)
        elif scan.kind is ScanKind.LOCATION:
            self._scanned_place(scan.code)
        elif scan.kind in (ScanKind.PRODUCT, ScanKind.LOT_LABEL, ScanKind.TEXT):
            database = self.context.database
            self._scans += 1  # Each scan counts: none is dropped for a newer one.
            self.owner.ask(lambda: _lots(database, scan), self._scanned_lots, key=f"scan {self._scans}")
        else:
            self.desk.messages.wrong(f"This is the label of a {scan.kind.value}. Scan a shelf or a box.")
        return True

    def save(self) -> None:
        """Write the number down and go on to the next line."""
        target, counted = self.entry.target, self.entry.number()
        if target is None or counted is None or self.count_id is None:
            self.desk.messages.wrong("Type how many lie there; 0 is a count too.")
            return
        self._write(target, counted, self.entry.begun, go_on=True)

    def _write(self, target: Target, counted: int, begun: Mark | None, *, go_on: bool) -> None:
        database, by, count_id = self.context.database, self.context.user_id, self.count_id
        assert count_id is not None

        def deed(_override: str) -> CountLineId:
            if target.line_id is not None:
                enter(database, target.line_id, counted, by, begun=begun, away=units_in_totes)
                return target.line_id
            return enter_found(
                database, count_id, target.lot_id, target.location_id, counted, by, away=units_in_totes
            )  # fmt: skip

        def done(line_id: CountLineId) -> None:
            self.desk.messages.right(f"{counted:,} of {target.name}, lot {target.lot}, in {target.place}")
            if self.entry.target == target:
                self.entry.show_nothing("")
            if go_on:
                self._next_after(line_id)

        self.owner.do(deed, changed=("counts",), then=done, pressed=self.entry.save_button)

    def _next_after(self, line_id: CountLineId) -> None:
        shown = list(self.lines.model.shown)
        place = next((number for number, row in enumerate(shown) if row.id == line_id), -1)
        for row in (*shown[place + 1 :], *shown[: max(place, 0)]):
            if row.counted is None and row.id != line_id:
                self.lines.select_ids([row.id])
                self._choose(row)
                self.entry.quantity.setFocus()
                return

    def finish(self) -> None:
        """Hand the sheet over."""
        database, by, count_id = self.context.database, self.context.user_id, self.count_id
        if count_id is None:
            return

        def said(again: int) -> str:
            lines = "1 line differs" if again == 1 else f"{again:,} lines differ"
            return f"{lines} too much: somebody else counts again." if again else "Handed over for approval."

        self.owner.do(
            lambda _override: finish(database, count_id, by), changed=("counts",), said=said, pressed=self.finish_button
        )

    def approve(self) -> None:
        """Post the differences."""
        database, by, count_id = self.context.database, self.context.user_id, self.count_id
        if count_id is None or self.shown is None:
            return
        off = [row for row in self.shown.variances if row.difference]
        value = sum((row.value for row in off), ZERO)
        told = (f"{len(off):,} of {len(self.shown.variances):,} lines differ, {show_money(value)} in all.",
                "The differences become moves in the ledger. They can only be corrected by other moves.")  # fmt: skip
        asked = Question("Approve this count?", told, yes="Approve and post")
        self.desk.messages.confirm(
            asked,
            lambda: self.owner.do(
                lambda _override: approve(database, count_id, by), changed=("counts", "stock"),
                said=lambda moved: f"Posted: {moved[0]:,} units found more, {moved[1]:,} found less.",
                pressed=self.approve_button,
            ),
            self,
        )  # fmt: skip

    def again(self) -> None:
        """Have the chosen line counted once more."""
        row = self.differences.current_row()
        if row is None:
            return
        database, by, line_id = self.context.database, self.context.user_id, row.line.id
        asked = Question(
            "Count this line again?", (f"{row.line.item_name}, lot {row.line.lot}, in {row.line.place}. Somebody who "
            f"did not count it first ({row.counted_by}) counts it again.",), yes="Count again", needs_reason=True,
        )  # fmt: skip

        def answered(answer: Answer) -> None:
            if answer.yes:
                self.owner.do(
                    lambda _override: count_again(database, line_id, answer.reason, by), changed=("counts",),
                    said="The sheet is open again.",
                )  # fmt: skip

        self.desk.messages.ask(asked, answered, self.window())

    def give_up(self) -> None:
        """Cancel the count."""
        database, by, count_id = self.context.database, self.context.user_id, self.count_id
        asked = Question("Give this count up?", ("Nothing is posted. What was written down stays readable.",),
                         yes="Give up", needs_reason=True)  # fmt: skip

        def answered(answer: Answer) -> None:
            if answer.yes and count_id is not None:
                self.owner.do(
                    lambda _override: cancel_count(database, count_id, answer.reason, by), changed=("counts",),
                    said="The count is given up.",
                )  # fmt: skip

        self.desk.messages.ask(asked, answered, self.window())

    def print(self) -> None:
        """The sheet to write on, or the differences, as a paper."""
        database, by, count = self.context.database, self.context.user_id, self.shown
        if count is None:
            return
        is_open = count.row.state is CountState.OPEN

        def draw() -> bytes:
            from reports import count_sheet, table_report

            with database.reading() as session:
                if is_open:
                    return count_sheet.render(papers.count_sheet(session, count.row.id, by, now_utc()))
                return table_report.render(papers.variance_report(session, count.row.id, by, now_utc()))

        def show(pdf: bytes) -> None:
            title = "Counting sheet" if is_open else "Differences"
            PdfDialog(self.desk, title, pdf, f"count-{count.row.number}.pdf", self.context.folder, self).show()

        self.owner.ask(draw, show, key="paper")

    def _lay_out(self) -> None:
        self.back_button = button("Counts", self.back_asked.emit, icon="chevron-left")
        self.give_up_button = button("Give up", self.give_up, icon="cross")
        self.print_button = button("Print sheet", self.print, icon="print")
        self.again_button = button("Count again", self.again, icon="undo")
        self.finish_button = button("Finish", self.finish, icon="check", kind="primary")
        self.approve_button = button("Approve", self.approve, icon="check", kind="primary")
        self.name, self.about = label("", "title", wrap=True), label("", "muted", wrap=True)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.back_button)
        top.addStretch(1)
        for press in (self.give_up_button, self.print_button, self.again_button, self.finish_button,
                      self.approve_button):  # fmt: skip
            top.addWidget(press)
        settings = self.owner.settings()
        self.lines: TableView[SheetRow] = TableView(
            SHEET_COLUMNS, lambda row: row.id, name="Lines to count", chips=SHEET_CHIPS, noun=("line", "lines"),
            desk=self.desk, settings=settings, empty="Nothing is on the sheet. Scan a shelf, then what lies on it.",
        )  # fmt: skip
        self.differences: TableView[Variance] = TableView(
            VARIANCE_COLUMNS, lambda row: row.line.id, name="Differences", chips=VARIANCE_CHIPS,
            noun=("line", "lines"), desk=self.desk, settings=settings, empty="No line was counted.",
        )  # fmt: skip
        self.entry = CountEntry(self)
        counting = QWidget()
        across = QHBoxLayout(counting)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(14)
        across.addWidget(self.lines, 1)
        across.addWidget(self.entry, 0, Qt.AlignmentFlag.AlignTop)
        self.body = QStackedWidget()
        self.body.addWidget(counting)
        self.body.addWidget(self.differences)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(top)
        column.addWidget(self.name)
        column.addWidget(self.about)
        column.addWidget(self.body, 1)

    def _show(self, count: _Count) -> None:
        if count.row.id != self.count_id:
            return
        self.shown, row = count, count.row
        self.name.setText(row.title if row.title != row.number else f"Count {row.number}")
        told = [row.number, state_of(row).lower(), f"opened {show_instant(row.opened_at)} by {row.opened_by}"]
        if row.approved_at is not None:
            told.append(f"approved by {row.approved_by} {show_instant(row.approved_at)}")
        is_done = row.state in (CountState.COUNTED, CountState.POSTED)
        if is_done:
            off = [each for each in count.variances if each.difference]
            told.append(f"{len(off):,} of {len(count.variances):,} lines differ, "
                        f"{show_money(sum((each.value for each in off), ZERO))} in all")  # fmt: skip
        else:
            told.append(f"{row.counted:,} of {row.lines:,} counted")
        self.about.setText("  ·  ".join(told))
        self.lines.set_rows(count.lines)
        self.differences.set_rows(count.variances)
        self.body.setCurrentIndex(1 if is_done else 0)
        self._allow()
        if self._wanted_scan:
            scan, self._wanted_scan = self._wanted_scan, ""
            self.on_scan(scan)

    def _allow(self) -> None:
        row = self.shown.row if self.shown is not None else None
        state = row.state if row is not None else None
        is_open, is_counted = state is CountState.OPEN, state is CountState.COUNTED
        may_count, may_approve = self.context.may(Permission.COUNT), self.context.may(Permission.APPROVE_COUNT)
        self.entry.setVisible(is_open)
        self.print_button.setText("Print sheet" if is_open else "Print differences")
        self.print_button.setVisible(state is not CountState.CANCELLED)
        self.finish_button.setVisible(is_open)
        self.finish_button.setEnabled(may_count)
        self.give_up_button.setVisible(is_open or is_counted)
        self.give_up_button.setEnabled(may_count)
        self.again_button.setVisible(is_counted)
        self.again_button.setEnabled(may_approve and self.differences.current_row() is not None)
        self.approve_button.setVisible(is_counted)
        self.approve_button.setEnabled(may_approve)
        self.approve_button.setToolTip("" if may_approve else "A pharmacist who did not count approves it.")

    def _choose(self, row: SheetRow | None) -> None:
        """Turn to a line; a number typed for another line stays with that line until it is written down."""
        if row is None or (self.entry.target is not None and self.entry.target.line_id == row.id):
            return
        self._leave()
        self.entry.show_line(row)
        database, line_id = self.context.database, row.id

        def begun(found: Mark) -> None:
            if self.entry.target is not None and self.entry.target.line_id == line_id:
                self.entry.begun = found

        self.owner.ask(lambda: _mark(database, line_id), begun, key="mark")

    def _leave(self) -> None:
        """What was counted by scans or typed is written down before the next line is shown."""
        target, counted = self.entry.target, self.entry.number()
        if target is not None and counted is not None and self.entry.is_typed:
            self._write(target, counted, self.entry.begun, go_on=False)

    def _scanned_line(self, code: str) -> None:
        number, _, line = code.partition("/")
        rows = self.shown.lines if self.shown is not None else ()
        row = next((row for row in rows if str(row.id) == line), None)
        if self.shown is None or number != self.shown.row.number or row is None:
            self.desk.messages.wrong(f"This line belongs to another sheet ({number}).")
            return
        self._turn_to(row)
        self.desk.messages.right(f"{row.item_name}, lot {row.lot}, in {row.place}: type how many")

    def _scanned_place(self, code: str) -> None:
        places = self.shown.places if self.shown is not None else ()
        self.place = next((place for place in places if place.code == code), None)
        if self.place is None:
            self.desk.messages.wrong(f"There is no place “{code}”. Check the label, or add the place first.")
            return
        self.lines.clear_filter()
        self.lines.filter.setText(code)
        self.lines.apply_filter()
        here = [row for row in self.lines.model.rows if row.place == code]
        left = sum(row.counted is None for row in here)
        self.desk.messages.right(f"{self.place.name}: {left:,} of {len(here):,} lines to count")
        self.entry.tell_place(f"In {self.place.name} ({code})")

    def _scanned_lots(self, found: ScannedLots | Refused) -> None:
        if isinstance(found, Refused):
            self.desk.messages.wrong(str(found))
            return
        assert self.shown is not None
        ids = {lot for lot, _, _ in found.lots}
        here = self.place
        rows = [row for row in self.shown.lines
                if row.lot_id in ids and (here is None or row.location_id == here.id)]  # fmt: skip
        current = self.entry.target
        if current is not None and current.lot_id in ids and (here is None or current.location_id == here.id):
            self.entry.count_more(found.pack_quantity)
            self.desk.messages.right(f"{self.entry.number():,} {found.unit} of {found.item_name}")
            return
        waiting = [row for row in rows if row.counted is None] or rows
        if len(waiting) > 1:
            self._narrow(found, waiting)
        elif waiting:
            self._turn_to(waiting[0])
            self.entry.count_more(found.pack_quantity)
            self.desk.messages.right(f"{waiting[0].item_name}, lot {waiting[0].lot}, in {waiting[0].place}")
        elif here is None:
            self.desk.messages.wrong(f"{found.item_name} is not on this sheet. Scan the shelf it lies in first.")
        elif len(ids) == 1:
            self._leave()
            self.entry.show_found(found, here)
            self.entry.count_more(found.pack_quantity)
            self.desk.messages.right(f"{found.item_name} was not expected in {here.code}: it is counted there too")
        else:
            self.desk.messages.wrong(f"Scan the code that holds the lot number of {found.item_name}.")

    def _narrow(self, found: ScannedLots, rows: Sequence[SheetRow]) -> None:
        self.lines.clear_filter()
        self.lines.filter.setText(found.item_number)
        self.lines.apply_filter()
        self.desk.messages.wrong(f"{found.item_name} is on {len(rows)} lines. Choose the lot, or scan the shelf first.")

    def _turn_to(self, row: SheetRow) -> None:
        if row not in self.lines.model.shown:
            self.lines.clear_filter()
        self._choose(row)
        self.lines.select_ids([row.id])
        self.entry.quantity.setFocus()
        self.entry.quantity.selectAll()


def _read(database: Database, count_id: CountId) -> _Count:
    with database.reading() as session:
        row = count_row(session, count_id)
        is_done = row.state in (CountState.COUNTED, CountState.POSTED)
        return _Count(
            row, sheet(session, count_id), variances(session, count_id) if is_done else (), place_rows(session)
        )


def _mark(database: Database, line_id: CountLineId) -> Mark:
    with database.reading() as session:
        return mark(session, line_id, units_in_totes)


def _lots(database: Database, scan: Scan) -> ScannedLots | Refused:
    try:
        with database.reading() as session:
            return scanned_lots(session, scan)
    except Refused as refusal:
        return refusal
