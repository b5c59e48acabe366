"""What the demonstration's payers answer: an 835 for a claim file, most lines paid as expected, a few not."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.claim_lists import claims
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.filing import leaves_as
from infusion_desktop.billing.claiming.secondary import make_secondary, proposals
from infusion_desktop.billing.claiming.self_pay import bill_patients
from infusion_desktop.billing.money.collectors import assign_collector
from infusion_desktop.billing.money.deposits import NewDeposit, add_deposit
from infusion_desktop.billing.money.disputes import disputes, move_disputes
from infusion_desktop.billing.money.matching import LINE_CONTROL
from infusion_desktop.billing.money.month_close import close_month, next_to_close
from infusion_desktop.billing.money.patient_money import NewPatientPayment, patients_owing, take_patient_payment
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.money.statements import print_statements
from infusion_desktop.billing.rules.rule_set import ClaimForm
from infusion_desktop.billing.tables import Claim, ClaimBatch, ClaimLine
from infusion_desktop.billing.words import BatchId, DisputeState, LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Payer

_WHOLE_CLAIM = ("197", "50", "22")
"""Why a payer refuses a whole claim: not authorized, not necessary, another payer is first.

About one claim in forty is refused whole and one in seventeen in a line, which is what a pharmacy lives with.
"""

_STATEMENTS = 20
"""As many patients' statements of their shares as are printed at most."""


def pay(database: Database, batch: BatchId, day: date, last: date, by: UserId) -> int:
    """Post the payer's remittance for a claim file; how many claims it answered (a tenth wait for an answer)."""
    text, answered, amount = _remittance(database, batch, day)
    if answered:
        paid_on = day + timedelta(days=16)
        (posted, *_) = post_remittance(database, text, by, on=min(paid_on, last))
        if amount and paid_on <= last:
            add_deposit(database, NewDeposit(paid_on, amount, posted.trace, "by transfer"), by)
    return answered


def bill_who_pays_alone(database: Database, by: UserId, day: date) -> None:
    """Charge the months of self-payers to them and write their statements."""
    with database.reading() as session:
        rows = claims(session)
        forms = leaves_as(session, rows)
    if alone := [row.id for row in rows if forms.get(row.id) is ClaimForm.STATEMENT]:
        bill_patients(database, alone, by, at=datetime.combine(day, time(12), UTC))


def work_on_money(database: Database, cast: Cast, last: date) -> None:
    """What the biller did with the answers: a call to a payer, statements, a payment, a next payer, a closed month."""
    for payer in cast.payers[:2]:
        assign_collector(database, payer, cast.biller, cast.biller, was=None, on=last)
    with database.reading() as session:
        waiting, owing, offers = disputes(session), patients_owing(session), proposals(session)
        to_close = next_to_close(session, last)
    for row in waiting[:1]:
        note = "Called provider services: they look at it again, reference 40-1187."
        move_disputes(database, [(row.id, row.version)], DisputeState.APPEALED, cast.biller, note)
    elsewhere = {offer.patient for offer in offers}  # The next payer is asked first.
    shares = [each.patient_id for each in owing if each.owed > ZERO and each.patient not in elsewhere]
    if shares:
        print_statements(database, shares[:_STATEMENTS], cast.biller, on=last)
    for each in owing[-1:]:
        half = max((each.owed / 2).quantize(Decimal("0.01")), Decimal("0.01"))
        if each.owed > ZERO:
            new = NewPatientPayment(each.patient_id, half, "check", "1042", last)
            take_patient_payment(database, new, cast.biller, on=last)
    for offer in offers[:2]:
        second = make_secondary(database, offer.claim_id, cast.biller)
        check(database, second, cast.biller, on=last)
    if to_close is not None and to_close.last < last - timedelta(days=35):
        close_month(database, to_close, cast.administrator, on=last)


def _remittance(database: Database, batch: BatchId, day: date) -> tuple[str, int, Decimal]:
    with database.reading() as session:
        row = session.get_one(ClaimBatch, batch)
        claims = session.scalars(select(Claim).where(Claim.batch_id == batch).order_by(Claim.id)).all()
        payer = session.get_one(Payer, claims[0].payer_id)
        lines = {
            claim.id: session.scalars(
                select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)
            ).all()
            for claim in claims
        }
        ours = profile(session)
    assert ours is not None
    total = ZERO
    body: list[str] = []
    answered = 0
    for claim in claims:
        if claim.id % 10 == 6:
            continue
        answered += 1
        whole = _WHOLE_CLAIM[claim.id // 40 % len(_WHOLE_CLAIM)] if claim.id % 40 == 12 else ""
        single = claim.id // 17 % len(lines[claim.id]) if claim.id % 17 == 5 else None
        segments, paid, owed = [], ZERO, ZERO
        for place, line in enumerate(lines[claim.id]):
            denied = whole or (_of_a_line(line) if place == single else "")
            share = ZERO if denied else (line.expected * Decimal("0.1")).quantize(Decimal("0.01"))
            allowed = ZERO if denied else min(line.expected, line.charge)
            if claim.id % 9 == 4 and place == 0:  # A rate of last year's contract.
                allowed = (allowed * Decimal("0.93")).quantize(Decimal("0.01"))
            share = min(share, allowed)
            got = allowed - share
            segments += _line(line, got, share, allowed, denied)
            paid += got
            owed += share
        status = "4" if whole else "1"
        body.append(f"CLP*{claim.number}*{status}*{claim.charge}*{paid}*{owed}*12*ICN{claim.id:08}*12*1")
        body.append("NM1*QC*1*ON FILE")
        body += segments
        total += paid
    paid_on = day + timedelta(days=16)
    head = [
        f"BPR*I*{total}*C*ACH*CCP*01*999988880*DA*123456*{payer.payer_code}**01*999977770*DA*654321*{paid_on:%Y%m%d}",
        f"TRN*1*EFT{batch:07}*1999999999",
        f"DTM*405*{paid_on:%Y%m%d}",
        f"N1*PR*{_basic(payer.name)}*XV*{payer.payer_code}",
        "N3*PO BOX 1200",
        "N4*PORTLAND*OR*97201",
        "PER*BL*PROVIDER SERVICES*TE*8005550100",
        f"N1*PE*{_basic(ours.name)}*XX*{ours.npi}",
        f"REF*TJ*{ours.tax_id}",
        "LX*1",
    ]
    inside = ["ST*835*0001", *head, *body]
    inside.append(f"SE*{len(inside) + 1}*0001")
    number = f"{row.interchange_control:09}"
    sender = payer.payer_code.ljust(15)
    when = f"{paid_on:%y%m%d}*1200"
    isa = f"ISA*00*          *00*          *ZZ*{sender}*ZZ*{'PHARMACY'.ljust(15)}*{when}*^*00501*{number}*0*P*:"
    group = f"GS*HP*{payer.payer_code}*PHARMACY*{paid_on:%Y%m%d}*1200*{row.group_control}*X*005010X221A1"
    text = "~\n".join([isa, group, *inside, f"GE*1*{row.group_control}", f"IEA*1*{number}", ""])
    return text, answered, total


def _line(line: ClaimLine, got: Decimal, share: Decimal, allowed: Decimal, denied: str) -> list[str]:
    """A line's segments; ``denied`` is the reason nothing is paid, "" when something is."""
    code = ":".join(["HC", line.code, *line.modifiers.split()])
    segments = [f"SVC*{code}*{line.charge}*{got}**{_plain(line.units)}"]
    segments.append(f"DTM*150*{line.first_on:%Y%m%d}")
    segments.append(f"DTM*151*{line.last_on:%Y%m%d}")
    cut = line.charge - allowed
    if cut:
        segments.append(f"CAS*CO*{denied or '45'}*{cut}")
    if share:
        segments.append(f"CAS*PR*2*{share}")
    segments.append(f"REF*6R*{LINE_CONTROL}{line.id}")
    if allowed:
        segments.append(f"AMT*B6*{allowed}")
    if denied == "16":
        segments.append("LQ*HE*M119")
    return segments


def _of_a_line(line: ClaimLine) -> str:
    """Why a payer refuses one line: data of the drug are missing, the visit is bundled, the days were not allowed."""
    return {LineKind.DRUG: "16", LineKind.PER_DIEM: "198"}.get(line.kind, "97")


def _plain(units: Decimal) -> str:
    text = f"{units:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _basic(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum() or letter == " ")
