"""The line above a report: its period by name or by days, a payer, a therapy class, and Show."""

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout, QWidget

from infusion_desktop.dates import Days, month_of, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.forms import ChoiceField, DayField
from infusion_desktop.desktop.table import capital
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import TherapyClass
from infusion_desktop.reporting.period_rules import period_of
from infusion_desktop.reporting.report import ALL, Ask, Choice, Report
from infusion_desktop.reporting.words import PeriodRule

_RULES = [(rule.value.capitalize(), rule) for rule in PeriodRule]


class ChoiceBar(QWidget):
    """Asks only for what the report uses."""

    def __init__(self, show: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rule: ChoiceField[PeriodRule] = ChoiceField("Period", _RULES, placeholder="By days")
        self.first, self.last = DayField("From", required=True), DayField("To", required=True)
        self.payer: ChoiceField[str] = ChoiceField("Payer", placeholder="All")
        self.kind: ChoiceField[str] = ChoiceField(
            "Therapy class", [(each.value.capitalize(), each.value) for each in TherapyClass], placeholder="All"
        )
        self.only: ChoiceField[str] = ChoiceField("Only", placeholder="All")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for field in (self.rule, self.first, self.last, self.payer, self.kind, self.only):
            row.addWidget(field)
        self.show_button = button("Show", show, kind="primary")
        row.addWidget(self.show_button)
        row.addStretch(1)
        self.rule.setFixedWidth(130)
        for day in (self.first, self.last):
            day.setFixedWidth(104)
            day.line.textEdited.connect(self._by_days)
        for choice in (self.payer, self.kind, self.only):
            choice.setFixedWidth(140)
            choice.combo.activated.connect(lambda _place: show())
        self.set_period(Days(month_of(today()).first, today()))
        self.rule.set_value(PeriodRule.THIS_MONTH)
        self.rule.combo.activated.connect(lambda _place: self._by_rule())
        self.rule.combo.activated.connect(lambda _place: show())

    def offer(self, report: Report) -> None:
        """Show the fields this report uses."""
        for field in (self.rule, self.first, self.last):
            field.setVisible(report.uses_period)
        self.payer.setVisible(Ask.PAYER in report.asks)
        self.kind.setVisible(Ask.THERAPY_CLASS in report.asks)
        self.only.setVisible(Ask.ONLY in report.asks)
        self.only.set_choices([(capital(part), part) for part in report.parts])

    def set_period(self, period: Days | PeriodRule) -> None:
        """Show a period: its name where it has one, and its days."""
        with QSignalBlocker(self.rule.combo):
            self.rule.set_value(period if isinstance(period, PeriodRule) else None)
        days = period_of(period, today()) if isinstance(period, PeriodRule) else period
        self.first.set_value(days.first)
        self.last.set_value(days.last)

    def set_choice(self, choice: Choice) -> None:
        """Show what a report is narrowed to."""
        self.payer.set_value(choice.payer or None)
        self.kind.set_value(choice.therapy_class or None)
        self.only.set_value(choice.only or None)

    def told(self) -> PeriodRule | Days | None:
        """The period as it is to be kept: its name, or its days; None where something is wrong."""
        rule = self._rule()
        return rule if rule is not None else self.period()

    def period(self) -> Days | None:
        """The days above; None where something is wrong, which is told at the field."""
        try:
            first, last = self.first.value(), self.last.value()
        except Refused:
            return None
        if not isinstance(first, date) or not isinstance(last, date) or last < first:
            self.last.complain("Type two days, the first one first.")
            return None
        return Days(first, last)

    def choice(self, report: Report) -> Choice | None:
        """What the report is narrowed to; None where something is wrong."""
        if not report.asks:
            return ALL
        try:
            payer = self.payer.value() if Ask.PAYER in report.asks else None
            kind = self.kind.value() if Ask.THERAPY_CLASS in report.asks else None
            only = self.only.value() if Ask.ONLY in report.asks else None
        except Refused:
            for field in (self.payer, self.kind, self.only):
                field.check()
            return None
        return Choice(payer or "", kind or "", only or "")

    def _rule(self) -> PeriodRule | None:
        try:
            return self.rule.value()
        except Refused:
            return None

    def _by_rule(self) -> None:
        rule = self._rule()
        if rule is not None:
            self.set_period(rule)

    def _by_days(self, _typed: str) -> None:
        with QSignalBlocker(self.rule.combo):
            self.rule.set_value(None)
