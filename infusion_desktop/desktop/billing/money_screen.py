"""Payments: what payers and patients paid, the bank's side of it, what is open by age, credits, and closed months."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QPushButton, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.people import everybody
from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claiming.claims import mark_sent
from infusion_desktop.billing.money.aging import AgingBy, OpenClaim, aging_by, credit_balances
from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.collectors import CollectorRow, collectors
from infusion_desktop.billing.money.deposits import DepositRow, RemittanceRow, deposits, remittances
from infusion_desktop.billing.money.month_close import ClosedMonth, closed_months, next_to_close
from infusion_desktop.billing.money.month_close import close_month as close_the_books
from infusion_desktop.billing.money.patient_money import PatientOwes, patients_owing
from infusion_desktop.billing.money.posting_rules import PostingRuleRow, end_posting_rule, posting_rules
from infusion_desktop.billing.money.set_aside import ItemRow, set_aside
from infusion_desktop.billing.money.statements import closing_paper, print_statements
from infusion_desktop.billing.queries import BatchRow, batches, file_content
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
    paper_dialog,
    withdraw_dialog,
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
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.edi.x12 import FILE_LIMIT
from infusion_desktop.errors import Refused
from infusion_desktop.files import write_whole
from infusion_desktop.money import ZERO
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
        self._made: dict[str, TableView[Any]] = {}
        self.dialog: DeedDialog | None = None
        self.read_button = button("Read a payer's file", self.choose, icon="import", kind="primary")
        self.eob_button = button("Type in a paper", self.type_paper, icon="edit")
        self.close_button = button("Close the month", self.close_month, icon="lock", kind="primary")
        self._parts: tuple[tuple[str, Callable[[], QWidget]], ...] = (
            ("Remittances", self._remittances_part),
            ("Deposits", self._deposits_part),
            ("Set aside", self._aside_part),
            ("Patients", self._patients_part),
            ("Aging", lambda: self.aging),
            ("Credits", self._credits_part),
            ("Closing", lambda: self.close_part),
            ("Claim files", self._files_part),
            ("Collectors", self._collectors_part),
            ("Rules", self._rules_part),
        )
        self.tabs = QTabWidget()
        for title, _ in self._parts:
            holder = QWidget()
            QVBoxLayout(holder).setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(holder, title)
        self.tabs.currentChanged.connect(self._fill)
        self._fill(0)
        page = Page(self)
        page.lead.hide()
        page.add(self.tabs, 1)

    def _fill(self, place: int) -> None:
        """Make a tab when it is first looked at: all of them at once would hold the window up."""
        holder = self.tabs.widget(place)
        room = holder.layout() if holder is not None else None
        if room is not None and not room.count():
            room.addWidget(self._parts[place][1]())

    def _list(
        self,
        name: str,
        shown: Sequence[Any],
        id_of: Callable[[Any], Any],
        title: str,
        noun: tuple[str, str],
        empty: str,
    ) -> TableView[Any]:
        made = self._made[name] = table(self, shown, id_of, title, noun, empty)
        if self._found is not None:
            made.set_rows(getattr(self._found, name))
        return made

    @cached_property
    def remittances(self) -> TableView[Any]:
        """The posted payments."""
        return self._list(
            "remittances", columns.REMITTANCES, lambda row: row.id, "Remittances", ("payment", "payments"),
            "No payment yet. Read a payer's file, or type in a paper.",
        )  # fmt: skip

    @cached_property
    def deposits(self) -> TableView[Any]:
        """The bank's side."""
        return self._list(
            "deposits", columns.DEPOSITS, lambda row: row.id, "Deposits", ("deposit", "deposits"),
            "No deposit yet. Enter the lines of the bank statement; payments are compared with them.",
        )  # fmt: skip

    @cached_property
    def aside(self) -> TableView[Any]:
        """Money beside claims."""
        made = self._list(
            "aside", columns.ASIDE, lambda row: row.id, "Beside claims", ("amount", "amounts"),
            "Every payment went to claims. Interest, takebacks and unknown claims are listed here.",
        )  # fmt: skip
        made.opened.connect(self._open_placed)
        return made

    @cached_property
    def patients(self) -> TableView[Any]:
        """Patients who owe."""
        made = self._list(
            "patients", columns.PATIENTS, lambda row: row.patient_id, "Patients who owe", ("patient", "patients"),
            "No patient owes anything.",
        )  # fmt: skip
        made.opened.connect(lambda row: self.desk.open("patient", row.patient_id))
        return made

    @cached_property
    def credits(self) -> TableView[Any]:
        """Claims and charges for equipment paid more than was owed."""
        made = self._list(
            "credits", columns.CREDITS, lambda row: (row.claim, row.account), "Credits", ("credit", "credits"),
            "Nothing was paid more than was owed.",
        )  # fmt: skip
        made.opened.connect(self._open_credit)
        return made

    @cached_property
    def closed(self) -> TableView[Any]:
        """The closed months."""
        return self._list(
            "closed", columns.CLOSED, lambda row: row.id, "Closed months", ("month", "months"),
            "No month is closed yet.",
        )  # fmt: skip

    @cached_property
    def batches(self) -> TableView[Any]:
        """The claim files."""
        made = self._list(
            "batches", columns.BATCHES, lambda row: row.id, "Claim files", ("file", "files"),
            "No claim file was written yet.",
        )  # fmt: skip
        made.opened.connect(self._save_again)
        return made

    @cached_property
    def collectors(self) -> TableView[Any]:
        """Who works on which payer."""
        return self._list(
            "collectors", columns.COLLECTORS, lambda row: row.payer_id, "Collectors", ("payer", "payers"),
            "No payer yet.",
        )  # fmt: skip

    @cached_property
    def rules(self) -> TableView[Any]:
        """What adjustments do."""
        return self._list(
            "rules", columns.RULES, lambda row: row.id, "Posting rules", ("rule", "rules"),
            "No rule of your own: contract reductions are written off, patients' shares go to patients or next payers, "
            "and reasons that need work stay open as denials.",
        )  # fmt: skip

    @cached_property
    def aging(self) -> AgingPart:
        """What is owed by age."""
        made = AgingPart(self)
        if self._found is not None:
            made.show_rows(self._found.aged)
        return made

    @cached_property
    def close_part(self) -> Part:
        """The closed months with their deeds."""
        deeds = [button("Print", self.print_closing, icon="print")]
        deeds += [self.close_button] if self.context.may(Permission.CLOSE_MONTH) else []
        return Part("A closed month takes no entry, and prints the same ever after.", self.closed, deeds)

    def _remittances_part(self) -> Part:
        told = "Posted whole, or refused with the reason and nothing posted."
        back = button("Take back a paper", self.take_back_paper, icon="undo")
        deeds = [back, button("Which deposit?", self.tie), self.eob_button, self.read_button]
        return Part(told, self.remittances, self._if_may(Permission.POST_PAYMENT, deeds))

    def _deposits_part(self) -> Part:
        deeds = [
            button("Take back", self.withdraw, icon="undo"),
            button("Enter a deposit", self.add_deposit, icon="plus", kind="primary"),
        ]
        return Part("What the bank shows.", self.deposits, self._if_may(Permission.POST_PAYMENT, deeds))

    def _aside_part(self) -> Part:
        deeds = [button("Place on a claim", self.place, icon="claim", kind="primary")]
        told = "Interest, takebacks, and claims not found here."
        return Part(told, self.aside, self._if_may(Permission.POST_PAYMENT, deeds))

    def _patients_part(self) -> Part:
        deeds = [
            button("Statement", self.statement, icon="print"),
            button("Take a payment", self.take_payment, icon="dollar", kind="primary"),
        ]
        told = "Shares of patients; Enter opens the patient. Statements are printed for all that are selected."
        return Part(told, self.patients, self._if_may(Permission.POST_PAYMENT, deeds))

    def _credits_part(self) -> Part:
        deeds = [button("Refund", self.refund, icon="undo", kind="primary")]
        told = (
            "Paid more than owed. Refund it, or let the payer take it back from a later payment; where it was written "
            "off too early, undo that on the claim."
        )
        return Part(told, self.credits, self._if_may(Permission.POST_PAYMENT, deeds))

    def _files_part(self) -> Part:
        deeds = [button("Mark as sent", self.mark_sent, icon="check", kind="primary")]
        return Part("Enter saves a file again.", self.batches, self._if_may(Permission.CLAIM, deeds))

    def _collectors_part(self) -> Part:
        deeds = [button("Assign", self.assign, icon="people", kind="primary")]
        return Part("Who works on what a payer owes.", self.collectors, self._if_may(Permission.CLAIM, deeds))

    def _rules_part(self) -> Part:
        deeds = [button("End", self.end_rule), button("Add a rule", self.add_rule, icon="plus", kind="primary")]
        told = "What adjustments do to what is owed, before the shipped rules."
        return Part(told, self.rules, self._if_may(Permission.EDIT_PAYERS, deeds))

    def _if_may(self, permission: Permission, deeds: Sequence[QPushButton]) -> Sequence[QPushButton]:
        return deeds if self.context.may(permission) else ()

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
        for name, made in self._made.items():
            made.set_rows(getattr(found, name))
        if "aging" in self.__dict__:
            self.aging.show_rows(found.aged)
        month = found.to_close
        self.close_button.setEnabled(month is not None)
        self.close_button.setText(f"Close {month.first:%B %Y}" if month else "Close the month")

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

    def take_back_paper(self) -> None:
        """Undo the selected paper that was typed in wrong."""
        row = self._chosen(self.remittances, RemittanceRow, "a paper that was typed in wrong")
        if row is not None:
            self._dialog(paper_dialog(self.context, self.desk, self, row))

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
            self._dialog(withdraw_dialog(self.context, self.desk, self, row))

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
        """Print the statements of the selected patients who owe something."""
        rows = [row for row in self.patients.selected_rows() if row.owed > ZERO]
        if not rows:
            self.desk.messages.refused(("Select the patients who owe something first.",), self, Tone.INFO)
            return
        database, by, patients = self.context.database, self.context.user_id, [row.patient_id for row in rows]
        name = f"statement-{rows[0].number}.pdf" if len(rows) == 1 else "statements.pdf"
        self.do(
            lambda why: print_statements(database, patients, by, override=why), changed=("billing",),
            then=lambda pdf: self._preview("Statement", pdf, name),
        )  # fmt: skip

    def _preview(self, title: str, pdf: bytes, name: str) -> None:
        self.preview = PdfDialog(self.desk, title, pdf, name, self.context.folder, self)
        self.preview.open()

    def refund(self) -> None:
        """Give the selected credit back."""
        row = self._chosen(self.credits, OpenClaim, "a credit")
        if row is not None:
            self._dialog(RefundDialog(self.context, self.desk, self, row))

    def _open_credit(self, row: OpenClaim) -> None:
        if row.claim_id is not None:
            self.desk.open("claim", row.claim_id)
        else:
            self.desk.open("patient", row.patient_id)

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
            dialog = CollectorDialog(self.context, self.desk, self, row, self._found.people)
            self._dialog(dialog.opened_by(self.assign))

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
