"""What payers denied, paid short or paid too much: why, what to do next, by when; and the deeds that settle it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.money.appeals import ENCLOSURES, NewAppeal, appeal, suggested_argument
from infusion_desktop.billing.money.disputes import (
    DisputeRow,
    Seen,
    StepRow,
    dispute_steps,
    disputes,
    move_disputes,
    remarks_of,
    write_off_disputes,
)
from infusion_desktop.billing.money.overpaid import refund_overpaid
from infusion_desktop.billing.words import WORKING, DisputeKind, DisputeState
from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.desktop.billing.claim_dialogs import replace_dialog
from infusion_desktop.desktop.billing.money_columns import DISPUTES, is_due_soon
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, NotesField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Figure, Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import ZERO, show_money

MOVES = {
    "Appealed by telephone or portal": DisputeState.APPEALED,
    "Paid after all": DisputeState.WON,
    "Accepted: nothing more to do": DisputeState.ACCEPTED,
    "Open again": DisputeState.OPEN,
}
MOVES_OF_OVERPAID = {
    "The payer is told, and takes it back": DisputeState.TOLD,
    "Accepted: the payment is right": DisputeState.ACCEPTED,
    "Open again": DisputeState.OPEN,
}


@dataclass(frozen=True, slots=True)
class About:
    """What is told of the selected row."""

    row: DisputeRow
    remarks: tuple[str, ...]
    steps: tuple[StepRow, ...]


class DenialsScreen(Screen):
    """The queue of denials, underpayments and overpayments."""

    title = "Denials"
    topics = frozenset({"billing"})
    help = (
        "The nearest deadline stands first. Enter opens the claim; the panel says what to do next. "
        "Select several to appeal, settle or write them off together; one letter is about one claim's decision."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.table: TableView[DisputeRow] = TableView(
            DISPUTES, lambda row: row.id, name="Denials, under- and overpayments", desk=desk,
            noun=("decision to work on", "decisions to work on"),
            chips=[
                Chip("Denied", lambda row: row.kind is DisputeKind.DENIED, group="kind"),
                Chip("Underpaid", lambda row: row.kind is DisputeKind.UNDERPAID, group="kind"),
                Chip("Overpaid", lambda row: row.kind is DisputeKind.OVERPAID, group="kind"),
                Chip("Due in 14 days", is_due_soon),
                Chip("Appealed", lambda row: row.state is DisputeState.APPEALED),
            ],
            empty="Nothing was denied, paid short or paid too much. What payers decide next is sorted here by itself.",
            settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(lambda row: desk.open("claim", row.claim_id))
        self.table.selected.connect(self._chosen)
        self.figures = [
            Figure("Denied", Tone.BAD),
            Figure("Paid short", Tone.WARN),
            Figure("Paid too much", Tone.WARN),
            Figure("Due in 14 days", Tone.WARN),
        ]
        self.about = QPlainTextEdit()
        self.about.setReadOnly(True)
        self.about.setAccessibleName("What to do next")
        self._lay_out()

    def _lay_out(self) -> None:
        page = Page(self)
        page.lead.hide()
        row = QHBoxLayout()
        row.setSpacing(12)
        for figure in self.figures:
            row.addWidget(figure)
        page.add(row)
        self.appeal_button = button("Appeal by letter", self.appeal, icon="print", kind="primary")
        self.replace_button = button("Replace the claim", self.replace, icon="edit")
        self.move_button = button("Say what was done", self.move_on, icon="check")
        self.off_button = button("Write off", self.write_off, icon="minus")
        self.refund_button = button("Refund", self.refund, icon="undo")
        claim_button = button("Open the claim", self._open, icon="claim")
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(label("What to do next", "heading"))
        column.addWidget(self.about, 1)
        deeds = QHBoxLayout()
        deeds.addWidget(claim_button)
        deeds.addStretch(1)
        if self.context.may(Permission.CLAIM):
            deeds.addWidget(self.move_button)
        if self.context.may(Permission.POST_PAYMENT):
            deeds.addWidget(self.refund_button)
        if self.context.may(Permission.ADJUST_ACCOUNTS):
            deeds.addWidget(self.off_button)
        if self.context.may(Permission.CLAIM):
            deeds.addWidget(self.replace_button)
            deeds.addWidget(self.appeal_button)
        column.addLayout(deeds)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.table)
        both.addWidget(side)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        both.setChildrenCollapsible(False)
        both.setSizes([330, 220])
        page.add(both, 1)
        self._chosen(None)

    def load(self) -> None:
        self.ask(self._rows, self._show, key="rows")

    def _rows(self) -> tuple[DisputeRow, ...]:
        with self.context.database.reading() as session:
            return disputes(session, states=WORKING)

    def _show(self, rows: tuple[DisputeRow, ...]) -> None:
        self.table.set_rows(rows)
        if rows and self.table.current_row() is None:
            self.table.select_ids([rows[0].id])
        groups = (
            [row for row in rows if row.kind is DisputeKind.DENIED],
            [row for row in rows if row.kind is DisputeKind.UNDERPAID],
            [row for row in rows if row.kind is DisputeKind.OVERPAID],
            [row for row in rows if is_due_soon(row)],
        )
        tones = (Tone.BAD, Tone.WARN, Tone.WARN, Tone.WARN)
        for figure, found, tone in zip(self.figures, groups, tones, strict=True):
            amount = show_money(sum((row.amount for row in found), ZERO)).partition(".")[0]
            lines = f"{len(found)} line" + ("" if len(found) == 1 else "s")
            figure.show_value(amount, lines, tone if found else Tone.GOOD)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self.table.select_ids([record])

    def _chosen(self, row: object) -> None:
        chosen = row if isinstance(row, DisputeRow) else None
        too_much = chosen is not None and chosen.kind is DisputeKind.OVERPAID
        for each in (self.move_button, self.replace_button):
            each.setEnabled(chosen is not None)
        for each in (self.appeal_button, self.off_button):
            each.setEnabled(chosen is not None and not too_much)
        self.refund_button.setEnabled(too_much)
        if chosen is None:
            self.about.setPlainText("")
            return
        self.ask(lambda: self._about(chosen), self._tell, key="about")

    def _about(self, row: DisputeRow) -> About:
        with self.context.database.reading() as session:
            return About(row, remarks_of(session, row.id), dispute_steps(session, row.id))

    def _tell(self, about: About) -> None:
        row = about.row
        told = [
            f"Claim {row.claim}, {row.patient}, {row.payer}: {row.code}, {show_money(row.amount)}", row.reason,
            *(f"Remark {each}" for each in about.remarks), "", f"Next step: {row.next_step}",
            f"Last day to {'give it back' if row.is_overpaid else 'appeal'}: {show_day(row.due_on)}.", "",
        ]  # fmt: skip
        if not row.may_appeal and not row.is_overpaid:
            told.insert(-1, "This reason is put right by a corrected claim rather than by an appeal.")
        for step in about.steps:
            note = f": {step.note}" if step.note else ""
            told.append(f"{show_instant(step.at)}  {step.state.value}, {step.who}{note}")
        self.about.setPlainText("\n".join(told))

    def _open(self) -> None:
        if (row := self.table.current_row()) is not None:
            self.desk.open("claim", row.claim_id)

    def appeal(self) -> None:
        """Write an appeal letter for the selected rows; for one alone also for what was denied with it."""
        rows = self.table.selected_rows()
        if not rows:
            return
        every = rows if len(rows) > 1 else [each for each in self.table.model.rows if each.goes_with(rows[0])]

        def begin() -> tuple[str, str]:
            with self.context.database.reading() as session:
                alone, together = ([each.id for each in several] for several in (rows, every))
                return suggested_argument(session, alone), suggested_argument(session, together)

        self.ask(begin, lambda texts: self._write(rows, every, *texts))

    def _write(self, rows: list[DisputeRow], every: list[DisputeRow], alone: str, together: str) -> None:
        dialog = AppealDialog(self.context, self.desk, self, (rows, alone), (every, together))
        dialog.succeeded.connect(lambda pdf: self._preview(pdf, f"appeal-{rows[0].claim}.pdf"))
        self._show_dialog(dialog.opened_by(self.appeal))

    def _preview(self, pdf: bytes, name: str) -> None:
        self.preview = PdfDialog(self.desk, "Appeal letter", pdf, name, self.context.folder, self)
        self.preview.open()

    def move_on(self) -> None:
        """Say what was done about the selected rows."""
        if rows := self.table.selected_rows():
            self._show_dialog(StepDialog(self.context, self.desk, self, rows).opened_by(self.move_on))

    def write_off(self) -> None:
        """Give the selected rows up."""
        if rows := self.table.selected_rows():
            self._show_dialog(WriteOffDialog(self.context, self.desk, self, rows).opened_by(self.write_off))

    def refund(self) -> None:
        """Give what was paid too much back."""
        if rows := self.table.selected_rows():
            self._show_dialog(RefundDialog(self.context, self.desk, self, rows).opened_by(self.refund))

    def replace(self) -> None:
        """Draft a replacement of the claim."""
        if (row := self.table.current_row()) is not None:
            dialog = replace_dialog(self.context, self.desk, self, row.claim_id, row.claim)
            dialog.succeeded.connect(lambda claim: self.desk.open("claim", claim))
            self._show_dialog(dialog)

    def _show_dialog(self, dialog: DeedDialog) -> None:
        self.dialog = dialog
        dialog.open()


def _seen(rows: Sequence[DisputeRow]) -> list[Seen]:
    return [(row.id, row.version) for row in rows]


def _sum(rows: Sequence[DisputeRow]) -> str:
    return show_money(sum((row.amount for row in rows), ZERO))


def _told(rows: Sequence[DisputeRow]) -> str:
    """What is worked on, as a dialog says it: "J0690, A5200 on claim C0000012"."""
    claims: dict[str, list[str]] = {}
    for row in rows:
        claims.setdefault(row.claim, []).append(row.code)
    return "; ".join(f"{', '.join(dict.fromkeys(codes))} on claim {claim}" for claim, codes in claims.items())


class AppealDialog(DeedDialog):
    """The letter's argument and what goes with it."""

    changed = ("billing",)

    def __init__(
        self,
        context: Context,
        desk: Desk,
        parent: QWidget,
        alone: tuple[list[DisputeRow], str],
        together: tuple[list[DisputeRow], str],
    ) -> None:
        """What was selected and what is appealed with it, each with the words to begin the letter with."""
        rows = alone[0]
        super().__init__(context, desk, f"Appeal claim {rows[0].claim}", parent, save="Make the letter", width=760)
        self._alone, self._together = alone, together
        self.about = label("", "muted", wrap=True)
        self.body.addWidget(self.about)
        self.with_others = QCheckBox(f"All {len(together[0])} lines of this decision that have this reason")
        self.with_others.setChecked(True)
        self.with_others.setVisible(len(together[0]) > len(rows))
        self.with_others.toggled.connect(self._changed)
        self.body.addWidget(self.with_others)
        self.argument = NotesField("Why the payer should decide otherwise", required=True, lines=8)
        self.argument.set_value(together[1])
        self.argument.text.setMinimumHeight(170)
        self.boxes = [QCheckBox(each) for each in ENCLOSURES]
        enclosed = QGridLayout()
        enclosed.setVerticalSpacing(8)
        for place, box in enumerate(self.boxes):
            enclosed.addWidget(box, place // 2, place % 2)
        self.signed_title = TextField("Your title under the signature", placeholder="Billing specialist")
        self.form = Form()
        self.form.section("", (self.argument,))
        self.body.addWidget(self.form, 1)
        self.body.addWidget(label("Enclosed", "heading"))
        self.body.addLayout(enclosed)
        self.body.addWidget(self.signed_title)
        self._tell()

    def rows(self) -> list[DisputeRow]:
        """What the letter is about."""
        return (self._together if self.with_others.isChecked() else self._alone)[0]

    def _changed(self, is_together: bool) -> None:
        before, now = (self._alone, self._together) if is_together else (self._together, self._alone)
        if self.argument.value() == before[1].strip():
            self.argument.set_value(now[1])
        self._tell()

    def _tell(self) -> None:
        rows = self.rows()
        self.about.setText(f"{', '.join(row.code for row in rows)}: {_sum(rows)}. {rows[0].reason}.")

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        chosen = tuple(name for name, box in zip(ENCLOSURES, self.boxes, strict=True) if box.isChecked())
        new = NewAppeal(self.argument.value(), chosen, self.signed_title.value())
        database, by, seen = self.context.database, self.context.user_id, _seen(self.rows())
        return lambda why: appeal(database, seen, new, by, why)

    def said(self, _result: object) -> str:
        return "The appeal is kept with the claim. Print the letter and send it."


class StepDialog(DeedDialog):
    """What was done."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, rows: list[DisputeRow]) -> None:
        super().__init__(context, desk, "What was done", parent)
        self._rows = rows
        self.body.addWidget(label(f"{_told(rows)}: {_sum(rows)}.", "muted", wrap=True))
        moves = MOVES_OF_OVERPAID if all(row.is_overpaid for row in rows) else MOVES
        self.state: ChoiceField[DisputeState] = ChoiceField("It is now", list(moves.items()), required=True)
        self.note = NotesField("What was done", required=True, hint="Whom you spoke to, their reference number.")
        self.form = Form()
        self.form.section("", (self.state,), (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        state = self.state.value() if self.form.check() else None
        if state is None:
            return None
        note, database, by = self.note.value(), self.context.database, self.context.user_id
        return lambda _why: move_disputes(database, _seen(self._rows), state, by, note)

    def said(self, _result: object) -> str:
        return "Kept."


class RefundDialog(DeedDialog):
    """Give what was paid above the contract back."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, rows: list[DisputeRow]) -> None:
        super().__init__(context, desk, f"Refund {_sum(rows)}", parent, save="Refund")
        self._rows = rows
        told = f"What was paid above the contract for {_told(rows)} goes back to the payer; nothing more is owed."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.number = TextField("Check or transfer number of the refund", required=True)
        self.form = Form()
        self.form.section("", (self.number,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        number, database, by = self.number.value(), self.context.database, self.context.user_id
        return lambda _why: refund_overpaid(database, _seen(self._rows), number, by)

    def said(self, result: object) -> str:
        return f"{show_money(result)} are refunded."  # type: ignore[arg-type]


class WriteOffDialog(DeedDialog):
    """Give denials or underpayments up."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, rows: list[DisputeRow]) -> None:
        super().__init__(context, desk, f"Write off {_sum(rows)}", parent, save="Write off", kind="danger")
        self._rows = rows
        told = f"What is still owed of {_told(rows)} is taken off. The entry stays in the ledger."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.note = NotesField("Why", required=True)
        self.form = Form()
        self.form.section("", (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        note, database, by = self.note.value(), self.context.database, self.context.user_id
        return lambda _why: write_off_disputes(database, _seen(self._rows), by, note)

    def said(self, result: object) -> str:
        return f"{show_money(result)} is written off." if result else "Nothing was owed of it any more."  # type: ignore[arg-type]
