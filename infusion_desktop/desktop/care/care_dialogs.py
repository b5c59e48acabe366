"""Dialogs over calls and tasks: how it went, whose task, a payer's refill rule."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import today
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, assign_follow_up
from infusion_desktop.deliveries.calls.refill_rules_kept import (
    NewRefillRule,
    RefillRuleRow,
    add_refill_rule,
    edit_refill_rule,
    take_in_medicare_rules,
)
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.queries import PayerRow, payers
from infusion_desktop.patients.words import PayerId

_TOPICS = frozenset({"deliveries"})


class TextDialog(DeedDialog):
    """One sentence that is kept."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, screen: Screen, title: str, field: str, keep: Callable[[str], object], said: str, lead: str = ""
    ) -> None:
        super().__init__(screen.context, screen.desk, title, screen)
        self.text = TextField(field, required=True)
        if lead:
            self.body.addWidget(label(lead, "muted", wrap=True))
        self.body.addWidget(self.text)
        self._keep, self._said = keep, said
        self.text.setFocus()

    def deed(self) -> Deed | None:
        if not self.text.check():
            return None
        typed, keep = self.text.value(), self._keep
        return lambda _override: keep(typed)

    def said(self, _result: Any) -> str:
        return self._said


class TaskDialog(DeedDialog):
    """Whose task it is and by when."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, screen: Screen, row: FollowUpRow, people: Sequence[tuple[str, UserId]]) -> None:
        super().__init__(screen.context, screen.desk, row.title, screen)
        self.row = row
        self.owner: ChoiceField[UserId] = ChoiceField("Whose task", people, hint="Empty: whoever takes it.")
        self.owner.set_value(row.owner_id)
        self.due_on = DayField("By", required=True)
        self.due_on.set_value(row.due_on)
        self.form = Form()
        self.form.section("", (self.owner, self.due_on))
        facts = f"{row.patient_name}   {row.patient_number}   {show_phone(row.phone)}"
        self.body.addWidget(label(facts, "muted", wrap=True))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        due_on = self.due_on.value() if self.form.check() else None
        if due_on is None:
            return None
        database, by, row, owner = self.context.database, self.context.user_id, self.row, self.owner.value()
        return lambda _override: assign_follow_up(database, row.id, owner, due_on, row.version, by)

    def said(self, _result: Any) -> str:
        return "Saved."


class RuleDialog(DeedDialog):
    """A payer's refill rule, new or corrected."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, screen: Screen, row: RefillRuleRow | None = None) -> None:
        super().__init__(screen.context, screen.desk, "A refill rule" if row is None else row.payer, screen, width=600)
        self.row = row
        self.payer: ChoiceField[PayerId] = ChoiceField("Payer", required=True)
        self.starts_on = DayField("From", required=True)
        self.contact = QuantityField("Call from", most=366, unit="days before", required=True)
        self.delivery = QuantityField("Deliver from", most=366, unit="days before", required=True)
        self.longest = QuantityField("Most at a time", most=366, unit="days")
        self.weekend = QuantityField("More over a holiday weekend", most=366, unit="days")
        self.count = CheckField("A claim needs the count of what was left at home")
        self.counts = CheckField("The call counts back from the delivery, not from the end of the supply")
        self.source = TextField("Where it stands", placeholder="contract of January 2026, page 14")
        self.form = Form()
        self.form.section("", (self.payer, self.starts_on), (self.contact, self.delivery),
                          (self.longest, self.weekend), (self.counts,), (self.count,), (self.source,))  # fmt: skip
        lead = (
            "0 days sets no limit. Deliveries are held and claims are checked by it. A rule that changes is added with "
            "the day it begins; the old one stays."
        )
        self.body.addWidget(label(lead, "muted", wrap=True))
        self.body.addWidget(self.form)
        rule = None if row is None else row.rule
        self.starts_on.set_value(today() if rule is None else rule.starts_on)
        self.contact.set_value(30 if rule is None else rule.contact_days)
        self.delivery.set_value(10 if rule is None else rule.delivery_days)
        self.longest.set_value(0 if rule is None else rule.longest_supply_days)
        self.weekend.set_value(0 if rule is None else rule.weekend_extra_days)
        if rule is not None:
            self.counts.set_value(rule.contact_counts_from_delivery)
            self.count.set_value(rule.count_required)
            self.source.set_value(rule.source)

        def read() -> tuple[PayerRow, ...]:
            with screen.context.database.reading() as session:
                return payers(session, ended_too=True)

        def show(found: tuple[PayerRow, ...]) -> None:
            self.payer.set_choices([(each.payer.name, each.id) for each in found])
            if rule is not None:
                self.payer.set_value(rule.payer_id)

        self.desk.jobs.run(self, read, show)

    def deed(self) -> Deed | None:
        payer, starts_on = (self.payer.value(), self.starts_on.value()) if self.form.check() else (None, None)
        if payer is None or starts_on is None:
            return None
        rule = NewRefillRule(
            payer, starts_on, self.contact.value() or 0, self.delivery.value() or 0, self.longest.value() or 0,
            self.counts.value(), self.weekend.value() or 0, self.count.value(), self.source.value(),
        )  # fmt: skip
        database, by, row = self.context.database, self.context.user_id, self.row
        if row is None:
            return lambda _override: add_refill_rule(database, rule, by)
        return lambda _override: edit_refill_rule(database, row.id, rule, row.version, by)

    def said(self, _result: Any) -> str:
        return "The rule is kept."


def take_in(screen: Screen) -> None:
    """Give Medicare payers without rules the published ones."""
    database, by = screen.context.database, screen.context.user_id
    screen.do(
        lambda _why: take_in_medicare_rules(database, by), changed=("deliveries",),
        said=lambda count: f"{count} payers have Medicare's refill rules now." if count
        else "Every Medicare payer has refill rules already.",
    )  # fmt: skip
