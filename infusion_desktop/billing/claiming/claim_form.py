"""Fill the CMS-1500 (02/12) from the same data as the claim file."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.pharmacy import Profile, profile
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claim_files import for_file
from infusion_desktop.billing.life import the_claim
from infusion_desktop.billing.rules.drugs import ndc_quantity_text
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.edi import claim_data as edi
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_zip
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.tables import Coverage, Patient, Payer

if TYPE_CHECKING:
    from reports.cms1500 import Form, FormLine

SIGNED = "SIGNATURE ON FILE"
_KINDS = {"MB": "Medicare", "MA": "Medicare", "MC": "Medicaid", "CH": "TRICARE", "VA": "CHAMPVA", "WC": "FECA"}
_RELATIONS = {"18": "Self", "01": "Spouse", "19": "Child"}
_NOTHING = ("", "", "", "")


def print_claim_form(
    database: Database, claim: ClaimId, shift: tuple[Decimal, Decimal], by: UserId, override: str = "", *, proof: bool
) -> bytes:
    """The form of one claim for somebody who prints it, shifted right and down; AsksWhy where it is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_BILLING)
        patient = the_claim(session, claim).patient_id
        tell_papers(session, "CMS-1500", [(claim, patient)], by, override)
        record(session, by, "print CMS-1500", "claim", claim, patient_id=patient)
    with database.reading() as session:
        return claim_forms(session, [claim], *shift, proof=proof)


def claim_forms(session: Session, claims: Sequence[ClaimId], right: Decimal, down: Decimal, *, proof: bool) -> bytes:
    """The forms of these claims as a PDF: the proof in our own boxes, or the text for pre-printed paper.

    ``right`` and ``down`` shift the text on pre-printed paper, in millimetres.
    """
    from reports.cms1500 import render_preprinted, render_proof

    if not -25 <= right <= 25 or not -25 <= down <= 25:
        raise Refused("Shift the text by at most 25 millimetres.")
    forms = [form_of(session, claim) for claim in claims]
    if proof:
        return render_proof(forms)
    points = float(right) * 72 / 25.4, float(down) * 72 / 25.4
    return render_preprinted(forms, *points)


def form_of(session: Session, claim: ClaimId) -> "Form":
    """What the form says of one claim; Refused when the claim or the pharmacy's profile is not there."""
    kept, ours = session.get(Claim, claim), profile(session)
    if kept is None:
        raise Refused("This claim is not known. Look at the list of claims again.")
    if ours is None:
        raise Refused("The pharmacy's own name and numbers are missing. Enter them in Office, Pharmacy first.")
    patient, coverage = session.get_one(Patient, kept.patient_id), session.get_one(Coverage, kept.coverage_id)
    payer = session.get_one(Payer, kept.payer_id)
    return _form(for_file(session, kept), ours, patient, coverage, payer)


def _form(claim: edi.Claim, ours: Profile, patient: Patient, coverage: Coverage, payer: Payer) -> "Form":
    from reports.cms1500 import Form

    other = claim.other_payers[0] if claim.other_payers else None
    ordering = next((line.ordering for line in claim.lines if line.ordering is not None), None)
    carrier = (payer.name, payer.street, f"{payer.city} {payer.state} {show_zip(payer.zip)}".strip())
    at_home = (patient.street, patient.city, patient.state, show_zip(patient.zip))
    is_holder = claim.patient is None
    holder = claim.subscriber.name
    phone = f"{patient.phone[:3]} {patient.phone[3:]}"
    return Form(
        carrier=tuple(line for line in carrier if line),
        kind=_KINDS.get(payer.kind.value, "Group" if claim.subscriber.group_number else "Other"),
        insured_id=claim.subscriber.member_id,
        patient_name=_name(edi.Name(patient.last_name, patient.first_name, patient.middle_name)),
        born=_day(patient.born_on, "%Y"),
        sex=patient.sex.value,
        insured_name=_name(holder),
        patient_address=at_home,
        patient_phone=phone,
        relation=_RELATIONS.get(coverage.relation.value, "Other"),
        insured_address=at_home if is_holder else _NOTHING,
        group=claim.subscriber.group_number,
        lines=tuple(_line(line, claim.place) for line in claim.lines),
        diagnoses=tuple(code.replace(".", "") for code in claim.diagnoses),
        tax_id=ours.tax_id,
        account=claim.number,
        billing_name=ours.name,
        billing_address=(
            " ".join(filter(None, (ours.street, ours.street_2))), f"{ours.city} {ours.state} {show_zip(ours.zip)}",
        ),
        billing_phone=f"{ours.phone[:3]} {ours.phone[3:]}",
        billing_npi=ours.npi,
        taxonomy=ours.taxonomy,
        other_insured=_name(other.holder) if other else "",
        other_group=other.group_number if other else "",
        other_plan=other.name if other else "",
        insured_born=_day(patient.born_on if is_holder else coverage.holder_born_on, "%Y"),
        insured_sex=patient.sex.value if is_holder else coverage.holder_sex,
        plan=payer.name,
        another_plan=other is not None,
        referring_qualifier="DK" if ordering else "",
        referring=f"{ordering.name.first} {ordering.name.last}".strip() if ordering else "",
        referring_npi=ordering.npi if ordering else "",
        note=claim.note,
        resubmission="" if claim.frequency is edi.Frequency.ORIGINAL else claim.frequency.value,
        original_reference=claim.original_reference,
        authorization=claim.authorization or next((a for line in claim.lines for a in line.authorizations), ""),
        accepts=claim.accepts_assignment == "A",
        paid=other.paid if other else claim.patient_paid,
        signed=SIGNED,
        signed_on=" ".join(_day(today(), "%y")),
    )  # fmt: skip


def _line(line: edi.ServiceLine, place: str) -> "FormLine":
    from reports.cms1500 import FormLine

    shaded = ""
    if line.drug is not None:
        shaded = f"N4{line.drug.ndc} {line.drug.unit}{ndc_quantity_text(line.drug.quantity)}"
    return FormLine(
        shaded=shaded,
        first=_day(line.days.first, "%y"),
        last=_day(line.days.last, "%y"),
        place=line.place or place,
        code=line.code,
        modifiers=line.modifiers,
        pointers="".join(chr(64 + each) for each in line.pointers),
        charge=line.charge,
        units=_plain(line.units),
    )


def _name(name: edi.Name) -> str:
    return ", ".join(filter(None, (name.last, name.first, name.middle)))


def _day(day: date | None, year: str) -> tuple[str, str, str]:
    return ("", "", "") if day is None else (f"{day:%m}", f"{day:%d}", day.strftime(year))


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
