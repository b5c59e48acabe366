"""Why a claim cannot be written as an 837P: every reason at once, in the biller's words.

Limits and balances: guide 005010X222A1 as public maps of it show (50 lines, 12 diagnoses, 4 modifiers, 4 pointers, 10
other payers) and X12's published answers 1115 and 1294 on coordination of benefits.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from infusion_desktop.edi.adjustments import Adjustment, each_adjustment, total
from infusion_desktop.edi.claim_data import (
    Address,
    Batch,
    Claim,
    Drug,
    Frequency,
    Heading,
    LineAdjudication,
    Name,
    OtherPayer,
    Provider,
    ServiceLine,
)
from infusion_desktop.edi.x12_writing import clean, is_clean
from infusion_desktop.identifiers import is_npi
from infusion_desktop.money import ZERO

MOST_CLAIMS = 5_000
MOST_LINES = 50
MOST_DIAGNOSES = 12
RANKS = ("P", "S", "T", "A", "B", "C", "D", "E", "F", "G", "H")
RELATIONS = ("01", "18", "19", "20", "21", "39", "40", "53", "G8")
_SBR09 = "11 12 13 14 15 16 17 AM BL CH CI DS FI HM LM MA MB MC OF TV VA WC ZZ"
PAYER_KINDS = frozenset(_SBR09.split(" "))
_PWK01 = (
    "03 04 05 06 07 08 09 10 11 13 15 21 A3 A4 AM AS B2 B3 B4 BR BS BT CB CK CT D2 DA DB DG DJ DS EB HC HR I5 IR LA "
    "M1 MT NN OB OC OD OE OX OZ P4 P5 PE PN PO PQ PY PZ RB RR RT RX SG V5 XP"
)
ATTACHMENT_KINDS = frozenset(_PWK01.split(" "))
DRUG_UNITS = ("F2", "GR", "ME", "ML", "UN")
ADJUSTMENT_GROUPS = ("CO", "CR", "OA", "PI", "PR")
DELAY_REASONS = {
    "1": "Proof of the patient's coverage came late",
    "2": "A lawsuit",
    "3": "The authorization came late",
    "4": "The prescriber's certificate came late",
    "5": "Forms came late",
    "6": "Something made to measure came late",
    "7": "Another payer decided late",
    "8": "The patient's coverage was settled late",
    "9": "Refused or denied first, for another reason than the limit",
    "10": "The office that authorizes was late",
    "11": "Another reason",
    "15": "A natural disaster",
}
"""Why a claim comes after the limit (X12 CLM20), in our own words."""
_PROCEDURE = re.compile(r"[A-Z0-9]{5}", re.ASCII)
_MODIFIER = re.compile(r"[A-Z0-9]{2}", re.ASCII)
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}", re.ASCII)
_PLACE = re.compile(r"\d{2}", re.ASCII)
_NDC = re.compile(r"\d{11}", re.ASCII)
_ZIP = re.compile(r"\d{5}(\d{4})?", re.ASCII)
_MOST_DOLLARS = Decimal("99999999.99")
_good_npi = lru_cache(maxsize=4096)(is_npi)


def batch_reasons(batch: Batch) -> Iterator[str]:
    """Every reason why a file cannot be written; none when it can."""
    yield from heading_reasons(batch.heading)
    if not 1 <= len(batch.claims) <= MOST_CLAIMS:
        yield f"The batch holds {len(batch.claims)} claims. A file takes 1 to {MOST_CLAIMS:,}; split the batch."
    for claim in batch.claims:
        yield from claim_reasons(claim)


def heading_reasons(heading: Heading) -> Iterator[str]:
    """Why the head of a file cannot be written: envelope, batch number, sender, receiver, pharmacy."""
    yield from heading.interchange.reasons()
    if not re.fullmatch(r"[A-Z0-9]{4,9}", heading.transaction_control, re.ASCII):
        yield "The transaction control number must be 4 to 9 capital letters or digits."
    yield from _code("The batch number", heading.batch_number, 50)
    yield from _text("The submitter's name", heading.submitter.name)
    yield from _code("The submitter's number", heading.submitter.identifier, 80)
    yield from _text("The submitter's contact person", heading.submitter.contact)
    if not re.fullmatch(r"\d{10}", heading.submitter.phone, re.ASCII):
        yield "The submitter's telephone number must be ten digits. Correct it in Office, Pharmacy."
    yield from _text("The receiver's name", heading.receiver.name)
    yield from _code("The receiver's number", heading.receiver.identifier, 80)
    yield from _pharmacy_reasons(heading)


def _pharmacy_reasons(heading: Heading) -> Iterator[str]:
    pharmacy = heading.billing
    yield from _text("The pharmacy's name", pharmacy.name)
    if not _good_npi(pharmacy.npi):
        yield "The pharmacy's NPI is wrong. Compare its ten digits in Office, Pharmacy."
    if not re.fullmatch(r"\d{9}", pharmacy.tax_id, re.ASCII):
        yield "The pharmacy's tax number must be nine digits. Correct it in Office, Pharmacy."
    if not re.fullmatch(r"\d{3}[0-9A-Z]{6}X", pharmacy.taxonomy, re.ASCII):
        yield "The pharmacy's taxonomy code must be ten characters, such as 3336H0001X."
    yield from _address("The pharmacy", pharmacy.address)
    if len(pharmacy.address.zip_code) != 9:
        yield "The pharmacy's ZIP code must have nine digits on claims. Correct it in Office, Pharmacy."
    if re.match(r"\s*P\.?\s*O\.?\s*BOX", pharmacy.address.street, re.IGNORECASE):
        yield "The pharmacy's address must be a street. Put the post office box into the pay-to address."
    if pharmacy.pay_to:
        yield from _address("The pay-to address", pharmacy.pay_to)


def claim_reasons(claim: Claim, *, on_paper: bool = False) -> Iterator[str]:
    """Every reason why one claim cannot be written, each beginning with the claim's number.

    A form on paper also takes payers whose kind no claim file can say, and what another payer decided on other lines:
    its own explanation goes with the form.
    """
    found = [
        *_number_reasons(claim),
        *_people_reasons(claim),
        *_payer_reasons(claim, on_paper),
        *_diagnosis_reasons(claim),
        *_detail_reasons(claim),
        *_line_reasons(claim),
        *_other_payer_reasons(claim, on_paper),
    ]
    for reason in found:
        yield f"Claim {clean(claim.number, 20) or 'without number'}: {reason}"


def _number_reasons(claim: Claim) -> Iterator[str]:
    yield from _code("the claim number", claim.number, 20)
    corrects = claim.frequency is not Frequency.ORIGINAL
    if corrects and not claim.original_reference:
        yield "a replacement or void needs the payer's number of the claim it corrects. Take it from the remittance."
    if not corrects and claim.original_reference:
        yield "an original claim must not name an earlier claim. Remove the number or send it as a replacement."
    yield from _optional_code("the payer's earlier claim number", claim.original_reference, 50)


def _people_reasons(claim: Claim) -> Iterator[str]:
    subscriber, patient = claim.subscriber, claim.patient
    yield from _person("the subscriber", subscriber.name)
    yield from _code("the member number", subscriber.member_id, 80)
    yield from _optional_code("the group number", subscriber.group_number, 50)
    yield from _optional_text("the group name", subscriber.group_name)
    if subscriber.address:
        yield from _address("the subscriber", subscriber.address)
    if subscriber.born_on and subscriber.sex not in ("F", "M", "U"):
        yield "the subscriber's sex must be F, M or U when the birth date is given."
    if patient is None:
        if not subscriber.address or not subscriber.born_on:
            yield "the patient's address, birth date and sex are missing. Complete them on the patient."
        return
    yield from _person("the patient", patient.name)
    yield from _address("the patient", patient.address)
    if patient.sex not in ("F", "M", "U"):
        yield "the patient's sex must be F, M or U. Complete it on the patient."
    if patient.relation not in RELATIONS or patient.relation == "18":
        yield "the patient's relation to the subscriber is not one the claim can say. Choose it on the coverage."


def _payer_reasons(claim: Claim, on_paper: bool) -> Iterator[str]:
    payer = claim.payer
    yield from _text("the payer's name", payer.name)
    yield from _code("the payer's number", payer.identifier, 80)
    yield from _optional_code("our number at the payer", payer.our_number, 50)
    if payer.kind not in PAYER_KINDS and not on_paper:
        yield "the kind of payer is not one the claim can say (SBR09). Choose it on the payer."
    if payer.medicare_second and payer.medicare_second not in ("12", "13", "14", "15", "16", "41", "42", "43", "47"):
        yield "the reason why Medicare is not first is not one the claim can say (SBR05). Choose it on the coverage."
    if payer.address:
        yield from _address("the payer", payer.address)
    if claim.rank not in RANKS:
        yield "the payer's place must be P, S, T or A to H. Choose it on the coverage."


def _diagnosis_reasons(claim: Claim) -> Iterator[str]:
    if not 1 <= len(claim.diagnoses) <= MOST_DIAGNOSES:
        yield f"{len(claim.diagnoses)} diagnoses. A claim takes 1 to {MOST_DIAGNOSES}."
    for code in claim.diagnoses:
        if not _DIAGNOSIS.fullmatch(code.replace(".", "")):
            yield f"the diagnosis “{clean(code, 10)}” is not an ICD-10 code. Correct it on the therapy."
    plain = [code.replace(".", "") for code in claim.diagnoses]
    if len(set(plain)) != len(plain):
        yield "a diagnosis is there twice. Remove one."


def _detail_reasons(claim: Claim) -> Iterator[str]:
    if not _PLACE.fullmatch(claim.place):
        yield "the place of service must be two digits, such as 12 for home."
    if claim.accepts_assignment not in ("A", "B", "C"):
        yield "accepting assignment must be A, B or C (CLM07)."
    if claim.benefits_assigned not in ("N", "W", "Y") or claim.release_signed not in ("I", "Y"):
        yield "the assignment of benefits or the signed release is not one the claim can say (CLM08, CLM09)."
    if claim.delay_reason and claim.delay_reason not in DELAY_REASONS:
        yield "the reason for the delay is not one the claim can say (CLM20)."
    if claim.patient_paid is not None:
        yield from _amount("what the patient paid", claim.patient_paid)
    codes = ("authorization number", claim.authorization), ("referral number", claim.referral)
    for what, value in (*codes, ("medical record number", claim.medical_record)):
        yield from _optional_code(f"the {what}", value, 50)
    yield from _optional_text("the note", claim.note, 80)
    if claim.referring:
        yield from _provider("the referring provider", claim.referring)
    if len(claim.attachments) > 10:
        yield "more than ten attachments. Send the rest separately."
    for paper in claim.attachments:
        yield from _optional_code("an attachment's number", paper.number, 50)
        if paper.kind not in ATTACHMENT_KINDS or paper.sent_by not in ("AA", "BM", "EL", "EM", "FT", "FX"):
            yield "an attachment's kind or way of sending is not one the claim can say (PWK)."
        if (paper.sent_by == "AA") == bool(paper.number):
            yield "an attachment needs our number, unless it is kept here for the payer to ask for (AA)."


def _line_reasons(claim: Claim) -> Iterator[str]:
    if not 1 <= len(claim.lines) <= MOST_LINES:
        yield f"{len(claim.lines)} lines. A claim takes 1 to {MOST_LINES}; split it."
    numbers = [line.control_number for line in claim.lines]
    if len(set(numbers)) != len(numbers):
        yield "two lines have the same control number."
    if claim.charge > _MOST_DOLLARS:
        yield "the charge is over 99999999.99. Split the claim."
    for place, line in enumerate(claim.lines, 1):
        for reason in _one_line(line, len(claim.diagnoses)):
            yield f"line {place}: {reason}"


def _one_line(line: ServiceLine, diagnoses: int) -> Iterator[str]:
    yield from _procedure(line.code, line.modifiers)
    yield from _amount("the charge", line.charge)
    yield from _quantity("the units", line.units)
    yield from _code("the line control number", line.control_number, 30)
    if line.unit not in ("UN", "MJ"):
        yield "the unit must be UN (units) or MJ (minutes)."
    if line.place and not _PLACE.fullmatch(line.place):
        yield "the place of service must be two digits."
    if not 1 <= len(line.pointers) <= 4 or len(set(line.pointers)) != len(line.pointers):
        yield "a line points to 1 to 4 different diagnoses."
    if any(not 1 <= pointer <= diagnoses for pointer in line.pointers):
        yield "it points to a diagnosis that the claim does not have."
    yield from _optional_text("the description", line.description, 80)
    yield from _optional_text("the note", line.note, 80)
    if len(line.authorizations) > 5:
        yield "more than five authorizations. Split the line."
    for number in line.authorizations:
        yield from _code("the authorization number", number, 50)
    if line.drug:
        yield from _drug(line.drug)
    if line.rental:
        yield from _amount("the rental price", line.rental.rental)
        yield from _amount("the purchase price", line.rental.purchase)
        if line.rental.period not in ("1", "4", "6") or not 1 <= line.rental.days <= 999:
            yield "a rental needs days (1 to 999) and a period of 1 week, 4 month or 6 day."
    if line.ordering:
        yield from _provider("the ordering provider", line.ordering)


def _procedure(code: str, modifiers: tuple[str, ...]) -> Iterator[str]:
    if not _PROCEDURE.fullmatch(code):
        yield f"the code “{clean(code, 10)}” is not a HCPCS code of five characters."
    if len(modifiers) > 4:
        yield f"{len(modifiers)} modifiers. A line takes four; the fifth would be read as a description."
    if any(not _MODIFIER.fullmatch(modifier) for modifier in modifiers):
        yield "a modifier must be two capital letters or digits."


def _drug(drug: Drug) -> Iterator[str]:
    if not _NDC.fullmatch(drug.ndc):
        yield "the NDC must be eleven digits. Correct it on the item."
    if drug.unit not in DRUG_UNITS:
        yield "the drug's unit must be F2, GR, ME, ML or UN. Correct it on the item."
    yield from _quantity("the drug's quantity", drug.quantity)
    yield from _optional_code("the prescription number", drug.prescription, 50)
    yield from _optional_code("the compound's link number", drug.link, 50)
    if drug.prescription and drug.link:
        yield "a drug names its prescription or its compound's link, not both."


def _other_payer_reasons(claim: Claim, on_paper: bool) -> Iterator[str]:
    others = claim.other_payers
    if claim.rank != "P" and not others:
        yield "a secondary claim needs the other payer's result."
    if len(others) > 10:
        yield "more than ten other payers."
    ranks = [claim.rank, *(other.rank for other in others)]
    if len(set(ranks)) != len(ranks):
        yield "two payers have the same place (primary, secondary, tertiary)."
    known = [other.identifier for other in others]
    if len(set(known)) != len(known):
        yield "an other payer is there twice."
    for line in claim.lines:
        if len(line.adjudications) > 15:
            yield "a line holds more than fifteen decisions of other payers."
        if any(result.payer_id not in known for result in line.adjudications):
            yield "a line holds the decision of a payer that the claim does not name."
        for result in line.adjudications:
            yield from _adjudication_reasons(line, result)
    for other in others:
        reasons = [*_one_other_payer(other), *(() if on_paper else _balance_reasons(claim, other))]
        for reason in reasons:
            yield f"other payer {clean(other.identifier, 30)}: {reason}"


def _one_other_payer(other: OtherPayer) -> Iterator[str]:
    yield from _text("the name", other.name)
    yield from _code("the payer's number", other.identifier, 80)
    yield from _person("the policy's holder", other.holder)
    yield from _code("the member number", other.member_id, 80)
    yield from _optional_code("the group number", other.group_number, 50)
    yield from _optional_code("its claim number", other.claim_control, 50)
    if other.rank not in RANKS or other.relation not in RELATIONS or other.kind not in PAYER_KINDS:
        yield "its place, the patient's relation or the kind of payer is not one the claim can say."
    if len(other.remarks) > 5:
        yield "more than five remark codes."
    for remark in other.remarks:
        yield from _code("a remark code", remark, 50)
    for what, amount in (("not covered", other.not_covered), ("what the patient owes", other.patient_owes)):
        if amount is not None:
            yield from _amount(what, amount)
    yield from _adjustment_reasons(other.adjustments)


def _balance_reasons(claim: Claim, other: OtherPayer) -> Iterator[str]:
    """The payer's result must add up: charge = paid + adjustments; paid = lines paid - claim adjustments."""
    results = [result for line in claim.lines for result in line.adjudications if result.payer_id == other.identifier]
    if other.paid is None:
        if results or other.adjustments or other.paid_on:
            yield "it has adjustments but no paid amount. Enter what it paid, also when that is 0."
        return
    yield from _amount("the paid amount", other.paid)
    at_claim = total(other.adjustments)
    at_lines = sum((total(result.adjustments) for result in results), ZERO)
    if claim.charge != other.paid + at_claim + at_lines:
        short = claim.charge - other.paid - at_claim - at_lines
        yield f"its payment and adjustments differ from the charge by {short}. Compare with its remittance."
    if results and other.paid != sum((result.paid for result in results), ZERO) - at_claim:
        yield "what it paid is not what it paid by line less its claim adjustments. Compare with its remittance."
    if bool(results) == bool(other.paid_on):
        yield "the day it paid belongs on the payer, or on each line when the lines hold its decisions, not both."


def _adjudication_reasons(line: ServiceLine, result: LineAdjudication) -> Iterator[str]:
    name = clean(line.control_number, 30)
    if line.charge != result.paid + total(result.adjustments):
        short = line.charge - result.paid - total(result.adjustments)
        yield f"line {name}: a payer's payment and adjustments differ from the charge by {short}."
    reasons = [*_procedure(result.code, result.modifiers), *_quantity("units paid", result.units, allow_none=True)]
    for reason in (*reasons, *_amount("paid", result.paid), *_adjustment_reasons(result.adjustments)):
        yield f"line {name}: {reason}"
    if result.patient_owes is not None:
        yield from _amount(f"line {name}: what the patient owes", result.patient_owes)


def _adjustment_reasons(adjustments: tuple[Adjustment, ...]) -> Iterator[str]:
    if len(list(each_adjustment(adjustments))) > 5:
        yield "more than five groups of adjustments."
    for adjustment in adjustments:
        if adjustment.group not in ADJUSTMENT_GROUPS:
            yield "an adjustment's group must be CO, CR, OA, PI or PR."
        if not re.fullmatch(r"[A-Z0-9]{1,5}", adjustment.reason, re.ASCII):
            yield "an adjustment's reason must be a code of one to five characters."
        if abs(adjustment.amount) > _MOST_DOLLARS or adjustment.amount != round(adjustment.amount, 2):
            yield "an adjustment's amount must be dollars and cents."


def _amount(what: str, amount: Decimal) -> Iterator[str]:
    if not amount.is_finite() or not 0 <= amount <= _MOST_DOLLARS or amount != round(amount, 2):
        yield f"{what} must be 0 to 99999999.99, in whole cents."


def _quantity(what: str, quantity: Decimal, allow_none: bool = False) -> Iterator[str]:
    good = quantity.is_finite() and 0 <= quantity <= _MOST_DOLLARS and quantity == round(quantity, 3)
    if not good or (quantity == 0 and not allow_none):
        yield f"{what} must be a number above 0 with at most three decimals."


def _provider(what: str, provider: Provider) -> Iterator[str]:
    yield from _person(what, provider.name)
    if not _good_npi(provider.npi):
        yield f"{what}'s NPI is wrong. Compare its ten digits on the prescriber."


def _person(what: str, name: Name) -> Iterator[str]:
    yield from _text(f"{what}'s last name", name.last)
    for value in (name.first, name.middle, name.suffix):
        yield from _optional_text(f"{what}'s name", value)


def _address(what: str, address: Address) -> Iterator[str]:
    yield from _text(f"{what}'s street", address.street)
    yield from _optional_text(f"{what}'s second address line", address.street2)
    if len(clean(address.city)) < 2:
        yield f"{what}'s city is missing."
    if not re.fullmatch(r"[A-Z]{2}", address.state, re.ASCII):
        yield f"{what}'s state must be two capital letters."
    if not _ZIP.fullmatch(address.zip_code):
        yield f"{what}'s ZIP code must be five or nine digits."


def _text(what: str, text: str) -> Iterator[str]:
    if not clean(text):
        yield f"{what} is missing, or has no letter that claims can carry. Write it in plain letters."


def _optional_text(what: str, text: str, longest: int = 0) -> Iterator[str]:
    if text:
        yield from _text(what, text)
        if longest and len(clean(text)) > longest:
            yield f"{what} is longer than {longest} characters. Shorten it."


def _code(what: str, code: str, longest: int) -> Iterator[str]:
    if not code:
        yield f"{what} is missing."
    elif len(code) > longest or not is_clean(code):
        yield f"{what} must be at most {longest} capital letters, digits or plain marks, without * : ~ ^ and accents."


def _optional_code(what: str, code: str, longest: int) -> Iterator[str]:
    if code:
        yield from _code(what, code, longest)
