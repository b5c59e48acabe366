"""835 posting keeps the books balanced under random payments, adjustments, reversals and corrections (both engines)."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from test_service_claims import envelope, page, sent_claim

from infusion_desktop.billing import verify
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.rules.posting import Cut, Rule, Rules, decide, eob_cuts
from infusion_desktop.billing.tables import LedgerEntry, Remittance
from infusion_desktop.billing.words import Account, Outcome
from infusion_desktop.errors import Refused, Warned

CENTS = st.integers(-30_000, 300_000).map(lambda cents: Decimal(cents) / 100)
REASONS = st.sampled_from(
    [("CO", "45"), ("CO", "253"), ("CO", "197"), ("CO", "97"), ("PR", "1"), ("PR", "2"), ("PR", "3"), ("OA", "23"),
     ("OA", "18"), ("PI", "50"), ("PI", "104"), ("CO", "ZZ9")]
)  # fmt: skip
CUTS = st.lists(st.tuples(REASONS, CENTS), max_size=6)
WORKS_ON = frozenset({"197", "97", "18", "50"})
SHIPPED = tuple(Rule(group, "", Outcome.WRITE_OFF) for group in ("CO", "PI", "OA"))
RULES = Rules(shipped=(*SHIPPED, Rule("PR", "", Outcome.PATIENT)), is_worked=WORKS_ON.__contains__)


@given(paid=CENTS, drawn=CUTS, already=st.integers(0, 200_000).map(lambda cents: Decimal(cents) / 100))
def test_what_is_paid_moved_written_off_denied_or_told_already_is_the_whole_charge(paid, drawn, already):
    from datetime import date

    cuts = [Cut(group, reason, amount) for (group, reason), amount in drawn]
    charge = paid + sum((cut.amount for cut in cuts), Decimal(0))
    found = decide(paid, cuts, RULES, date(2026, 4, 1), already=already)
    told = sum((e.cut.amount - e.amount for e in found.effects if e.outcome is Outcome.WRITE_OFF), Decimal(0))
    assert paid + found.patient + nobody_owes(found) + found.denied + told == charge
    assert Decimal(0) <= told <= already
    plain = decide(paid, cuts, RULES, date(2026, 4, 1))
    assert paid + plain.patient + nobody_owes(plain) + plain.denied == charge


@given(
    charge=st.integers(0, 100_000), allowed=st.integers(0, 100_000), paid=st.integers(0, 100_000),
    shares=st.tuples(*[st.integers(0, 5_000)] * 3),
)  # fmt: skip
def test_a_typed_paper_explains_the_charge_to_the_cent(charge, allowed, paid, shares):
    charge, allowed, paid, one, two, three = (Decimal(each) / 100 for each in (charge, allowed, paid, *shares))
    cuts, rest = eob_cuts(charge, allowed, paid, deductible=one, coinsurance=two, copay=three)
    assert paid + sum((cut.amount for cut in cuts), Decimal(0)) + rest == charge
    more, nothing = eob_cuts(
        charge, allowed, paid, deductible=one, coinsurance=two, copay=three, other_reason="197", other_group="CO"
    )
    assert nothing == 0 and paid + sum((cut.amount for cut in more), Decimal(0)) == charge


STEP = st.tuples(
    st.sampled_from(["pay", "pay", "reverse", "correct", "correct, reversal last", "twice", "wrong"]),
    st.lists(st.tuples(st.integers(0, 100), st.lists(st.tuples(REASONS, st.integers(0, 100)), max_size=4)),
             min_size=3, max_size=3),
    st.sampled_from([("", 0), ("L6", -1250), ("WO", 10_000), ("FB", -3333)]),
    st.integers(0, 4),
)  # fmt: skip


class Payer:
    """Writes what a payer would send for one claim, and remembers what stands."""

    def __init__(self, office, claim):
        self.office, self.page = office, page(office, claim)
        self.standing = []
        self.last = ""
        self.made = 0

    def result(self, lines):
        """The lines of a decision: a share paid, the rest split over adjustments."""
        found = []
        for line, (share, cuts) in zip(self.page.lines, lines, strict=True):
            paid = (line.charge * share / 100).quantize(Decimal("0.01"))
            rest, told = line.charge - paid, []
            for (group, reason), part in cuts:
                amount = (rest * part / 100).quantize(Decimal("0.01"))
                told.append((group, reason, amount))
                rest -= amount
            told.append(("CO", "45", rest))
            found.append((line, paid, [each for each in told if each[2]]))
        return found

    def segments(self, result, sign):
        status = "22" if sign < 0 else "1"
        paid = sum((each[1] for each in result), Decimal(0)) * sign
        owed = sum((c[2] for each in result for c in each[2] if c[0] == "PR"), Decimal(0)) * sign
        body = f"CLP*{self.page.row.number}*{status}*{self.page.row.charge * sign}*{paid}*{owed}*12*PCN1~NM1*QC*1*Q~"
        for line, got, cuts in result:
            body += f"SVC*HC:{line.code}*{line.charge * sign}*{got * sign}**{line.units.normalize():f}~"
            body += f"DTM*472*{line.days.first:%Y%m%d}~"
            body += "".join(f"CAS*{group}*{reason}*{amount * sign}~" for group, reason, amount in cuts)
            body += f"REF*6R*L{line.id}~"
        return body, paid

    def file(self, parts, plb):
        self.made += 1
        told = [self.segments(result, sign) for result, sign in parts]
        total = sum((paid for _, paid in told), Decimal(0)) - Decimal(plb[1]) / 100
        adjusted = f"PLB*1234567893*20261231*{plb[0]}:X*{Decimal(plb[1]) / 100}~" if plb[0] else ""
        self.last = envelope(
            "HP", "835", "005010X221A1",
            f"BPR*I*{abs(total)}*{'C' if total >= 0 else 'D'}*ACH************20260420~TRN*1*T{self.made}*1411234567~"
            f"N1*PR*P~N1*PE*N*XX*1234567893~LX*1~{''.join(body for body, _ in told)}{adjusted}",
        )  # fmt: skip
        return self.last


def nobody_owes(decided):
    return sum((each.amount for each in decided.effects if each.outcome is Outcome.WRITE_OFF), Decimal(0))


def sum_of(line, group):
    return sum((amount for one, _, amount in line[2] if one == group), Decimal(0))


def written_off(standing):
    """What nobody owes any more: no denial, and nothing of a line that was refused without a reason for it."""
    total = Decimal(0)
    for result in standing:
        unpaid = not any(line[1] for line in result) and not sum((sum_of(line, "PR") for line in result), Decimal(0))
        for line in result:
            denied = any(group != "PR" and reason in WORKS_ON for group, reason, _ in line[2])
            off = [amount for group, reason, amount in line[2] if group != "PR" and reason not in WORKS_ON]
            total += Decimal(0) if unpaid and not denied else sum(off, Decimal(0))
    return total


def test_random_remittances_never_unbalance_the_books(office):
    claim, _ = sent_claim(office)
    payer = Payer(office, claim)

    def post(text):
        return post_remittance(office.database, text, office.biller, "seen by a person")

    def entries():
        with office.database.reading() as session:
            return session.scalar(select(func.count(LedgerEntry.id)))

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEP, min_size=1, max_size=5))
    def run(steps):
        for what, lines, plb, place in steps:
            new = payer.result(lines)
            if what == "pay":
                post(payer.file([(new, 1)], plb))
                payer.standing.append(new)
            elif what == "twice" and payer.last:
                before = entries()
                try:
                    post(payer.last)
                    raise AssertionError("posted twice")
                except Refused as no:
                    assert "not posted twice" in str(no)
                assert entries() == before
            elif what == "wrong":
                before, posted = entries(), payer.last
                text = payer.file([(new, 1)], plb).replace("*ACH*", "*CHK*").replace("BPR*I*", "BPR*I*9")
                payer.last = posted
                try:
                    post(text)
                    raise AssertionError("posted although it does not add up")
                except (Refused, Warned):
                    assert entries() == before
            elif payer.standing:
                old = payer.standing.pop(place % len(payer.standing))
                parts = [(old, -1)] if what == "reverse" else [(old, -1), (new, 1)]
                if what == "correct, reversal last":
                    parts.reverse()
                post(payer.file(parts, plb))
                payer.standing += [] if what == "reverse" else [new]
        with office.database.reading() as session:
            assert verify.problems(session) == ()
            sums = select(LedgerEntry.account, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.account)
            owed = {account: amount for account, amount in session.execute(sums)}  # noqa: C416
        paid = sum((each[1] for result in payer.standing for each in result), Decimal(0))
        newest = payer.standing[-1:]  # What is cut and the patient's is said once, by the newest that stands.
        patient = sum((sum_of(each, "PR") for result in newest for each in result), Decimal(0))
        assert owed.get(Account.PATIENT, 0) == patient
        assert owed[Account.PAYER] == payer.page.row.charge - paid - patient - written_off(newest)

    run()
    with office.database.reading() as session:
        total = session.scalar(select(func.sum(Remittance.amount)))
    assert total is not None
