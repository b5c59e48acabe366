"""How money is shown in lists: columns of remittances, deposits, patients, ages, denials and closings."""

from decimal import Decimal

from infusion_desktop.billing.claiming.secondary import Proposal
from infusion_desktop.billing.money.aging import Aged, OpenClaim
from infusion_desktop.billing.money.collectors import CollectorRow
from infusion_desktop.billing.money.deposits import DepositRow, RemittanceRow
from infusion_desktop.billing.money.disputes import DisputeRow
from infusion_desktop.billing.money.month_close import ClosedMonth
from infusion_desktop.billing.money.patient_money import PatientOwes
from infusion_desktop.billing.money.posting_rules import PostingRuleRow
from infusion_desktop.billing.money.set_aside import ItemRow
from infusion_desktop.billing.queries import BatchRow
from infusion_desktop.billing.words import DisputeKind, DisputeState
from infusion_desktop.dates import show_day, show_instant, today
from infusion_desktop.desktop.billing.claim_columns import services
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.table import Column
from infusion_desktop.money import ZERO, show_money

AGES = (
    ("To 30 days", "to_30"), ("31 to 60", "to_60"), ("61 to 90", "to_90"), ("91 to 120", "to_120"), ("Older", "older"),
    ("Total", "total"),
)  # fmt: skip
DUE_SOON_DAYS = 14


def _aged(title: str, name: str) -> Column[Aged]:
    def amount(row: Aged) -> Decimal:
        value: Decimal = getattr(row, name)
        return value

    return Column(title, text=lambda row: show_money(amount(row)), sort_key=amount, numeric=True, value=amount)


def aging_columns(title: str) -> tuple[Column[Aged], ...]:
    """An aging by payer, collector or therapy."""
    return (
        Column(title, text=lambda row: row.name, stretch=True),
        *(_aged(title, name) for title, name in AGES),
    )


def _bank(row: RemittanceRow) -> tuple[str, Tone]:
    if row.awaits_money:
        return "awaits its deposit", Tone.WARN
    return ("agrees", Tone.GOOD) if row.deposit_id is not None else ("no money", Tone.NEUTRAL)


REMITTANCES: tuple[Column[RemittanceRow], ...] = (
    Column("Payment", text=lambda row: row.trace),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Paid on", text=lambda row: show_day(row.paid_on), sort_key=lambda row: row.paid_on),
    Column("Posted", text=lambda row: show_day(row.posted_on), sort_key=lambda row: row.posted_on, hidden=True),
    Column("From", text=lambda row: "Paper" if row.source.value == "EOB" else "File"),
    Column("Amount", text=lambda row: show_money(row.amount), sort_key=lambda row: row.amount, numeric=True,
           value=lambda row: row.amount),
    Column("Bank", text=lambda row: _bank(row)[0], tone=lambda row: _bank(row)[1]),
)  # fmt: skip
DEPOSITS: tuple[Column[DepositRow], ...] = (
    Column("Number", text=lambda row: row.deposit.reference),
    Column("Date", text=lambda row: show_day(row.deposit.deposited_on), sort_key=lambda row: row.deposit.deposited_on),
    Column("From", text=lambda row: row.deposit.payer_name, stretch=True),
    Column("Amount", text=lambda row: show_money(row.deposit.amount), sort_key=lambda row: row.deposit.amount,
           numeric=True, value=lambda row: row.deposit.amount),
    Column("Posted", text=lambda row: show_money(row.posted), sort_key=lambda row: row.posted, numeric=True,
           value=lambda row: row.posted),
    Column("Left", text=lambda row: show_money(row.left), sort_key=lambda row: row.left, numeric=True,
           value=lambda row: row.left),
    Column("State", text=lambda row: "taken back" if row.withdrawn else "balanced" if row.left == ZERO else "to post",
           tone=lambda row: Tone.NEUTRAL if row.withdrawn else Tone.GOOD if row.left == ZERO else Tone.WARN),
)  # fmt: skip
PATIENTS: tuple[Column[PatientOwes], ...] = (
    Column("Patient", text=lambda row: row.patient, stretch=True),
    Column("Number", text=lambda row: row.number),
    Column("Owes", text=lambda row: show_money(row.owed), sort_key=lambda row: row.owed, numeric=True,
           value=lambda row: row.owed),
    Column("For equipment", text=lambda row: show_money(row.for_equipment) if row.for_equipment else "",
           sort_key=lambda row: row.for_equipment, numeric=True, value=lambda row: row.for_equipment),
    Column("Since", text=lambda row: show_day(row.since), sort_key=lambda row: row.since),
    Column("Statements", text=lambda row: str(row.statements) if row.statements else "None yet",
           sort_key=lambda row: row.statements),
    Column("Last", text=lambda row: show_day(row.last_statement_on), sort_key=lambda row: row.last_statement_on),
    Column("Pay by", text=lambda row: show_day(row.due_on), sort_key=lambda row: row.due_on,
           value=lambda row: row.due_on, tone=lambda row: Tone.BAD if row.is_overdue(today()) else None),
)  # fmt: skip
CREDITS: tuple[Column[OpenClaim], ...] = (
    Column("Claim or charge", text=lambda row: row.claim),
    Column("Patient", text=lambda row: row.patient, stretch=True),
    Column("Payer or equipment", text=lambda row: row.payer, stretch=True),
    Column("Whose credit", text=lambda row: row.account.value.capitalize()),
    Column("Credit", text=lambda row: show_money(-row.owed), sort_key=lambda row: -row.owed, numeric=True,
           value=lambda row: -row.owed),
    Column("Since", text=lambda row: show_day(row.since), sort_key=lambda row: row.since),
)  # fmt: skip
BATCHES: tuple[Column[BatchRow], ...] = (
    Column("File", text=lambda row: f"{row.interchange_control:09}"),
    Column("Made", text=lambda row: show_instant(row.made_at), sort_key=lambda row: row.made_at),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Claims", text=lambda row: str(row.claims), sort_key=lambda row: row.claims, numeric=True),
    Column("Charge", text=lambda row: show_money(row.charge), sort_key=lambda row: row.charge, numeric=True),
    Column("Answer", text=lambda row: row.acknowledged or "None yet"),
)  # fmt: skip
CLOSED: tuple[Column[ClosedMonth], ...] = (
    Column("Month", text=lambda row: f"{row.month.first:%B %Y}", sort_key=lambda row: row.month.first, stretch=True),
    Column("Owed at its end", text=lambda row: show_money(row.closing), sort_key=lambda row: row.closing, numeric=True,
           value=lambda row: row.closing),
    Column("Closed", text=lambda row: show_instant(row.closed_at), sort_key=lambda row: row.closed_at),
    Column("By", text=lambda row: row.who),
)  # fmt: skip
COLLECTORS: tuple[Column[CollectorRow], ...] = (
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Works on it", text=lambda row: row.collector, stretch=True,
           tone=lambda row: Tone.WARN if row.staff_id is None else None),
    Column("Since", text=lambda row: show_day(row.since), sort_key=lambda row: row.since),
)  # fmt: skip
RULES: tuple[Column[PostingRuleRow], ...] = (
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Adjustment", text=lambda row: f"{row.group} {row.reason or 'all others'}"),
    Column("What happens", text=lambda row: row.outcome.value.capitalize(), stretch=True),
    Column("From", text=lambda row: show_day(row.starts_on), sort_key=lambda row: row.starts_on),
    Column("To", text=lambda row: show_day(row.ends_on) or "Further notice", sort_key=lambda row: row.ends_on),
    Column("Note", text=lambda row: row.note),
)  # fmt: skip
PROPOSALS: tuple[Column[Proposal], ...] = (
    Column("Claim", text=lambda row: row.claim),
    Column("Patient", text=lambda row: row.patient, stretch=True),
    Column("Decided by", text=lambda row: row.payer, stretch=True),
    Column("Next payer", text=lambda row: row.next_payer, stretch=True),
    Column("Services", text=lambda row: services(row.period), sort_key=lambda row: row.period.first),
    Column("Share", text=lambda row: show_money(row.share), sort_key=lambda row: row.share, numeric=True,
           value=lambda row: row.share),
    Column("", text=lambda row: "forwarded by the payer" if row.forwarded else "to bill",
           tone=lambda row: Tone.INFO if row.forwarded else Tone.WARN),
)  # fmt: skip


ASIDE: tuple[Column[ItemRow], ...] = (
    Column("Payment", text=lambda row: row.trace),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Paid on", text=lambda row: show_day(row.paid_on), sort_key=lambda row: row.paid_on),
    Column("What", text=lambda row: row.what, tone=lambda row: Tone.WARN if row.open else None),
    Column("Reference", text=lambda row: row.reference),
    Column("Claim", text=lambda row: row.claim),
    Column("To us", text=lambda row: show_money(row.amount), sort_key=lambda row: row.amount, numeric=True,
           value=lambda row: row.amount),
)  # fmt: skip


def _days_left(row: DisputeRow) -> int:
    return (row.due_on - today()).days


def is_due_soon(row: DisputeRow) -> bool:
    """Whether the appeal must leave, or the money go back, within two weeks."""
    return row.state is DisputeState.OPEN and _days_left(row) <= DUE_SOON_DAYS


def _due_tone(row: DisputeRow) -> Tone | None:
    if row.state is not DisputeState.OPEN:
        return None
    return Tone.BAD if _days_left(row) < 0 else Tone.WARN if is_due_soon(row) else None


DISPUTES: tuple[Column[DisputeRow], ...] = (
    Column("Claim", text=lambda row: row.claim),
    Column("Kind", text=lambda row: row.kind.value,
           tone=lambda row: Tone.BAD if row.kind is DisputeKind.DENIED else Tone.WARN),
    Column("Line", text=lambda row: row.code),
    Column("Reason", text=lambda row: row.reason, stretch=True, hint=lambda row: row.reason),
    Column("Patient", text=lambda row: row.patient, hidden=True),
    Column("Payer", text=lambda row: row.payer, hidden=True),
    Column("Amount", text=lambda row: show_money(row.amount), sort_key=lambda row: row.amount, numeric=True,
           value=lambda row: row.amount),
    Column("Act by", text=lambda row: show_day(row.due_on), sort_key=lambda row: row.due_on, tone=_due_tone,
           value=lambda row: row.due_on),
    Column("State", text=lambda row: row.state.value,
           tone=lambda row: Tone.WARN if row.state is DisputeState.OPEN else Tone.INFO),
)  # fmt: skip
