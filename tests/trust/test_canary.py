"""Names, numbers and birth days of patients are in no file the program wrote by itself (RELIABILITY F1, F7)."""

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select, text

from infusion_desktop import cli
from infusion_desktop.access.audit import record, record_view
from infusion_desktop.access.people import add_first_administrator, everybody
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database import keys
from infusion_desktop.database.backup import back_up, backup_if_due
from infusion_desktop.database.encrypting import encrypt
from infusion_desktop.database.engine import Database, Place, sqlite
from infusion_desktop.dates import now_utc
from infusion_desktop.desktop.messages import note_defect
from infusion_desktop.edi import remittance_835
from infusion_desktop.logs import log_what_nobody_caught, start_log
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import Sex
from infusion_desktop.recovering import rehearse_if_due, staged_copy
from infusion_desktop.settings import load_settings
from infusion_desktop.stock.importing.item_import import preview_items
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.verifying import verify_books

NAME, MRN, BORN = "Zebulonia Quagmire", "MRN-7734061", date(1931, 2, 17)
CANARIES = [form.encode(code) for form in (NAME, "Quagmire", MRN, "1931-02-17") for code in ("utf-8", "utf-16-le")]


@pytest.fixture(autouse=True)
def _quick_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MEMORY_KIB", 64)
    monkeypatch.setattr(keys, "PASSES", 1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the program writes everything, temporary files too; its log is there."""
    folder = tmp_path / "home"
    (folder / "tmp").mkdir(parents=True)
    for name in ("TMPDIR", "TEMP", "TMP", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(folder / "tmp"))
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    start_log(folder / "logs")
    yield folder
    root = logging.getLogger("infusion_desktop")
    for handler in list(root.handlers):
        handler.close()
        root.removeHandler(handler)


def name_the_canary(database: Database) -> int:
    """The first patient becomes the canary; their deliveries, claims and payments come with them."""
    with database.transaction() as session:
        patient = session.scalars(select(Patient).order_by(Patient.id)).first()
        assert patient is not None
        patient.last_name, patient.first_name, patient.number, patient.born_on = "Quagmire", "Zebulonia", MRN, BORN
        record(
            session, None, "correct", "patient", patient.id, patient_id=patient.id,
            after={"name": NAME, "number": MRN, "born_on": BORN}, reason=f"{NAME} was misspelt",
        )  # fmt: skip
        return patient.id


def hits(*places: Path) -> list[str]:
    """Files that hold a canary, wherever in them."""
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    assert files
    return [file.name for file in files if any(word in file.read_bytes() for word in CANARIES)] + [
        file.name for file in files if "quagmire" in file.name.casefold() or MRN in file.name
    ]


def provoke(database: Database, patient: int, folder: Path) -> int:
    """Every kind of error there is, each with the canary in what it was about; all of them are logged as defects."""
    told = 0

    def failing(deed: Callable[[], object]) -> None:
        nonlocal told
        try:
            deed()
        except Exception as error:
            note_defect(error)
            logging.getLogger("infusion_desktop.canary").exception("a deed was abandoned")
            told += 1
        else:
            pytest.fail("nothing went wrong")

    def deed(*statements: object) -> Callable[[], object]:
        def run() -> None:
            with database.transaction() as session:
                for statement in statements:
                    session.execute(statement)  # type: ignore[call-overload]
                session.add(AuditEntry())
                record(session, None, NAME, MRN, patient, reason=NAME)

        return run

    values = {"name": NAME, "mrn": MRN, "id": patient}
    same = "INSERT INTO patient SELECT * FROM patient WHERE number = :mrn"
    for statement in (
        same, "UPDATE patient SET id = NULL WHERE number = :mrn", "UPDATE patient SET sex = :name WHERE number = :mrn",
        "UPDATE patient SET version = :name", "INSERT INTO audit_entry (number, reason) VALUES (1, :name)",
        "UPDATE audit_entry SET reason = :name", "DELETE FROM audit_entry WHERE reason <> :name",
        "SELECT no_such_column, :name FROM patient", "SELEC :name", "INSERT INTO no_such_table VALUES (:name)",
        "UPDATE claim SET patient_id = -1 WHERE :name <> ''", "DELETE FROM patient WHERE number = :mrn",
    ):  # fmt: skip
        failing(deed(text(statement).bindparams(**{k: v for k, v in values.items() if f":{k}" in statement})))
    failing(lambda: deed(insert(Patient).values(last_name=NAME, born_on=NAME))())
    failing(lambda: preview_items(f"{NAME}\x00".encode(), f"{NAME}.csv"))
    failing(lambda: remittance_835.read(f"ISA*{NAME}*{MRN}".encode()))
    failing(lambda: load_settings(folder / f"{NAME}.toml"))
    failing(lambda: Place.of(f"mysql://{MRN}/{NAME}"))
    failing(lambda: open_pharmacy(Place.of(f"postgresql://{MRN}:{MRN}@localhost:1/{MRN}?connect_timeout=1")))
    for kind in (ValueError, KeyError, OSError, AssertionError, UnicodeError, RecursionError, MemoryError):
        failing(lambda kind=kind: (_ for _ in ()).throw(kind(f"{NAME} {MRN}")))
    return told


def test_nothing_of_a_patient_is_in_any_file_of_an_encrypted_pharmacy(
    sqlite_demonstration: Place, home: Path, program: Callable[..., list[str]]
) -> None:
    plain = Place.of(str(home / "pharmacy.db"))
    shutil.copy(sqlite_demonstration.file, plain.file)
    database = open_pharmacy(plain)
    name_the_canary(database)
    database.close()
    assert hits(plain.file), "the canary is in the plain file, so that the search is proven"
    place = encrypt(plain, ["a sentence of a few words"])
    assert place.key is not None
    database = open_pharmacy(place, backups=home / "backups")
    patient = name_the_canary(database)
    with database.transaction() as session:
        record_view(session, everybody(session)[0].id, "patient", patient, patient, NAME)
    assert provoke(database, patient, home) > 20
    assert backup_if_due(database, home / "backups") is not None
    assert rehearse_if_due(database, home / "backups") == ()
    copy = back_up(place, home / "backups" / "by-hand.db")
    staged, _ = staged_copy(place, copy)
    assert staged.exists()
    with contextlib.closing(sqlite.connect(str(place.file), isolation_level=None)) as raw:
        raw.execute(f"PRAGMA key = \"x'{place.key.hex()}'\"")
        assert ("TEMP_STORE=2",) in raw.execute("PRAGMA compile_options").fetchall(), "sorting stays in memory"
        raw.execute("SELECT * FROM audit_entry ORDER BY after || reason, before LIMIT 5").fetchall()
    name_the_canary(database)
    assert place.file.with_name("pharmacy.db-wal").stat().st_size, "the journal is looked into as well"
    assert hits(home) == []
    assert verify_books(database) == ()
    log = (home / "logs" / "infusion-desktop.log").read_text()
    assert log.count("defect") > 20 and "IntegrityError" in log
    database.close()
    shown = subprocess.run(
        program("names", place.file, place.key.hex()), capture_output=True, text=True, env=dict(os.environ)
    )
    assert "Quagmire" in shown.stdout, "with its key the pharmacy still knows the patient"
    assert hits(home) == []


def test_what_a_server_logs_of_refused_statements_holds_no_patient(postgresql_database: Database, home: Path) -> None:
    """With the two settings that the security page asks for; a value of a wrong type would still be quoted."""
    database = postgresql_database
    where = database.place.url.set(drivername="postgresql+psycopg")
    engine = create_engine(where, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        for setting in ("log_error_verbosity = terse", "log_min_error_statement = panic"):
            connection.execute(text(f"ALTER DATABASE {where.database} SET {setting}"))
    engine.dispose()
    database = open_pharmacy(database.place)  # Connections from now on know the settings.
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    with database.transaction() as session:
        set_up_places(session, by)
        session.execute(insert(Patient).values(**_plain_patient(place_id(session, "MAIN"))))
        record(session, by, "admit", "patient", 1, patient_id=1, after={"name": NAME})
    assert hits(folder / "pg_wal"), "the canary is in the server's own files: its disk must be encrypted"
    assert provoke(database, 1, home) > 20
    log = (folder / "log").read_bytes()
    quoted = [line for line in log.splitlines() if any(word in line for word in CANARIES)]
    assert all(b"invalid input syntax" in line for line in quoted), quoted
    assert hits(home / "logs") == []
    database.close()


def _plain_patient(home: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in Patient.__table__.columns:
        if not column.nullable and column.default is None and not column.primary_key:
            kind = column.type.python_type if hasattr(column.type, "python_type") else str
            found[column.name] = {str: "x", int: 1, bool: False, date: BORN}.get(kind, "x")
    own = {"last_name": "Quagmire", "first_name": "Zebulonia", "number": MRN, "born_on": BORN, "version": 1}
    return {**found, **own, "sex": Sex.FEMALE, "home_id": home, "created_at": now_utc()}


def test_what_nobody_caught_is_logged_without_its_words(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    log_what_nobody_caught()

    def fail() -> None:
        raise ValueError(f"{NAME} {MRN}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert (home / "logs" / "infusion-desktop.log").read_text().count("ValueError") == 2
    assert hits(home / "logs") == []
    assert "Quagmire" not in "".join(capfd.readouterr())


def test_a_defect_of_the_command_line_is_told_without_its_words(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_chosen: object) -> int:
        raise LookupError(f"{NAME} {MRN}")

    monkeypatch.setattr(cli, "_run", fail)
    assert cli.main(["verify"]) == 1
    told = capsys.readouterr().err
    assert "builtins.LookupError" in told and "Quagmire" not in told and MRN not in told
