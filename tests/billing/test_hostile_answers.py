"""RELIABILITY D1, D2, D7 for payers' files: a sentence naming the segment, nothing posted; or posted and balanced."""

import random
import re
from functools import partial

import pytest
from sqlalchemy import func, select
from test_service_claims import advice, envelope, page, sent_claim

from infusion_desktop.billing import verify
from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.money_tables import AnswerFile
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.tables import ClaimEvent, LedgerEntry, Remittance
from infusion_desktop.errors import Refused, Warned
from tests.effort import light
from tests.promises import times

MUTATIONS = times(120, 300)
PIECES = 50
"""Of plain work, for files of up to 50 MB."""
NAMES_A_SEGMENT = re.compile(r"segment \d+", re.IGNORECASE)


def counts(office):
    with office.database.reading() as session:
        tables = (LedgerEntry, Remittance, ClaimEvent, AnswerFile)
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)


def without(text, tag):
    """The file without the first segment of this name, its SE count put right."""
    segments = [each for each in text.split("~") if each]
    place = next(at for at, each in enumerate(segments) if each.startswith(f"{tag}*"))
    left = [each for at, each in enumerate(segments) if at != place]
    body = [each for each in left if each[:3] not in ("ISA", "IEA") and each[:2] not in ("GS", "GE")]
    return "~".join(f"SE*{len(body)}*0001" if each.startswith("SE*") else each for each in left) + "~"


def broken(text):
    segments = [each for each in text.split("~") if each]
    yield "wrong SE01", text.replace("SE*", "SE*9")
    yield "wrong GE01", text.replace("GE*1*9", "GE*3*9")
    yield "wrong IEA01", text.replace("IEA*1*", "IEA*7*")
    yield "wrong IEA02", text.replace("IEA*1*000000009", "IEA*1*000000010")
    for tag in ("BPR", "TRN", "CLP", "N1", "SVC"):
        yield f"without {tag}", without(text, tag)
    for at in range(1, len(segments), 3):
        yield f"cut after {at}", "~".join(segments[:at]) + "~"
        yield f"cut inside {at}", "~".join(segments[:at])[:-2]
    yield "an amount in words", text.replace("*1330.00*", "*TWELVE*")
    yield "one cent short", text.replace("BPR*I*1498.00", "BPR*I*1497.99")
    yield "a line that does not add up", text.replace("CAS*CO*45*770", "CAS*CO*45*769")
    yield "a day that is none", text.replace("DTM*472*20260303", "DTM*472*20260399")
    yield "binary", bytes(range(256)) * 500
    yield "nothing", b""
    yield "a letter", "Dear pharmacy, please find attached ..."
    yield "50 MB", text.encode() + b" " * (50 * 1024 * 1024)
    yield "50 MB of one segment", text[:200].encode() + b"A" * (50 * 1024 * 1024)
    yield "UTF-16", text.encode("utf-16")


def test_every_broken_file_gets_a_sentence_with_its_segment_and_posts_nothing(office):
    claim, _ = sent_claim(office)
    text = advice(page(office, claim))
    before = counts(office)
    for what, content in broken(text):
        with pytest.raises(Refused) as no:
            light(partial(read_answer, office.database, content, office.biller), PIECES)
        assert NAMES_A_SEGMENT.search(str(no.value)), (what, str(no.value))
        assert "QUILL" not in str(no.value).upper(), what
        assert counts(office) == before, what
    other = text.replace("*", "|").replace(":", ">").replace("~", "'\r\n").replace("^", "!")
    assert read_answer(office.database, "\ufeff" + other, office.biller)
    assert page(office, claim).payer_owes == 0
    renamed = text.replace("N1*PR*PRAIRIE HEALTH", "N1*PR*PRAIRIE HLTH INC")
    assert renamed != text
    for again in (other, text, text.replace("~", "~\n"), renamed):  # D7: by bytes, or by payer, trace and amount
        before = counts(office)
        with pytest.raises(Refused, match=r"already|twice"):
            read_answer(office.database, again, office.biller)
        assert counts(office) == before


def test_an_acknowledgement_is_read_once(office):
    claim, written = sent_claim(office)
    group = written.text.split("GS*")[1].split("*")[5]
    body = f"AK1*HC*{group}*005010X222A1~AK2*837*0001*005010X222A1~IK5*A~AK9*A*1*1*1~"
    text = envelope("FA", "999", "005010X231A1", body)
    assert read_answer(office.database, text, office.biller)
    before, stands = counts(office), page(office, claim)
    with pytest.raises(Refused, match="was read on"):
        read_answer(office.database, text, office.biller)
    assert (counts(office), page(office, claim)) == (before, stands)


def test_mutated_files_are_refused_or_leave_the_books_in_balance(office):
    claim, _ = sent_claim(office)
    text = advice(page(office, claim))
    pick = random.Random(835)
    posted = refused = 0
    for _ in range(MUTATIONS):
        letters = bytearray(text.encode())
        for _ in range(pick.randint(1, 3)):
            at = pick.randrange(106, len(letters))
            how = pick.randrange(3)
            if how == 0:
                letters[at] = pick.choice(b"0123456789*~:-.ACXZ")
            elif how == 1:
                del letters[at : at + pick.randint(1, 12)]
            else:
                letters[at:at] = pick.choice([b"*", b"~", b"9", b"CAS*CO*45*1~", b"\x00", b"-"])
        before = counts(office)
        try:
            post_remittance(office.database, bytes(letters), office.biller, pick.choice(["", "seen by a person"]))
            posted += 1
        except (Refused, Warned):
            refused += 1
            assert counts(office) == before
    with office.database.reading() as session:
        assert verify.problems(session) == ()
    assert refused > MUTATIONS // 2 and posted + refused == MUTATIONS
