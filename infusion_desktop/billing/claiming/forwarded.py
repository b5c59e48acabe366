"""A claim to the next payer that the payer before has sent on by itself (crossover): nothing leaves here."""

from datetime import datetime

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.claims import new_batch, take_along
from infusion_desktop.billing.life import enter, the_claim
from infusion_desktop.billing.months.charging import EDITABLE
from infusion_desktop.billing.tables import Claim, ClaimBatch
from infusion_desktop.billing.terms.contracts import payer_name
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import PayerId


def mark_forwarded(database: Database, claim: ClaimId, by: UserId, *, at: datetime | None = None) -> None:
    """The next payer has the claim from the one before: its share is owed by the next payer from now on.

    What the next payer then decides names the first claim's number and is posted here. Refused for claims to a first
    payer, and for those that left already.
    """
    when = at or now_utc()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        kept = the_claim(session, claim)
        if kept.primary_id is None:
            raise Refused(f"Claim {kept.number} goes to the first payer: nobody forwards it.")
        if kept.state not in EDITABLE:
            raise Refused(f"Claim {kept.number} is {kept.state.value}: it has left already.")
        first = session.get_one(Claim, kept.primary_id)
        who = payer_name(session, PayerId(first.payer_id))
        batch, _, _ = new_batch(session, kept.payer_id, by)
        row = session.get_one(ClaimBatch, batch)
        row.content, row.acknowledged = f"Forwarded by {who}: {first.number} as {kept.number}", "forwarded"
        take_along(session, kept, batch, when, by)
        kept.sent_at = when
        enter(session, kept, ClaimState.SENT, by, f"forwarded by {who}")
        after = {"claims": [kept.number], "first": first.number}
        record(session, by, "mark forwarded", "claim batch", batch, patient_id=kept.patient_id, after=after)
