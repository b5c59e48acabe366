"""Dialogs of counting: a new count, a plan, and what the pharmacy tolerates."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, Form, MoneyField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.stock.counting.count_plans import Plan, PlanRow, add_plan, change_plan
from infusion_desktop.stock.counting.counts import open_count
from infusion_desktop.stock.house_rules import HouseRules, save_house_rules
from infusion_desktop.stock.queries import PlaceRow
from infusion_desktop.stock.words import ItemKind, LocationId, LocationKind

ALL_PLACES = "All places"


def choices_of(places: tuple[PlaceRow, ...]) -> list[tuple[str, LocationId]]:
    """Places as a choice offers them."""
    return [(f"{place.name} ({place.code})", place.id) for place in places if place.kind is not LocationKind.TRANSIT]


class NewCountDialog(DeedDialog):
    """Which place is counted, and of which kind of items."""

    changed = ("counts",)

    def __init__(self, context: Context, desk: Desk, places: tuple[PlaceRow, ...], parent: QWidget) -> None:
        super().__init__(context, desk, "New count", parent, save="Start counting")
        self.places = places
        self.body.addWidget(
            label("The sheet holds every lot that lies there, without quantities. Others may go on picking.", "muted",
                  wrap=True)
        )  # fmt: skip
        self.place: ChoiceField[LocationId | str] = ChoiceField(
            "Place",
            [(ALL_PLACES, ALL_PLACES), *choices_of(tuple(place for place in places if place.takes_stock))],
            required=True,
        )
        self.kind: ChoiceField[ItemKind] = ChoiceField(
            "Only this kind", [(kind.value.capitalize(), kind) for kind in ItemKind if not kind.is_equipment],
            placeholder="All kinds",
        )  # fmt: skip
        self.name = TextField("Name of the count", hint="Such as “Fridge, end of month”. Without one, its number.")
        form = Form()
        form.section("", (self.place, self.kind), (self.name,))
        self.form = form
        self.body.addWidget(form)
        self.place.setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        chosen, kind, title = self.place.value(), self.kind.value(), self.name.value()
        every = [place.id for place in self.places if place.takes_stock]
        where = every if isinstance(chosen, str) else [LocationId(chosen or 0)]
        named = title or (self.place.combo.currentText() if not isinstance(chosen, str) else "")
        database, by = self.context.database, self.context.user_id
        return lambda _override: open_count(database, named, where, by, [kind] if kind is not None else ())


class PlanDialog(DeedDialog):
    """A plan for cycle counts, new or changed."""

    changed = ("counts",)

    def __init__(
        self, context: Context, desk: Desk, places: tuple[PlaceRow, ...], parent: QWidget, row: PlanRow | None = None
    ) -> None:
        super().__init__(context, desk, "Count plan", parent, save="Save")
        self.row = row
        plan = row.plan if row is not None else Plan("")
        self.title = TextField("Name", required=True, longest=60)
        self.place: ChoiceField[LocationId] = ChoiceField(
            "Only in", choices_of(places), placeholder="All places", hint="And in every place inside it."
        )
        self.days = [QuantityField(f"Class {name} every (days)", least=1, most=3650, required=True) for name in "ABC"]
        self.by_value, self.by_risk = CheckField("By value used in a year"), CheckField("By risk")
        self.most = QuantityField("Longest sheet (lines)", least=1, most=500, required=True)
        self.title.set_value(plan.title)
        self.place.set_value(plan.location_id)
        for field, days in zip(self.days, (plan.a_days, plan.b_days, plan.c_days), strict=True):
            field.set_value(days)
        self.by_value.set_value(plan.by_value)
        self.by_risk.set_value(plan.by_risk)
        self.most.set_value(plan.most_lines)
        form = Form()
        form.section("", (self.title, self.place), tuple(self.days), (self.by_value, self.by_risk, self.most))
        self.form = form
        self.body.addWidget(form)
        how = (
            "By value: the items that make up 80 % of what is used are A, up to 95 % B. By risk: hazardous, cold and "
            "dear items are A, drugs and sterile supplies B. With both, the stricter class holds."
        )
        self.body.addWidget(label(how, "small", wrap=True))
        self.title.setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        a, b, c = (field.value() or 0 for field in self.days)
        plan = Plan(
            self.title.value(), a, b, c, self.by_value.value(), self.by_risk.value(), self.place.value(),
            self.most.value() or 0,
        )  # fmt: skip
        database, by, row = self.context.database, self.context.user_id, self.row
        if row is None:
            return lambda _override: add_plan(database, plan, by)
        return lambda _override: change_plan(database, row.id, plan, row.version, by)

    def said(self, _result: Any) -> str:
        return f"“{self.title.value()}” is saved."


class LimitsDialog(DeedDialog):
    """The pharmacy's tolerances and limits of stock."""

    changed = ("stock", "counts")

    def __init__(self, context: Context, desk: Desk, rules: HouseRules, parent: QWidget) -> None:
        super().__init__(context, desk, "Limits of counting and writing off", parent)
        self.rules = rules
        self.percent = QuantityField("Count again beyond (%)", most=100, required=True)
        self.value = MoneyField("Or beyond (dollars)", required=True)
        self.second = MoneyField("Write-offs above (dollars)", required=True, hint="A second person decides on them.")
        self.dead = QuantityField("Stock is dead after (days)", least=1, most=3650, required=True)
        self.percent.set_value(rules.tolerance_percent)
        self.value.set_value(rules.tolerance_value)
        self.second.set_value(rules.second_person_above)
        self.dead.set_value(rules.dead_after_days)
        form = Form()
        form.section("", (self.percent, self.value), (self.second, self.dead))
        self.form = form
        self.body.addWidget(form)
        if not context.may(Permission.EDIT_PHARMACY):
            self.save_button.setEnabled(False)
            self.save_button.setToolTip("Administrators change the limits.")

    def deed(self) -> Callable[[str], Any] | None:
        second, value = (self.second.value(), self.value.value()) if self.form.check() else (None, None)
        if second is None or value is None:
            return None
        rules = HouseRules(second, self.percent.value() or 0, value, self.dead.value() or 0, self.rules.version)
        database, by = self.context.database, self.context.user_id
        return lambda _override: save_house_rules(database, rules, by)

    def said(self, _result: Any) -> str:
        return "The limits are saved. Counts that are open keep theirs."
