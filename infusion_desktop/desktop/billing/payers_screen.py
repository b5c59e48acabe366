"""Payers and their contracts: whose rules count the days, and what they pay for a code."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from PySide6.QtWidgets import QTabWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.contracts import (
    KeptFee,
    NewFee,
    PayerRuleSet,
    StarterRules,
    add_fee,
    add_rules,
    fees,
    import_fees,
    rule_versions,
    starter_rules,
)
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.file_choice import ask_what_to_read
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.payer_dialog import PayerDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
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
    def rules_now(self) -> str:
        """The rules in force today, "" when there are none."""
        day = today()
        now = [each for each in self.rules if each.starts_on <= day and (each.ends_on is None or day <= each.ends_on)]
        return now[0].rules.label if now else ""


PAYERS: tuple[Column[PayerLine], ...] = (
    Column("Payer", text=lambda line: line.row.payer.name, stretch=True),
    Column("Id in files", text=lambda line: line.row.payer.payer_code),
    Column("Kind", text=lambda line: line.row.payer.kind.name.replace("_", " ").lower()),
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
    Column(
        "We charge", text=lambda kept: show_money(kept.fee.charge), sort_key=lambda kept: kept.fee.charge, numeric=True
    ),
    Column("From", text=lambda kept: show_day(kept.fee.starts_on), sort_key=lambda kept: kept.fee.starts_on),
    Column(
        "To", text=lambda kept: show_day(kept.fee.ends_on) or "further notice", sort_key=lambda kept: kept.fee.ends_on
    ),
)
RULES: tuple[Column[PayerRuleSet], ...] = (
    Column("Rules", text=lambda kept: kept.rules.label, stretch=True),
    Column("Counts", text=lambda kept: kept.rules.day_basis.value.replace("_", " ").lower()),
    Column("Ranks paid", text=lambda kept: " / ".join(f"{percent:f} %" for percent in kept.rules.rank_percent)),
    Column("From", text=lambda kept: show_day(kept.starts_on), sort_key=lambda kept: kept.starts_on),
    Column("To", text=lambda kept: show_day(kept.ends_on) or "further notice", sort_key=lambda kept: kept.ends_on),
    Column("Note", text=lambda kept: kept.note, stretch=True),
)


class PayersScreen(Screen):
    """Payers at the top, the chosen one's prices and rules below."""

    title = "Payers"
    topics = frozenset({"billing", "patients"})
    help = "A payer needs rules (how days count) and prices. A new version of rules ends the one before."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        settings = self.settings()
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
        self.table.selected.connect(self._chosen)
        tabs = QTabWidget()
        tabs.addTab(self.fees, "Prices")
        tabs.addTab(self.rules, "Rules")
        page = Page(self)
        if context.may(Permission.EDIT_PAYERS):
            page.actions(
                button("Import prices", self.import_prices, icon="import"),
                button("Add a price", self.add_price, icon="dollar"),
                button("Set rules", self.set_rules, icon="settings"),
                button("Add a payer", self.add_payer, icon="plus", kind="primary"),
            )
        page.add(self.table, 1)
        page.add(tabs, 1)

    def load(self) -> None:
        self.ask(self._lines, self._show)

    def _lines(self) -> tuple[PayerLine, ...]:
        with self.context.database.reading() as session:
            return tuple(
                PayerLine(row, rule_versions(session, row.id), fees(session, row.id)) for row in payers(session)
            )

    def _show(self, lines: tuple[PayerLine, ...]) -> None:
        before = self.table.current_row()
        self.table.set_rows(lines)
        chosen = before.row.id if before is not None else lines[0].row.id if lines else None
        if chosen is not None:
            self.table.select_ids([chosen])
            self._chosen(next((line for line in lines if line.row.id == chosen), None))

    def _chosen(self, line: object) -> None:
        if isinstance(line, PayerLine):
            self.fees.set_rows(line.fees)
            self.rules.set_rows(line.rules)

    def add_payer(self) -> None:
        """Ask for a new payer."""
        self._open(PayerDialog(self.context, self.desk, self))

    def set_rules(self) -> None:
        """Ask which rules the chosen payer counts by."""
        if (payer := self._payer()) is not None:
            self._open(RulesDialog(self.context, self.desk, self, payer))

    def add_price(self) -> None:
        """Ask for one price of the chosen payer."""
        if (payer := self._payer()) is not None:
            self._open(PriceDialog(self.context, self.desk, self, payer))

    def import_prices(self) -> None:
        """Ask for a price list."""
        payer = self._payer()
        if payer is not None:
            ask_what_to_read(self, "Which price list?", "CSV (*.csv)", lambda file: self.read_prices(payer, file))

    def read_prices(self, payer: PayerId, file: Path) -> None:
        """Take a price list in, all or nothing."""
        database, by = self.context.database, self.context.user_id

        def read(_why: str) -> int:
            try:
                text = file.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError as error:
                raise Refused(f"{file.name} is not UTF-8 text. Save it as “CSV UTF-8”.") from error
            return import_fees(database, payer, text, by)

        self.do(read, changed=("billing",), said=lambda count: f"{count} prices were taken in.")

    def _payer(self) -> PayerId | None:
        line = self.table.current_row()
        if line is None:
            self.desk.messages.refused(("Select a payer first.",), self, Tone.INFO)
            return None
        return line.row.id

    def _open(self, dialog: DeedDialog) -> None:
        self.dialog = dialog
        dialog.open()


class RulesDialog(DeedDialog):
    """A starter set of rules from a day on."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: PayersScreen, payer: PayerId) -> None:
        super().__init__(context, desk, "Rules of this payer", parent, width=620)
        self._payer = payer
        self.rules: ChoiceField[StarterRules] = ChoiceField(
            "Begin with", [(each.title, each) for each in starter_rules()], required=True
        )
        self.starts_on = DayField("From", required=True)
        self.starts_on.set_value(date(today().year, 1, 1))
        self.note = TextField("Note", placeholder="Contract of ...")
        self.form = Form()
        self.form.section("", (self.rules,), (self.starts_on, self.note))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        chosen, day = (self.rules.value(), self.starts_on.value()) if self.form.check() else (None, None)
        if chosen is None or day is None:
            return None
        note, database, by, payer = self.note.value(), self.context.database, self.context.user_id, self._payer
        return lambda _why: add_rules(database, payer, chosen.rules, day, by, note or chosen.why)

    def said(self, _result: object) -> str:
        return "These rules count from that day on."


class PriceDialog(DeedDialog):
    """One price."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: PayersScreen, payer: PayerId) -> None:
        super().__init__(context, desk, "A price of this payer", parent)
        self._payer = payer
        self.code = TextField("Code", required=True, placeholder="S9500", longest=5)
        self.modifiers = TextField("Only with modifiers", placeholder="SH")
        self.rate = MoneyField("The contract pays for one unit", required=True)
        self.charge = MoneyField("We charge for one unit", required=True)
        self.starts_on = DayField("From", required=True)
        self.starts_on.set_value(date(today().year, 1, 1))
        self.form = Form()
        self.form.section("", (self.code, self.modifiers), (self.rate, self.charge), (self.starts_on,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        new = NewFee(
            self.code.value().upper(),
            self.rate.value() or Decimal(0),
            self.charge.value() or Decimal(0),
            self.starts_on.value() or today(),
            modifiers=tuple(self.modifiers.value().upper().split()),
        )
        database, by, payer = self.context.database, self.context.user_id, self._payer
        return lambda _why: add_fee(database, payer, new, by)

    def said(self, _result: object) -> str:
        return "The price is kept."
