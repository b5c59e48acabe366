"""Check a claim before it leaves: gather what stands behind it, ask every check, keep what was found."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claim_facts import claim_facts
from infusion_desktop.billing.claiming.secondary import findings
from infusion_desktop.billing.findings import KeptFinding, findings_json, findings_of
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.months.charging import count_from, diagnoses_of
from infusion_desktop.billing.rules.checks.every_check import check_claim as every_check
from infusion_desktop.billing.rules.checks.every_check import may_leave
from infusion_desktop.billing.rules.checks.sending import first_timely, has_filing_limit, is_too_late
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.edi.claim_checks import DELAY_REASONS
from infusion_desktop.errors import Refused, refuse_if_changed
from infusion_desktop.patients.words import PayerId


def check(database: Database, claim: ClaimId, by: UserId, *, on: date | None = None) -> tuple[KeptFinding, ...]:
    """Check a claim that has not been sent; it is ready when nothing found stops it, a draft otherwise.

    The findings are kept with the claim. Refused when it is on its way or answered already.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        kept = the_claim(session, claim)
        if kept.state not in (ClaimState.DRAFT, ClaimState.READY):
            raise Refused(f"Claim {kept.number} is {kept.state.value}: it is checked only before it is sent.")
        before = {"state": kept.state, "diagnoses": kept.diagnoses}
        if kept.primary_id is not None:
            found = findings(session, kept, on or today())
            diagnoses = kept.diagnoses
        else:
            diagnoses = _diagnoses_now(session, kept)
            kept.diagnoses = diagnoses
            found = list(every_check(claim_facts(session, kept, on or today())))
        missing = findings_json(found)
        state = ClaimState.READY if may_leave(found) else ClaimState.DRAFT
        if (missing, state, diagnoses) != (kept.missing, kept.state, before["diagnoses"]):
            kept.missing = missing
            note = "nothing stops it" if state is ClaimState.READY else f"{len(found)} findings"
            enter(session, kept, state, by, note)
            after = {"state": state, "diagnoses": diagnoses, "findings": [each.code for each in found]}
            record(session, by, "check", "claim", claim, patient_id=kept.patient_id, before=before, after=after)
        return findings_of(kept.missing)


def _diagnoses_now(session: Session, kept: Claim) -> str:
    """The diagnoses as the episodes have them now: they are entered there, not on the claim."""
    lines = select(ClaimLine.therapy_id).where(ClaimLine.claim_id == kept.id, ClaimLine.therapy_id.is_not(None))
    return diagnoses_of(session, [each for each in session.scalars(lines.distinct()) if each is not None])


def leave_late_days_out(
    database: Database, claim: ClaimId, by: UserId, *, on: date | None = None
) -> tuple[KeptFinding, ...]:
    """Count an original claim without the days whose filing limit is over, so that the rest can go; check it again.

    A span with a first day that is too late is split there (Medicare: timely filing). What is left out stands with the
    claim as too late. Refused where nothing is too late, or everything.
    """
    day = on or today()
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        kept = the_claim(session, claim)
        if kept.state not in (ClaimState.DRAFT, ClaimState.READY) or kept.primary_id is not None:
            raise Refused(f"Claim {kept.number} is no claim to the first payer that waits to be filed.")
        rules = rules_on(session, PayerId(kept.payer_id), kept.period_first).rules
        period = Days(kept.period_first, kept.period_last)
        spans = select(ClaimLine.first_on, ClaimLine.last_on).where(ClaimLine.claim_id == kept.id)
        lines = [Days(*span) for span in session.execute(spans)]
        first: date | None = period.first
        if kept.frequency is Frequency.ORIGINAL and has_filing_limit(rules):
            first = first_timely(period, rules, day)
        if first is None or (lines and all(line.last < first for line in lines)):
            raise Refused(f"Every day of claim {kept.number} is too late. Say why it comes late, or void it.")
        if not any(is_too_late(line, first, rules) for line in lines):
            raise Refused(f"No day of claim {kept.number} is too late to file.")
        before, charge = {"counts_from": kept.counts_from}, kept.charge
        count_from(session, kept, first, by)
        record(session, by, "leave late days out", "claim", claim, patient_id=kept.patient_id, before=before,
               after={"counts_from": first, "left_out": charge - kept.charge})  # fmt: skip
    return check(database, claim, by, on=on)


def give_delay_reason(
    database: Database, claim: ClaimId, reason: str, by: UserId, *, was: str, on: date | None = None
) -> tuple[KeptFinding, ...]:
    """Say why an original claim is filed after the payer's limit (X12 CLM20), and check it again.

    ``was`` is the reason that was shown. Days that were left out as too late are on it again.
    """
    if reason not in DELAY_REASONS:
        raise Refused("Choose the reason of the delay from the list.")
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        kept = the_claim(session, claim)
        if kept.state not in (ClaimState.DRAFT, ClaimState.READY) or kept.frequency is not Frequency.ORIGINAL:
            raise Refused(f"Claim {kept.number} is no original that waits to be filed. Only such a one can be late.")
        refuse_if_changed(f"why claim {kept.number} comes late", was, kept.delay_reason)
        if kept.counts_from is not None:
            count_from(session, kept, None, by)
        before, kept.delay_reason = {"delay_reason": kept.delay_reason}, reason
        after = {"delay_reason": reason}
        record(session, by, "give delay reason", "claim", claim, patient_id=kept.patient_id, before=before, after=after)
    return check(database, claim, by, on=on)
