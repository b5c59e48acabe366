"""A biller's weeks in the real window: count, file, answers, a denial and an underpayment, appeal, replacement, paid,
and a month closed that prints the same ever after."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parents[1] / "billing"))

from service_office import Office, office  # noqa: F401
from test_next_payers_and_corrections import remit
from test_service_claims import envelope

from infusion_desktop import dates
from infusion_desktop.access.roles import Role, UserId, permissions_of
from infusion_desktop.billing import verify
from infusion_desktop.billing.claim_lists import claims
from infusion_desktop.billing.money.statements import closing_paper
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.queries import claim_page
from infusion_desktop.billing.words import ClaimState, DisputeKind, DisputeState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import month_of, today
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.billing import claim_screen, claims_screen
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell


@pytest.fixture
def database(one_database: Database) -> Database:
    """The story is told on one engine; the services are tested on both."""
    return one_database


@pytest.fixture
def shell(
    office: Office,  # noqa: F811
    staff: dict[Role, UserId],
    qapp: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
) -> Iterator[Shell]:
    """The real window with all its places, for the biller."""
    theme.install(qapp, dark=False)
    may = frozenset(str(each) for each in permissions_of({Role.BILLER}))
    context = Context(office.database, staff[Role.BILLER], "Bill Osterman", may, None, tmp_path)
    rooms = house(context)
    made = Shell(
        context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans,
        settings=QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat),
    )  # fmt: skip
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()


def last_month(office: Office) -> None:  # noqa: F811
    """Fourteen days of ceftriaxone with its vials and a visit, all delivered and signed, in the month before this."""
    first = month_of(today().replace(day=1) - timedelta(days=1)).first.replace(day=3)
    last = first + timedelta(days=13)
    office.rules()
    for code, rate, charge in (("S9500", "95", "150"), ("J0696", "1.50", "3"), ("99601", "150", "200")):
        office.fee(code, rate, charge)
    vial = office.item("ceftriaxone 2 g vial", "J0696", hcpcs_units_per_unit=Decimal(8))
    therapy = office.orders("ceftriaxone 2 g", first, last, drug_item_id=vial)
    office.delivers(first, last, {vial: 14}, therapy=therapy)
    start = datetime.combine(first, time(16), UTC)
    visit = NewVisit(office.patient, start, start + timedelta(minutes=100), "R. Nurse")
    add_visit(office.database, visit, office.biller)


def press(qtbot: QtBot, widget: Any) -> None:
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def settled(shell: Shell, qtbot: QtBot, is_so: Callable[[], bool]) -> None:
    qtbot.waitUntil(lambda: not shell.jobs.running and is_so())


def told(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in document)
    document.close()
    return text


def test_from_the_count_to_a_closed_month(
    shell: Shell,
    office: Office,  # noqa: F811
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last_month(office)
    monkeypatch.setattr(claims_screen, "ask_for_folder", lambda _parent, _title, then: then(tmp_path))
    monkeypatch.setattr(
        claim_screen, "ask_where_to_save", lambda _parent, _title, name, _kinds, then: then(tmp_path / name)
    )
    shell.messages.ask = lambda _question, answered, _parent: answered(Answer(yes=True, reason="seen"))

    # Count the month; the claim is ready, and its file is written from the work list.
    shell.go("month")
    month: Any = shell.screen_in_front
    settled(shell, qtbot, lambda: True)
    month.run(send=False)
    settled(shell, qtbot, lambda: len(month.table.model.rows) == 1)
    shell.go("claims")
    work: Any = shell.screen_in_front
    settled(shell, qtbot, lambda: [row.claim.state for row in work.table.model.rows] == [ClaimState.READY])
    assert work.table.model.rows[0].file_by is not None
    press(qtbot, work.write_button)
    settled(shell, qtbot, lambda: len(list(tmp_path.glob("837P-*.txt"))) == 1)
    claim = work.table.model.rows[0].claim.id

    # It is sent; the payer can read it (999) and takes it (277CA).
    shell.go("money")
    money: Any = shell.screen_in_front
    money.go("Claim files")
    settled(shell, qtbot, lambda: len(money.batches.model.rows) == 1)
    money.batches.select_ids([money.batches.model.rows[0].id])
    money.mark_sent()
    settled(shell, qtbot, lambda: state_of(office, claim) is ClaimState.SENT)

    def read(name: str, text: str) -> None:
        file = tmp_path / name
        file.write_text(text, encoding="ascii")
        money.read(file)
        settled(shell, qtbot, lambda: True)

    read("a.999", envelope("FA", "999", "005010X231A1", "AK1*HC*1~AK2*837*000000001~IK5*A~AK9*A*1*1*1~"))
    read("a.277", envelope(
        "HN", "277", "005010X214",
        "BHT*0085*08*X1*20260421*1200*TH~HL*1**20*1~NM1*PR*2*PRAIRIE*****PI*PRH01~TRN*1*R1~DTP*050*D8*20260421~"
        "DTP*009*D8*20260421~HL*2*1*21*1~NM1*41*2*NORTHSIDE*****46*1234567893~TRN*2*B00000001~"
        "STC*A1:19*20260421*WQ*2636~HL*3*2*19*1~NM1*85*2*NORTHSIDE*****XX*1234567893~TRN*2*0~STC*A1:19**WQ*2636~"
        "HL*4*3*PT~NM1*QC*1*QUILL*ANN~TRN*2*C0000001~STC*A2:20*20260421*WQ*2636~REF*1K*PCN1~",
    ))  # fmt: skip
    settled(shell, qtbot, lambda: state_of(office, claim) is ClaimState.ACCEPTED)

    # The remittance denies the drug and pays the visit short; its deposit is entered and agrees.
    lines = page_of(office, claim).lines
    first = [(lines[0], "1330", "CAS*CO*45*770~"), (lines[1], "0", "CAS*CO*16*336~LQ*HE*M119~"),
             (lines[2], "100", "CAS*CO*45*100~")]  # fmt: skip
    read("one.835", remit("C0000001", first, trace="EFT1"))
    settled(shell, qtbot, lambda: state_of(office, claim) is ClaimState.PART_PAID)
    settled(shell, qtbot, lambda: [row.awaits_money for row in money.remittances.model.rows] == [True])
    money.go("Deposits")
    money.add_deposit()
    for field, typed in ((money.dialog.reference, "EFT1"), (money.dialog.amount, "1430.00")):
        qtbot.keyClicks(field.line, typed)
    money.dialog.press()
    settled(shell, qtbot, lambda: [row.awaits_money for row in money.remittances.model.rows] == [False])
    read("again.835", remit("C0000001", first, trace="EFT1"))
    assert len(money.remittances.model.rows) == 1, "the same payment twice does nothing"

    # The queue shows both; the underpayment is appealed by letter, the denial put right by a replacement.
    shell.go("denials")
    queue: Any = shell.screen_in_front
    settled(shell, qtbot, lambda: len(queue.table.model.rows) == 2)
    by_kind = {row.kind: row for row in queue.table.model.rows}
    queue.table.select_ids([by_kind[DisputeKind.UNDERPAID].id])
    settled(shell, qtbot, lambda: "Compare with the contract" in queue.about.toPlainText())
    press(qtbot, queue.appeal_button)
    settled(shell, qtbot, lambda: hasattr(queue, "dialog") and queue.dialog.isVisible())
    assert "Our contract pays $50.00 more" in queue.dialog.argument.value()
    queue.dialog.press()
    settled(shell, qtbot, lambda: hasattr(queue, "preview"))
    letter = told(queue.preview.preview._pdf)
    assert "Appeal" in letter and "$50.00" in letter and "99601" in letter
    queue.preview.close()
    settled(shell, qtbot, lambda: any(row.state is DisputeState.APPEALED for row in queue.table.model.rows))
    queue.table.select_ids([by_kind[DisputeKind.DENIED].id])
    settled(shell, qtbot, lambda: "M119" in queue.about.toPlainText())
    press(qtbot, queue.replace_button)
    qtbot.keyClicks(queue.dialog.reason.text, "NDC of the new box")
    queue.dialog.press()
    settled(shell, qtbot, lambda: shell.screen_in_front is not queue)
    one: Any = shell.screen_in_front
    settled(shell, qtbot, lambda: one.shown is not None and one.shown.row.id != claim)
    assert "Replacement" in one.state.text()
    again = one.shown.row.id
    one.check()
    settled(shell, qtbot, lambda: one.shown.row.state is ClaimState.READY)
    press(qtbot, one.file_button)
    settled(shell, qtbot, lambda: len(list(tmp_path.glob("837P-*.txt"))) == 2)

    # The payer takes its first decision back and pays the replacement.
    new = page_of(office, again).lines
    back = [(lines[0], "-1330", "CAS*CO*45*-770~"), (lines[1], "0", "CAS*CO*16*-336~"),
            (lines[2], "-100", "CAS*CO*45*-100~")]  # fmt: skip
    read("back.835", remit("C0000001", back, trace="EFT2", status="22"))
    paid = [(new[0], "1330", "CAS*CO*45*770~"), (new[1], "168", "CAS*CO*45*168~"),
            (new[2], "120", "CAS*CO*45*50~CAS*PR*2*30~")]  # fmt: skip
    read("paid.835", remit("C0000001", paid, trace="EFT3", control="PCN2"))
    settled(shell, qtbot, lambda: state_of(office, again) is ClaimState.PAID)
    page = page_of(office, again)
    assert (page.payer_owes, page.patient_owes) == (0, Decimal("30.00"))
    shell.go("denials")
    settled(shell, qtbot, lambda: queue.table.model.rows == ())

    # A month later the books are closed; what is posted then leaves the closing as it was.
    real = dates.now_utc
    monkeypatch.setattr(dates, "now_utc", lambda: real() + timedelta(days=45))
    shell.go("money")
    money.load()
    settled(shell, qtbot, lambda: money.close_button.isEnabled())
    press(qtbot, money.close_button)
    settled(shell, qtbot, lambda: len(money.closed.model.rows) == 1 and hasattr(money, "preview"))
    before = money.preview.preview._pdf
    money.preview.close()
    money.go("Patients")
    money.patients.select_ids([office.patient])
    money.take_payment()
    money.dialog.method.set_value("check")
    money.dialog.press()
    settled(shell, qtbot, lambda: money.patients.model.rows == ())
    with office.database.reading() as session:
        assert closing_paper(session, money.closed.model.rows[0].id) == before
    assert "$30.00" in told(before)
    with office.database.reading() as session:
        assert verify.problems(session) == ()


def state_of(office: Office, claim: int) -> ClaimState:  # noqa: F811
    with office.database.reading() as session:
        return next(row.state for row in claims(session) if row.id == claim)


def page_of(office: Office, claim: int) -> Any:  # noqa: F811
    with office.database.reading() as session:
        return claim_page(session, claim)  # type: ignore[arg-type]
