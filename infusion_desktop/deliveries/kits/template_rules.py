"""What a kit template is, which therapy it fits, and which of its lines a patient gets. Pure decisions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from infusion_desktop.deliveries.care_words import Ages, Purpose
from infusion_desktop.deliveries.kits.kinds import EQUIPMENT_KINDS
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass
from infusion_desktop.stock.words import ItemId

ADULT_FROM = 18
"""Years; under them the kits for children come first: our own working rule."""
MOST_LUMENS = 9


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """An item (or a kind of equipment) and the rule its quantity follows; optional lines are sent when asked for.

    ``amount`` is for each lumen where ``per_lumen``; with ``access_kinds`` the line goes only to patients with one of
    them. ``alternatives`` may go instead, the first choice first.
    """

    item_id: ItemId | None
    rule: QuantityRule
    amount: Decimal
    round_to: int = 1
    equipment: str = ""
    optional: bool = False
    latex_free_item_id: ItemId | None = None
    note: str = ""
    purpose: Purpose = Purpose.SUPPLY
    per_lumen: bool = False
    access_kinds: tuple[AccessKind, ...] = ()
    alternatives: tuple[ItemId, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """The patients and therapies a kit is for; empty methods and access devices stand for any."""

    therapy_class: TherapyClass
    methods: tuple[Method, ...]
    access_kinds: tuple[AccessKind, ...]
    lowest_interval_hours: int = 1
    highest_interval_hours: int = 8760
    lowest_lumens: int = 0
    highest_lumens: int = MOST_LUMENS
    latex_allergic_only: bool = False
    ages: Ages = Ages.ANY


@dataclass(frozen=True, slots=True)
class Template:
    """A kit for a class of therapy, its methods, access devices (none for any), dosing intervals and patients."""

    code: str
    name: str
    therapy_class: TherapyClass
    methods: tuple[Method, ...]
    access_kinds: tuple[AccessKind, ...]
    lines: tuple[TemplateLine, ...]
    lowest_interval_hours: int = 1
    highest_interval_hours: int = 8760
    lowest_lumens: int = 0
    highest_lumens: int = MOST_LUMENS
    latex_allergic_only: bool = False
    ages: Ages = Ages.ANY

    @property
    def fit(self) -> Fit:
        """Whom it is for."""
        return Fit(
            self.therapy_class, self.methods, self.access_kinds, self.lowest_interval_hours,
            self.highest_interval_hours, self.lowest_lumens, self.highest_lumens, self.latex_allergic_only, self.ages,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Care:
    """A therapy and its patient as far as a kit is chosen by them; no access device or 0 lumens is unknown."""

    therapy_class: TherapyClass
    method: Method
    interval_hours: int
    access: AccessKind | None = None
    lumens: int = 0
    latex_allergic: bool = False
    is_child: bool = False


def rank(fit: Fit, care: Care) -> tuple[int, ...] | None:
    """None where a kit is not for this care; otherwise how narrowly it fits, the lowest first.

    Made for the allergic or for an age comes before made for all; then fewer lumens and access devices, a tighter
    interval, fewer methods.
    """
    fits = (
        fit.therapy_class is care.therapy_class,
        not fit.methods or care.method in fit.methods,
        not fit.access_kinds or care.access is None or care.access in fit.access_kinds,
        fit.lowest_interval_hours <= care.interval_hours <= fit.highest_interval_hours,
        care.lumens == 0 or fit.lowest_lumens <= care.lumens <= fit.highest_lumens,
        care.latex_allergic or not fit.latex_allergic_only,
        fit.ages is Ages.ANY or (fit.ages is Ages.CHILD) == care.is_child,
    )
    if not all(fits):
        return None
    return (
        0 if fit.latex_allergic_only else 1,
        0 if fit.ages is not Ages.ANY else 1,
        fit.highest_lumens - fit.lowest_lumens,
        len(fit.access_kinds) or 99,
        fit.highest_interval_hours - fit.lowest_interval_hours,
        len(fit.methods) or 99,
    )


def lines_for(lines: Iterable[TemplateLine], access: AccessKind | None, lumens: int) -> tuple[TemplateLine, ...]:
    """The lines that go to a patient with this access device, with the amount for all its lumens."""
    return tuple(
        replace(line, amount=line.amount * max(1, lumens), per_lumen=False) if line.per_lumen else line
        for line in lines
        if not line.access_kinds or access in line.access_kinds
    )


def reasons_against_template(template: Template) -> list[str]:
    """What is wrong with a template by itself; whether its items exist is asked beside it."""
    reasons = []
    if not template.code.strip() or not template.name.strip():
        reasons.append("A template needs a code and a name.")
    if not template.lines:
        reasons.append("A template needs at least one line.")
    if not 1 <= template.lowest_interval_hours <= template.highest_interval_hours:
        reasons.append("The lowest dosing interval is at least one hour and not above the highest.")
    if not 0 <= template.lowest_lumens <= template.highest_lumens <= MOST_LUMENS:
        reasons.append(f"The lumens go from 0 to {MOST_LUMENS}, the lowest not above the highest.")
    for number, line in enumerate(template.lines, 1):
        reasons += [f"Line {number}: {sentence}" for sentence in _reasons_against_line(line, template)]
    seen: set[ItemId] = set()
    for number, line in enumerate(template.lines, 1):
        if line.item_id is not None and line.item_id in seen:
            reasons.append(f"Line {number} names an item that another line has already. Put them together.")
        if line.item_id is not None:
            seen.add(line.item_id)
    return reasons


def _reasons_against_line(line: TemplateLine, template: Template) -> list[str]:
    reasons = []
    if (line.item_id is None) == (not line.equipment):
        reasons.append("name an item or a kind of equipment, one of the two.")
    if line.equipment and line.equipment not in EQUIPMENT_KINDS:
        reasons.append(f"“{line.equipment[:30]}” is no kind of pump or pole.")
    if line.amount <= 0 or line.round_to < 1:
        reasons.append("the amount is above zero and a pack holds at least one.")
    if line.item_id is not None and line.item_id in line.alternatives:
        reasons.append("an item cannot stand in for itself.")
    strangers = [each for each in line.access_kinds if template.access_kinds and each not in template.access_kinds]
    if strangers:
        reasons.append(f"the kit is not for a {strangers[0].value}. Add it to the kit's access devices.")
    return reasons
