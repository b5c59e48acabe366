"""Passwords, PINs and emergency access, on both engines (RELIABILITY C1, C2, C4)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from infusion_desktop.access import authority, people
from infusion_desktop.access.audit import first_broken_entry, record_view
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.emergency import begin_emergency, emergencies, end_emergency, review_emergency
from infusion_desktop.access.people import (
    badges,
    change_password,
    end_access,
    reset_password,
    set_pin,
    set_roles,
    sign_in,
    switch_by_badge,
    user_of,
)
from infusion_desktop.access.roles import EMERGENCY, Permission, Role, UserId
from infusion_desktop.access.tables import AuditEntry, EmergencyAccess, Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import NotAllowed, Refused
from tests.conftest import PASSWORD, as_in_the_program

People = dict[Role, UserId]
WHY = "Pump alarm, the nurse is on the telephone"


def may(database: Database, by: UserId, permission: Permission) -> bool:
    with database.reading() as session:
        try:
            authorize(session, by, permission)
        except NotAllowed:
            return False
        return True


def test_a_password_is_kept_as_an_argon2id_hash_that_takes_64_megabytes() -> None:
    assert as_in_the_program().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_each_five_wrong_tries_make_a_longer_wait(database: Database, staff: People) -> None:
    user = staff[Role.TECHNICIAN]
    for round_of_tries, minutes in ((1, 5), (2, 10)):
        for _ in range(5):
            with pytest.raises(Refused, match="do not belong together"):
                sign_in(database, "technician", "wrong password")
        with pytest.raises(Refused, match="Too many wrong tries"):
            sign_in(database, "technician", PASSWORD)
        with database.reading() as session:
            until = session.scalar(select(Staff.locked_until).where(Staff.id == user))
        assert until is not None
        left = until - now_utc()
        assert timedelta(minutes=minutes - 4) < left <= timedelta(minutes=minutes), round_of_tries
        with database.engine.begin() as connection:  # The clock goes on.
            connection.execute(update(Staff).where(Staff.id == user).values(locked_until=now_utc()))
    assert sign_in(database, "technician", PASSWORD).id == user


def test_a_password_given_by_somebody_else_is_changed_first(database: Database, staff: People) -> None:
    user = staff[Role.BILLER]
    with pytest.raises(NotAllowed):
        reset_password(database, user, "given by the boss", staff[Role.MANAGER])
    reset_password(database, user, "given by the boss", staff[Role.ADMINISTRATOR])
    assert sign_in(database, "biller", "given by the boss").must_change_password
    change_password(database, user, "given by the boss", "known to me alone")
    assert not sign_in(database, "biller", "known to me alone").must_change_password


def test_a_badge_and_its_pin_let_their_owner_take_over(database: Database, staff: People) -> None:
    technician, pharmacist = staff[Role.TECHNICIAN], staff[Role.PHARMACIST]
    for wrong in ("12", "1111", "1234", "abcd", "١٢٣٤", "123456789"):
        with pytest.raises(Refused, match="PIN"):
            set_pin(database, technician, PASSWORD, "B-77", wrong)
    with pytest.raises(Refused, match="password is not right"):
        set_pin(database, technician, "not my password", "B-77", "2580")
    set_pin(database, technician, PASSWORD, "B-77", "2580")
    with pytest.raises(Refused, match="belongs to somebody else"):
        set_pin(database, pharmacist, PASSWORD, "B-77", "8025")
    with database.reading() as session:
        assert badges(session) == {"B-77"}
    assert switch_by_badge(database, " B-77", "2580").id == technician
    for code in ("", "B-78"):
        with pytest.raises(Refused, match="Nobody has this badge"):
            switch_by_badge(database, code, "2580")
    for _ in range(5):
        with pytest.raises(Refused, match="PIN is not right"):
            switch_by_badge(database, "B-77", "0852")
    with pytest.raises(Refused, match="Too many wrong tries"):
        switch_by_badge(database, "B-77", "2580")


def test_emergency_access_ends_by_itself_and_somebody_else_reviews_it(database: Database, staff: People) -> None:
    biller, manager = staff[Role.BILLER], staff[Role.MANAGER]
    assert not may(database, biller, Permission.RELEASE)
    with pytest.raises(Refused, match="what the emergency is"):
        begin_emergency(database, biller, "quick")
    user = begin_emergency(database, biller, WHY)
    assert user.emergency_until is not None
    assert user.permissions >= EMERGENCY
    with pytest.raises(Refused, match=r"open until .* already"):
        begin_emergency(database, biller, WHY)
    allowed = {permission for permission in Permission if may(database, biller, permission)}
    assert allowed == user.permissions
    assert Permission.MANAGE_STAFF not in allowed
    with database.transaction() as session:
        record_view(session, biller, "patient", 1, 1)
    with database.reading() as session:
        (taken,) = emergencies(session, open_only=True)
    assert (taken.who, taken.why, taken.changes, taken.openings) == ("Some Biller", WHY, 1, 1)
    with pytest.raises(Refused, match="still open"):
        review_emergency(database, taken.id, "Looked at the trail, all right", manager)
    with database.engine.begin() as connection:  # An hour goes by.
        connection.execute(update(EmergencyAccess).values(ends_at=now_utc()))
    assert not may(database, biller, Permission.RELEASE)
    with database.reading() as session:
        assert user_of(session, biller).emergency_until is None
    with pytest.raises(NotAllowed):
        review_emergency(database, taken.id, "Looked at the trail, all right", staff[Role.TECHNICIAN])
    review_emergency(database, taken.id, "Looked at the trail, all right", manager)
    with pytest.raises(Refused, match="reviewed already"):
        review_emergency(database, taken.id, "Looked at the trail, all right", staff[Role.ADMINISTRATOR])
    with database.reading() as session:
        assert emergencies(session, open_only=True) == ()
        assert first_broken_entry(session) is None


def test_ones_own_emergency_access_is_not_reviewed_by_oneself(database: Database, staff: People) -> None:
    administrator = staff[Role.ADMINISTRATOR]
    begin_emergency(database, administrator, WHY)
    end_emergency(database, administrator)
    with pytest.raises(Refused, match="No emergency access is open"):
        end_emergency(database, administrator)
    with pytest.raises(Refused, match="somebody else"):
        review_emergency(database, 1, "I did nothing wrong at all", administrator)
    with database.reading() as session:
        told = session.scalar(select(func.count()).where(AuditEntry.action.like("%emergency access")))
    assert told == 2


def test_who_left_takes_no_emergency_access_at_a_window_still_open(database: Database, staff: People) -> None:
    end_access(database, staff[Role.BILLER], staff[Role.ADMINISTRATOR])
    for person in (staff[Role.BILLER], UserId(9999)):
        with pytest.raises(Refused, match="access has ended"):
            begin_emergency(database, person, WHY)
    with database.reading() as session:
        assert emergencies(session) == ()


def test_who_left_comes_in_by_nothing_and_their_badge_may_be_given_on(database: Database, staff: People) -> None:
    technician, pharmacist, boss = staff[Role.TECHNICIAN], staff[Role.PHARMACIST], staff[Role.ADMINISTRATOR]
    set_pin(database, technician, PASSWORD, "B-77", "2580")
    end_access(database, technician, boss)
    with pytest.raises(Refused, match="Nobody has this badge"):
        switch_by_badge(database, "B-77", "2580")
    with pytest.raises(Refused, match="do not belong together"):
        sign_in(database, "technician", PASSWORD)
    with pytest.raises(Refused, match="access has ended"):
        set_pin(database, technician, PASSWORD, "B-77", "2580")
    with pytest.raises(Refused, match="access has ended"):
        change_password(database, technician, PASSWORD, "another long password")
    with pytest.raises(Refused, match="ended already"):
        end_access(database, technician, boss)
    with pytest.raises(Refused, match="ended already"):
        set_roles(database, technician, frozenset({Role.BILLER}), boss, was=frozenset({Role.TECHNICIAN}))
    set_pin(database, pharmacist, PASSWORD, "B-77", "8025")
    assert switch_by_badge(database, "B-77", "8025").id == pharmacist


@pytest.mark.parametrize("meanwhile", ["five wrong tries", "the access ended"])
def test_what_happened_while_a_password_was_looked_at_counts(
    database: Database, staff: People, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    look = people.is_password

    def slowly(kept_hash: str, password: str) -> bool:
        monkeypatch.undo()
        if meanwhile == "the access ended":
            end_access(database, staff[Role.BILLER], staff[Role.ADMINISTRATOR])
        for _ in range(5):
            with pytest.raises(Refused):
                sign_in(database, "biller", "wrong password")
        return look(kept_hash, password)

    monkeypatch.setattr(people, "is_password", slowly)
    with pytest.raises(Refused, match="do not belong together"):
        sign_in(database, "biller", PASSWORD)


@pytest.mark.parametrize("where", ["password", "PIN"])
def test_a_password_guessed_at_an_unlocked_window_counts_as_at_the_door(
    database: Database, staff: People, where: str
) -> None:
    biller = staff[Role.BILLER]
    for told in [*["is not right"] * 5, "Too many wrong tries"]:
        with pytest.raises(Refused, match=told):
            if where == "PIN":
                set_pin(database, biller, "guessed", "B-1", "2580")
            else:
                change_password(database, biller, "guessed", "known to me alone")
    with pytest.raises(Refused, match="Too many wrong tries"):
        sign_in(database, "biller", PASSWORD)


def test_a_name_that_nobody_has_is_noted_without_it(database: Database, staff: People) -> None:
    with pytest.raises(Refused, match="do not belong together"):
        sign_in(database, "correct horse", "battery")
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).one()
    assert (entry.action, entry.staff_id, entry.subject_id, entry.after) == (
        "wrong password", None, None, '{"name":"not known"}',
    )  # fmt: skip


def test_a_badge_of_somebody_who_left_before_badges_were_taken_back_is_free(database: Database, staff: People) -> None:
    technician, pharmacist, boss = staff[Role.TECHNICIAN], staff[Role.PHARMACIST], staff[Role.ADMINISTRATOR]
    end_access(database, technician, boss)
    with database.engine.begin() as connection:  # As earlier versions left it.
        connection.execute(update(Staff).where(Staff.id == technician).values(badge="B-77"))
    set_pin(database, pharmacist, PASSWORD, "USR:B-77", "8025")
    assert switch_by_badge(database, "B-77", "8025").id == switch_by_badge(database, "USR:B-77", "8025").id
    with pytest.raises(Refused, match="belongs to somebody else"):
        people.add_person(database, "new", "New", PASSWORD, frozenset({Role.BILLER}), boss, badge="B-77")


def test_emergency_access_is_not_made_longer_by_a_clock_set_back(
    database: Database, staff: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    biller, now = staff[Role.BILLER], now_utc()
    begin_emergency(database, biller, WHY)
    for module in (people, authority):
        monkeypatch.setattr(module, "now_utc", lambda: now - timedelta(hours=3))
    assert not may(database, biller, Permission.RELEASE)
    with database.reading() as session:
        assert user_of(session, biller).emergency_until is None
    for module in (people, authority):
        monkeypatch.setattr(module, "now_utc", lambda: now - timedelta(minutes=2))  # Another workstation's.
    assert may(database, biller, Permission.RELEASE)
