"""Checks of who bills, for whom, and who pays."""

from collections.abc import Iterator

from infusion_desktop.billing.rules.checks.facts import Check, ClaimFacts, Told, Where
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.dates import show_days
from infusion_desktop.identifiers import is_npi


def _billing_npi(facts: ClaimFacts) -> Iterator[Told]:
    if not is_npi(facts.billing.npi):
        yield "The pharmacy's NPI is missing or its check digit is wrong. Correct it in the pharmacy profile."


def _tax_id(facts: ClaimFacts) -> Iterator[Told]:
    if len(facts.billing.tax_id) != 9 or not (facts.billing.tax_id.isascii() and facts.billing.tax_id.isdigit()):
        yield "The pharmacy's tax id must have nine digits. Correct it in the pharmacy profile."


def _taxonomy(facts: ClaimFacts) -> Iterator[Told]:
    if len(facts.billing.taxonomy) != 10:
        yield "The pharmacy has no taxonomy code; many payers choose the contract by it. Enter it in the profile."


def _billing_address(facts: ClaimFacts) -> Iterator[Told]:
    street = facts.billing.street.upper().replace(".", "")
    if not street or street.startswith(("PO BOX", "P O BOX", "POST OFFICE BOX")):
        yield "The pharmacy's address must be a street, not a post office box. Correct it in the profile."
    if len(facts.billing.zip_code) != 9:
        yield "The pharmacy's ZIP code must have nine digits. Correct it in the profile."


def _patient_facts(facts: ClaimFacts) -> Iterator[Told]:
    person = facts.patient
    missing = [
        word
        for word, value in (("name", person.name), ("birth date", person.born_on), ("sex", person.sex))
        if not value
    ]
    if missing:
        yield f"The patient's {' and '.join(missing)} is missing. Enter it on the patient's page."


def _patient_address(facts: ClaimFacts) -> Iterator[Told]:
    person = facts.patient
    if not (person.street and person.city and person.state and len(person.zip_code) in (5, 9)):
        yield "The patient's address is not complete. Enter street, city, state and ZIP code."


def _born_after_service(facts: ClaimFacts) -> Iterator[Told]:
    born = facts.patient.born_on
    if born and [line for line in facts.lines if line.days.first < born]:
        yield "A line lies before the patient's birth date. Correct the birth date or the line."


def _member_id(facts: ClaimFacts) -> Iterator[Told]:
    if not _pays_alone(facts) and not facts.coverage.member_id.strip():
        yield "The coverage has no member id. Enter it from the patient's card."


def _subscriber(facts: ClaimFacts) -> Iterator[Told]:
    coverage = facts.coverage
    if coverage.relation != "self" and (coverage.subscriber is None or not coverage.subscriber.name):
        yield "The patient is not the policy holder, but the policy holder is not named. Enter the policy holder."


def _coverage_days(facts: ClaimFacts) -> Iterator[Told]:
    days = facts.coverage.days
    if days is None:
        return
    for line in facts.lines:
        if line.days.first < days.first or line.days.last > days.last:
            yield f"{line.label} lies outside the coverage ({show_days(days)}). Check eligibility.", line.number


def _payer_number(facts: ClaimFacts) -> Iterator[Told]:
    if not facts.coverage.payer_number and not _pays_alone(facts):
        yield "The payer has no electronic payer id. Enter it at the payer."


def _pays_alone(facts: ClaimFacts) -> bool:
    """A self-payer has no card, and nothing is sent to a payer."""
    return facts.rules is not None and facts.rules.claim_form is ClaimForm.STATEMENT


def _rules_missing(facts: ClaimFacts) -> Iterator[Told]:
    if facts.rules is None:
        yield "The payer has no billing rules for these days. Enter them in the payer contract."


def _prior_result(facts: ClaimFacts) -> Iterator[Told]:
    if facts.coverage.position > 1:
        yield (
            "By the patient's coverages this payer is not the first, and the first payer has not decided. Bill that "
            "one first, or correct the rank of the coverage."
        )


CHECKS = (
    Check("BILLING_NPI", "The pharmacy's NPI", Where.PHARMACY, True, _billing_npi),
    Check("TAX_ID", "The pharmacy's tax id", Where.PHARMACY, True, _tax_id),
    Check("TAXONOMY", "The pharmacy's taxonomy code", Where.PHARMACY, False, _taxonomy),
    Check("BILLING_ADDRESS", "The pharmacy's street and ZIP code", Where.PHARMACY, True, _billing_address),
    Check("PATIENT_FACTS", "The patient's name, birth date and sex", Where.PATIENT, True, _patient_facts),
    Check("PATIENT_ADDRESS", "The patient's address", Where.PATIENT, True, _patient_address),
    Check("BEFORE_BIRTH", "Service before birth", Where.PATIENT, True, _born_after_service),
    Check("MEMBER_ID", "The member id", Where.COVERAGE, True, _member_id),
    Check("SUBSCRIBER", "The policy holder", Where.COVERAGE, True, _subscriber),
    Check("COVERAGE_DAYS", "Service outside the coverage", Where.COVERAGE, True, _coverage_days),
    Check("PAYER_NUMBER", "The payer's electronic id", Where.CONTRACT, True, _payer_number),
    Check("RULES_MISSING", "The payer's billing rules", Where.CONTRACT, True, _rules_missing),
    Check("PRIOR_RESULT", "The first payer's result", Where.COVERAGE, True, _prior_result),
)
