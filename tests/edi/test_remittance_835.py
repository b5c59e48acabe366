"""Remittances: everything the payer says is read, every balance is proven, odd but real files are taken."""

import random
import tracemalloc
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.remittance_835 import read
from infusion_desktop.errors import Refused
from tests.effort import light

VERSION = "005010X221A1"
HEAD = """BPR*I*{paid}*C*ACH*CTX*01*111000025*DA*123*1999999999**01*222000025*DA*456*20261215~
TRN*1*EFT0001*1999999999~DTM*405*20261214~
N1*PR*BIG HEALTH PLAN~N3*1 PAYER WAY~N4*HARTFORD*CT*06101~REF*2U*BHP01~PER*BL*DESK*TE*8005550100~
N1*PE*CORNER HOME INFUSION*XX*1234567893~REF*TJ*411234567~LX*1~
"""
CLAIM = """CLP*C0000001*1*1950.5*1500.5*100*12*ICN0001*12*1~
NM1*QC*1*WELBY*MARCUS*Q**JR*MI*M000001~NM1*74*1******C*M000009~
MOA***MA01*N30~REF*CE*PPO~DTM*232*20261101~DTM*233*20261107~DTM*050*20261110~AMT*AU*1600~
SVC*HC:S9500:SH*1050*900*:7**7~
DTM*150*20261101~DTM*151*20261107~CAS*CO*45*50~CAS*PR*1*60**2*40~REF*6R*C0000001-1~AMT*B6*1000~LQ*HE*N362~
SVC*HC:J0696*700.5*600.5**56~DTM*472*20261101~CAS*CO*45*100~REF*6R*C0000001-2~
SVC*HC:99601*200*0**0*HC:99600*1~DTM*472*20261101~CAS*CO*16*100*1*97*100~REF*6R*C0000001-3~
""".replace("*:7**7", "**7")
REVERSAL = """CLP*C0000002*22*-500*-400**12*ICN0002*12*1~NM1*QC*1*LEE*ANN****MI*M2~
SVC*HC:S9379*-500*-400**-5~DTM*472*20261001~CAS*CO*45*-100~REF*6R*C0000002-1~
CLP*C0000002*1*500*450**12*ICN0003*12*1~NM1*QC*1*LEE*ANN****MI*M2~
SVC*HC:S9379*500*450**5~DTM*472*20261001~CAS*CO*45*50~REF*6R*C0000002-1~
"""
PLB = "PLB*1234567893*20261231*WO:ICN0009*25.25*L6*-0.75*FB:OLD*-10~"


def whole(paid: str = "1536") -> str:
    """1500.5 - 400 + 450 - (25.25 - 0.75 - 10) = 1536.00."""
    return HEAD.format(paid=paid) + CLAIM + REVERSAL + PLB


def test_the_sample_is_one_that_an_independent_validator_takes(enclose: Any, pyx12_errors: Any) -> None:
    sample = whole().replace("FB:OLD*-10", "FB*-10").replace("**0*HC:99600*1", "**1")
    assert [error for error in pyx12_errors(enclose("835", VERSION, sample)) if "SVC" not in error] == []


def test_everything_the_payer_says_is_read_and_adds_up(enclose: Any) -> None:
    (paid,) = read(enclose("835", VERSION, whole()))
    assert paid.imbalances() == ()
    assert (paid.amount, paid.method, paid.paid_on) == (Decimal("1536.00"), "ACH", date(2026, 12, 15))
    assert paid.deposit_key == ("1999999999", "EFT0001", Decimal("1536.00"))
    assert paid.payer.name == "BIG HEALTH PLAN" and paid.payer.phone == "8005550100"
    assert paid.payee.identifier == "1234567893" and paid.is_test
    assert paid.payee.references[0].number == "411234567"
    first, reversal, again = paid.claims
    assert (first.claim_number, first.payer_claim_number, first.status) == ("C0000001", "ICN0001", "1")
    assert (first.charge, first.paid, first.patient_owes) == (Decimal("1950.5"), Decimal("1500.5"), Decimal(100))
    assert first.patient.last == "WELBY" and first.patient_id == "M000001" and first.corrected_id == "M000009"
    assert first.remarks == ("MA01", "N30")
    assert (first.first_day, first.last_day) == (date(2026, 11, 1), date(2026, 11, 7))
    assert first.received_on == date(2026, 11, 10)
    line, drug, visit = first.lines
    assert (line.code, line.modifiers, line.units, line.allowed) == ("S9500", ("SH",), Decimal(7), Decimal(1000))
    assert (line.first_day, line.last_day) == (date(2026, 11, 1), date(2026, 11, 7))
    assert line.adjustments == (
        Adjustment("CO", "45", Decimal(50)),
        Adjustment("PR", "1", Decimal(60)),
        Adjustment("PR", "2", Decimal(40)),
    )
    assert line.remarks == ("N362",) and line.line_control == "C0000001-1"
    assert drug.first_day == drug.last_day == date(2026, 11, 1)
    assert (visit.code, visit.submitted_code, visit.submitted_units) == ("99601", "99600", Decimal(1))
    assert reversal.is_reversal and not again.is_reversal
    assert reversal.paid == Decimal(-400) and reversal.claim_number == again.claim_number
    assert [(one.reason, one.reference, one.amount) for one in paid.provider_adjustments] == [
        ("WO", "ICN0009", Decimal("25.25")),
        ("L6", "", Decimal("-0.75")),
        ("FB", "OLD", Decimal(-10)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("BPR*I*1536*", "BPR*I*1536.01*", ["the payment is 1536.01, expected 1536.00: +0.01"]),
        ("CAS*CO*45*100~", "CAS*CO*45*99~", ["line J0696 pays 600.50, expected 601.50", "the claim pays 1500.50"]),
        ("CLP*C0000001*1*1950.5*1500.5", "CLP*C0000001*1*1950.5*1500", ["the claim pays", "the payment is"]),
        ("CLP*C0000001*1*1950.5*", "CLP*C0000001*1*1951.5*", ["the claim pays", "against its lines, is 1951.50"]),
        ("WO:ICN0009*25.25", "WO:ICN0009*-25.25", ["the payment is 1536.00, expected 1586.50: -50.50"]),
    ],
)
def test_each_balance_that_fails_is_told_with_its_difference(enclose: Any, old: str, new: str, told: list[str]) -> None:
    (paid,) = read(enclose("835", VERSION, whole().replace(old, new)))
    found = [str(problem) for problem in paid.imbalances()]
    assert len(found) == len(told)
    for sentence, expected in zip(found, told, strict=True):
        assert expected in sentence and sentence.startswith("Segment ")


def test_random_adjustments_and_reversal_pairs_always_balance_and_one_cent_never_hides(enclose: Any, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        body, paid_in_all = [], Decimal(0)
        for at in range(rng.randint(1, 6)):
            charge = Decimal(rng.randint(100, 500_000)) / 100
            cut, own = Decimal(rng.randint(0, 99)) / 100, Decimal(rng.randint(-50, 50)) / 100
            paid = charge - cut - own
            for sign in rng.choice([(1,), (1, -1), (-1, 1)]):
                status = "22" if sign < 0 else "1"
                body.append(f"CLP*C{at}*{status}*{sign * charge}*{sign * paid}**12*I{at}~CAS*CO*45*{sign * own}~")
                body.append(f"SVC*HC:S9500*{sign * charge}*{sign * (charge - cut)}~CAS*PR*2*{sign * cut}~")
                paid_in_all += sign * paid
        taken = Decimal(rng.randint(-5000, 5000)) / 100
        body.append(f"PLB*1234567893*20261231*WO:X*{taken}~")
        for wrong in (Decimal(0), Decimal("0.01")):
            text = HEAD.format(paid=paid_in_all - taken + wrong) + "".join(body)
            (found,) = read(enclose("835", VERSION, text))
            assert [problem.difference for problem in found.imbalances()] == ([wrong] if wrong else [])


def test_odd_but_real_files_are_taken(enclose: Any) -> None:
    plain = read(enclose("835", VERSION, whole()))
    text = enclose("835", VERSION, whole())
    assert read("\ufeff" + text.replace("~", "~\r\n   ")) == plain
    assert read(text.encode("utf-8-sig")) == plain
    assert read(enclose("835", VERSION, whole(), element="|", component=">", end="\n")) == plain
    assert read(enclose("835", VERSION, whole(), element="\x1d", component="\x1f", end="\x1c")) == plain
    assert [found.amount for found in read(text + "\n" + text)] == [plain[0].amount] * 2
    assert [found.transaction_control for found in read(enclose("835", VERSION, whole(), whole()))] == ["0001", "0002"]
    bare = whole().replace("PER*BL*DESK*TE*8005550100~", "").replace("*20261215", "").replace("LX*1~", "")
    (paid,) = read(enclose("835", VERSION, bare))
    assert paid.paid_on is None and paid.imbalances() == ()
    old = whole().replace("CAS*CO*45*-100", "CAS*CR*45*-100").replace("*1*97*", "*1*UNK7*")
    (paid,) = read(enclose("835", "004010X091A1", old))
    assert paid.version == "004010X091A1" and paid.claims[1].lines[0].adjustments[0].group == "CR"


def test_a_wrong_segment_count_is_refused_until_a_person_takes_it(enclose: Any) -> None:
    text = enclose("835", VERSION, whole())
    count = text.split("SE*")[1].split("*")[0]
    wrong = text.replace(f"SE*{count}*", f"SE*{int(count) + 1}*")
    with pytest.raises(Refused, match=rf"835 file, segment \d+, element SE01 is “{int(count) + 1}”. Expected {count}"):
        read(wrong)
    told: list[str] = []
    assert read(wrong, told) == read(text)
    assert len(told) == 1 and "SE01" in told[0]


@pytest.mark.parametrize(
    "number", ["1_000", "٣", "NaN", "Infinity", "1e5", "1e1000000", "9" * 3000, "", "1,000", "--1"]
)
def test_a_number_that_is_none_is_refused_at_once_with_its_place(enclose: Any, number: str) -> None:
    text = enclose("835", VERSION, whole().replace("CLP*C0000001*1*1950.5*", f"CLP*C0000001*1*{number}*"))
    with pytest.raises(
        Refused, match=r"^835 file, segment 15, element CLP03 is .* Expected an? (amount|number)"
    ) as refused:
        light(lambda: read(text), 5)
    assert len(str(refused.value)) < 200


def test_a_large_file_is_read_in_time_and_a_larger_one_than_the_limit_is_refused(enclose: Any) -> None:
    text = enclose("835", VERSION, HEAD.format(paid=0) + CLAIM * 6_000)
    (paid,) = light(lambda: read(text), 250)
    assert len(paid.claims) == 6_000
    with pytest.raises(Refused, match="larger than 20 MB"):
        read(text * 8)


def test_memory_stays_within_bounds(enclose: Any) -> None:
    text = enclose("835", VERSION, HEAD.format(paid=0) + CLAIM * 500)
    tracemalloc.start()
    paid = read(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(paid[0].claims) == 500
    assert peak < 15 * len(text)
