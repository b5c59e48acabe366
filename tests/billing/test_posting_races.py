"""Two workstations post the same payment at the same moment: it is posted once, on both engines (RELIABILITY D7)."""

import threading

from sqlalchemy import func, select
from test_next_payers_and_corrections import remit
from test_service_claims import books, page, sent_claim

from infusion_desktop.billing.money.answers import read_answer
from infusion_desktop.billing.money.deposits import NewDeposit, add_deposit
from infusion_desktop.billing.money.eob import EobClaim, EobLine, NewEob, post_eob
from infusion_desktop.billing.tables import LedgerEntry, Remittance
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, Warned

ROUNDS = 4


def at_once(*works):
    """Run the works at the same moment; what each gave or raised."""
    barrier, told = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        barrier.wait()
        try:
            told[place] = work()
        except Exception as error:  # Every kind is looked at by the test.
            told[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return told


def test_the_same_file_read_at_two_places_is_posted_once(office):
    claim, _ = sent_claim(office)
    shown = page(office, claim)
    for turn in range(ROUNDS):
        rows = [(line, "1", f"CAS*CO*45*{line.charge - 1}~") for line in shown.lines]
        rows = rows if turn % 2 else [(line, "1", f"CAS*PR*1*{line.charge - 1}~") for line in shown.lines]
        text = remit(shown.row.number, rows, trace=f"RACE{turn}")
        other = text if turn < 2 else text.replace("~", "~\n")
        told = at_once(
            lambda text=text: read_answer(office.database, text, office.biller),
            lambda other=other: read_answer(office.database, other, office.biller),
        )
        assert sum(isinstance(each, tuple) for each in told) == 1, told
        assert sum(isinstance(each, Refused) for each in told) == 1, told
    with office.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Remittance)) == ROUNDS
    assert books(office) == ()


def test_a_paper_and_its_deposit_entered_at_once_agree_or_wait(office):
    claim, _ = sent_claim(office)
    lines = tuple(EobLine(line.id, line.charge, line.charge) for line in page(office, claim).lines)
    charge = page(office, claim).row.charge
    new = NewEob(office.payer, "CHK1", today(), charge, (EobClaim(claim, lines),))
    told = at_once(
        lambda: post_eob(office.database, new, office.biller),
        lambda: post_eob(office.database, new, office.biller),
        lambda: add_deposit(office.database, NewDeposit(today(), charge, "CHK1"), office.biller),
    )
    assert sum(isinstance(each, Refused | Warned) for each in told) == 1, told
    with office.database.reading() as session:
        paid = session.scalars(select(Remittance)).all()
        assert len(paid) == 1
        assert session.scalar(select(func.sum(LedgerEntry.amount))) == 0
    assert books(office) == ()
