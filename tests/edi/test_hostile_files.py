"""Broken and hostile files: each is read or refused with its segment, in time, and nothing else ever comes out."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from infusion_desktop.edi import acknowledgements, claims_837p, remittance_835
from infusion_desktop.edi.x12 import kinds_in
from infusion_desktop.errors import Refused
from tests.effort import light
from tests.promises import times

SENTENCE = re.compile(r"^(835|837|999|277CA|TA1|X12) file, segment \d+\b.*Expected .+\.$", re.DOTALL)
READERS: dict[str, Callable[[bytes], object]] = {
    "835": remittance_835.read,
    "837": claims_837p.read,
    "999": acknowledgements.read_999,
    "277": acknowledgements.read_277ca,
    "TA1": acknowledgements.read_ta1,
    "any": kinds_in,
}
WORK = 50
"""Of plain work, for files of up to 20 MB."""
ANSWERS = {
    "835": "BPR*I*90*C*ACH************20261215~TRN*1*E1*1999~N1*PR*P~N1*PE*U*XX*1234567893~LX*1~"
    "CLP*C1*1*100*90*0*12*I1~CAS*CO*45*5~NM1*QC*1*A*B~SVC*HC:S9500*100*95**7~CAS*CO*45*5~DTM*472*20261101~"
    "PLB*1*20261231*WO:X*0~",
    "999": "AK1*HC*1~AK2*837*0001~IK3*SV1*9*2400*8~CTX*CLM01:C1~IK4*1:3*C003*7*Z~IK5*R*5~AK9*R*1*1*0~",
    "277": "BHT*0085*08*X*20261202*0900*TH~HL*1**20*1~NM1*AY*2*CH*****46*1~HL*2*1*21*1~TRN*2*B1~STC*A1:19*20261202*WQ~"
    "HL*3*2*PT~NM1*QC*1*A*B****MI*M~TRN*2*C1~STC*A2:20*20261202*WQ*1~SVC*HC:S9500*5~STC*A7:1**U~REF*FJ*C1-1~",
}


@pytest.fixture
def good_files(enclose: Any, maker: Any) -> dict[str, str]:
    """One right file of each kind."""
    files = {kind: enclose(kind, "005010", body) for kind, body in ANSWERS.items()}
    files["837"] = claims_837p.write(maker.batch(2)).text
    files["TA1"] = f"{files['835'].split('~')[0]}~TA1*000000001*261201*0900*A*000~IEA*0*000000007~"
    return files


def refused_or_read(kind: str, data: bytes | str) -> str:
    """The refusal, "" when the file was read; any other exception fails the test."""
    try:
        light(lambda: READERS[kind](data), WORK)  # type: ignore[arg-type]
    except Refused as refused:
        assert SENTENCE.fullmatch(str(refused)), str(refused)
        assert len(str(refused)) < 300
        return str(refused)
    return ""


def test_every_right_file_is_read(good_files: dict[str, str]) -> None:
    for kind, text in good_files.items():
        assert refused_or_read(kind, text) == ""
        assert kinds_in(text) == (kind,)


NOT_EDI = [
    b"",
    b"\x00" * 1000,
    bytes(range(256)) * 4,
    b"ISA",
    b"ISA*" + b"*" * 200,
    b"ISA" + b"~" * 200,
    b"ISA" * 100,
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    b"PK\x03\x04" + b"\x00" * 200,
    "ISA‮*".encode() * 50,
    b"\xff\xfe" + "ISA*00*".encode("utf-16-le") * 20,
    b"<html><body>Session expired</body></html>",
    b"name,amount\r\n=cmd(),5\r\n",
    b"9" * 500_000,
    b" \r\n" * 1000,
]


@pytest.mark.parametrize("data", NOT_EDI, ids=range(len(NOT_EDI)))
@pytest.mark.parametrize("kind", READERS)
def test_what_is_no_claim_answer_at_all_is_refused(kind: str, data: bytes) -> None:
    assert refused_or_read(kind, data)


@pytest.mark.parametrize("kind", ["835", "837", "999", "277", "TA1"])
def test_a_file_cut_anywhere_is_refused(good_files: dict[str, str], kind: str) -> None:
    text = good_files[kind].rstrip()
    step = max(1, len(text) // 150)
    for length in [*range(0, len(text) - 1, step), len(text) - 1]:
        assert refused_or_read(kind, text[:length]), length


@pytest.mark.parametrize("kind", ["835", "837", "999", "277", "TA1"])
def test_any_missing_or_doubled_segment_is_noticed_by_its_count(good_files: dict[str, str], kind: str) -> None:
    lines = [line for line in good_files[kind].replace("\n", "").split("~") if line]
    for at in range(0, len(lines), max(1, len(lines) // 60)):
        if kind == "TA1" and lines[at].startswith("TA1"):
            continue
        for changed in (lines[:at] + lines[at + 1 :], [*lines[: at + 1], *lines[at:]]):
            assert refused_or_read(kind, "~".join(changed) + "~"), lines[at][:3]


@pytest.mark.parametrize("kind", ["835", "837", "999", "277"])
def test_missing_segments_are_refused_even_when_the_counts_are_right(
    good_files: dict[str, str], enclose: Any, kind: str
) -> None:
    lines = [line for line in good_files[kind].replace("\n", "").split("~") if line]
    body = [line for line in lines if line[:3] not in ("ISA", "IEA") and line[:2] not in ("GS", "ST", "SE", "GE")]
    needed = {"835": "BPR TRN N1", "837": "HL NM1 CLM SV1 HI SBR LX", "999": "AK1 AK9 IK5", "277": "HL TRN STC"}
    for tag in needed[kind].split():
        without = "~".join(line for line in body if not line.startswith(f"{tag}*")) + "~"
        assert refused_or_read(kind, enclose(kind, "005010", without)), tag
    assert refused_or_read(kind, enclose(kind, "005010", "")), "nothing inside"


PIECES = [b"*", b"~", b":", b"\x00", b"\xff", b"9", b"-", b"\n", b"ISA", b"SE*1*1~"]


@pytest.mark.parametrize("kind", ["835", "837", "999", "277", "TA1"])
def test_mutated_files_are_read_or_refused(good_files: dict[str, str], seed: int, kind: str) -> None:
    """D1: random bytes changed, removed, repeated or put in, delimiters included."""
    rng = random.Random(seed)
    data = good_files[kind].encode()
    refused = 0
    for _ in range(times(60, 300)):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(changed))
            piece = rng.choice(
                [b"*", b"~", b":", b"\x00", b"\xff", b"9", b"-", b"\n", b"ISA", b"SE*1*1~", rng.randbytes(3)]
            )
            how = rng.randrange(3)
            if how == 0:
                changed[at : at + len(piece)] = piece
            elif how == 1:
                changed[at:at] = piece * rng.choice([1, 1, 1, 2000])
            else:
                del changed[at : at + rng.randint(1, 30)]
        refused += bool(refused_or_read(kind, bytes(changed)))
    assert refused > times(25, 150)


@pytest.mark.parametrize("kind", ["835", "837", "999", "277"])
def test_every_element_emptied_or_replaced_is_read_or_refused(good_files: dict[str, str], kind: str) -> None:
    lines = [line for line in good_files[kind].replace("\n", "").split("~") if line][:40]
    rest = good_files[kind].replace("\n", "").split("~")[len(lines) :]
    for at, line in enumerate(lines[1:], 1):
        elements = line.split("*")
        for place in range(1, len(elements)):
            for value in ("", "٣", "1e1000000", ":" * 20, "X" * 90):
                changed = "*".join([*elements[:place], value, *elements[place + 1 :]])
                refused_or_read(kind, "~".join([*lines[:at], changed, *lines[at + 1 :], *rest]))


def test_limits_of_size_are_told(good_files: dict[str, str]) -> None:
    text = good_files["835"]
    assert "larger than 20 MB" in refused_or_read("835", b" " * (20 * 1024 * 1024 + 1))
    assert "longer than 4000 characters" in refused_or_read("835", text.replace("TRN*1*E1", "TRN*1*" + "E" * 4000))
    assert refused_or_read("835", text.replace("TRN*1*E1", "TRN*1*" + "E" * 3900)) == ""


def test_a_refusal_shows_only_a_short_printable_piece_of_the_value(good_files: dict[str, str]) -> None:
    told = refused_or_read("835", good_files["835"].replace("CLP*C1*1*100*", "CLP*C1*1*" + "A\u202eB" * 300 + "*"))
    assert "element CLP03 is “A·BA·B" in told and "…" in told and "\u202e" not in told
    place = [line[:3] for line in good_files["835"].replace("\n", "").split("~")].index("CLP") + 1
    assert told.startswith(f"835 file, segment {place}, element CLP03")
