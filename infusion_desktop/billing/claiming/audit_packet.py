"""Gather everything behind a claim into one PDF: orders, calendar, manifests, rule trace, authorizations, answers."""

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.money_tables import AnswerFile, LineDecision, PayerDecision
from infusion_desktop.billing.money.posting import cuts_of
from infusion_desktop.billing.money.reason_codes import say_reason, say_remark
from infusion_desktop.billing.papers import letterhead, printed, summary_of
from infusion_desktop.billing.queries import ClaimPage, claim_page
from infusion_desktop.billing.tables import Claim, ClaimBatch, ClaimLine, PayerRules, Remittance
from infusion_desktop.billing.terms.authorizations import authorizations
from infusion_desktop.billing.words import ClaimId, LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, show_day, show_days, show_instant
from infusion_desktop.deliveries.papers import manifest
from infusion_desktop.deliveries.tables import Delivery, ProofOfDelivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.money import show_money
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.tables import Episode, Prescriber, Therapy

if TYPE_CHECKING:
    from reports.audit_packet import Section, Table

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


def audit_packet(database: Database, claim: ClaimId, by: UserId, override: str = "") -> bytes:
    """The packet of one claim; that it was taken out is kept in the audit trail.

    AsksWhy where the patient's record is restricted and ``override`` says nothing.
    """
    from reports import audit_packet as paper

    with database.transaction() as session:
        authorize(session, by, Permission.SEE_BILLING)
        page = claim_page(session, claim)
        tell_papers(session, "audit packet", [(claim, page.row.patient_id)], by, override)
        deliveries = _deliveries(session, page)
        now = now_utc()
        packet = paper.AuditPacket(
            letterhead(session),
            printed(session, by),
            page.row.number,
            page.row.patient,
            page.row.payer,
            page.row.period.first,
            page.row.period.last,
            page.row.charge,
            summary_of(session, claim, by),
            (_orders(session, page), _trace(session, page), _allowed(session, page)),
            tuple(manifest(session, DeliveryId(each.id), by, now, copy=True) for each in deliveries),
            (_proofs(session, deliveries), _answers(session, page), _ledger(page), _life(page)),
        )
        record(session, by, "audit packet", "claim", claim, patient_id=page.row.patient_id)
    return paper.render(packet)


def _deliveries(session: Session, page: ClaimPage) -> list[Delivery]:
    ids = {unit.delivery_id for line in page.lines for unit in line.evidence if unit.delivery_id is not None}
    printable = Delivery.state.not_in((DeliveryState.DRAFT, DeliveryState.CANCELLED))
    return list(
        session.scalars(select(Delivery).where(Delivery.id.in_(ids), printable).order_by(Delivery.period_first))
    )


def _orders(session: Session, page: ClaimPage) -> "Section":
    from reports.audit_packet import Section

    ids = {unit.therapy_id for line in page.lines for unit in line.evidence if unit.therapy_id is not None}
    rows = session.execute(
        select(Therapy, Prescriber, Episode)
        .join(Prescriber, Prescriber.id == Therapy.prescriber_id)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Therapy.id.in_(ids))
        .order_by(Therapy.starts_on, Therapy.id)
    )
    told = tuple(
        (
            therapy.drug, f"every {therapy.interval_hours} h, {therapy.route.value}, {therapy.method.value}",
            f"{show_day(therapy.starts_on)} to {show_day(therapy.stops_on) or 'open'}", show_day(therapy.ordered_on),
            "not yet" if therapy.unsigned else show_day(therapy.signed_on or therapy.ordered_on),
            f"{who.first_name} {who.last_name} {who.credentials}".strip() + f", NPI {who.npi}", episode.diagnoses,
        )
        for therapy, who, episode in rows
    )  # fmt: skip
    columns = ("Order", "How", "Days", "Ordered", "Signed", "Prescriber", "Diagnoses")
    table = _table(columns, (1.4, 1.4, 1.4, 0.9, 0.9, 1.5, 0.9), told)
    return Section("Orders", "The orders whose days and drugs this claim bills.", (("", table),))


def _trace(session: Session, page: ClaimPage) -> "Section":
    from reports.audit_packet import Section

    rules = session.execute(
        select(PayerRules.id, PayerRules.rules_version, PayerRules.starts_on, PayerRules.note).where(
            PayerRules.id.in_(select(ClaimLine.rules_id).where(ClaimLine.claim_id == page.row.id))
        )
    )
    versions = tuple((f"version {row.rules_version}", show_day(row.starts_on), row.note) for row in rules)
    tables = [("Rules applied", _table(("Version", "In force from", "Where from"), (1, 1, 4), versions))]
    for line in page.lines:
        title = f"Line {line.position}: {' '.join((line.code, *line.modifiers))}, {line.units.normalize():f} units"
        rows = [(sentence, "") for sentence in line.sentences]
        if line.kind is LineKind.PER_DIEM:
            rows += [
                (
                    f"{show_day(unit.day)}: rank {unit.rank}, {show_money(unit.rate)} by {unit.rules}",
                    f"{unit.delivery or 'no delivery'}{', proof on file' if unit.proven else ''}",
                )
                for unit in line.evidence
            ]
        tables.append((title, _table(("Why", "Evidence"), (4, 1.4), tuple(rows))))
    lead = f"Why each unit stands on the claim, as it was counted by {page.rules}."
    return Section("Rule trace", lead, tuple(tables), tuple(f"{show_days(o.days)}: {o.why}" for o in page.left_out))


def _allowed(session: Session, page: ClaimPage) -> "Section":
    from reports.audit_packet import Section

    rows = tuple(
        (
            use.allowed.number, use.allowed.code, show_days(Days(use.allowed.first_on, use.allowed.last_on)),
            "as needed" if use.allowed.units is None else str(use.allowed.units), f"{use.used + use.held:f}",
            use.allowed.note,
        )
        for use in authorizations(session, page.row.patient_id, page.row.payer_id)
    )  # fmt: skip
    columns = ("Number", "Code", "Days", "Units allowed", "Used", "Note")
    table = _table(columns, (1.2, 0.8, 2, 1, 0.8, 2), rows)
    return Section("Authorizations", "What the payer allowed for this patient.", (("", table),))


def _proofs(session: Session, deliveries: list[Delivery]) -> "Section":
    from reports.audit_packet import Section

    rows, pictures = [], []
    for each in deliveries:
        kept = select(ProofOfDelivery).where(ProofOfDelivery.delivery_id == each.id).order_by(ProofOfDelivery.id)
        for proof in session.scalars(kept):
            rows.append(
                (each.number, proof.received_by, proof.relation, show_instant(proof.received_at),
                 show_day(proof.signed_on), each.tracking or each.carrier.value)
            )  # fmt: skip
            for name, content in (("signature", proof.signature), ("signed sheet", proof.attachment)):
                if content is not None and content.startswith(_PICTURES):
                    pictures.append((f"{each.number}: {name} of {proof.received_by}, {proof.relation}", content))
    columns = ("Delivery", "Taken by", "Relation", "When", "Signed", "Carrier")
    table = _table(columns, (1, 1.5, 1, 1.4, 1, 1.2), tuple(rows))
    return Section("Proofs of delivery", "Who took each delivery.", (("", table),), pictures=tuple(pictures))


def _answers(session: Session, page: ClaimPage) -> "Section":
    from reports.audit_packet import Section

    batch = session.execute(
        select(ClaimBatch.interchange_control, ClaimBatch.made_at, ClaimBatch.acknowledged, ClaimBatch.file_sha256)
        .join(Claim, Claim.batch_id == ClaimBatch.id)
        .where(Claim.id == page.row.id)
    ).all()
    sent = tuple((f"{b.interchange_control:09d}", show_instant(b.made_at), b.acknowledged or "none yet") for b in batch)
    tables = [("Claim file and its acknowledgements", _table(("File", "Written", "Answers"), (1, 1.4, 4), sent))]
    files = session.execute(
        select(AnswerFile.kind, AnswerFile.read_at, AnswerFile.sha256)
        .where(AnswerFile.told.contains(page.row.number, autoescape=True))
        .order_by(AnswerFile.id)
    )
    kept = tuple((row.kind, show_instant(row.read_at), row.sha256[:32]) for row in files)
    tables.append(("Files that name it", _table(("Kind", "Read", "Fingerprint"), (1, 1.6, 3.4), kept)))
    rows = session.execute(
        select(PayerDecision, Remittance)
        .join(Remittance, Remittance.id == PayerDecision.remittance_id)
        .where(PayerDecision.claim_id == page.row.id)
        .order_by(PayerDecision.id)
    ).all()
    for decision, remittance in rows:
        title = (
            f"{'Taken back' if decision.reverses_id else 'Decided'} {show_day(decision.decided_on)}: "
            f"{remittance.payer_name}, payment {remittance.trace_number}, status {decision.status}, "
            f"paid {show_money(decision.paid)}"
        )
        tables.append((title, _decision(session, decision)))
    return Section("What the payer answered", "Acknowledgements and remittances as they came.", tuple(tables))


def _decision(session: Session, decision: PayerDecision) -> "Table":
    rows = []
    wanted = select(LineDecision).where(LineDecision.decision_id == decision.id).order_by(LineDecision.id)
    for line in session.scalars(wanted):
        why = "; ".join(
            f"{say_reason(cut.group, cut.reason)} {show_money(cut.amount)}" for cut in cuts_of(line.adjustments)
        )
        remarks = "; ".join(say_remark(code) for code in line.remarks.split())
        allowed = "" if line.allowed is None else show_money(line.allowed)
        code = " ".join(filter(None, (line.code, line.modifiers)))
        rows.append(
            (code, show_money(line.charge), allowed, show_money(line.paid), "; ".join(filter(None, (why, remarks))))
        )
    rows += [
        ("whole claim", "", "", "", f"{say_reason(cut.group, cut.reason)} {show_money(cut.amount)}")
        for cut in cuts_of(decision.adjustments)
    ]
    columns = ("Code", "Charged", "Allowed", "Paid", "Why")
    return _table(columns, (1, 0.9, 0.9, 0.9, 3.6), tuple(rows))


def _ledger(page: ClaimPage) -> "Section":
    from reports.audit_packet import Section

    rows = tuple(
        (show_day(e.posted_on), e.line, e.kind.value, e.account.value, f"{e.group_code} {e.reason_code}".strip(),
         show_money(e.amount), e.note)
        for e in page.entries
    )  # fmt: skip
    table = _table(
        ("Posted", "Line", "What", "Who owes", "Reason", "Amount", "Note"), (1, 0.8, 1.5, 0.8, 1, 1, 1.6), rows
    )
    lead = f"The payer owes {show_money(page.payer_owes)}, the patient {show_money(page.patient_owes)}."
    return Section("Ledger", lead, (("", table),))


def _life(page: ClaimPage) -> "Section":
    from reports.audit_packet import Section

    rows = tuple((show_instant(each.at), each.state.value, each.who, each.note) for each in page.events)
    return Section("History", "Everything that happened to the claim, and who did it.",
                   (("", _table(("When", "State", "Who", "Note"), (1.3, 1, 1.2, 3), rows)),))  # fmt: skip


def _table(columns: tuple[str, ...], shares: tuple[float, ...], rows: tuple[tuple[str, ...], ...]) -> "Table":
    from reports.audit_packet import Table

    return Table(columns, shares, rows)
