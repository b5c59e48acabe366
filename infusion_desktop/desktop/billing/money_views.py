"""The parts of the payments screen: remittances, deposits, patients, ages, credits, closed months, files, rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.aging import OF_PATIENTS, Aged, AgingBy, OpenClaim
from infusion_desktop.billing.money.collectors import CollectorRow
from infusion_desktop.billing.money.deposits import DepositRow, RemittanceRow
from infusion_desktop.billing.money.month_close import ClosedMonth
from infusion_desktop.billing.money.patient_money import PatientOwes
from infusion_desktop.billing.money.posting_rules import PostingRuleRow
from infusion_desktop.billing.money.set_aside import ItemRow
from infusion_desktop.billing.queries import BatchRow
from infusion_desktop.dates import Days
from infusion_desktop.desktop.billing import money_columns as columns
from infusion_desktop.desktop.forms import ChoiceField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.patients.words import PayerId


@dataclass(frozen=True, slots=True)
class Money:
    """What the payments screen shows."""

    remittances: tuple[RemittanceRow, ...]
    deposits: tuple[DepositRow, ...]
    aside: tuple[ItemRow, ...]
    patients: tuple[PatientOwes, ...]
    aged: tuple[tuple[AgingBy, tuple[Aged, ...]], ...]
    credits: tuple[OpenClaim, ...]
    closed: tuple[ClosedMonth, ...]
    to_close: Days | None
    batches: tuple[BatchRow, ...]
    collectors: tuple[CollectorRow, ...]
    rules: tuple[PostingRuleRow, ...]
    payers: tuple[tuple[str, PayerId], ...]
    people: tuple[tuple[str, UserId], ...]


class Part(QWidget):
    """A list with a line of text and its deeds above it."""

    def __init__(
        self, lead: str, table: QWidget, deeds: Sequence[QPushButton] = (), first: QWidget | None = None
    ) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        top = QHBoxLayout()
        top.setSpacing(10)
        if first is not None:
            top.addWidget(first)
        self.lead = label(lead, "muted", wrap=True)
        top.addWidget(self.lead, 1)
        for deed in deeds:
            top.addWidget(deed)
        column.addLayout(top)
        column.addWidget(table, 1)


def table(
    screen: Screen,
    shown: Sequence[Any],
    id_of: Callable[[Any], Any],
    name: str,
    noun: tuple[str, str],
    empty: str,
) -> TableView[Any]:
    """A list of the payments screen."""
    return TableView(shown, id_of, name=name, desk=screen.desk, noun=noun, empty=empty, settings=screen.settings())


_AGES_TOLD = "Days count from the day it was first charged to who owes it; credits are taken off."


class AgingPart(QWidget):
    """What is owed by age; the choice says by what."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen
        self._found: dict[AgingBy, tuple[Aged, ...]] = {}
        self.tables: dict[AgingBy, TableView[Any]] = {}
        self.by: ChoiceField[AgingBy] = ChoiceField("By", [(each.value.capitalize(), each) for each in AgingBy])
        self.by.setFixedWidth(200)
        self.by.set_value(AgingBy.PAYER)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 10, 0, 0)
        top = QHBoxLayout()
        top.addWidget(self.by)
        self.lead = label(_AGES_TOLD, "muted", wrap=True)
        top.addWidget(self.lead, 1)
        self._column.addLayout(top)
        self.by.changed.connect(self._choose)
        self._choose()

    def _choose(self) -> None:
        chosen = self.by.value() if self.by.check() else None
        chosen = chosen or AgingBy.PAYER
        if chosen not in self.tables:
            made = table(
                self._screen, columns.aging_columns(chosen.value.capitalize()), lambda row: row.name,
                f"Owed by {chosen.value}", ("row", "rows"), "Nobody owes anything.",
            )  # fmt: skip
            made.set_rows(self._found.get(chosen, ()))
            self.tables[chosen] = made
            self._column.addWidget(made, 1)
        for by, each in self.tables.items():
            each.setVisible(by is chosen)

    def show_rows(self, aged: Sequence[tuple[AgingBy, tuple[Aged, ...]]]) -> None:
        """Show these."""
        self._found = dict(aged)
        for by, made in self.tables.items():
            made.set_rows(self._found.get(by, ()))
        rows = self._found.get(AgingBy.PAYER, ())
        patients = sum((row.total for row in rows if row.name in OF_PATIENTS), ZERO)
        whole = sum((row.total for row in rows), ZERO)
        told = f"{show_money(whole)} are owed in all, {show_money(patients)} of it by patients. "
        self.lead.setText(told + _AGES_TOLD)
