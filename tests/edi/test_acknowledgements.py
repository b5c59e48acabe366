"""Acknowledgements: TA1, 999 and 277CA are read with what they point at."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infusion_desktop.edi.acknowledgements import Status, read_277ca, read_999, read_ta1
from infusion_desktop.edi.claims_837p import find_place, write
from infusion_desktop.edi.x12 import kinds_in
from infusion_desktop.errors import Refused

SYNTAX = """AK1*HC*1*005010X222A1~AK2*837*0001*005010X222A1~
IK3*SV1*{position}*2400*8~CTX*CLM01:{claim}~IK4*1:3*1339*7*ZZZ~IK4*2*782*1~IK5*R*5~
AK2*837*0002*005010X222A1~IK5*A~AK9*P*2*2*1~"""
CLAIMS = """BHT*0085*08*277X*20261202*0900*TH~
HL*1**20*1~NM1*AY*2*CLEARING HOUSE*****46*CH001~TRN*1*T1~DTP*050*D8*20261201~DTP*009*D8*20261202~
HL*2*1*21*1~NM1*41*2*CORNER HOME INFUSION*****46*SUB001~TRN*2*B000001~STC*A1:19:PR*20261202*WQ*2451~
QTY*90*1~QTY*AA*1~AMT*YU*1950.5~AMT*YY*500.5~
HL*3*2*19*1~NM1*85*2*CORNER HOME INFUSION*****XX*1234567893~TRN*1*0~STC*A1:19:PR**WQ*2451~
HL*4*3*PT~NM1*QC*1*WELBY*MARCUS****MI*M1~TRN*2*C0000001~STC*A2:20:PR*20261202*WQ*1950.5~REF*1K*ICN0001~REF*D9*CH77~
DTP*472*D8*20261101~
HL*5*3*PT~NM1*QC*1*LEE*ANN****MI*M2~TRN*2*C0000002~STC*A7:562:85*20261202*U*500.5******A6:21~REF*1K*ICN0002~
DTP*472*D8*20261101~SVC*HC:S9379*500.5*****5~STC*A7:454**U~REF*FJ*C0000002-1~DTP*472*D8*20261101~"""


def test_a_ta1_says_whether_the_envelope_was_taken(enclose: Any) -> None:
    isa = enclose("999", "005010X231A1", SYNTAX).split("~")[0]
    text = f"{isa}~TA1*000000001*261201*0900*R*006~IEA*0*000000007~"
    (answer,) = read_ta1(text)
    assert (answer.interchange_control, answer.verdict, answer.note, answer.taken) == ("000000001", "R", "006", False)
    assert kinds_in(text) == ("TA1",)
    with pytest.raises(Refused, match=r"TA1 file, segment 2, element TA104 is “Q”\. Expected A, E or R"):
        read_ta1(text.replace("*R*006", "*Q*006"))


def test_a_999_names_the_claim_and_line_that_were_refused(enclose: Any, maker: Any, pyx12_errors: Any) -> None:
    sent = write(replace(maker.batch(1), claims=(maker.claim(lines=3, simple=True),))).text
    inside = sent.split("~\n")[2:]
    position = 1 + [at for at, line in enumerate(inside) if line.startswith("SV1*")][1]
    text = enclose("999", "005010X231A1", SYNTAX.format(position=position, claim="C0000002"))
    assert pyx12_errors(text) == []
    (answer,) = read_999(text)
    assert (answer.group_control, answer.verdict, answer.accepted) == ("1", "P", 1)
    refused, taken = answer.transactions
    assert not refused.taken and refused.reasons == ("5",) and taken.taken
    (error,) = refused.errors
    assert (error.tag, error.loop, error.reason, error.claim_number) == ("SV1", "2400", "8", "C0000002")
    assert [(one.position, one.component, one.reason, one.value) for one in error.elements] == [
        (1, 3, "7", "ZZZ"),
        (2, 0, "1", ""),
    ]
    place = find_place(sent, refused.control, error.position)
    assert place is not None and (place.tag, place.line) == ("SV1", 2)
    assert place.line_control == f"{place.claim_number}-2"


def test_a_997_of_older_senders_is_read_too(enclose: Any) -> None:
    body = SYNTAX.format(position=9, claim="C1").replace("IK", "AK").replace("CTX*CLM01:C1~", "")
    (answer,) = read_999(enclose("997", "005010", body))
    assert answer.transactions[0].errors[0].position == 9


def test_a_277ca_says_of_each_claim_whether_it_went_on(enclose: Any, pyx12_errors: Any) -> None:
    text = enclose("277", "005010X214", CLAIMS)
    assert [error for error in pyx12_errors(text) if "STC" not in error] == []
    (answer,) = read_277ca(text)
    assert (answer.source, answer.source_kind, answer.batch_number) == ("CLEARING HOUSE", "AY", "B000001")
    assert (answer.accepted_count, answer.refused_count, answer.refused_charge) == (1, 1, Decimal("500.50"))
    good, bad = answer.claims
    assert good.accepted and good.payer_claim_number == "ICN0001" and good.clearinghouse_number == "CH77"
    assert good.patient.last == "WELBY" and good.on == date(2026, 12, 2)
    assert not bad.accepted and bad.action == "U"
    assert bad.statuses == (Status("A7", "562", "85"), Status("A6", "21"))
    assert bad.lines[0].line_control == "C0000002-1" and bad.lines[0].code == "S9379"
    assert not answer.whole_batch_refused


def test_a_277ca_that_refuses_the_whole_batch_has_no_claims(enclose: Any) -> None:
    top = CLAIMS.split("HL*3*")[0].replace("STC*A1:19:PR*20261202*WQ", "STC*A3:24:41*20261202*U")
    (answer,) = read_277ca(enclose("277", "005010X214", top))
    assert answer.whole_batch_refused and answer.statuses == (Status("A3", "24", "41"),)


def test_another_kind_of_file_is_refused_by_name(enclose: Any) -> None:
    with pytest.raises(Refused, match=r"277CA file, segment 3: ST found\. Expected a transaction of kind 277, not 999"):
        read_277ca(enclose("999", "005010X231A1", SYNTAX))
    assert kinds_in(enclose("277", "005010X214", CLAIMS)) == ("277",)
