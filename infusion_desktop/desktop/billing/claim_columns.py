"""How claims look in lists."""

from infusion_desktop.billing.claim_lists import ClaimRow
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.dates import Days, month_of, show_day, show_days
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Column
from infusion_desktop.money import show_money

TONES = {
    ClaimState.DRAFT: Tone.WARN,
    ClaimState.READY: Tone.INFO,
    ClaimState.PAID: Tone.GOOD,
    ClaimState.DENIED: Tone.BAD,
    ClaimState.REJECTED: Tone.BAD,
    ClaimState.PART_PAID: Tone.WARN,
}


def services(period: Days) -> str:
    """A whole month by its name, anything else by its days."""
    return f"{period.first:%b %Y}" if period == month_of(period.first) else show_days(period)


CLAIMS: tuple[Column[ClaimRow], ...] = (
    Column("Claim", text=lambda row: row.number),
    Column("Patient", text=lambda row: row.patient, stretch=True),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Period", text=lambda row: show_days(row.period), sort_key=lambda row: row.period.first, hidden=True),
    Column("Charge", text=lambda row: show_money(row.charge), sort_key=lambda row: row.charge, numeric=True,
           value=lambda row: row.charge),
    Column("Expected", text=lambda row: show_money(row.expected), sort_key=lambda row: row.expected, numeric=True,
           value=lambda row: row.expected),
    Column("Findings", text=lambda row: str(row.findings) if row.findings else "", sort_key=lambda row: row.findings,
           numeric=True),
    Column("State", text=lambda row: row.state.value, tone=lambda row: TONES.get(row.state, Tone.NEUTRAL)),
    Column("Sent", text=lambda row: show_day(row.sent_at.date()) if row.sent_at else "",
           sort_key=lambda row: row.sent_at),
)  # fmt: skip
