"""A biller opens what a finding names, says why a claim is late, and bills a patient who pays alone."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from sqlalchemy import select, update
from test_next_payers_and_corrections import second_payer
from test_service_claims import advice, page, sent_claim

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import mark_sent, write_file
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.claiming.self_pay import BilledPatients
from infusion_desktop.billing.money.remittances import post_remittance
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.queries import claim_page
from infusion_desktop.billing.tables import Claim, PayerRules
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.dates import month_of, today
from infusion_desktop.desktop.billing.claim_screen import ClaimScreen
from infusion_desktop.desktop.billing.claims_screen import ClaimsScreen, _told_of_statements
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.patients.tables import Payer, Therapy
from infusion_desktop.patients.words import PayerKind

MONTH = month_of(date(today().year, today().month, 1) - timedelta(days=1))


@pytest.fixture
def opened():
    return []


@pytest.fixture
def claim(office):
    office.rules()
    office.fee("S9500", "95", "150")
    first, last = MONTH.first, MONTH.first.replace(day=14)
    office.delivers(first, last, therapy=office.orders("ceftriaxone 2 g", first, last))
    return make_claim(office.database, office.patient, MONTH, office.biller)


def shown(kind, office, desk, qtbot, opened):
    lent = Desk(desk.jobs, desk.messages, desk.changes, lambda kind, record: opened.append((kind, record)))
    made = kind(Context(office.database, office.biller, "Bea Biller", frozenset(Permission)), lent)
    qtbot.addWidget(made)
    made.resize(1180, 740)
    made.show()
    desk.changes.changed.connect(lambda _topics: made.load())
    return made


def test_a_finding_on_the_claim_opens_where_it_is_put_right(office, desk, qtbot, opened, claim):
    with office.database.transaction() as session:
        session.execute(update(Payer).values(payer_code=""))
        record(session, office.biller, "spoil", "test")
    screen = shown(ClaimScreen, office, desk, qtbot, opened)
    screen.show_record("claim", claim)
    qtbot.waitUntil(lambda: screen.check_button.isEnabled())
    qtbot.mouseClick(screen.check_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(row.code == "PAYER_NUMBER" for row in screen.findings.model.rows))
    row = next(row for row in screen.findings.model.rows if row.code == "PAYER_NUMBER")
    screen._put_right(row)
    qtbot.waitUntil(lambda: opened == [("payer", office.payer)])
    screen.corrections.say_why_late()
    screen.corrections.deed_dialog.reason.set_value("7")
    screen.corrections.deed_dialog.save_button.click()

    def given():
        with office.database.reading() as session:
            return session.scalars(select(Claim.delay_reason)).all() == ["7"]

    qtbot.waitUntil(given)


def test_the_rest_of_a_claim_goes_without_the_therapy_that_stops_it(office, desk, qtbot, opened, claim):
    first, last = MONTH.first.replace(day=5), MONTH.first.replace(day=9)
    office.delivers(first, last, therapy=office.orders("vancomycin", first, last))
    with office.database.transaction() as session:
        session.execute(update(Therapy).where(Therapy.drug == "vancomycin").values(unsigned=True))
        record(session, office.biller, "set up", "test")
    make_claim(office.database, office.patient, MONTH, office.biller)
    screen = shown(ClaimScreen, office, desk, qtbot, opened)
    screen.show_record("claim", claim)
    qtbot.waitUntil(lambda: len(screen.lines.model.rows) == 2)
    screen.corrections.let_rest_go()
    qtbot.waitUntil(lambda: len(screen.lines.model.rows) == 1 and screen.file_button.isEnabled())
    with office.database.reading() as session:
        rest, waits = session.scalars(select(Claim).order_by(Claim.id)).all()
        assert (rest.state, waits.state, waits.therapies != "") == (ClaimState.READY, ClaimState.DRAFT, True)


def test_who_pays_alone_is_billed_from_the_list_of_claims(office, desk, qtbot, opened, claim):
    with office.database.transaction() as session:
        kept = session.scalars(select(PayerRules)).one()
        kept.rules = json.dumps({**json.loads(kept.rules), "claim_form": "STATEMENT"})
        session.execute(update(Payer).values(kind=PayerKind.SELF_PAY))
        record(session, office.biller, "set up", "test")
    screen = shown(ClaimsScreen, office, desk, qtbot, opened)
    screen.load()
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 1)
    assert screen.patients_button.isHidden(), "nothing is ready"
    assert not any(each.stops for each in check(office.database, claim, office.biller))
    screen.load()
    qtbot.waitUntil(lambda: screen.patients_button.isVisible())
    assert screen.table.model.rows[0].file_by is None
    qtbot.mouseClick(screen.patients_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: hasattr(screen, "preview") and screen.preview.isVisible())
    screen.preview.close()
    with office.database.reading() as session:
        page = claim_page(session, claim)
    assert (page.row.state, page.payer_owes, page.patient_owes) == (ClaimState.SENT, 0, 14 * 95)


def test_the_shares_of_next_payers_are_billed_together(office, desk, qtbot, opened):
    second_payer(office)
    first, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, first)), office.biller)
    screen = shown(ClaimsScreen, office, desk, qtbot, opened)
    screen.load()
    screen.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(screen.next_payers.model.rows) == 1)
    screen.bill_next()
    assert opened == [], "nothing is selected"
    screen.next_payers.grid.selectAll()
    qtbot.mouseClick(screen.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(opened) == 1 and not screen.next_payers.model.rows)
    assert page(office, opened[0][1]).row.payer == "Silver Supplement"


def test_of_several_next_payers_the_refused_are_named_and_the_others_drafted(office, desk, qtbot, opened):
    second_payer(office)
    first, _ = sent_claim(office)
    post_remittance(office.database, advice(page(office, first)), office.biller)
    april = april_too(office)
    screen = shown(ClaimsScreen, office, desk, qtbot, opened)
    screen.load()
    screen.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(screen.next_payers.model.rows) == 2)
    screen.next_payers.grid.selectAll()
    make_secondary(office.database, first, office.biller)  # At another workstation.
    qtbot.mouseClick(screen.next_button, Qt.MouseButton.LeftButton)
    told = "Claim C0000001 leaves nothing that a next payer could owe"
    qtbot.waitUntil(lambda: told in said_on(screen))
    with office.database.reading() as session:
        assert sorted(session.scalars(select(Claim.primary_id).where(Claim.primary_id.is_not(None)))) == [first, april]


def april_too(office):
    """The month after the complete one, decided like it."""
    days, at = (date(2026, 4, 3), date(2026, 4, 16)), datetime(2026, 4, 3, 16, tzinfo=UTC)
    vial = office.item("ceftriaxone 2 g vial, other", "J0696", hcpcs_units_per_unit=Decimal(8))
    therapy = office.orders("ceftriaxone 2 g", *days, drug_item_id=vial)
    office.delivers(*days, {vial: 14}, therapy=therapy)
    add_visit(office.database, NewVisit(office.patient, at, at + timedelta(minutes=100), "R. Nurse"), office.biller)
    claim = make_claim(office.database, office.patient, month_of(days[0]), office.biller)
    assert not any(each.stops for each in check(office.database, claim, office.biller, on=date(2026, 5, 3)))
    mark_sent(office.database, write_file(office.database, [claim], office.biller).batch_id, office.biller)
    post_remittance(office.database, advice(page(office, claim), trace="EFT2"), office.biller)
    return claim


def said_on(screen):
    return " ".join(each.text() for each in screen.window().findChildren(QLabel) if each.isVisible())


def test_what_is_said_of_statements_names_whose_credit_covers_all():
    def told(patients, covered):
        return _told_of_statements(BilledPatients(b"", "", (), patients, Decimal(50), covered))

    assert told(0, 1) == "$50.00 are charged; credits cover all of what 1 patient owes: there is no statement to mail."
    assert told(2, 0) == "$50.00 are charged. Mail the statements of 2 patients."
    assert told(1, 2).endswith("of 1 patient. Credits cover all of what 2 patients owe: no statement.")
