"""What is typed into a search box is found as it is written and never taken for a command (RELIABILITY D6)."""

from datetime import date

import pytest
from sqlalchemy import update

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryRepeat
from infusion_desktop.deliveries.schedule.schedule_queries import repeatable
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.deliveries.places import search_deliveries
from infusion_desktop.desktop.patients.places import SEARCHES as PATIENTS
from infusion_desktop.desktop.purchasing.places import search_orders
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.stock.places import search_items
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import Sex
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.tables import Item, Location
from infusion_desktop.stock.words import ItemKind, LocationKind

MARKS = (
    "'", '"', "%", "_", "\\", "\\\\", "%%", "__", "\\%", "\\_", "''", '""', "`", "´", ";", "--", "/*", "*/", "*", "?",
    "[a-z]", "[^]", "(", ")", "{", "}", "<", ">", "&", "|", "$1", ":name", "%s", "%(x)s", "{0}", "#", "@", "!", "~",
    "^", "=", "+", ",", ".", "’", "é", "ß", "İ", "李", "🙂", "' OR '1'='1", "'; DROP TABLE item; --", "NULL", "\u202e",
)  # fmt: skip
NAMES = tuple(f"Q{mark}z{number:02d}" for number, mark in enumerate(MARKS))


@pytest.fixture
def context(database: Database, administrator: UserId) -> Context:
    """A pharmacy whose patients and items have hostile names, and one more of each with an X where the mark is."""
    with database.transaction() as session:
        set_up_places(session, administrator)
        both = [*NAMES, *(f"QXz{number:02d}" for number in range(len(MARKS)))]
        for number, name in enumerate(both):
            home = Location(code=f"H{number}", name=name, kind=LocationKind.PATIENT_HOME)
            session.add(home)
            session.add(Item(number=f"I{number:03d}", name=name, kind=ItemKind.DRESSING))
            session.flush()
            session.add(
                Patient(
                    number=f"P{number:03d}", last_name=name, first_name="Ann", born_on=date(1950, 1, 1),
                    sex=Sex.FEMALE, phone="", street="", city="", state="", zip="", home_id=home.id,
                    created_at=now_utc(),
                )
            )  # fmt: skip
        record(session, administrator, "fill", "shelf")
    return Context(database, administrator, "Ada Min", frozenset(Permission))


def test_there_are_fifty_names() -> None:
    assert len(NAMES) >= 50


def test_items_and_patients_are_found_by_what_is_written_and_no_other(context: Context) -> None:
    items, patients = search_items(context), PATIENTS[0](context)
    for name in NAMES:
        assert [hit.title for hit in items(name)] == [name], ascii(name)
        found = [hit.title for hit in patients(name)]
        assert f"{name}, Ann" in found, ascii(name)
        assert not any(title.startswith("QXz") for title in found), ascii(name)


def test_no_search_of_the_program_stumbles_over_what_is_typed(context: Context) -> None:
    for search in house(context).searches:
        for typed in (*NAMES, *MARKS, "", " ", "\t", "%" * 200, "'" * 500, "x" * 5_000, "1/1/", "9" * 400):
            for hit in search(typed):
                assert hit.title
    assert PATIENTS[0](context)("%") == [], "a mark alone is nobody's name"
    assert search_orders(context)("%") == []


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_a_mark_stands_for_nothing_else_in_numbers_and_orders(request: pytest.FixtureRequest, where: str) -> None:
    database = open_pharmacy(request.getfixturevalue(f"{where}_demonstration"))
    numbers = search_deliveries(Context(database, UserId(1), "Ada Min", frozenset(Permission)))
    assert [hit.title.split()[0] for hit in numbers("d000001")] == ["D000001"]
    with database.transaction() as session:
        session.execute(update(DeliveryRepeat).values(ended_at=now_utc()))
        record(session, UserId(1), "end", "repeat")
    with database.reading() as session:
        everybody = repeatable(session, "", today())
        assert everybody and all(each in repeatable(session, each.therapy[:3], today()) for each in everybody)
        for mark in ("%", "_", "\\"):
            assert numbers(f"D0000{mark}1") == numbers(f"D00000{mark}") == []
            found = [*repeatable(session, mark, today()), *repeatable(session, f"a{mark}", today())]
            assert all(mark in f"{each.patient_name} {each.therapy}" for each in found), mark
    database.close()
