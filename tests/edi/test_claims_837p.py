"""Claim files: accepted by an independent validator, read back equal, and refused with every reason at once."""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infusion_desktop.dates import Days
from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.claim_data import Address, Batch, Claim, Drug, Frequency, Name, Payer, Provider, ServiceLine
from infusion_desktop.edi.claims_837p import check, find_place, read, segments, write
from infusion_desktop.edi.x12 import read_segments
from infusion_desktop.errors import Refused
from tests.effort import light
from tests.promises import times


def test_pyx12_itself_would_notice(maker: Any, pyx12_errors: Any) -> None:
    text = write(maker.batch(1)).text
    assert pyx12_errors(text) == []
    assert pyx12_errors(text.replace("*22*", "*99*"))
    assert pyx12_errors(text.replace("IEA*1*", "IEA*2*"))


def test_an_independent_validator_accepts_claims_of_every_kind(maker: Any, pyx12_errors: Any) -> None:
    batch = maker.batch(220)
    text = write(batch).text
    assert pyx12_errors(text) == []
    kinds = {(claim.frequency, claim.rank, claim.patient is None) for claim in batch.claims}
    assert len(kinds) == 3 * 3 * 2
    assert {1, 50} <= {len(claim.lines) for claim in batch.claims}


WEEK_OF_CEFTRIAXONE = """CLM*C0000001*1950.5***12:B:1*Y*A*Y*Y~
REF*G1*AUTH000001~
HI*ABK:L03115*ABF:Z452~
LX*1~
SV1*HC:S9500*1050*UN*7***1:2~
DTP*472*RD8*20261101-20261107~
REF*6R*C0000001-1~
LX*2~
SV1*HC:J0696*700.5*UN*56***1~
DTP*472*RD8*20261101-20261107~
REF*6R*C0000001-2~
LIN**N4*00781320985~
CTP****7*UN~
REF*XZ*RX000001~
NM1*DK*1*WELBY*MARCUS****XX*1112223338~
LX*3~
SV1*HC:99601*200*UN*1***1~
DTP*472*D8*20261101~
REF*6R*C0000001-3~
SE*"""


def test_a_week_of_ceftriaxone_is_written_exactly_as_the_guides_example_does(maker: Any) -> None:
    """Per diem, drug with its NDC and a nursing visit, after the 837P guide's home infusion examples."""
    week = Days(date(2026, 11, 1), date(2026, 11, 7))
    prescriber = Provider(Name("WELBY", "MARCUS"), "1112223338")
    drug = Drug("00781320985", Decimal(7), "UN", "RX000001")
    lines = (
        ServiceLine("S9500", Decimal("1050.00"), Decimal(7), week, "C0000001-1", pointers=(1, 2)),
        ServiceLine("J0696", Decimal("700.50"), Decimal(56), week, "C0000001-2", drug=drug, ordering=prescriber),
        ServiceLine("99601", Decimal(200), Decimal(1), Days(week.first, week.first), "C0000001-3"),
    )
    subscriber, payer = maker.subscriber(with_person=True), Payer("PLAN", "P1")
    claim = Claim("C0000001", subscriber, payer, ("L03115", "Z45.2"), lines, authorization="AUTH000001")
    assert WEEK_OF_CEFTRIAXONE in write(Batch(maker.heading(), (claim,))).text


def test_what_was_written_reads_back_equal(maker: Any) -> None:
    batch = maker.batch(220)
    assert read(write(batch).text) == (batch,)


HOSTILE = [
    "O*NEIL",
    "A~B",
    "C:D:E",
    "X^Y",
    "~~~***",
    "IEA*1*000000001~",
    "SMITH\r\nST*837*0002~",
    "TAB\tBED",
    "NUL\x00NAME",
    "\x1d\x1e\x1f",
    "Łukasiewicz",
    "Nguyễn Thị",
    "Müller-Lüdenscheidt",
    "Straße",
    "李小龙",
    "محمد",
    "‮EVIL",
    "emoji 😀 name",
    "   ",
    "*",
    "",
    "a" * 5000,
    "Zoë  van   den Bérg",
    "D’Arcy–Smith",
    "=cmd()",
    "'; DROP TABLE",
    "<b>Lee</b>",
    "\\~",
    "\ud800lone",
    "A|B",
]
LETTERS = "*~:^|\\ \t\n\x00\x1d\x85\u2028é李😀AZaz09'\"-ßŁ\u0301‮\ud800"


def test_hostile_names_never_shift_a_segment_or_an_element(maker: Any, seed: int, pyx12_errors: Any) -> None:
    """E4: 300 names in every text field; written with the intended structure and a notice, or refused.

    A second, independent parser reads some of them (all with --full).
    """
    rng = random.Random(seed)
    names = HOSTILE + ["".join(rng.choices(LETTERS, k=rng.randint(1, 80))) for _ in range(300 - len(HOSTILE))]
    claim = replace(maker.claim(lines=2, simple=True), note="NOTE", patient=maker.patient())
    refused = 0
    heading = maker.heading()
    intended = _shape(write(Batch(heading, (_with_names(claim, Name("A", "A", "A", "A"), "A"),))).text)
    step = len(names) // times(3, len(names))
    for number, name in enumerate(names):
        batch = Batch(heading, (_with_names(claim, Name(name, name, name, name), name),))
        try:
            written = write(batch)
        except Refused as refusal:
            refused += 1
            assert all(reason.startswith(f"Claim {claim.number}: ") for reason in refusal.reasons)
            continue
        assert _shape(written.text) == intended, repr(name)
        assert written.text.isascii() and written.text.count("~") == len(intended)
        assert number % step or pyx12_errors(written.text) == [], repr(name)
        again = read(written.text)[0].claims[0].patient
        if not written.notices:
            assert again.name.last == " ".join(name.upper().split())
    assert 5 <= refused <= 60


def _with_names(claim: Any, name: Name, text: str) -> Any:
    patient = replace(claim.patient, name=name, address=Address(text, "CITY", "MN", "55401", text))
    return replace(claim, patient=patient, note=text[:40])


def _shape(text: str) -> list[tuple[str, int]]:
    """Each segment's name with the number of its elements up to the last that is always there."""
    return [(found.tag, len(found)) for found in read_segments(text, "837")]


def test_an_identifier_is_refused_and_never_altered(maker: Any) -> None:
    claim = maker.claim(lines=1, simple=True)
    for bad in ("A*B", "A~B", "A:B", "A^B", "é", "a b", "M\x1d1", " M1", "M1 ", "", "X" * 81):
        wrong = replace(claim, subscriber=replace(claim.subscriber, member_id=bad))
        with pytest.raises(Refused, match="member number"):
            write(Batch(maker.heading(), (wrong,)))


def test_every_reason_is_told_at_once(maker: Any) -> None:
    claim = maker.claim(lines=3, simple=True)
    first, second, third = claim.lines
    wrong = replace(
        claim,
        diagnoses=("L03115",) * 13,
        original_reference="ICN1",
        lines=(
            replace(first, modifiers=("SH", "SJ", "SS", "KX", "TG"), pointers=(14,)),
            replace(second, drug=Drug("0781-3209-85", Decimal(1), "BX"), charge=Decimal("1.005")),
            replace(third, control_number=first.control_number, units=Decimal("0.0001"), ordering=None),
        ),
        referring=replace(maker.provider(), npi="1234567890"),
    )
    reasons = check(Batch(maker.heading(), (wrong,)))
    said = "\n".join(reasons)
    for expected in (
        "13 diagnoses",
        "there twice",
        "must not name an earlier claim",
        "line 1: 5 modifiers",
        "line 1: it points to a diagnosis",
        "line 2: the NDC must be eleven digits",
        "line 2: the drug's unit",
        "line 2: the charge must be",
        "line 3: the units must be",
        "two lines have the same control number",
        "the referring provider's NPI is wrong",
    ):
        assert expected in said
    with pytest.raises(Refused) as refused:
        write(Batch(maker.heading(), (wrong,)))
    assert refused.value.reasons == reasons


def test_fifty_lines_pass_and_fifty_one_do_not(maker: Any) -> None:
    claim = maker.claim(lines=51, simple=True)
    assert any("51 lines" in reason for reason in check(Batch(maker.heading(), (claim,))))
    assert check(Batch(maker.heading(), (replace(claim, lines=claim.lines[:50]),))) == ()
    assert any("0 lines" in reason for reason in check(Batch(maker.heading(), (replace(claim, lines=()),))))


def test_a_replacement_needs_the_payers_claim_number(maker: Any) -> None:
    claim = replace(maker.claim(lines=1, simple=True), frequency=Frequency.VOID)
    with pytest.raises(Refused, match="payer's number of the claim it corrects"):
        write(Batch(maker.heading(), (claim,)))


def test_a_secondary_claim_whose_first_payer_does_not_add_up_is_refused(maker: Any) -> None:
    claim = next(found for found in iter(maker.claim, None) if found.rank == "S" and found.other_payers[0].adjustments)
    assert check(Batch(maker.heading(), (claim,))) == ()
    other = claim.other_payers[0]
    more = replace(other, adjustments=(*other.adjustments, Adjustment("PI", "B7", Decimal("0.01"))))
    reasons = check(Batch(maker.heading(), (replace(claim, other_payers=(more,)),)))
    assert any("differ from the charge by -0.01" in reason for reason in reasons)
    reasons = check(Batch(maker.heading(), (replace(claim, other_payers=()),)))
    assert any("needs the other payer's result" in reason for reason in reasons)


def test_a_dependent_hangs_under_the_patient_level_and_the_subscriber_level_says_so(maker: Any) -> None:
    claim = maker.claim(lines=1, simple=True)
    alone = replace(claim, patient=None, subscriber=maker.subscriber(with_person=True))
    child = replace(claim, number="C2", patient=maker.patient(), subscriber=maker.subscriber(with_person=False))
    lines = [
        line for line in write(Batch(maker.heading(), (alone, child))).text.split("~\n") if line[:3] in ("HL*", "CLM")
    ]
    assert [line[:9] for line in lines if line.startswith("HL")] == ["HL*1**20*", "HL*2*1*22", "HL*3*1*22", "HL*4*3*23"]
    assert [line[-1] for line in lines if line.startswith("HL")] == ["1", "0", "1", "0"]


def test_more_than_a_hundred_claims_of_one_patient_open_a_second_level(maker: Any, pyx12_errors: Any) -> None:
    claim = replace(maker.claim(lines=1, simple=True), patient=None, subscriber=maker.subscriber(with_person=True))
    dependent = replace(claim, patient=maker.patient())
    for one in (claim, dependent):
        batch = Batch(maker.heading(), tuple(replace(one, number=f"N{at}") for at in range(205)))
        text = write(batch).text
        assert pyx12_errors(text) == []
        assert read(text) == (batch,)


def test_an_acknowledgements_segment_number_leads_back_to_claim_and_line(maker: Any) -> None:
    batch = maker.batch(3)
    text = write(batch).text
    inside = list(read_segments(text, "837"))[2:-2]
    claim, line = "", 0
    for position, segment in enumerate(inside, 1):
        if segment.tag == "CLM":
            claim, line = segment[1], 0
        if segment.tag == "HL":
            claim, line = "", 0
        line += segment.tag == "LX"
        if segment.tag == "SE":
            break
        place = find_place(text, "0001", position)
        assert place is not None
        assert (place.claim_number, place.line, place.tag) == (claim, line, segment.tag)
        assert place.line_control == (f"{claim}-{line}" if line else "")
    assert find_place(text, "0001", 999_999) is None
    assert find_place(text, "0099", 1) is None


def test_streaming_gives_the_same_file_and_stops_at_the_first_bad_claim(maker: Any) -> None:
    batch = maker.batch(20)
    assert "".join(segments(batch.heading, iter(batch.claims))) == write(batch).text
    bad = replace(batch.claims[0], diagnoses=())
    with pytest.raises(Refused, match="0 diagnoses"):
        list(segments(batch.heading, [batch.claims[1], bad]))


def test_a_test_file_never_says_production(maker: Any) -> None:
    batch = maker.batch(1)
    assert next(read_segments(write(batch).text, "837"))[15] == "T"
    live = replace(batch.heading, interchange=replace(batch.heading.interchange, test=False))
    assert next(read_segments(write(Batch(live, batch.claims)).text, "837"))[15] == "P"


def test_a_thousand_four_line_claims_are_written_quickly(new_maker: Any) -> None:
    """`benchmarks/claim_files.py` measures it; here it may not become another order of work."""
    maker = new_maker(1)
    claims = tuple(maker.claim(lines=4, simple=True) for _ in range(1000))
    batch = Batch(maker.heading(), claims)
    assert light(lambda: write(batch).text, 80).count("~") > 20_000
