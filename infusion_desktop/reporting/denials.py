"""Reports on what payers denied or paid short, and on what came of the work on it."""

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.money.money_tables import Dispute
from infusion_desktop.billing.money.reason_codes import say_reason
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import WORKING, DisputeKind, DisputeState
from infusion_desktop.dates import Days
from infusion_desktop.patients.tables import Payer
from infusion_desktop.reporting.report import Found
from reports.table_report import Column, Kind, Row

_SAYS = {DisputeKind.UNDERPAID: "Paid below the contract", DisputeKind.OVERPAID: "Paid above the contract"}


def by_reason(session: Session, period: Days) -> Found:
    """Denials, under- and overpayments opened in the period by payer and reason, and what came of them."""
    wanted = (
        select(Payer.name, Dispute.kind, Dispute.group_code, Dispute.reason_code, Dispute.state,
               func.count().label("number"), func.sum(Dispute.amount).label("amount"))
        .join(Claim, Claim.id == Dispute.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Dispute.opened_on.between(period.first, period.last))
        .group_by(Payer.name, Dispute.kind, Dispute.group_code, Dispute.reason_code, Dispute.state)
    )  # fmt: skip
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 5)
    for row in session.execute(wanted):
        reason = _SAYS.get(row.kind) or say_reason(row.group_code, row.reason_code)
        kept = sums[row.name, reason]
        kept[0] += row.number
        kept[1] += row.amount
        kept[2] += row.amount if row.state in WORKING else 0
        kept[3] += row.amount if row.state is DisputeState.WON else 0
        kept[4] += row.amount if row.state is DisputeState.WRITTEN_OFF else 0
    ordered = sorted(sums.items(), key=lambda each: (each[0][0], -each[1][1], each[0][1]))
    rows: tuple[Row, ...] = tuple((payer, reason, int(kept[0]), *kept[1:]) for (payer, reason), kept in ordered)
    total = [sum((kept[place] for kept in sums.values()), Decimal(0)) for place in range(5)]
    titles = ("Amount", "Still open", "Paid after all", "Written off")
    columns = (Column("Payer"), Column("Reason"), Column("Lines", Kind.NUMBER),
               *(Column(title, Kind.MONEY) for title in titles))  # fmt: skip
    return Found(columns, rows, ("", "", int(total[0]), *total[1:]))
