"""Printing many papers: which ones, how far they are, stopping and going on, and what was drawn."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.batches import (
    BatchRow,
    batches,
    close_batch,
    draw_batch,
    drawn_pages,
    give_up_batch,
)
from infusion_desktop.deliveries.schedule.dispatch_words import BatchId, PaperKind
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField
from infusion_desktop.desktop.jobs import Job
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Question
from infusion_desktop.progress import Progress

_TITLES = {
    PaperKind.ROUTE_SHEET: ("Route sheets", "one for each driver or route"),
    PaperKind.PICK_LIST: ("Pick lists", "of what is released and not picked"),
    PaperKind.WAVE_LIST: ("Wave pick list", "one walk for all slots"),
    PaperKind.TEACHING_LIST: ("Teaching sheet list", "which sheets go into which tote"),
    PaperKind.MANIFEST: ("Manifests", "one for each delivery, to be signed"),
    PaperKind.PICK_UP_TICKET: ("Pick-up tickets", "pumps to fetch that day"),
    PaperKind.TOTE_LABEL: ("Tote labels", "of what is packed, on label paper"),
}
Make = Callable[[Sequence[PaperKind], str], BatchId]


class PrintDialog(DeedDialog):
    """Which papers shall be printed; ``succeeded`` carries the batch that was made."""

    changed: ClassVar[frozenset[str]] = frozenset({"printing"})  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, title: str, kinds: Sequence[PaperKind], parent: QWidget, make: Make
    ) -> None:
        super().__init__(context, desk, title, parent, save="Draw them")
        self._make = make
        self.boxes: dict[PaperKind, CheckField] = {}
        for kind in kinds:
            name, hint = _TITLES[kind]
            box = CheckField(name, hint=hint)
            box.caption.hide()
            box.set_value(True)
            self.boxes[kind] = box
            self.body.addWidget(box)

    def deed(self) -> Deed | None:
        chosen = [kind for kind, box in self.boxes.items() if box.value()]
        if not chosen:
            self.desk.messages.refused(("Choose at least one kind of paper.",), self)
            return None
        make = self._make
        return lambda why: make(chosen, why)


class BatchDialog(QDialog):
    """A batch being drawn. Closing or stopping keeps what is drawn; it goes on from there at any time."""

    over = Signal()
    """Drawn to its end, stopped or failed."""

    def __init__(self, context: Context, desk: Desk, batch_id: BatchId, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.context, self.desk, self.batch_id = context, desk, batch_id
        self.row: BatchRow | None = None
        self.job: Job | None = None
        self._looks = 0
        self.setWindowTitle("Printing")
        self.setMinimumWidth(560)
        self.banner = Banner(self)
        self.title, self.state = label("", "heading", wrap=True), label("", "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of drawing")
        self.stop_button = button("Stop", self.stop, icon="pause")
        self.go_on_button = button("Go on", self.start, icon="refresh", kind="primary")
        self.pages_button = button("Pages", lambda: self.show_pages(labels=False), icon="print", kind="primary")
        self.labels_button = button("Labels", lambda: self.show_pages(labels=True), icon="tag")
        self.done_button = button("All lies printed", self.close_batch, icon="check")
        self.give_up_button = button("Give up", self.give_up, kind="danger")
        foot = QHBoxLayout()
        foot.addWidget(self.give_up_button)
        foot.addStretch(1)
        for each in (self.stop_button, self.labels_button, self.pages_button, self.done_button, self.go_on_button):
            foot.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        for part in (self.title, self.banner, self.state, self.bar):
            column.addWidget(part)
        column.addLayout(foot)
        self.finished.connect(self.deleteLater)
        self._show_buttons()

    def start(self) -> None:
        """Draw what is not drawn yet."""
        if self.job is not None:
            return
        database, batch, by = self.context.database, self.batch_id, self.context.user_id
        self.banner.clear()
        self.job = self.desk.jobs.run(
            self, lambda: draw_batch(database, batch, by), lambda _id: self._ended(), self._failed, self._progress,
            self._ended, text="Drawing papers",
        )  # fmt: skip
        self._show_buttons()
        if self.row is None:
            self.look()

    def stop(self) -> None:
        """Stop after what is being drawn."""
        if self.job is not None:
            self.job.cancel()
            self.state.setText("Stopping…")

    def look(self) -> None:
        """Ask how far the batch is."""
        database, batch = self.context.database, self.batch_id
        self._looks += 1
        turn = self._looks

        def show(row: BatchRow | None) -> None:
            if turn == self._looks:  # An answer that was overtaken would show what is no longer so.
                self._show(row)

        self.desk.jobs.run(self, lambda: _batch(database, batch), show, self._refuse)

    def show_pages(self, *, labels: bool) -> None:
        """Show what is drawn, to print it."""
        database, batch, by, folder = self.context.database, self.batch_id, self.context.user_id, self.context.folder

        def show(pdf: bytes) -> None:
            name = "tote-labels.pdf" if labels else "papers.pdf"
            PdfDialog(self.desk, "Tote labels" if labels else "Papers", pdf, name, folder, self).open()

        self.desk.jobs.run(self, lambda: drawn_pages(database, batch, by, labels=labels), show, self._refuse)

    def close_batch(self) -> None:
        """Everything lies printed; the drawn pages are forgotten."""
        self._end(lambda database, by: close_batch(database, self.batch_id, by))

    def give_up(self) -> None:
        """Draw no more of it."""
        asked = Question(
            "Give this batch up?", ("What was drawn counts as printed: printed again, it is marked as a copy.",),
            yes="Give it up", tone=Tone.BAD,
        )  # fmt: skip
        self.desk.messages.confirm(
            asked, lambda: self._end(lambda database, by: give_up_batch(database, self.batch_id, by)), self
        )

    def _end(self, deed: Callable[[Database, Any], None]) -> None:
        database, by = self.context.database, self.context.user_id

        def ended(_nothing: None) -> None:
            self.desk.changes.announce("printing", "deliveries")
            self.accept()

        self.desk.jobs.run(self, lambda: deed(database, by), ended, self._refuse)

    def _progress(self, step: Progress) -> None:
        self.bar.setMaximum(max(1, step.total))
        self.bar.setValue(step.done)
        self.state.setText(f"Drawing {step.text}: {step.done} of {step.total} parts." if step.text else "Drawn.")

    def _failed(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)
        self._ended()

    def _ended(self) -> None:
        self.job = None
        self.desk.changes.announce("printing", "deliveries")
        self.look()
        self.over.emit()

    def _refuse(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)

    def _show(self, row: BatchRow | None) -> None:
        self.row = row
        if row is not None:
            self.title.setText(row.title)
            self.bar.setMaximum(max(1, row.parts))
            self.bar.setValue(row.drawn)
            if self.job is None:
                self.state.setText(_said(row))
        self._show_buttons()

    def _show_buttons(self) -> None:
        row, drawing = self.row, self.job is not None
        drawn = 0 if row is None else row.drawn
        finished = row is not None and row.finished
        self.stop_button.setVisible(drawing)
        self.go_on_button.setVisible(not drawing and row is not None and not finished)
        self.pages_button.setVisible(not drawing and row is not None and row.pages > 0)
        self.pages_button.setText(f"Pages ({row.pages:,})" if row is not None else "Pages")
        self.labels_button.setVisible(not drawing and row is not None and row.labels > 0)
        self.labels_button.setText(f"Labels ({row.labels:,})" if row is not None else "Labels")
        self.done_button.setVisible(not drawing and finished)
        self.give_up_button.setVisible(not drawing and row is not None and not (finished and not drawn))


def _said(row: BatchRow) -> str:
    if row.finished:
        return "Drawn. Print the pages, then the labels on label paper; then say that everything lies printed."
    if not row.drawn:
        return "Nothing is drawn yet."
    return f"Stopped: {row.drawn} of {row.parts} parts are drawn and kept. Go on where it stopped."


def _batch(database: Database, batch_id: BatchId) -> BatchRow | None:
    with database.reading() as session:
        return next((row for row in batches(session, closed_too=True) if row.id == batch_id), None)


def print_many(
    context: Context, desk: Desk, title: str, kinds: Sequence[PaperKind], parent: QWidget, make: Make
) -> PrintDialog:
    """Ask which papers, then draw them in a dialog of their own."""
    asked = PrintDialog(context, desk, title, kinds, parent, make)

    def draw(batch_id: object) -> None:
        dialog = BatchDialog(context, desk, BatchId(int(str(batch_id))), parent)
        dialog.open()
        dialog.start()

    asked.succeeded.connect(draw)
    asked.open()
    return asked
