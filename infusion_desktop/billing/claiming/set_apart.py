"""Let the rest of a claim go: the therapies that stop it get a claim of their own, which waits for what it lacks.

A payer asks for an order, a proof or an authorization item by item (CGS: an order for every item), so what one therapy
lacks keeps no other from being billed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claim_facts import claim_facts
from infusion_desktop.billing.life import the_claim
from infusion_desktop.billing.months.charging import EDITABLE, set_apart
from infusion_desktop.billing.rules.checks.every_check import check_claim
from infusion_desktop.billing.rules.checks.facts import BilledBefore, ClaimFacts, Finding
from infusion_desktop.billing.words import ClaimId, Frequency
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused


def let_the_rest_go(database: Database, claim: ClaimId, by: UserId, *, on: date | None = None) -> ClaimId:
    """Give the therapies that stop a draft a claim of their own, a draft too; both are checked. Gives that claim.

    Voided before it leaves, its therapies are on the other claim again when the month is counted. Refused where
    nothing stops the draft, or what stops it is not one therapy's own.
    """
    day = on or today()
    with database.transaction() as session:
        authorize(session, by, Permission.CHARGE)
        kept = the_claim(session, claim)
        first = kept.primary_id is None and kept.frequency is Frequency.ORIGINAL
        if kept.state not in EDITABLE or not first:
            raise Refused(f"Claim {kept.number} is no claim to the first payer that waits to be filed.")
        facts = claim_facts(session, kept, day)
        if not (in_the_way := _stopping(check_claim(facts))):
            raise Refused(f"Nothing stops claim {kept.number}. It may go as it is.")
        every = {line.therapy_id for line in facts.lines}
        stopped = frozenset(each for each in every if each is not None and _stopping(check_claim(only(facts, {each}))))
        if stopped and (rest := every - stopped):
            in_the_way = _stopping(check_claim(only(facts, rest)))
        if in_the_way:
            raise Refused(*dict.fromkeys(each.sentence for each in in_the_way))
        apart = set_apart(session, kept, stopped, by)
        record(session, by, "set apart", "claim", claim, patient_id=kept.patient_id,
               after={"claim": apart, "therapies": sorted(stopped)})  # fmt: skip
    check(database, claim, by, on=on)
    check(database, apart, by, on=on)
    return apart


def only(facts: ClaimFacts, therapies: Iterable[int | None]) -> ClaimFacts:
    """What the checks would look at on a claim for some therapies alone, the others on another claim."""
    mine = set(therapies)
    others = [line for line in facts.lines if line.therapy_id not in mine]
    days = facts.therapy_days
    return replace(
        facts,
        lines=tuple(line for line in facts.lines if line.therapy_id in mine),
        orders=tuple(order for order in facts.orders if order.therapy_id in mine),
        therapy_days=None if days is None else {each: days[each] for each in days if each in mine},
        billed_before=(
            *facts.billed_before,
            *(BilledBefore("", line.code, line.days, line.modifiers, line.units, apart=True) for line in others),
        ),
    )


def _stopping(findings: Iterable[Finding]) -> list[Finding]:
    return [each for each in findings if each.stops]
