"""Payments: what payers and patients paid, the bank's side of it, what is open by age, credits, and closed months."""

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QTabWidget, QWidget

from infusion_desktop.access.people import everybody
from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.aging import AgingBy, OpenClaim, aging_by, credit_balances
from infusion_desktop.billing.answers import read_answer
from infusion_desktop.billing.claims import mark_sent
from infusion_desktop.billing.collectors import CollectorRow, collectors
from infusion_desktop.billing.deposits import DepositRow, RemittanceRow, deposits, remittances
from infusion_desktop.billing.month_close import ClosedMonth, closed_months, next_to_close
from infusion_desktop.billing.month_close import close_month as close_the_books
from infusion_desktop.billing.patient_money import PatientOwes, patients_owing
from infusion_desktop.billing.posting_rules import PostingRuleRow, end_posting_rule, posting_rules
from infusion_desktop.billing.queries import BatchRow, batches, file_content
from infusion_desktop.billing.set_aside import ItemRow, set_aside
from infusion_desktop.billing.statements import closing_paper, print_statement
from infusion_desktop.billing.words import BatchId
from infusion_desktop.dates import Days, today
from infusion_desktop.desktop.billing import money_columns as columns
from infusion_desktop.desktop.billing.eob_dialog import EobDialog
from infusion_desktop.desktop.billing.money_dialogs import (
    CollectorDialog,
    DepositDialog,
    PatientPaymentDialog,
    PlaceDialog,
    PostingRuleDialog,
    RefundDialog,
    TieDialog,
    WithdrawDialog,
)
from infusion_desktop.desktop.billing.money_views import AgingPart, Money, Part, table
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.file_choice import ask_what_to_read, ask_where_to_save
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.edi.x12 import FILE_LIMIT
from infusion_desktop.errors import Refused
from infusion_desktop.files import write_whole
from infusion_desktop.patients.queries import payers


class MoneyScreen(Screen):
    """Answers and money, each in its tab."""

    title = "Payments"
    topics = frozenset({"billing"})
    help = (
        "Read TA1, 999, 277CA and 835 files as they come: each is posted whole or refused with the reason. Papers are "
        "typed in. Deposits tie payments to the bank. A closed month takes no entry and prints the same ever after."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._found: Money | None = None
        self.dialog: DeedDialog | None = None
        self.remittances = table(
            self, columns.REMITTANCES, lambda row: row.id, "Remittances", ("payment", "payments"),
            "No payment yet. Read a payer's file, or type in a paper.",
        )  # fmt: skip
        self.deposits = table(
            self, columns.DEPOSITS, lambda row: row.id, "Deposits", ("deposit", "deposits"),
            "No deposit yet. Enter the lines of the bank statement; payments are compared with them.",
        )  # fmt: skip
        self.aside = table(
            self, columns.ASIDE, lambda row: row.id, "Beside claims", ("amount", "amounts"),
            "Every payment went to claims. Interest, takebacks and unknown claims are listed here.",
        )  # fmt: skip
        self.aside.opened.connect(self._open_placed)
        self.patients = table(
            self, columns.PATIENTS, lambda row: row.patient_id, "Patients who owe", ("patient", "patients"),
            "No patient owes anything.",
        )  # fmt: skip
        self.patients.opened.connect(lambda row: desk.open("patient", row.patient_id))
        self.credits = table(
            self, columns.CREDITS, lambda row: (row.claim_id, row.account), "Credits", ("credit", "credits"),
            "No claim was paid more than was owed.",
        )  # fmt: skip
        self.credits.opened.connect(lambda row: desk.open("claim", row.claim_id))
        self.closed = table(
            self, columns.CLOSED, lambda row: row.id, "Closed months", ("month", "months"), "No month is closed yet."
        )
        self.batches = table(
            self, columns.BATCHES, lambda row: row.id, "Claim files", ("file", "files"),
            "No claim file was written yet.",
        )  # fmt: skip
        self.batches.opened.connect(self._save_again)
        self.collectors = table(
            self, columns.COLLECTORS, lambda row: row.payer_id, "Collectors", ("payer", "payers"), "No payer yet."
        )
        self.rules = table(
            self, columns.RULES, lambda row: row.id, "Posting rules", ("rule", "rules"),
            "No rule of your own: contract reductions are written off, patients' shares go to patients or next payers, "
            "and reasons that need work stay open as denials.",
        )  # fmt: skip
        self.aging = AgingPart(self)
        self._lay_out()

    def _lay_out(self) -> None:
        may_post = self.context.may(Permission.POST_PAYMENT)
        self.read_button = button("Read a payer's file", self.choose, icon="import", kind="primary")
        self.eob_button = button("Type in a paper", self.type_paper, icon="edit")
        self.close_button = button("Close the month", self.close_month, icon="lock", kind="primary")
        posting = [self.eob_button, self.read_button] if may_post else []
        tie_deeds = [button("Which deposit?", self.tie), *posting] if may_post else []
        closing = [button("Print", self.print_closing, icon="print")]
        closing += [self.close_button] if self.context.may(Permission.CLOSE_MONTH) else []
        self.close_part = Part("", self.closed, closing)
        patient_deeds = [
            button("Statement", self.statement, icon="print"),
            button("Take a payment", self.take_payment, icon="dollar", kind="primary"),
        ]
        may_claim, may_rule = self.context.may(Permission.CLAIM), self.context.may(Permission.EDIT_PAYERS)
        deposit_deeds = [
            button("Take back", self.withdraw, icon="undo"),
            button("Enter a deposit", self.add_deposit, icon="plus", kind="primary"),
        ]
        rule_deeds = [button("End", self.end_rule), button("Add a rule", self.add_rule, icon="plus", kind="primary")]
        place_deeds = [button("Place on a claim", self.place, icon="claim", kind="primary")]
        file_deeds = [button("Mark as sent", self.mark_sent, icon="check", kind="primary")]
        told = "Posted whole, or refused with the reason and nothing posted."
        parts: tuple[tuple[str, QWidget], ...] = (
            ("Remittances", Part(told, self.remittances, tie_deeds)),
            ("Deposits", Part("What the bank shows.", self.deposits, deposit_deeds if may_post else ())),
            ("Set aside", Part("Interest, takebacks, and claims not found here.", self.aside,
                                   place_deeds if may_post else ())),
            ("Patients", Part("Shares of patients; Enter opens the patient.", self.patients,
                              patient_deeds if may_post else ())),
            ("Aging", self.aging),
            ("Credits", Part("Paid more than owed.", self.credits,
                             [button("Refund", self.refund, icon="undo", kind="primary")] if may_post else ())),
            ("Closing", self.close_part),
            ("Claim files", Part("Enter saves a file again.", self.batches, file_deeds if may_claim else ())),
            ("Collectors", Part("Who works on what a payer owes.", self.collectors,
                                [button("Assign", self.assign, icon="people", kind="primary")] if may_claim else ())),
            ("Rules", Part("What adjustments do to what is owed, before the shipped rules.", self.rules,
                                   rule_deeds if may_rule else ())),
        )  # fmt: skip
        self.tabs = QTabWidget()
        for title, part in parts:
            self.tabs.addTab(part, title)
        page = Page(self)
        page.lead.hide()
        page.add(self.tabs, 1)

    def go(self, title: str) -> None:
        """Show the tab with this title."""
        for place in range(self.tabs.count()):
            if self.tabs.tabText(place).startswith(title):
                self.tabs.setCurrentIndex(place)

    def load(self) -> None:
        self.ask(self._money, self._show, key="money")

    def _money(self) -> Money:
        day = today()
        with self.context.database.reading() as session:
            return Money(
                remittances(session),
                deposits(session),
                set_aside(session),
                patients_owing(session),
                tuple((by, aging_by(session, day, by)) for by in AgingBy),
                credit_balances(session, day),
                closed_months(session),
                next_to_close(session, day),
                batches(session),
                collectors(session, day),
                posting_rules(session),
                tuple((each.payer.name, each.id) for each in payers(session)),
                tuple((user.name, user.id) for user in everybody(session)),
            )

    def _show(self, found: Money) -> None:
        self._found = found
        for view, rows in (
            (self.remittances, found.remittances), (self.deposits, found.deposits),
            (self.aside, found.aside), (self.patients, found.patients),
            (self.credits, found.credits), (self.closed, found.closed), (self.batches, found.batches),
            (self.collectors, found.collectors), (self.rules, found.rules),
        ):  # fmt: skip
            view.set_rows(rows)
        self.aging.show_rows(found.aged)
        month = found.to_close
        self.close_button.setEnabled(month is not None)
        self.close_button.setText(f"Close {month.first:%B %Y}" if month else "Close the month")
        self.close_part.lead.setText(
            "A closed month takes no entry any more." if month else "Every month that is over is closed."
        )

    def _chosen(self, view: Any, kind: type, what: str) -> Any:
        row = view.current_row()
        if not isinstance(row, kind):
            self.desk.messages.refused((f"Select {what} first.",), self, Tone.INFO)
            return None
        return row

    def _dialog(self, dialog: DeedDialog) -> None:
        self.dialog = dialog
        dialog.open()

    def choose(self) -> None:
        """Ask for a file."""
        ask_what_to_read(self, "Which file?", "Answers (*.txt *.edi *.835 *.999 *.277);;All files (*)", self.read)

    def read(self, file: Path) -> None:
        """Post a payer's file."""
        database, by = self.context.database, self.context.user_id

        def post(why: str) -> tuple[str, ...]:
            try:
                with file.open("rb") as opened:  # Never more in memory than a file may be.
                    content = opened.read(FILE_LIMIT + 1)
            except OSError as error:
                raise Refused(f"{file.name} cannot be read: {error.strerror}.") from error
            return read_answer(database, content, by, why)

        self.do(post, changed=("billing",), said=lambda told: " ".join(told)[:400], pressed=self.read_button)

    def type_paper(self) -> None:
        """Type in a paper explanation of benefits."""
        if self._found is not None:
            self._dialog(EobDialog(self.context, self.desk, self, self._found.payers))

    def tie(self) -> None:
        """Say which deposit brought the selected payment, or enter it."""
        row = self._chosen(self.remittances, RemittanceRow, "a payment")
        if row is None or self._found is None:
            return
        if any(not each.withdrawn and each.left for each in self._found.deposits):
            self._dialog(TieDialog(self.context, self.desk, self, row, self._found.deposits))
        else:
            self._dialog(DepositDialog(self.context, self.desk, self, row))

    def add_deposit(self) -> None:
        """Enter a line of the bank statement."""
        self._dialog(DepositDialog(self.context, self.desk, self))

    def withdraw(self) -> None:
        """Take the selected deposit back."""
        if (row := self._chosen(self.deposits, DepositRow, "a deposit")) is not None:
            self._dialog(WithdrawDialog(self.context, self.desk, self, row))

    def _open_placed(self, row: object) -> None:
        if isinstance(row, ItemRow) and row.claim_id is not None:
            self.desk.open("claim", row.claim_id)

    def place(self) -> None:
        """Put the selected payment of an unknown claim on a claim of ours."""
        if (row := self._chosen(self.aside, ItemRow, "a claim that was not found")) is not None:
            self._dialog(PlaceDialog(self.context, self.desk, self, row))

    def take_payment(self) -> None:
        """Post what the selected patient paid."""
        if (row := self._chosen(self.patients, PatientOwes, "a patient")) is not None:
            self._dialog(PatientPaymentDialog(self.context, self.desk, self, row))

    def statement(self) -> None:
        """Print the selected patient's statement."""
        row = self._chosen(self.patients, PatientOwes, "a patient")
        if row is None:
            return
        database, by, patient, number = self.context.database, self.context.user_id, row.patient_id, row.number
        self.do(
            lambda _why: print_statement(database, patient, by), changed=("billing",),
            then=lambda pdf: self._preview("Statement", pdf, f"statement-{number}.pdf"),
        )  # fmt: skip

    def _preview(self, title: str, pdf: bytes, name: str) -> None:
        self.preview = PdfDialog(self.desk, title, pdf, name, self.context.folder, self)
        self.preview.open()

    def refund(self) -> None:
        """Give the selected credit back."""
        row = self._chosen(self.credits, OpenClaim, "a credit")
        if row is not None:
            self._dialog(RefundDialog(self.context, self.desk, self, row.claim_id, row.claim, row.account, -row.owed))

    def close_month(self) -> None:
        """Close the next month."""
        month = self._found.to_close if self._found is not None else None
        if month is None:
            return
        asked = Question(
            f"Close {month.first:%B %Y}?",
            ("Nothing can be posted into it, or before it, any more. This cannot be taken back.",),
            yes="Close it",
        )
        self.desk.messages.confirm(asked, lambda: self._close(month), self)

    def _close(self, month: Days) -> None:
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _why: close_the_books(database, month, by), changed=("billing",), pressed=self.close_button,
            said=f"{month.first:%B %Y} is closed.", then=lambda closing: self._print_closing(closing, month),
        )  # fmt: skip

    def print_closing(self) -> None:
        """Print the selected closing again."""
        row = self._chosen(self.closed, ClosedMonth, "a closed month")
        if row is not None:
            self._print_closing(row.id, row.month)

    def _print_closing(self, closing: int, month: Days) -> None:
        def make() -> bytes:
            with self.context.database.reading() as session:
                return closing_paper(session, closing)

        self.ask(make, lambda pdf: self._preview("Month closing", pdf, f"closing-{month.first:%Y-%m}.pdf"))

    def _save_again(self, row: object) -> None:
        if isinstance(row, BatchRow):
            self.ask(
                lambda: self._content(row.id), lambda text: self._save(f"837P-{row.interchange_control:09}.txt", text)
            )

    def _content(self, batch: int) -> str:
        with self.context.database.reading() as session:
            return file_content(session, BatchId(batch))

    def _save(self, name: str, text: str) -> None:
        def save(file: Path) -> None:
            self.do(lambda _why: write_whole(file, text.encode("ascii")), said="The claim file is saved.")

        ask_where_to_save(self, "Where shall the claim file go?", name, "Claim file (*.txt)", save)

    def mark_sent(self) -> None:
        """Say that the selected file went to the payer."""
        row = self._chosen(self.batches, BatchRow, "the claim file that was sent")
        if row is not None:
            database, by, batch = self.context.database, self.context.user_id, BatchId(row.id)
            self.do(lambda _why: mark_sent(database, batch, by), changed=("billing",), said="Its claims are sent now.")

    def assign(self) -> None:
        """Say who works on the selected payer."""
        row = self._chosen(self.collectors, CollectorRow, "a payer")
        if row is not None and self._found is not None:
            self._dialog(CollectorDialog(self.context, self.desk, self, row, self._found.people))

    def add_rule(self) -> None:
        """Add a posting rule."""
        if self._found is not None:
            self._dialog(PostingRuleDialog(self.context, self.desk, self, self._found.payers))

    def end_rule(self) -> None:
        """End the selected rule today."""
        row = self._chosen(self.rules, PostingRuleRow, "a rule")
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.do(
                lambda _why: end_posting_rule(database, row.id, today(), by), changed=("billing",),
                said="The rule holds for the last time today.",
            )  # fmt: skip
