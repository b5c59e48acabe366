"""Modifiers that goods and drugs wear where Medicare's equipment rules hold, by what the code table knows of a code.

Bought, not rented: NU. A pole for nutrition: BA. Insulin for a pump: JK for a supply of a month at most, JL for up to
three (Noridian, external infusion pumps). The modifier that the medical policy is met (KX) where the code takes it.
What the drug of a pump comes in says whether the syringe it is loaded with is paid (Noridian: K0552).
"""

from infusion_desktop.billing.rules.codes import Code
from infusion_desktop.billing.rules.rule_set import DrugQuantity, EquipmentBilling, RuleSet
from infusion_desktop.stock.words import Container

BOUGHT, FOR_NUTRITION = "NU", "BA"
NUTRITION = frozenset({"tpn", "enteral"})
_BY_SUPPLY = frozenset({"JK", "JL"})


def worn_by_goods(code: Code | None, rules: RuleSet, family: str) -> tuple[str, ...]:
    """What delivered goods wear that stay with the patient; ``family`` is that of the therapy they are for."""
    if code is None or rules.equipment is EquipmentBilling.INCLUDED:
        return ()
    marks: tuple[str, ...] = (BOUGHT,) if BOUGHT in code.modifiers else ()
    if FOR_NUTRITION in code.modifiers and family in NUTRITION:
        marks += (FOR_NUTRITION,)
    return marks + _policy(code, rules)


def worn_by_drug(code: Code | None, rules: RuleSet, days: int) -> tuple[str, ...]:
    """What a drug wears before JW or JZ, by the days its delivery supplies."""
    if code is None or rules.drug_quantity is not DrugQuantity.JW_JZ:
        return ()
    by_supply = rules.supply_modifiers[:1] if days <= rules.supply_month_days else rules.supply_modifiers[1:2]
    return tuple(each for each in by_supply if each in code.modifiers) + _policy(code, rules)


def comes_in_single_doses(code: Code | None, container: Container) -> bool:
    """Whether a drug is taken from single-dose containers, of which the rest is thrown away (JW, JZ)."""
    if container is Container.AS_ITS_CODE:
        return code is None or code.facts.get("multi_dose") != "yes"
    return container is not Container.MULTI_DOSE


def is_under_the_skin_told(code: Code | None) -> bool:
    """Whether a drug's lines say that it is given under the skin (JB); insulin pumps do nothing else."""
    return code is None or _BY_SUPPLY.isdisjoint(code.modifiers)


def is_paid_beside_prefilled(code: Code | None) -> bool:
    """Whether goods are paid beside a drug that comes ready in the pump's syringe or cassette."""
    return code is None or code.facts.get("not_payable_when") != "drug_comes_prefilled"


def _policy(code: Code, rules: RuleSet) -> tuple[str, ...]:
    policy = rules.medical_policy_modifier
    return (policy,) if policy and policy in code.modifiers else ()
