"""A small pharmacy kept from each schema that people have used still upgrades with its data (STYLE 12, RELIABILITY F6).

On both engines; who looks after a server is asked for a dump first, and nobody works on it meanwhile.
"""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, select, text

from infusion_desktop.billing.tables import PayerRules
from infusion_desktop.billing.terms.contracts import rule_versions
from infusion_desktop.cli import main
from infusion_desktop.database import migrations
from infusion_desktop.database.engine import Database, Place, open_engine
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.deliveries.care_tables import PayerRefillRule
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.words import PayerId
from infusion_desktop.verifying import verify_books
from tests.kept import KEPT, ON_SERVER, ON_SQLITE, Content, content, differences, is_old, restore, schema_of

CHANGES = {
    "alembic_version": "1 rows, now 1; other values of version_num",
    "balance": "other values of usable",
    "payer_rules": "other values of rules",
    "purchase_order_line": "without pack_id, unit_cost",
}
"""What upgrades do to rows that are there: none is lost, and no other value is another one afterwards."""

old_file = pytest.mark.parametrize("kept", [file for file in ON_SQLITE if is_old(file)], ids=lambda file: file.name)
old_server = pytest.mark.parametrize("kept", [file for file in ON_SERVER if is_old(file)], ids=lambda file: file.name)


def address(place: Place) -> str:
    return place.url.set(drivername="postgresql").render_as_string(hide_password=False)


def is_as_it_was(database: Database, before: Content) -> None:
    """The books are in order, this program reads what payers ask, and nothing else changed than upgrades are to."""
    assert migrations.version_of(database.place) == migrations.newest()
    assert verify_books(database) == ()
    with database.reading() as session:
        payers = set(session.scalars(select(PayerRules.payer_id)))
        assert payers and all(rule_versions(session, PayerId(payer)) for payer in payers), "this program reads them"
        asked = session.scalars(select(PayerRefillRule.count_required)).all()
        assert asked and all(asked), "Medicare's count at home, from its billing rules"
    found = differences(before, content(database.place))
    assert {name: words for name, words in found.items() if not words.endswith(CHANGES.get(name, "?"))} == {}
    assert all(before[name][1] for name in ("claim", "receivable_entry", "remittance", "proof_of_delivery", "asset"))


def test_each_schema_is_kept_from_both_engines() -> None:
    assert len(KEPT) == 2 * len(ON_SQLITE) >= 4
    assert [schema_of(file) for file in ON_SQLITE] == [schema_of(file) for file in ON_SERVER]


@old_file
def test_an_old_pharmacy_upgrades_with_its_data_and_a_copy_is_made_first(kept: Path, tmp_path: Path) -> None:
    place = restore(kept, Place.of(str(tmp_path / "pharmacy.db")))
    before = content(place)
    database = open_pharmacy(place, backups=tmp_path / "copies")
    is_as_it_was(database, before)
    database.close()
    (copy,) = (tmp_path / "copies").glob("before-upgrade-*.db")
    assert migrations.version_of(Place.of(str(copy))) == schema_of(kept)
    assert content(Place.of(str(copy))) == before


@old_server
def test_an_old_server_is_upgraded_with_its_data_when_its_administrator_says_so(
    kept: Path,
    bare_on_server: Callable[[], Place],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By a start alone it is not: nobody has made a dump, and other workstations may be at work."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    place = restore(kept, bare_on_server())
    before = content(place)
    with pytest.raises(Refused, match=r"Close the program at every workstation.*pg_dump.*migrate --copied"):
        open_pharmacy(place)
    assert main(["--database", address(place), "migrate"]) == 1
    assert "pg_dump" in capsys.readouterr().err
    assert content(place) == before
    assert main(["--database", address(place), "migrate", "--copied"]) == 0
    assert f"stands at schema {migrations.newest()}" in capsys.readouterr().out
    database = open_pharmacy(place)
    is_as_it_was(database, before)
    database.close()


def test_nobody_is_upgraded_under_while_at_work(
    bare_on_server: Callable[[], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older program that is open elsewhere would go on by its own rules in what it does not know."""
    monkeypatch.setattr(migrations, "GONE_S", 0.3)
    server = restore(ON_SERVER[-1], bare_on_server())
    file = restore(ON_SQLITE[-1], Place.of(str(tmp_path / "pharmacy.db")))
    for place, words in ((server, "Others are connected"), (file, "Another program has the database open")):
        older = open_engine(place, guarded=False)
        with older.connect() as connection:
            connection.execute(text("SELECT count(*) FROM staff"))
            with pytest.raises(Refused, match=words):
                open_pharmacy(place, has_dump=True)
            assert migrations.version_of(place) == schema_of(ON_SERVER[-1])
        older.dispose()
        monkeypatch.setattr(migrations, "GONE_S", 60.0)  # A busy server may take long to notice who went.
        open_pharmacy(place, has_dump=True).close()


def test_who_may_not_change_tables_is_told_whom_to_ask(bare_on_server: Callable[[], Place]) -> None:
    place = restore(ON_SERVER[0], bare_on_server())
    who = place.url.database
    theirs = place.url.set(username=who, drivername="postgresql").render_as_string(hide_password=False)
    ours = place.url.set(drivername="postgresql+psycopg")
    owner = create_engine(ours, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with owner.connect() as connection:
        connection.execute(text(f"CREATE ROLE {who} LOGIN"))
        connection.execute(text(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {who}"))
    try:
        for may_look in (True, False):
            if not may_look:
                with owner.connect() as connection:
                    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {who}"))
            with pytest.raises(Unavailable, match=r"does not let this user.*administrator"):
                open_pharmacy(Place.of(theirs), has_dump=True)
    finally:
        with owner.connect() as connection:
            connection.execute(text(f"DROP OWNED BY {who}"))
            connection.execute(text(f"DROP ROLE {who}"))
    assert migrations.version_of(place) == schema_of(ON_SERVER[0])


def test_two_first_starts_at_once_both_find_their_tables(bare_on_server: Callable[[], Place]) -> None:
    place, said = bare_on_server(), []

    def start() -> None:
        try:
            open_pharmacy(place).close()
        except BaseException as error:
            said.append(error)

    both = [threading.Thread(target=start) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert said == []
    assert migrations.version_of(place) == migrations.newest()


def test_a_newer_file_is_refused_and_no_copy_of_it_fills_the_disk(sqlite_template: Path, tmp_path: Path) -> None:
    place = Place.of(str(tmp_path / "pharmacy.db"))
    shutil.copy(sqlite_template, place.file)
    engine = open_engine(place, guarded=False)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for _ in range(2):
        with pytest.raises(Refused, match="newer version"):
            open_pharmacy(place, backups=tmp_path / "copies")
    assert not (tmp_path / "copies").exists()
