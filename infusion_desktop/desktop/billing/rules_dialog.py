"""A new version of a payer's rules: every rule in a biller's words, with its effect on a real month beside it."""

import types
import typing
from collections.abc import Generator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.billing.months.rule_effects import Effect, effect_of_rules
from infusion_desktop.billing.rules.rule_set import RuleSet
from infusion_desktop.billing.rules.rule_set_data import from_data, kinds_of_rules, to_data
from infusion_desktop.billing.rules.rule_words import GROUPS, RuleGroup, RuleWords, choice_words, difference
from infusion_desktop.billing.terms.contracts import PayerRuleSet, StarterRules, add_rules, starter_rules
from infusion_desktop.dates import Days, today
from infusion_desktop.desktop.billing.effect_view import Count, EffectView
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Field, Form, NotesField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import PayerId
from infusion_desktop.progress import Progress

_WAIT_MS = 500
_WHOLE = 6


class RulesDialog(DeedDialog):
    """All rules of one version, from a day on."""

    changed = ("billing",)

    def __init__(
        self,
        context: Context,
        desk: Desk,
        parent: QWidget,
        payer: PayerId,
        name: str,
        now: PayerRuleSet | None,
        newest: int = 0,
    ) -> None:
        super().__init__(context, desk, f"Rules of {name}", parent, save="Keep as a new version", width=1100)
        self._payer, self._now, self._newest = payer, now, newest
        self.rules: ChoiceField[StarterRules] = ChoiceField(
            "Begin with", [(each.title, each) for each in starter_rules()], required=now is None,
            hint="A set close to the contract; every value can be changed." if now is None else "",
            placeholder="The rules in force" if now is not None else "Choose…",
        )  # fmt: skip
        self.starts_on = DayField("In force from", required=True)
        self.starts_on.set_value(date(today().year, 1, 1) if now is None else today().replace(day=1))
        self.name_field = TextField("Name", required=True, longest=80)
        self.note = TextField("Note", placeholder="Contract of ...")
        head = Form()
        head.section("", (self.rules, self.name_field, self.starts_on, self.note))
        self.head = head
        self.fields: dict[str, Field[Any]] = {}
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._later = QTimer(self, interval=_WAIT_MS, singleShot=True)
        self._later.timeout.connect(self._recount)
        self.forms = [self._tab(group) for group in GROUPS]
        self.changes = label("", "muted", wrap=True)
        self.effect = EffectView(desk, self._count, self)
        self._lay_out()
        self._fill(now.rules if now is not None else RuleSet())
        self.rules.changed.connect(self._begin_with)
        self.starts_on.changed.connect(self._later.start)
        self.resize(1180, 740)
        self._recount()

    def _lay_out(self) -> None:
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.tabs)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.changes)
        column.addWidget(self.effect, 1)
        both.addWidget(lower)
        both.setStretchFactor(0, 1)
        both.setStretchFactor(1, 1)
        self.body.addWidget(self.head)
        self.body.addWidget(both, 1)

    def _tab(self, group: RuleGroup) -> Form:
        form = Form()
        made = [_field(each) for each in group.rules]
        checks = [field for field in made if isinstance(field, CheckField)]
        notes = [field for field in made if isinstance(field, NotesField)]
        plain = [field for field in made if not isinstance(field, CheckField | NotesField)]
        for fields in (plain, checks):
            for place in range(0, len(fields), 3):
                form.section("", fields[place : place + 3])
        for several in notes:
            form.section("", (several,))
        form.end()
        for words, field in zip(group.rules, made, strict=True):
            self.fields[words.key] = field
            field.changed.connect(self._later.start)
        self.tabs.addTab(scrolled(form), group.title)
        return form

    def _fill(self, rules: RuleSet) -> None:
        data = to_data(rules)
        for key, field in self.fields.items():
            field.set_value(_shown(getattr(rules, key), data[key], field))
        self.name_field.set_value(rules.name)
        self.name_field.line.setCursorPosition(0)

    def _begin_with(self) -> None:
        chosen = self.rules.value() if not self.rules.is_blank() else None
        if chosen is not None:
            self._fill(chosen.rules)
            self._later.start()

    def entered(self) -> RuleSet:
        """The rules as entered; Refused names what is wrong."""
        kinds = kinds_of_rules()
        data = {key: _plain(kinds[key], field.value()) for key, field in self.fields.items()}
        return from_data({**data, "name": self.name_field.value(), "version": 1})

    def _recount(self) -> None:
        try:
            entered = self.entered()
        except Refused as no:
            self.changes.setText(" ".join(no.reasons))
            self.effect.say("Mend the values above to see what they do.")
            return
        told = difference(self._now.rules, entered) if self._now is not None else ()
        self.changes.setText(" ".join(told) if told else "" if self._now is None else "Nothing is changed yet.")
        self.effect.recount()

    def _count(self) -> Count | None:
        try:
            rules, day = self.entered(), self.starts_on.value()
        except Refused:
            return None
        if day is None:
            return None
        database, payer, by = self.context.database, self._payer, self.context.user_id

        def count(month: Days) -> Generator[Progress, None, Effect]:
            return effect_of_rules(database, payer, rules, day, month, by)

        return count

    def deed(self) -> Deed | None:
        wrong = [form for form in (self.head, *self.forms) if not form.check()]
        if wrong:
            if wrong[0] in self.forms:
                self.tabs.setCurrentIndex(self.forms.index(wrong[0]))
            return None
        try:
            rules, day = self.entered(), self.starts_on.value()
        except Refused as no:
            self.desk.messages.refused(no.reasons, self)
            return None
        if day is None:
            return None
        chosen = self.rules.value() if not self.rules.is_blank() else None
        note = self.note.value() or (chosen.why if chosen is not None and rules == chosen.rules else "")
        database, by, payer = self.context.database, self.context.user_id, self._payer
        kept = replace(rules, name=self.name_field.value())
        newest = self._newest
        return lambda _why: add_rules(database, payer, kept, day, by, note, seen=newest)

    def said(self, _result: object) -> str:
        return "These rules count from that day on. Count the months anew where they change."


def _field(words: RuleWords) -> Field[Any]:
    """The field that fits a rule's type."""
    kind = kinds_of_rules()[words.key]
    if kind is bool:
        return CheckField(words.title, hint=words.hint)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ChoiceField(words.title, [(choice_words(each), each) for each in kind], required=True, hint=words.hint)
    if typing.get_origin(kind) is not None and not isinstance(kind, types.UnionType):
        if typing.get_origin(kind) is not tuple:
            return NotesField(words.title, hint=words.hint, lines=2)
        return TextField(words.title, hint=words.hint, longest=400)
    return TextField(words.title, hint=words.hint, longest=_WHOLE if kind is not str else 40)


def _shown(value: object, data: object, field: Field[Any]) -> object:
    if isinstance(field, CheckField | ChoiceField):
        return value
    if isinstance(data, dict):
        return "\n".join(f"{key}={each}" for key, each in data.items())
    if isinstance(data, list):
        between = ", " if any(" " in each for each in data) else " "
        return between.join(data)
    return "" if data is None else str(data)


def _plain(kind: Any, entered: Any) -> object:
    """What a field holds as the plain data a rule set is read from."""
    if isinstance(entered, Enum):
        return entered.value
    if not isinstance(entered, str):
        return entered
    origin = typing.get_origin(kind)
    if origin is tuple:
        parts = entered.split(",") if "," in entered else entered.split()
        wanted = [part.strip() for part in parts if part.strip()]
        return wanted if typing.get_args(kind)[0] is Decimal else [_upper(part) for part in wanted]
    if origin is not None and not isinstance(kind, types.UnionType):
        pairs = (line.partition("=") for line in entered.splitlines() if line.strip())
        return {name.strip(): value.strip().upper() for name, _, value in pairs}
    if kind is str:
        return entered.strip()
    if kind is Decimal:
        return entered.strip()
    if not entered.strip():
        return None
    return int(entered) if entered.strip().isascii() and entered.strip().isdigit() else entered.strip()


def _upper(part: str) -> str:
    """Codes and modifiers are upper case; kinds of goods ("tubing and administration sets") are words."""
    return part.upper() if len(part) <= 5 and any(each.isdigit() or each.isupper() for each in part) else part
