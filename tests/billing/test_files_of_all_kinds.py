"""Two hundred claims of every kind from the database: originals, next payers, replacements, voids, split ones; each
file passes an independent validator and is read back equal by a second parser."""

import json
import random
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from service_office import NOON
from sqlalchemy import insert, select, update
from test_next_payers_and_corrections import pyx12_errors
from test_service_claims import envelope

from infusion_desktop.access.audit import record
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import replace_claim, void_claim, write_file
from infusion_desktop.billing.claiming.secondary import make_secondary, proposals
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import ClaimState, Frequency, LineKind
from infusion_desktop.edi import claims_837p_reading
from infusion_desktop.patients.tables import Coverage, Patient, Payer
from infusion_desktop.patients.words import PayerKind, Rank, Relation, Sex
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import LocationKind

NAMES = ["O'Neil~Smith", "Nguyễn", "Łukasz*", "D:Angelo", "García-López", "Lee <Jr>", "Van der Berg^2", "Smith"]
CODES = ("S9500", "J0696", "99601", "E0781", "J3490", "B4035")
PATIENTS = 80
DAYS = json.dumps({"left_out": [], "notes": [], "rules": "x", "line_limit": 50})


@pytest.fixture
def database(one_database):
    return one_database


def fill(office, pick):
    """Patients with two policies each and a claim that is ready."""
    second = office._add(Payer, name="Silver Supplement", payer_code="SLV02", kind=PayerKind.MEDICARE_B, version=1)
    with office.database.transaction() as session:
        for each in range(PATIENTS):
            home = session.execute(
                insert(Location).values(code=f"H{each}", name="home", kind=LocationKind.PATIENT_HOME, version=1)
                .returning(Location.id)
            ).scalar_one()  # fmt: skip
            patient = session.execute(
                insert(Patient).values(
                    number=f"P9{each:05d}", last_name=pick.choice(NAMES), version=1,
                    born_on=date(1950, 1, 1 + each % 28),
                    first_name=pick.choice(["Ann", "José", "B*b"]), middle_name=pick.choice(["", "Q"]), zip="97201",
                    sex=pick.choice(list(Sex)), phone="5035550111", street="5 Oak St, Apt #4", city="Portland",
                    state="OR", home_id=home, created_at=NOON,
                ).returning(Patient.id)
            ).scalar_one()  # fmt: skip
            coverages = []
            for payer, rank in ((office.payer, Rank.PRIMARY), (second, Rank.SECONDARY)):
                relation = pick.choice([Relation.SELF, Relation.SELF, Relation.SPOUSE, Relation.CHILD])
                holder = {} if relation is Relation.SELF else {
                    "holder_last_name": pick.choice(NAMES), "holder_first_name": "Pat",
                    "holder_born_on": date(1940, 2, 2), "holder_sex": "F",
                }  # fmt: skip
                coverages.append(session.execute(
                    insert(Coverage).values(
                        patient_id=patient, payer_id=payer, rank=rank, member_id=f"M{each}{rank.value}",
                        relation=relation, group_number=pick.choice(["", "G1"]), starts_on=date(2026, 1, 1), version=1,
                        **holder,
                    ).returning(Coverage.id)
                ).scalar_one())  # fmt: skip
            lines = [line(pick, place) for place in range(1, pick.choice([1, 2, 3, 4, 6, 50, 55]) + 1)]
            claim = session.execute(
                insert(Claim).values(
                    number=f"K{each:06d}", patient_id=patient, coverage_id=coverages[0], payer_id=office.payer,
                    state=ClaimState.READY, frequency=Frequency.ORIGINAL, period_first=date(2026, 3, 1),
                    period_last=date(2026, 3, 31), diagnoses="L03115 Z452", days=DAYS, version=1,
                    charge=sum(each["charge"] for each in lines),
                    expected=Decimal(1), made_at=NOON,
                ).returning(Claim.id)
            ).scalar_one()  # fmt: skip
            session.execute(insert(ClaimLine), [{"claim_id": claim, **each} for each in lines])
        record(session, office.biller, "fill", "test")


def line(pick, place):
    code = pick.choice(CODES)
    first = date(2026, 3, pick.randrange(1, 20))
    drug = code.startswith("J")
    return {
        "position": place, "kind": LineKind.DRUG if drug else LineKind.PER_DIEM, "code": code,
        "modifiers": pick.choice(["", "SH", "SJ SS", "RR KH"]), "description": "some item", "first_on": first,
        "last_on": date(2026, 3, pick.randrange(first.day, 31)), "units": Decimal(pick.randrange(1, 400)) / 2,
        "rate": Decimal(1), "charge": Decimal(pick.randrange(1, 90_000)) / 100, "expected": Decimal(0),
        "ndc": "00781320985" if drug else "", "ndc_quantity": Decimal(pick.randrange(1, 999)) / 4 if drug else None,
        "ndc_unit": pick.choice(["UN", "ML"]) if drug else "", "evidence": json.dumps({"units": [], "sentences": [],
        "held": "", "priced": True, "place": pick.choice(["12", "12", "49"])}),
    }  # fmt: skip


def remittance(session, pick):
    """Every claim decided: shares paid, the rest split over reasons, some wholly paid."""
    body, total = "", Decimal(0)
    for claim in session.scalars(select(Claim).order_by(Claim.id)):
        rows = session.scalars(
            select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)
        ).all()
        paid_all, told, share = Decimal(0), "", pick.random() < 0.6
        for row in rows:
            paid = (row.charge * pick.randrange(0, 101) / 100).quantize(Decimal("0.01"))
            rest, cas = row.charge - paid, ""
            owed = (rest / 2).quantize(Decimal("0.01")) if share else Decimal(0)
            cas += f"CAS*PR*1*{owed}~" if owed else ""
            cas += f"CAS*CO*45*{rest - owed}~" if rest != owed else ""
            code = ":".join(["HC", row.code, *row.modifiers.split()])
            told += f"SVC*{code}*{row.charge}*{paid}**{row.units.normalize():f}~DTM*472*{row.first_on:%Y%m%d}~{cas}"
            told += f"REF*6R*L{row.id}~"
            paid_all += paid
        head = f"CLP*{claim.number}*1*{claim.charge}*{paid_all}*0*12*ICN{claim.id}~NM1*QC*1*Q~"
        total += paid_all
        body += head + told
    head = f"BPR*I*{total}*C*ACH************20260420~TRN*1*ALL*1999~N1*PR*P~N1*PE*N*XX*1234567893~LX*1~"
    return envelope("HP", "835", "005010X221A1", head + body)


def read_back(office, written):
    """Compare the file with the database, claim by claim and line by line."""
    assert pyx12_errors(written.text) == []
    (batch,) = claims_837p_reading.read(written.text)
    with office.database.reading() as session:
        for claim in written.claims:
            kept = session.get_one(Claim, claim)
            rows = session.scalars(
                select(ClaimLine).where(ClaimLine.claim_id == claim).order_by(ClaimLine.position)
            ).all()
            mine = [each for each in batch.claims if each.number.split("-")[0] == kept.number]
            lines = [each for part in mine for each in part.lines]
            ours = [(r.code, tuple(r.modifiers.split()), r.charge, r.units, r.first_on, r.last_on, r.id) for r in rows]
            read = [
                (e.code, e.modifiers, e.charge, e.units, e.days.first, e.days.last, int(e.control_number[1:]))
                for e in lines
            ]
            assert ours == read
            assert sum(part.charge for part in mine) == kept.charge
            assert {part.frequency.value for part in mine} == {kept.frequency.value}
            assert all(1 <= len(part.lines) <= 50 for part in mine)
    return Counter((part.frequency.value, part.rank, part.patient is None, "-" in part.number) for part in batch.claims)


def ready(office, claim):
    with office.database.transaction() as session:
        session.execute(update(Claim).where(Claim.id == claim).values(state=ClaimState.READY))
        record(session, office.biller, "ready", "test", claim)
    return claim


def test_two_hundred_claims_of_every_kind_pass_the_validator_and_read_back(office):
    pick = random.Random(20261126)
    fill(office, pick)
    with office.database.reading() as session:
        first = list(session.scalars(select(Claim.id).order_by(Claim.id)))
    written = write_file(office.database, first, office.biller)
    seen = read_back(office, written)
    assert any("was written as" in notice for notice in written.notices)
    with office.database.reading() as session:
        text = remittance(session, pick)
        (size,) = {len(session.scalars(select(Claim.id)).all())}
    post_remittance(office.database, text, office.biller)
    with office.database.reading() as session:
        offers = [each.claim_id for each in proposals(session)]
    second = [make_secondary(office.database, each, office.biller) for each in offers]
    found = [check(office.database, each, office.biller, on=date(2026, 4, 25)) for each in second]
    assert [each.sentence for few in found for each in few if each.stops] == []
    seen += read_back(office, write_file(office.database, second, office.biller))
    others = [each for each in first if each not in offers]
    with office.database.reading() as session:  # The payer's number of further parts is not in that remittance.
        whole = [
            each for each in others
            if len(session.scalars(select(ClaimLine.id).where(ClaimLine.claim_id == each)).all()) <= 50
        ]  # fmt: skip
    half = len(whole) // 2
    corrections = [void_claim(office.database, each, office.biller, "billed twice") for each in whole[:half]]
    corrections += [
        ready(office, replace_claim(office.database, each, office.biller, "new code")) for each in whole[half:]
    ]
    seen += read_back(office, write_file(office.database, corrections, office.biller))
    again = [ready(office, replace_claim(office.database, each, office.biller, "NDC")) for each in second[: 200 - size]
             if _decide(office, each)]  # fmt: skip
    seen += read_back(office, write_file(office.database, again, office.biller)) if again else Counter()
    kinds = set(seen)
    assert sum(seen.values()) >= 200 and {kind[0] for kind in kinds} == {"1", "7", "8"}
    assert {kind[1] for kind in kinds} == {"P", "S"} and {kind[3] for kind in kinds} == {True, False}
    assert {kind[2] for kind in kinds} == {True, False}


def _decide(office, claim):
    """The next payer took it under a number of its own."""
    with office.database.transaction() as session:
        lines = session.scalars(select(ClaimLine.id).where(ClaimLine.claim_id == claim)).all()
        if len(lines) > 50:
            return False
        session.execute(
            update(Claim).where(Claim.id == claim).values(state=ClaimState.ACCEPTED, payer_control_number=f"S{claim}")
        )
        record(session, office.biller, "decide", "test", claim)
    return True
