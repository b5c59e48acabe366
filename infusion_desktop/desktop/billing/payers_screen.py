"""Payers and their contracts: whose rules count the days, and what they pay for a code."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.rules.rule_set import BillingModel
from infusion_desktop.billing.rules.rule_words import choice_words
from infusion_desktop.billing.terms.code_lists import CodeRow, code_rows
from infusion_desktop.billing.terms.contracts import PayerRuleSet, rule_versions
from infusion_desktop.billing.terms.fees import KeptFee, NewFee, fees, take_back_fee
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.billing.code_file_dialog import CodeFileDialog
from infusion_desktop.desktop.billing.contract_dialogs import EndContractDialog, EndPriceDialog, PriceDialog
from infusion_desktop.desktop.billing.price_file_dialog import PriceFileDialog
from infusion_desktop.desktop.billing.rules_dialog import RulesDialog
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.payer_dialog import PayerDialog, kind_words
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column, capital
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.why_dialog import WhyDialog
from infusion_desktop.money import show_money
from infusion_desktop.patients.queries import PayerRow, payers
from infusion_desktop.patients.words import PayerId


@dataclass(frozen=True, slots=True)
class PayerLine:
    """A payer with what is known of its contract."""

    row: PayerRow
    rules: tuple[PayerRuleSet, ...]
    fees: tuple[KeptFee, ...]

    @property
    def in_force(self) -> PayerRuleSet | None:
        """The rules in force today; None when there are none."""
        day = today()
        now = [each for each in self.rules if each.starts_on <= day and (each.ends_on is None or day <= each.ends_on)]
        return now[0] if now else None

    @property
    def rules_now(self) -> str:
        """What the rules in force today are called, "" when there are none."""
        return self.in_force.rules.label if self.in_force is not None else ""


PAYERS: tuple[Column[PayerLine], ...] = (
    Column("Payer", text=lambda line: line.row.payer.name, stretch=True),
    Column("Id in files", text=lambda line: line.row.payer.payer_code),
    Column("Kind", text=lambda line: kind_words(line.row.payer.kind)),
    Column(
        "Rules today",
        text=lambda line: line.rules_now or "none",
        tone=lambda line: Tone.GOOD if line.rules_now else Tone.BAD,
        stretch=True,
    ),
    Column("Prices", text=lambda line: str(len(line.fees)), sort_key=lambda line: len(line.fees), numeric=True),
)
FEES: tuple[Column[KeptFee], ...] = (
    Column("Code", text=lambda kept: " ".join([kept.fee.code, *kept.fee.modifiers])),
    Column("Pays", text=lambda kept: show_money(kept.fee.rate), sort_key=lambda kept: kept.fee.rate, numeric=True),
    Column("For one", text=lambda kept: capital(kept.fee.pays_for)),
    Column(
        "We charge", text=lambda kept: show_money(kept.fee.charge), sort_key=lambda kept: kept.fee.charge, numeric=True
    ),
    Column("From", text=lambda kept: show_day(kept.fee.starts_on), sort_key=lambda kept: kept.fee.starts_on),
    Column("To", text=lambda kept: _fee_until(kept.fee), sort_key=lambda kept: kept.fee.ends_on),
    Column("Category", text=lambda kept: kept.fee.category),
    Column("Drug or agreement", text=lambda kept: kept.fee.rate_key, hidden=True),
)


def _fee_until(fee: NewFee) -> str:
    return "Taken back" if fee.was_taken_back else show_day(fee.ends_on) or "Further notice"


def _counts(kept: PayerRuleSet) -> str:
    by_day = kept.rules.billing_model is BillingModel.PER_DIEM
    return choice_words(kept.rules.day_basis if by_day else kept.rules.billing_model)


def _until(kept: PayerRuleSet) -> str:
    if kept.ends_on is not None and kept.ends_on < kept.starts_on:
        return "Taken back"
    return show_day(kept.ends_on) or "Further notice"


RULES: tuple[Column[PayerRuleSet], ...] = (
    Column("Rules", text=lambda kept: kept.rules.label, stretch=True),
    Column("Counts", text=lambda kept: capital(_counts(kept))),
    Column("Ranks paid", text=lambda kept: " / ".join(f"{percent:f} %" for percent in kept.rules.rank_percent)),
    Column("From", text=lambda kept: show_day(kept.starts_on), sort_key=lambda kept: kept.starts_on),
    Column("To", text=_until, sort_key=lambda kept: kept.ends_on),
    Column("Note", text=lambda kept: kept.note, stretch=True),
)


CODES: tuple[Column[CodeRow], ...] = (
    Column("Code", text=lambda row: row.code),
    Column("Description", text=lambda row: row.description, stretch=True, hint=lambda row: row.description),
    Column("Family", text=lambda row: row.family),
    Column("Per diem", text=lambda row: "yes" if row.per_diem else ""),
    Column("From", text=lambda row: show_day(row.starts_on), sort_key=lambda row: row.starts_on),
    Column("To", text=lambda row: show_day(row.ends_on), sort_key=lambda row: row.ends_on),
    Column("Read from", text=lambda row: row.source, hidden=True),
)


class PayersScreen(Screen):
    """Payers at the top, the chosen one's prices and rules below."""

    title = "Payers"
    topics = frozenset({"billing", "patients"})
    help = "A payer needs rules (how days count) and prices. A new version of rules ends the one before."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        settings = self.settings()
        self._wanted: PayerId | None = None
        self.table: TableView[PayerLine] = TableView(
            PAYERS, lambda line: line.row.id, name="Payers", desk=desk, noun=("payer", "payers"),
            empty="No payer yet. Add the first one.", settings=settings,
        )  # fmt: skip
        self.fees: TableView[KeptFee] = TableView(
            FEES, lambda kept: kept.id, name="Prices", desk=desk, noun=("price", "prices"),
            empty="No price yet. Add one, or import the contract's price list.", settings=settings,
        )  # fmt: skip
        self.rules: TableView[PayerRuleSet] = TableView(
            RULES, lambda kept: kept.id, name="Rules", desk=desk, noun=("version", "versions"),
            empty="No rules yet. Begin with a set that is close to the contract.", settings=settings,
        )  # fmt: skip
        self.codes: TableView[CodeRow] = TableView(
            CODES, lambda row: row.code, name="HCPCS codes", desk=desk, noun=("code", "codes"),
            chips=[Chip("Per diem", lambda row: row.per_diem)], empty="No code is known.", settings=settings,
        )  # fmt: skip
        self.table.selected.connect(self._chosen)
        tabs = QTabWidget()
        tabs.addTab(
            _below(
                self.fees,
                button("Add a price", self.add_price, icon="dollar"),
                button("Take back a price", self.take_back_price, icon="undo"),
                button("End the price", self.end_price),
                button("Prices from a file", self.import_prices, icon="import"),
            )
            if context.may(Permission.EDIT_PAYERS)
            else self.fees,
            "Prices",
        )
        tabs.addTab(
            _below(
                self.rules,
                button("New version of the rules", self.set_rules, icon="settings"),
                button("End the contract", self.end_contract),
            )
            if context.may(Permission.EDIT_PAYERS)
            else self.rules,
            "Rules",
        )
        tabs.addTab(
            _below(self.codes, button("Codes from a file", self.import_codes, icon="import"))
            if context.may(Permission.EDIT_PAYERS)
            else self.codes,
            "HCPCS codes",
        )
        page = Page(self)
        if context.may(Permission.EDIT_PAYERS):
            self.table.opened.connect(lambda _row: self.change_payer())
            self.rules.opened.connect(lambda _row: self.set_rules())
            page.actions(
                button("Change", self.change_payer, icon="edit"),
                button("Add a payer", self.add_payer, icon="plus", kind="primary"),
            )
        page.add(self.table, 1)
        page.add(tabs, 1)

    def load(self) -> None:
        self.ask(self._lines, self._show)
        self.ask(self._codes, self.codes.set_rows, key="codes")

    def _codes(self) -> tuple[CodeRow, ...]:
        with self.context.database.reading() as session:
            return code_rows(session)

    def _lines(self) -> tuple[PayerLine, ...]:
        with self.context.database.reading() as session:
            return tuple(
                PayerLine(row, rule_versions(session, row.id), fees(session, row.id)) for row in payers(session)
            )

    def _show(self, lines: tuple[PayerLine, ...]) -> None:
        before = self.table.current_row()
        self.table.set_rows(lines)
        chosen = before.row.id if before is not None else lines[0].row.id if lines else None
        if any(line.row.id == self._wanted for line in lines):
            chosen, self._wanted = self._wanted, None
        if chosen is not None:
            self.table.select_ids([chosen])
            self._chosen(next((line for line in lines if line.row.id == chosen), None))

    def _chosen(self, line: object) -> None:
        if isinstance(line, PayerLine):
            self.fees.set_rows(line.fees)
            self.rules.set_rows(line.rules)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self._wanted = PayerId(record)
            self._show(self.table.model.rows)

    def add_payer(self) -> None:
        """Ask for a new payer."""
        self._open(PayerDialog(self.context, self.desk, self))

    def change_payer(self) -> None:
        """Ask what changes of the chosen payer: its name, its id in files, its kind, its address."""
        if (line := self._line()) is not None:
            self._open(PayerDialog(self.context, self.desk, self, line.row).opened_by(self.change_payer))

    def set_rules(self) -> None:
        """Ask which rules the chosen payer counts by, and show what they do to a month."""
        if (line := self._line()) is not None:
            name = line.row.payer.name
            newest = max((each.rules.version for each in line.rules), default=0)
            self._open(RulesDialog(self.context, self.desk, self, line.row.id, name, line.in_force, newest))

    def end_contract(self) -> None:
        """Ask for the last day of the chosen payer's contract."""
        if (line := self._line()) is not None:
            self._open(EndContractDialog(self.context, self.desk, self, line.row.id, line.row.payer.name))

    def add_price(self) -> None:
        """Ask for one price of the chosen payer."""
        if (line := self._line()) is not None:
            self._open(PriceDialog(self.context, self.desk, self, line.row.id))

    def end_price(self) -> None:
        """Ask for the last day of the selected price."""
        kept = self.fees.current_row()
        if kept is None:
            self.desk.messages.refused(("Select the price that ends.",), self, Tone.INFO)
            return
        self._open(EndPriceDialog(self.context, self.desk, self, kept))

    def take_back_price(self) -> None:
        """Ask what was wrong about the selected price, which then never was in force."""
        kept = self.fees.current_row()
        if kept is None:
            self.desk.messages.refused(("Select the price that was entered wrong.",), self, Tone.INFO)
            return
        told = f"{kept.fee.code}, {show_money(kept.fee.rate)} from {show_day(kept.fee.starts_on)}, never was in force."
        self._open(
            WhyDialog(
                self.context, self.desk, self, "A price entered wrong",
                lambda database, by, why: take_back_fee(database, kept.id, why, by), told=told, save="Take it back",
                field="What was wrong", said="It is taken back. Add the right one, and count the months anew.",
            )
        )  # fmt: skip

    def import_prices(self) -> None:
        """Ask for a price list, show what it changes, and take it in."""
        if (line := self._line()) is not None:
            self._open(PriceFileDialog(self.context, self.desk, self, line.row.id, line.row.payer.name))

    def import_codes(self) -> None:
        """Ask for a list of codes, show what it changes, and take it in."""
        self._open(CodeFileDialog(self.context, self.desk, self))

    def _line(self) -> PayerLine | None:
        line = self.table.current_row()
        if line is None:
            self.desk.messages.refused(("Select a payer first.",), self, Tone.INFO)
        return line

    def _open(self, dialog: DeedDialog) -> None:
        self.dialog = dialog
        dialog.open()


def _below(table: TableView[Any], *buttons: QWidget) -> QWidget:
    """A list with its deeds above it."""
    page = QWidget()
    row = QHBoxLayout()
    row.addStretch(1)
    for each in buttons:
        row.addWidget(each)
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 10, 0, 0)
    column.addLayout(row)
    column.addWidget(table, 1)
    return page
