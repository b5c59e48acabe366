"""Drug lines: from what was given or sent, by NDC, to HCPCS units with JW and JZ."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from infusion_desktop.billing.rules.rule_set import DrugQuantity, RuleSet
from infusion_desktop.dates import Days
from infusion_desktop.errors import Refused

NDC_UNITS = ("UN", "ML", "GR", "F2", "ME")
MOST_NDC_QUANTITY = Decimal("99999999.999")
_WHOLE = Decimal(1)
_MILLIONTH = Decimal("0.000001")
_THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class DrugUse:
    """One drug of a period, in units of its NDC (vials UN, millilitres ML, grams GR, ...).

    ``units_per_ndc_unit`` says how many HCPCS units one NDC unit is (a 2 g vial of a 250 mg code: 8). ``given`` went
    into the patient, ``discarded`` was thrown away from opened single-dose containers, ``dispensed`` was sent.
    Ingredients of one compound share ``compound``, the number that ties their lines.
    """

    code: str
    ndc: str
    ndc_unit: str
    units_per_ndc_unit: Decimal
    days: Days
    dispensed: Decimal
    given: Decimal | None = None
    discarded: Decimal = Decimal(0)
    single_dose: bool = True
    worn: tuple[str, ...] = ()
    """Modifiers the drug wears whatever becomes of it (under the skin: JB; insulin: JK, JL; KX)."""
    name: str = ""
    prescription: str = ""
    compound: str = ""


@dataclass(frozen=True, slots=True)
class DrugLine:
    """One drug line: HCPCS units to bill beside the NDC quantity they were made from, and how."""

    code: str
    modifiers: tuple[str, ...]
    units: int
    days: Days
    ndc: str
    ndc_unit: str
    ndc_quantity: Decimal
    link: str
    link_kind: Literal["XZ", "VY", ""]
    why: str


def drug_lines(drug: DrugUse, rules: RuleSet) -> tuple[DrugLine, ...]:
    """The lines one drug makes: given or dispensed units, and under JW/JZ what was discarded on a line of its own.

    Refused when the NDC's unit is unknown, the conversion is missing, or waste is recorded but not what was given.
    """
    quantity = rules.drug_quantity
    _refuse_what_cannot_be_billed(drug, quantity)
    if quantity is DrugQuantity.DISPENSED:
        return (_line(drug, "", _up(drug.dispensed * drug.units_per_ndc_unit), drug.dispensed, "dispensed"),)
    given = drug.dispensed if drug.given is None else drug.given
    units = _up(given * drug.units_per_ndc_unit)
    if quantity is DrugQuantity.ADMINISTERED:
        return (_line(drug, "", units, given, "given"),) if units else ()
    return _with_waste(drug, given, units, rules)


def discarded_units(given: Decimal, discarded: Decimal, units_per_ndc_unit: Decimal) -> int:
    """Whole units to bill as discarded: all units used up less those billed as given (Medicare, JW).

    A dose below one billing unit already fills the unit, so nothing is left for a JW line.
    """
    used = _up(given * units_per_ndc_unit)
    both = _exact((given + discarded) * units_per_ndc_unit)
    return max(0, int(both.to_integral_value(rounding=ROUND_FLOOR)) - used)


def ndc_quantity_text(quantity: Decimal) -> str:
    """The NDC quantity as forms take it: up to eight digits before and three after the point, no trailing zeros."""
    rounded = quantity.quantize(_THOUSANDTH)
    if not 0 < rounded <= MOST_NDC_QUANTITY:
        raise Refused(f"An NDC quantity of {quantity} cannot be written on a claim. Correct the quantity.")
    whole = rounded.to_integral_value()
    return str(int(whole)) if whole == rounded else f"{rounded.normalize():f}"


def _with_waste(drug: DrugUse, given: Decimal, units: int, rules: RuleSet) -> tuple[DrugLine, ...]:
    """JW on discarded units, JZ when none are billed; multi-dose containers wear neither (Medicare from July 2023).

    A dose below one billing unit leaves no unit to discard; that it then wears JZ is a default, not read in a source.
    """
    if not drug.single_dose:
        return (_line(drug, "", units, given, "given from a multi-dose container"),) if units else ()
    waste = discarded_units(given, drug.discarded, drug.units_per_ndc_unit)
    if not waste:
        return (_line(drug, rules.no_waste_modifier, units, given, "given"),) if units else ()
    kept = (_line(drug, "", units, given, "given"),) if units else ()
    return (*kept, _line(drug, rules.waste_modifier, waste, drug.discarded, "discarded"))


def _line(drug: DrugUse, mark: str, units: int, quantity: Decimal, what: str) -> DrugLine:
    modifiers = (*drug.worn, mark) if mark else drug.worn
    link, kind = _link(drug)
    why = (
        f"{quantity.normalize():f} {drug.ndc_unit} {what} x {drug.units_per_ndc_unit.normalize():f} "
        f"= {units} units of {drug.code}."
    )
    return DrugLine(drug.code, modifiers, units, drug.days, drug.ndc, drug.ndc_unit, quantity, link, kind, why)


def _link(drug: DrugUse) -> tuple[str, Literal["XZ", "VY", ""]]:
    """The number in REF that ties a compound: the prescription's (XZ), else a link number of ours (VY)."""
    if drug.prescription:
        return drug.prescription, "XZ"
    return (drug.compound, "VY") if drug.compound else ("", "")


def _refuse_what_cannot_be_billed(drug: DrugUse, quantity: DrugQuantity) -> None:
    name = drug.name or drug.code
    if drug.ndc_unit not in NDC_UNITS:
        raise Refused(f"{name} is counted in “{drug.ndc_unit}”. An NDC is counted in {', '.join(NDC_UNITS)}.")
    if drug.units_per_ndc_unit <= 0:
        raise Refused(f"{name} has no conversion from its NDC to {drug.code}. Enter it in the catalogue.")
    if min(drug.dispensed, drug.discarded, drug.given or Decimal(0)) < 0:
        raise Refused(f"{name} has a quantity below zero. Correct what was sent, given or discarded.")
    if quantity is not DrugQuantity.DISPENSED and drug.given is None and drug.discarded:
        raise Refused(f"{name} has discarded units but no record of what was given. Enter the quantity given.")


def _up(units: Decimal) -> int:
    return int(_exact(units).quantize(_WHOLE, rounding=ROUND_CEILING))


def _exact(units: Decimal) -> Decimal:
    """Without the last places a division leaves behind (3.0000000001 units are three)."""
    return units.quantize(_MILLIONTH)
