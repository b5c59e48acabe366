"""Post a payer's remittance (835 file or paper): all of it or nothing, once, and only when it adds up."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.deposits import find_deposit
from infusion_desktop.billing.money.posting import Matched, match, post_claims
from infusion_desktop.billing.money.receivables import refuse_closed
from infusion_desktop.billing.tables import Claim, Remittance, RemittanceItem
from infusion_desktop.billing.words import DepositId, RemittanceId, RemittanceItemKind, Source
from infusion_desktop.database.counters import next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day, today
from infusion_desktop.edi import remittance_835
from infusion_desktop.edi.remittance_data import NEXT_PAYER_STATUSES, PREDETERMINED_STATUS, ClaimResult
from infusion_desktop.edi.remittance_data import Remittance as Advice
from infusion_desktop.errors import Refused, refuse_if, warn_unless
from infusion_desktop.money import show_money

SHOWN = 20
"""Sentences about one file that a person still reads."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A remittance that was posted: which claims it moved, what belongs to none of ours, and what it led to."""

    id: RemittanceId
    trace: str
    claims: tuple[str, ...]
    set_aside: tuple[str, ...]
    denied: int = 0
    underpaid: int = 0
    overpaid: int = 0
    deposit: DepositId | None = None
    late: tuple[str, ...] = ()
    """Sentences about decisions on claims that were replaced or voided meanwhile."""


def post_remittance(
    database: Database, content: str | bytes, by: UserId, override: str = "", *, on: date | None = None
) -> tuple[Posted, ...]:
    """Post every payment of an 835 file in one go; ``on`` is the day of posting, today when not given.

    Refused when a payment was posted before (same payer, trace and amount), does not add up, differs from its deposit,
    or is a test file. Warned when claims in it are not ours or take back what was never posted; with a reason they are
    set aside as money of no claim.
    """
    advices = remittance_835.read(content)
    raw = content.encode() if isinstance(content, str) else content
    file = hashlib.sha256(raw).hexdigest()
    with database.transaction() as session:
        return post_advices(session, advices, by, override, file=file, on=on or today())


def post_advices(
    session: Session,
    advices: Sequence[Advice],
    by: UserId,
    override: str = "",
    *,
    on: date,
    file: str = "",
    source: Source = Source.FILE,
    undoes: Sequence[int] = (),
) -> tuple[Posted, ...]:
    """The same inside a transaction, for files and for what was typed from paper.

    ``undoes`` names the decision that each claim of the only advice takes back, where they are known.
    """
    authorize(session, by, Permission.POST_PAYMENT)
    refuse_closed(session, on)
    next_number(
        session, "posting"
    )  # Its row makes two workstations wait for each other: the second sees what is there.
    refuse_if(problem for advice in advices for problem in _problems(advice))
    looks_posted = list(_looks_posted(session, advices))
    strange: list[ClaimResult] = []
    posted = []
    for advice in advices:  # One after the other: a payment of a file may take back what the one before it paid.
        said = [result for result in advice.claims if result.status != PREDETERMINED_STATUS or result.paid]
        found, unknown = match(session, said, undoes)
        strange += unknown
        remittance, deposit = _keep(session, advice, file, source, found, on, by)
        posted.append(_post(session, advice, found, unknown, remittance, deposit, on, by, override))
    warn_unless(override, [*_warnings(session, strange), *looks_posted])
    return tuple(posted)


def _problems(advice: Advice) -> list[str]:
    found = [str(each) for each in advice.imbalances()]
    if advice.is_test:
        found.append("This is a test file. It is not posted.")
    more = len(found) - SHOWN
    return [*found[:SHOWN], f"... and {more} more that do not add up."] if more > 0 else found


def _warnings(session: Session, strange: Sequence[ClaimResult]) -> Iterator[str]:
    for each in strange[:SHOWN]:
        name = f"Claim {each.claim_number[:20]}"
        if each.is_reversal:
            yield (
                f"{name}: the payment takes back {show_money(abs(each.paid))} that was never posted. "
                "Post the first payment before its reversal, or set it aside with a reason."
            )
        elif each.status in NEXT_PAYER_STATUSES and _is_ours(session, each.claim_number):
            yield (
                f"{name}: a next payer decided it, and no claim of ours went to one. If the first payer sent it on: on "
                "the claim, Correct, Bill the next payer; on that one, Correct, It was forwarded. Then post this again."
            )
        else:
            yield (
                f"{name} over {show_money(each.charge)} is not known here. "
                "Post it as money of no claim, with a reason, or ask the payer."
            )
    if len(strange) > SHOWN:
        yield f"... and {len(strange) - SHOWN} more claims that are not known here."


def _is_ours(session: Session, number: str) -> bool:
    return session.scalar(select(Claim.id).where(Claim.number == number.strip()).limit(1)) is not None


def _looks_posted(session: Session, advices: Sequence[Advice]) -> Iterator[str]:
    """The same number and amount of a payer that calls itself otherwise, such as a paper typed in before its file."""
    for advice in advices:
        payer, trace, amount = advice.deposit_key
        same = select(Remittance.payer_name, Remittance.posted_at).where(
            Remittance.trace_number == trace, Remittance.amount == amount, Remittance.payer_code != payer
        )
        for row in session.execute(same):
            yield (
                f"Payment {trace} over {show_money(amount)} looks like one of {row.payer_name} posted on "
                f"{show_day(row.posted_at.date())}. Post it only when it is another one."
            )


def _keep(
    session: Session, advice: Advice, file: str, source: Source, found: Sequence[Matched], on: date, by: UserId
) -> tuple[RemittanceId, DepositId | None]:
    payer, trace, amount = advice.deposit_key
    before = session.scalar(
        select(Remittance.posted_at).where(
            Remittance.payer_code == payer, Remittance.trace_number == trace, Remittance.amount == amount
        )
    )
    if before is not None:
        raise Refused(
            f"Payment {trace} over {show_money(amount)} of this payer was posted on {show_day(before.date())}. "
            "It is not posted twice."
        )
    deposit = find_deposit(session, trace, amount)
    payers = Counter(each.claim.payer_id for each in found).most_common(1)
    values = {
        "payer_code": payer,
        "payer_name": advice.payer.name,
        "trace_number": trace,
        "amount": amount,
        "paid_on": advice.paid_on or advice.produced_on or today(),
        "posted_at": now_utc(),
        "posted_on": on,
        "staff_id": by,
        "file_sha256": file,
        "source": source,
        "method": advice.method,
        "payer_id": payers[0][0] if payers else None,
        "deposit_id": deposit,
    }
    added = session.execute(insert(Remittance).values(**values).returning(Remittance.id)).scalar_one()
    return RemittanceId(added), deposit


def _post(
    session: Session,
    advice: Advice,
    found: Sequence[Matched],
    unknown: Sequence[ClaimResult],
    remittance: RemittanceId,
    deposit: DepositId | None,
    on: date,
    by: UserId,
    override: str,
) -> Posted:
    decided_on = advice.paid_on or advice.produced_on or on
    told = post_claims(session, remittance, found, decided_on, on, by)
    items = list(_items(session, advice, unknown))
    if items:
        session.execute(
            insert(RemittanceItem), [{"remittance_id": remittance, "posted_on": on, **item} for item in items]
        )
    after = {"trace": advice.trace, "amount": advice.amount, "claims": told.numbers, "set_aside": len(items)}
    record(session, by, "post", "remittance", remittance, after=after, reason=override)
    late = [
        f"Claim {result.claim_number[:20]}: only what would be paid was told (predetermination); nothing changes."
        for result in advice.claims
        if result.status == PREDETERMINED_STATUS and not result.paid
    ]
    aside = tuple(str(item["reference"]) for item in items)
    return Posted(
        remittance,
        advice.trace,
        tuple(told.numbers),
        aside,
        told.denied,
        told.underpaid,
        told.overpaid,
        deposit,
        (*told.late, *late),
    )


def _items(session: Session, advice: Advice, unknown: Iterable[ClaimResult]) -> Iterator[dict[str, object]]:
    named = _claims_named(session, [each.reference for each in advice.provider_adjustments])
    for each in advice.provider_adjustments:
        yield {
            "kind": RemittanceItemKind.PROVIDER_ADJUSTMENT,
            "code": each.reason,
            "reference": each.reference,
            "amount": -each.amount,
            "claim_id": named.get(each.reference),
        }
    for result in unknown:
        yield {
            "kind": RemittanceItemKind.UNMATCHED_CLAIM,
            "code": result.status,
            "reference": result.claim_number,
            "amount": result.paid,
            "claim_id": None,
        }


def _claims_named(session: Session, references: Sequence[str]) -> dict[str, int]:
    """The claim a PLB reference begins with, by our number or the payer's."""
    found: dict[str, int] = {}
    for reference in dict.fromkeys(references):
        word = reference.replace("-", " ").split()[:1]
        if not word:
            continue
        by_payer = (Claim.payer_control_number != "") & (Claim.payer_control_number == word[0])
        known = select(Claim.id).where((Claim.number == word[0]) | by_payer).order_by(Claim.id.desc())
        ours = session.scalar(known.limit(1))
        if ours is not None:
            found[reference] = ours
    return found
