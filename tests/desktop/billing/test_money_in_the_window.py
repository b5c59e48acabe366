"""Papers typed in, patients' money, claims corrected and forms printed, as a biller does it at the keyboard."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QTableWidgetItem
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parents[2] / "billing"))

from service_office import Office, office  # noqa: F401
from test_money_papers import words_of
from test_next_payers_and_corrections import remit, second_payer
from test_service_claims import advice, books, page, ready_claim, sent_claim

from infusion_desktop import dates
from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claiming.claims import void_claim
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.money.eob import EobClaim, EobLine, NewEob, post_eob
from infusion_desktop.billing.money.patient_money import NewPatientPayment, take_back_payment, take_patient_payment
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.words import Account, ClaimId, ClaimState, DisputeKind, DisputeState, EntryKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.billing.claim_screen import ClaimScreen
from infusion_desktop.desktop.billing.claims_screen import ClaimsScreen
from infusion_desktop.desktop.billing.denials_screen import DenialsScreen
from infusion_desktop.desktop.billing.money_screen import MoneyScreen
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.equipment.tables import Asset, EquipmentCharge
from infusion_desktop.equipment.words import AssetState, ChargeKind
from infusion_desktop.errors import Refused
from infusion_desktop.stock.words import BillingClass, ItemKind


@pytest.fixture
def database(one_database: Database) -> Database:
    return one_database


@pytest.fixture
def show(office: Office, desk: Desk, qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[type[Screen]], Any]]:  # noqa: F811
    def made(kind: type[Screen]) -> Screen:
        context = Context(office.database, office.biller, "Some Biller", frozenset(Permission), None, tmp_path)
        screen = kind(context, desk)
        qtbot.addWidget(screen)
        screen.resize(1280, 760)
        screen.show()
        desk.changes.changed.connect(lambda _topics: screen.load())
        screen.load()
        return screen

    yield made


def settled(qtbot: QtBot, jobs: Jobs, is_so: Callable[[], bool] = lambda: True) -> None:
    qtbot.waitUntil(lambda: not jobs.running and is_so())


def _said(shown: Any) -> tuple[EobLine, ...]:
    """What the paper says of each line: as contracted, the last one the patient's."""
    lines = [EobLine(row.id, row.expected, row.expected) for row in shown.lines]
    lines[-1] = EobLine(shown.lines[-1].id, Decimal(150), Decimal(0), deductible=Decimal(150))
    return tuple(lines)


def test_a_paper_is_typed_in_and_the_share_is_paid(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
) -> None:
    claim, _ = sent_claim(office)
    money = show(MoneyScreen)
    settled(qtbot, jobs, lambda: money._found is not None)
    money.type_paper()
    eob = money.dialog
    eob.payer.set_value(office.payer)
    settled(qtbot, jobs, lambda: len(eob.claim._choices) == 1)
    qtbot.keyClicks(eob.number.line, "CHK 881")
    qtbot.keyClicks(eob.amount.line, "1498.00")
    eob.claim.set_value(eob.claim._choices[0][1])
    qtbot.mouseClick(eob.add_button, Qt.MouseButton.LeftButton)
    settled(qtbot, jobs, lambda: eob.lines.rowCount() == 3)
    assert "apart" in eob.sum.text(), "the visit is typed as the patient's first"
    eob.lines.setItem(2, 3, QTableWidgetItem("0"))
    eob.lines.setItem(2, 4, QTableWidgetItem("150.00"))
    assert "adds up" in eob.sum.text()
    eob.press()
    settled(qtbot, jobs, lambda: len(money.remittances.model.rows) == 1)
    assert money.remittances.model.rows[0].awaits_money and page(office, claim).patient_owes == Decimal(150)
    # It was typed from the wrong paper: taken back and typed again.
    money.remittances.select_ids([money.remittances.model.rows[0].id])
    money.take_back_paper()
    qtbot.keyClicks(money.dialog.reason.text, "the paper of another month")
    money.dialog.press()
    settled(qtbot, jobs, lambda: len(money.remittances.model.rows) == 2)
    assert not any(row.awaits_money for row in money.remittances.model.rows)
    assert (page(office, claim).patient_owes, page(office, claim).row.state) == (0, ClaimState.ACCEPTED)
    again = NewEob(
        office.payer, "CHK 881-2", today(), Decimal("1498.00"), (EobClaim(claim, _said(page(office, claim))),)
    )
    post_eob(office.database, again, office.biller)
    money.load()
    settled(qtbot, jobs, lambda: len(money.remittances.model.rows) == 3)
    assert page(office, claim).patient_owes == Decimal(150)
    settled(qtbot, jobs, lambda: len(money.patients.model.rows) == 1)
    money.patients.select_ids([office.patient])
    money.take_payment()
    money.dialog.method.set_value("check")
    money.dialog.press()
    settled(qtbot, jobs, lambda: money.patients.model.rows == ())
    # The check comes back: the share is owed again.
    one = show(ClaimScreen)
    one.show_record("claim", claim)
    settled(qtbot, jobs, lambda: one.shown is not None)
    paid = next(
        row for row in one.entries.model.rows if row.kind is EntryKind.PAYMENT and row.account is Account.PATIENT
    )
    one.entries.select_ids([paid.id])
    one.undo()
    qtbot.keyClicks(one.deed_dialog.reason.text, "returned by the bank")
    one.deed_dialog.press()
    settled(qtbot, jobs, lambda: len(money.patients.model.rows) == 1)
    assert page(office, claim).patient_owes == Decimal(150)
    with pytest.raises(Refused, match="taken back already"):
        take_back_payment(office.database, paid.id, "twice", office.biller)
    assert books(office) == ()


def test_a_claim_explains_its_lines_prints_its_forms_and_is_written_off(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
) -> None:
    claim, _ = sent_claim(office)
    work = show(ClaimsScreen)
    settled(qtbot, jobs, lambda: len(work.table.model.rows) == 1)
    work.payer.set_value(office.payer)
    assert len(work.table.model.rows) == 1
    one = show(ClaimScreen)
    one.show_record("claim", claim)
    settled(qtbot, jobs, lambda: one.shown is not None)
    told = one.why.toPlainText()
    for question in ("Why this code?", "Why these units?", "Why this rank?", "Why this rate?"):
        assert question in told
    assert "delivery D000001, delivered with proof" in told
    assert [one.links.itemAt(at).widget().text() for at in range(one.links.count())] == [
        "Therapy", "Delivery D000001", "Payer's rules",
    ]  # fmt: skip
    papers, correct = one.papers, one.corrections
    papers.print_form(Decimal(0), Decimal(0), proof=True)
    settled(qtbot, jobs, lambda: hasattr(papers, "dialog"))
    papers.dialog.close()
    papers.ask_offset()
    papers.offset_dialog.right.set_value(Decimal("1.50"))
    papers.offset_dialog.press()
    settled(qtbot, jobs, lambda: papers.dialog.isVisible())
    papers.dialog.close()
    assert str(one.settings().value("cms1500/right")) == "1.50"
    correct.adjust()
    correct.deed_dialog.what.set_value((Account.PAYER, True))
    correct.deed_dialog.reason.set_value("filed too late")
    correct.deed_dialog.press()
    settled(qtbot, jobs, lambda: one.shown is not None and one.shown.payer_owes == 0)
    off = [row.id for row in one.entries.model.rows if row.kind is EntryKind.WRITE_OFF]
    assert len(off) == 3
    one.entries.select_ids([off[0]])
    one.undo()
    qtbot.keyClicks(one.deed_dialog.reason.text, "The payer answered after all")
    one.deed_dialog.press()
    settled(qtbot, jobs, lambda: one.shown is not None and one.shown.payer_owes > 0)
    assert one.shown.row.state is ClaimState.SENT and books(office) == ()


def test_what_was_paid_for_a_waived_charge_is_refunded(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
) -> None:
    pump = office.item("Curlin 6000", "E0781", kind=ItemKind.PUMP, billing_class=BillingClass.NONE)
    asset = office._add(Asset, item_id=pump, tag="P0001", serial="SN1", state=AssetState.LOST, location_id=office.home,
                        version=1)  # fmt: skip
    money: dict[str, Any] = {"asset_id": asset, "patient_id": office.patient, "staff_id": office.biller,
                             "charged_on": today(), "recorded_at": now_utc(), "reason": "the pump"}  # fmt: skip
    lost = office._add(EquipmentCharge, number="EC00001", kind=ChargeKind.LOST, amount=Decimal(900), **money)
    paid = NewPatientPayment(office.patient, Decimal(300), "card")
    take_patient_payment(office.database, paid, office.biller)
    office._add(
        EquipmentCharge, number="EC00002", kind=ChargeKind.WAIVED, amount=Decimal(-900), reverses_id=lost, **money
    )
    screen = show(MoneyScreen)
    settled(qtbot, jobs, lambda: screen._found is not None)
    screen.go("Credits")
    settled(qtbot, jobs, lambda: len(screen.credits.model.rows) == 1)
    opened: list[tuple[str, object]] = []
    screen.desk = replace(screen.desk, open=lambda kind, record: opened.append((kind, record)))
    screen.credits.opened.emit(screen.credits.model.rows[0])
    assert opened == [("patient", office.patient)]
    screen.credits.select_ids([("EC00001", Account.PATIENT)])
    screen.refund()
    screen.dialog.number.set_value("1002")
    screen.dialog.save_button.click()
    settled(qtbot, jobs, lambda: not screen.credits.model.rows)


def test_lines_denied_together_are_appealed_by_one_letter_and_given_up_together(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dates, "now_utc", lambda: datetime(2026, 5, 1, 12, tzinfo=UTC))  # Within the days to appeal.
    claim, _ = sent_claim(office)
    sent = page(office, claim)
    told = [(sent.lines[0], "1300", "CAS*CO*45*800~"), (sent.lines[1], "0", "CAS*CO*197*336~"),
            (sent.lines[2], "0", "CAS*CO*197*200~")]  # fmt: skip
    post_remittance(office.database, remit(sent.row.number, told), office.biller)
    queue = show(DenialsScreen)
    settled(qtbot, jobs, lambda: len(queue.table.model.rows) == 3)
    drug, visit, short = sorted(queue.table.model.rows, key=lambda row: (row.kind is DisputeKind.UNDERPAID, row.code))
    assert short.kind is DisputeKind.UNDERPAID
    queue.table.select_ids([drug.id])
    settled(qtbot, jobs)
    queue.appeal()
    settled(qtbot, jobs, lambda: hasattr(queue, "dialog"))
    dialog = queue.dialog
    assert "J0696, 99601" in dialog.about.text() or "99601, J0696" in dialog.about.text()
    dialog.with_others.setChecked(False)
    assert [row.id for row in dialog.rows()] == [drug.id]
    dialog.with_others.setChecked(True)
    dialog.press()
    settled(qtbot, jobs, lambda: hasattr(queue, "preview"))
    asked = sent.lines[1].expected + sent.lines[2].expected
    letter = " ".join(words_of(queue.preview.preview._pdf).split())
    assert "J0696" in letter and "99601" in letter and f"pay ${asked:.2f}" in letter
    queue.preview.close()
    settled(qtbot, jobs, lambda: [row.state for row in queue.table.model.rows].count(DisputeState.APPEALED) == 2)
    queue.table.select_ids([drug.id, short.id])
    queue.appeal()
    settled(qtbot, jobs, lambda: "One letter is about one decision" in queue.findChild(Banner).text.text())
    assert queue.dialog is dialog, "told before anybody writes a letter"
    queue.table.select_ids([drug.id, visit.id])
    queue.write_off()
    assert "Write off $536.00" in queue.dialog.windowTitle()
    qtbot.keyClicks(queue.dialog.note.text, "no authorization was asked for")
    queue.dialog.press()
    settled(qtbot, jobs, lambda: [row.id for row in queue.table.model.rows] == [short.id])
    assert books(office) == ()


def test_what_was_paid_too_much_is_told_to_the_payer_and_refunded(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
) -> None:
    claim, _ = sent_claim(office)
    told = [(line, f"{line.charge}", "") for line in page(office, claim).lines]
    post_remittance(office.database, remit("C0000001", told), office.biller)
    queue = show(DenialsScreen)
    settled(qtbot, jobs, lambda: len(queue.table.model.rows) == 3 and bool(queue.about.toPlainText()))
    assert "Last day to give it back" in queue.about.toPlainText()
    assert queue.refund_button.isEnabled() and not queue.appeal_button.isEnabled() and not queue.off_button.isEnabled()
    rows = {row.code: row.id for row in queue.table.model.rows}
    queue.table.select_ids([rows["S9500"]])
    queue.move_on()
    assert DisputeState.TOLD in [state for _, state in queue.dialog.state._choices]
    queue.dialog.state.set_value(DisputeState.TOLD)
    qtbot.keyClicks(queue.dialog.note.text, "letter of today")
    queue.dialog.press()
    settled(qtbot, jobs, lambda: DisputeState.TOLD in [row.state for row in queue.table.model.rows])
    queue.table.select_ids([rows["J0696"], rows["99601"]])
    queue.refund()
    assert "Refund $218.00" in queue.dialog.windowTitle()
    qtbot.keyClicks(queue.dialog.number.line, "CHK 7")
    queue.dialog.press()
    settled(qtbot, jobs, lambda: [row.id for row in queue.table.model.rows] == [rows["S9500"]])
    assert page(office, claim).payer_owes == 0 and books(office) == ()


def test_a_withdrawn_draft_is_billed_after_all_from_its_page(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
) -> None:
    opened: list[tuple[str, object]] = []
    claim = ready_claim(office)
    void_claim(office.database, claim, office.biller, "charity care")
    screen = show(ClaimScreen)
    screen.show_record("claim", claim)
    settled(qtbot, jobs, lambda: screen.shown is not None)
    assert any("withdrawn: charity care" in row.note for row in screen.events.model.rows)
    correct = screen.corrections
    assert may_be_done(correct) == {"Bill it after all", "Write off, or move what is owed…"}
    correct.desk = replace(correct.desk, open=lambda kind, record: opened.append((kind, record)))
    correct.bill_after_all()
    settled(qtbot, jobs, lambda: len(opened) == 1)
    again = opened[0][1]
    assert isinstance(again, int) and again != claim
    assert page(office, ClaimId(again)).row.state is ClaimState.DRAFT


def may_be_done(menu: QMenu) -> set[str]:
    """What of a menu a person may choose when it opens."""
    menu.aboutToShow.emit()
    return {each.text() for each in menu.actions() if each.isEnabled()}


def test_a_claim_the_first_payer_sent_on_is_marked_so_on_its_page(
    show: Callable[[type[Screen]], Any],
    office: Office,  # noqa: F811
    qtbot: QtBot,
    jobs: Jobs,
) -> None:
    second_payer(office)
    claim, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, claim), status="19"), office.biller)
    second = make_secondary(office.database, claim, office.biller, "on its way")
    screen = show(ClaimScreen)
    screen.show_record("claim", second)
    settled(qtbot, jobs, lambda: screen.shown is not None)
    asked: list[Any] = []
    screen.desk.messages.ask = lambda *each: asked.append(each)
    assert may_be_done(screen.corrections) >= {"It was forwarded by the payer before…", "Void it…"}
    screen.corrections.mark_forwarded()
    screen.corrections.mark_forwarded()
    asked[0][1](Answer(False))
    assert page(office, second).row.state is ClaimState.DRAFT, "nothing before it is said"
    asked[1][1](Answer(True))
    settled(qtbot, jobs, lambda: screen.shown.row.state is ClaimState.SENT)
    assert page(office, second).payer_owes == Decimal(150) and books(office) == ()
    left = {"Replace it…", "Void it…", "Bill the next payer", "Write off, or move what is owed…"}
    assert may_be_done(screen.corrections) == left
    (late,) = (each for each in screen.corrections.actions() if each.text() == "Say why it comes late…")
    assert late.toolTip() == "Only while the claim waits to be filed."
