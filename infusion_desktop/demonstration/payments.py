"""What the demonstration's payers answer: an 835 for a claim file, most lines paid as expected, a few not."""

import random
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.matching import LINE_CONTROL
from infusion_desktop.billing.remittances import post_remittance
from infusion_desktop.billing.tables import Claim, ClaimBatch, ClaimLine
from infusion_desktop.billing.words import BatchId
from infusion_desktop.database.engine import Database
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Payer


def pay(database: Database, batch: BatchId, day: date, by: UserId, pick: random.Random) -> int:
    """Post the payer's remittance for a claim file; how many claims it answered (a tenth wait for an answer)."""
    text, answered = _remittance(database, batch, day, pick)
    if answered:
        post_remittance(database, text, by)
    return answered


def _remittance(database: Database, batch: BatchId, day: date, pick: random.Random) -> tuple[str, int]:
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
        if pick.random() < 0.1:
            continue
        answered += 1
        denied = pick.random() < 0.05
        segments, paid, owed = [], ZERO, ZERO
        for line in lines[claim.id]:
            share = ZERO if denied else (line.expected * Decimal("0.1")).quantize(Decimal("0.01"))
            allowed = ZERO if denied else min(line.expected, line.charge)
            share = min(share, allowed)
            got = allowed - share
            segments += _line(line, got, share, allowed, denied)
            paid += got
            owed += share
        status = "4" if denied else "1"
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
    return "~\n".join([isa, group, *inside, f"GE*1*{row.group_control}", f"IEA*1*{number}", ""]), answered


def _line(line: ClaimLine, got: Decimal, share: Decimal, allowed: Decimal, denied: bool) -> list[str]:
    code = ":".join(["HC", line.code, *line.modifiers.split()])
    segments = [f"SVC*{code}*{line.charge}*{got}**{_plain(line.units)}"]
    segments.append(f"DTM*150*{line.first_on:%Y%m%d}")
    segments.append(f"DTM*151*{line.last_on:%Y%m%d}")
    cut = line.charge - allowed
    if cut:
        segments.append(f"CAS*CO*{'197' if denied else '45'}*{cut}")
    if share:
        segments.append(f"CAS*PR*2*{share}")
    segments.append(f"REF*6R*{LINE_CONTROL}{line.id}")
    return segments


def _plain(units: Decimal) -> str:
    text = f"{units:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _basic(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum() or letter == " ")
