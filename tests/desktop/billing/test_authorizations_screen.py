"""The list of authorizations: one is extended, more is asked for on paper, one is ended."""

from datetime import timedelta

import pytest

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.terms.authorizations import NewAuthorization, add_authorization
from infusion_desktop.dates import today
from infusion_desktop.desktop.billing.authorizations_screen import (
    AuthorizationsScreen,
    ChangeDialog,
)
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.request_dialog import RequestDialog


@pytest.fixture
def screen(office, desk, qtbot):
    office.rules()
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", today() - timedelta(days=10), None)
    allowed = NewAuthorization(
        office.patient, office.payer, "AUTH1", "S9500", today() - timedelta(days=10), today() + timedelta(days=5), 20
    )
    add_authorization(office.database, allowed, office.biller)
    made = AuthorizationsScreen(Context(office.database, office.biller, "Bea Biller", frozenset(Permission)), desk)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    desk.changes.changed.connect(lambda _topics: made.load())
    made.load()
    qtbot.waitUntil(lambda: len(made.table.model.rows) == 1)
    made.table.select_ids([made.table.model.rows[0].use.id])
    return made


def test_an_authorization_is_extended_asked_for_and_ended(screen, qtbot):
    assert "ends in 5 days" in screen.told.text()
    screen.change()
    change = screen.dialog
    assert isinstance(change, ChangeDialog)
    change.units.set_value(40)
    change.last_on.set_value(today() + timedelta(days=40))
    change.press()
    assert "needed" in change.reason.error.text()
    qtbot.keyClicks(change.reason.line, "extended")
    change.press()
    qtbot.waitUntil(lambda: screen.table.model.rows[0].use.allowed.units == 40)

    screen.request()
    asked = screen.dialog
    assert isinstance(asked, RequestDialog)
    shown = []
    screen.preview = shown.append
    asked.press()
    qtbot.waitUntil(lambda: bool(shown))
    assert shown[0].startswith(b"%PDF")

    screen.end()
    end = screen.dialog
    qtbot.keyClicks(end.reason.text, "withdrawn")
    end.press()
    qtbot.waitUntil(lambda: screen.table.model.rows[0].use.ended)
