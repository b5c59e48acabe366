"""Every command on the demonstration pharmacy: papers, files and proofs, and a plain sentence where it cannot be."""

import csv
import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import select, text

import resources
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.cli import main
from infusion_desktop.database.encrypting import unlocked
from infusion_desktop.database.engine import Database, Place, open_engine
from infusion_desktop.database.migrations import newest
from infusion_desktop.dates import today
from infusion_desktop.edi.claims_837p_reading import read as read_claims

COMMANDS = (
    "demo", "import-items", "import-opening", "import-equipment", "manifest", "manifests", "claim-summary", "claims",
    "read-edi", "migrate", "verify", "backup",
)  # fmt: skip
LAST_MONTH = f"{today().replace(day=1) - timedelta(days=1):%Y-%m}"


def words_of(file: Path) -> str:
    document = pypdfium2.PdfDocument(file.read_bytes())
    return " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())


def rows(pharmacy: str, statement: str) -> list[tuple]:
    """What a statement finds, without the program's guards."""
    engine = open_engine(Place.of(pharmacy), guarded=False)
    with engine.begin() as connection:
        done = connection.execute(text(statement))
        found = [tuple(row) for row in done] if done.returns_rows else []
    engine.dispose()
    return found


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert all(command in told for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"infusion-desktop {command}" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [[], ["dance"], ["manifest", "D000001"], ["demo", "--size", "huge"]])
def test_a_wrong_call_says_how_and_leaves_with_two(wrong, capsys):
    with pytest.raises(SystemExit) as left:
        main(wrong)
    assert left.value.code == 2
    assert "usage: infusion-desktop" in capsys.readouterr().err


def test_the_demonstration_is_whole(run, pharmacy):
    assert run(pharmacy, "verify").out == "The books are in order.\n"
    assert f"{newest()}, the newest" in run(pharmacy, "migrate").out


def test_the_demonstration_goes_only_into_an_empty_database(run, pharmacy):
    before = rows(pharmacy, "SELECT count(*) FROM patient")
    ended = run(pharmacy, "demo", "--size", "small")
    assert ended.code == 1
    assert ended.err
    assert "Sign in" not in ended.out
    assert rows(pharmacy, "SELECT count(*) FROM patient") == before


def test_a_wrong_balance_is_found_and_named(run, pharmacy):
    rows(pharmacy, "UPDATE balance SET on_hand = on_hand + 7 WHERE lot_id = (SELECT max(lot_id) FROM balance)")
    ended = run(pharmacy, "verify")
    assert ended.code == 1
    assert ended.err.strip()
    assert "problems were found" in ended.out


def test_migrate_makes_an_empty_place_ready(run, tmp_path):
    assert run(tmp_path / "new.db", "migrate").code == 0
    assert run(tmp_path / "new.db", "verify").code == 0


def test_migrate_makes_an_empty_database_on_a_server_ready(run, bare_on_server):
    new = bare_on_server().address
    assert run(new, "migrate").code == 0
    assert run(new, "verify").code == 0


def test_a_copy_is_whole_and_never_written_over(run, sqlite_demonstration, tmp_path):
    pharmacy, copy = sqlite_demonstration.address, tmp_path / "copy.db"
    assert "opened and checked" in run(pharmacy, "backup", "--out", copy).out
    assert run(copy, "verify").code == 0
    counted = "SELECT count(*) FROM move"
    assert rows(str(copy), counted) == rows(pharmacy, counted)


def test_manifests_of_deliveries_named_carry_their_numbers(run, pharmacy, tmp_path):
    numbers = [number for (number,) in rows(pharmacy, "SELECT number FROM delivery WHERE state = 'delivered' LIMIT 2")]
    assert run(pharmacy, "manifest", *numbers, "--out", tmp_path / "papers").code == 0
    for number in numbers:
        assert number in words_of(tmp_path / "papers" / f"manifest-{number}.pdf")
    assert run(pharmacy, "verify").code == 0


def test_an_unknown_delivery_is_named_and_nothing_is_printed(run, pharmacy, tmp_path):
    known = rows(pharmacy, "SELECT number FROM delivery LIMIT 1")[0][0]
    ended = run(pharmacy, "manifest", known, "D999999", "--out", tmp_path / "papers")
    assert (ended.code, ended.err) == (1, "There is no delivery D999999.\n")
    assert not (tmp_path / "papers").exists()


def test_the_manifests_of_a_day_are_one_file(run, pharmacy, tmp_path):
    day, count = rows(
        pharmacy,
        "SELECT scheduled_on, count(*) FROM delivery WHERE state = 'delivered' GROUP BY scheduled_on "
        "ORDER BY count(*) DESC LIMIT 1",
    )[0]
    assert run(pharmacy, "manifests", "--date", day, "--out", tmp_path / "day.pdf").code == 0
    read = words_of(tmp_path / "day.pdf")
    numbers = rows(pharmacy, f"SELECT number FROM delivery WHERE state = 'delivered' AND scheduled_on = '{day}'")
    assert len(numbers) == count
    assert all(number in read for (number,) in numbers)


@pytest.mark.parametrize(("day", "said"), [("2001-01-01", "No delivery of 2001-01-01"), ("31.11.", "is not a date")])
def test_a_day_without_deliveries_is_said(run, pharmacy, tmp_path, day, said):
    ended = run(pharmacy, "manifests", "--date", day, "--out", tmp_path / "day.pdf")
    assert ended.code == 1
    assert said in ended.err
    assert not (tmp_path / "day.pdf").exists()


def test_the_claim_summary_of_a_month_a_payer_or_a_patient(run, pharmacy, tmp_path):
    claims = rows(
        pharmacy,
        "SELECT claim.number, payer.name, patient.number, patient.last_name FROM claim "
        "JOIN payer ON payer.id = claim.payer_id JOIN patient ON patient.id = claim.patient_id "
        f"WHERE claim.period_first = '{LAST_MONTH}-01' AND claim.state <> 'void'",
    )
    assert len({payer for _, payer, _, _ in claims}) > 1
    _, payer, patient, name = claims[0]
    for choice in ((), ("--payer", payer), ("--patient", patient)):
        out = tmp_path / f"summary{len(choice) and choice[0]}.pdf"
        assert run(pharmacy, "claim-summary", "--month", LAST_MONTH, *choice, "--out", out).code == 0
        assert name in words_of(out)
    only = words_of(out)
    others = {last for _, _, number, last in claims if number != patient} - {name}
    assert others
    assert not [last for last in others if f"{last}," in only]


@pytest.mark.parametrize("choice", [("--payer", "Nobody’s Plan"), ("--patient", "P999999")])
def test_a_summary_of_nobody_is_refused(run, pharmacy, tmp_path, choice):
    ended = run(pharmacy, "claim-summary", "--month", LAST_MONTH, *choice, "--out", tmp_path / "summary.pdf")
    assert ended.code == 1
    assert ended.err.strip().endswith(".")
    assert not (tmp_path / "summary.pdf").exists()


@pytest.mark.parametrize("month", ["2026-13", "March", "2026-00"])
@pytest.mark.parametrize("command", ["claim-summary", "claims"])
def test_a_wrong_month_is_explained(run, pharmacy, tmp_path, command, month):
    ended = run(pharmacy, command, "--month", month, "--out", tmp_path / "out")
    assert ended.code == 1
    assert "is not a month" in ended.err
    assert not (tmp_path / "out").exists()


def test_claims_of_this_month_are_files_that_read_back(run, pharmacy, tmp_path):
    ended = run(pharmacy, "claims", "--month", f"{today():%Y-%m}", "--out", tmp_path / "claims")
    files = sorted((tmp_path / "claims").glob("*")) if (tmp_path / "claims").exists() else []
    assert files or ended.out or ended.err
    for file in files:
        assert read_claims(file.read_text("ascii"))[0].claims
    assert run(pharmacy, "verify").code == 0


def test_a_stranger_may_do_nothing(run, pharmacy, tmp_path):
    ended = run(pharmacy, "--as", "nobody", "claims", "--month", LAST_MONTH, "--out", tmp_path / "claims")
    assert ended.code == 1
    assert "nobody" in ended.err


def test_who_may_not_bill_is_refused(run, pharmacy, tmp_path):
    may = run(pharmacy, "--as", "bill", "claims", "--month", LAST_MONTH, "--out", tmp_path / "a")
    refused = run(pharmacy, "--as", "maria", "claims", "--month", LAST_MONTH, "--out", tmp_path / "b")
    assert refused.code == 1
    assert "role does not include" in refused.err and "role does not include" not in may.err
    assert not (tmp_path / "b").exists()


PAYER_PAYS = (
    "ISA*00*          *00*          *ZZ*{payer:15}*ZZ*PHARMACY       *261101*1200*^*00501*000000901*0*P*:~"
    "GS*HP*{payer}*PHARMACY*20261101*1200*901*X*005010X221A1~ST*835*0001~"
    "BPR*I*{charge}*C*ACH*CCP*01*999988880*DA*123456*{payer}**01*999977770*DA*654321*20261101~"
    "TRN*1*EFT7777*1999999999~DTM*405*20261101~N1*PR*A PLAN*XV*{payer}~N3*PO BOX 1~N4*PORTLAND*OR*97201~"
    "PER*BL*PROVIDER SERVICES*TE*8005550100~N1*PE*US*XX*{npi}~LX*1~"
    "CLP*{claim}*1*{charge}*{charge}*0*12*ICN777*12*1~NM1*QC*1*ON FILE~{lines}SE*{count}*0001~GE*1*901~IEA*1*000000901~"
)


def paid_in_full(database: str, claim: int) -> str:
    """The answer of a payer that pays every line of a claim as it was charged."""
    number, payer, npi = rows(
        database,
        "SELECT claim.number, payer.payer_code, pharmacy.npi FROM claim JOIN payer ON payer.id = claim.payer_id "
        f"CROSS JOIN pharmacy WHERE claim.id = {claim}",
    )[0]
    lines, total = "", 0
    found = rows(database, f"SELECT id, code, units, charge, first_on FROM claim_line WHERE claim_id = {claim}")
    for line, code, units, cents, day in found:
        amount = f"{cents / 100:.2f}"
        lines += f"SVC*HC:{code}*{amount}*{amount}**{units // 10000}~DTM*472*{str(day).replace('-', '')}~REF*6R*{line}~"
        total += cents
    count = 13 + 3 * len(found)
    return PAYER_PAYS.format(payer=payer, npi=npi, claim=number, charge=f"{total / 100:.2f}", lines=lines, count=count)


def test_a_payers_payment_is_posted_once(run, pharmacy, tmp_path):
    open_claims = "SELECT id FROM claim WHERE state IN ('sent', 'accepted', 'denied') ORDER BY id LIMIT 1"
    claim = rows(pharmacy, open_claims)[0][0]
    answer = tmp_path / "era.835"
    answer.write_text(paid_in_full(pharmacy, claim), encoding="ascii")
    posted = run(pharmacy, "read-edi", answer)
    assert (posted.code, posted.err) == (0, "")
    assert posted.out.startswith("era.835: ")
    assert rows(pharmacy, f"SELECT state FROM claim WHERE id = {claim}") == [("paid",)]
    assert run(pharmacy, "verify").code == 0
    again = run(pharmacy, "read-edi", answer)
    assert again.code == 1
    assert again.err.startswith("era.835: ")


SYNTAX = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PHARMACY       *261101*1200*^*00501*000000902*0*P*:~"
    "GS*FA*PAYER*PHARMACY*20261101*1200*902*X*005010X231A1~ST*999*0001*005010X231A1~AK1*HC*{group}~"
    "AK2*837*{group:09d}~IK5*A~AK9*A*1*1*1~SE*6*0001~GE*1*902~IEA*1*000000902~"
)


def test_good_answers_are_read_beside_bad_ones_and_each_is_told(run, pharmacy, tmp_path):
    group = rows(pharmacy, "SELECT group_control FROM claim_batch ORDER BY id LIMIT 1")[0][0]
    good, cut, stranger = tmp_path / "good.999", tmp_path / "cut.835", tmp_path / "stranger.999"
    good.write_text(SYNTAX.format(group=group), encoding="ascii")
    cut.write_text(SYNTAX.format(group=group)[:200], encoding="ascii")
    stranger.write_text(SYNTAX.format(group=987654), encoding="ascii")
    ended = run(pharmacy, "read-edi", cut, good, stranger)
    assert ended.code == 1
    assert ended.out.startswith("good.999: File ") and "readable for the payer, 1 of 1 taken" in ended.out
    assert "cut.835: X12 file, segment" in ended.err and "stranger.999: This answer names a group number" in ended.err
    again = run(pharmacy, "read-edi", good)
    assert (again.code, again.out) == (1, "") and "Nothing was changed" in again.err
    assert run(pharmacy, "verify").code == 0


def test_a_file_that_is_not_there_stops_none_of_the_others(run, pharmacy, tmp_path):
    group = rows(pharmacy, "SELECT group_control FROM claim_batch ORDER BY id DESC LIMIT 1")[0][0]
    good = tmp_path / "late.999"
    good.write_text(SYNTAX.format(group=group), encoding="ascii")
    ended = run(pharmacy, "read-edi", tmp_path / "gone.835", good)
    assert ended.code == 1 and ended.err.startswith("gone.835: No such file") and "late.999: File " in ended.out


def test_a_payer_nobody_knows_is_refused_and_a_month_without_claims_says_so(run, pharmacy, tmp_path):
    ended = run(pharmacy, "claims", "--month", LAST_MONTH, "--payer", "Tpyo Health", "--out", tmp_path / "c")
    assert ended.code == 1 and "No payer is called “Tpyo Health”" in ended.err
    ended = run(pharmacy, "claims", "--month", "2001-01", "--out", tmp_path / "c")
    assert (ended.code, ended.out) == (0, "0 claims of 2001-01, 0 files.\n")


def test_what_is_no_answer_is_refused_naming_the_file(run, pharmacy, tmp_path):
    stranger = tmp_path / "letter.txt"
    stranger.write_text("Dear pharmacy,\n")
    ended = run(pharmacy, "read-edi", stranger)
    assert ended.code == 1
    assert ended.err.startswith("letter.txt: ")


@pytest.fixture
def catalogue(tmp_path):
    """A file of three new items, the way the shipped catalogue looks."""
    shipped = list(csv.DictReader(io.StringIO(resources.read_text("demonstration/items.csv"))))

    def write(**changes: str) -> Path:
        text = io.StringIO()
        table = csv.DictWriter(text, shipped[0].keys())
        table.writeheader()
        for count, row in enumerate(shipped[-3:]):
            codes = {name: "" for name in row if "gtin" in name}
            table.writerow({**row, **codes, "number": f"NEW-{count}", **(changes if count == 1 else {})})
        file = tmp_path / "items.csv"
        file.write_text(text.getvalue(), encoding="utf-8")
        return file

    return write


def test_a_catalogue_is_tried_then_imported(run, pharmacy, catalogue):
    counted = "SELECT count(*) FROM item"
    before = rows(pharmacy, counted)[0][0]
    assert run(pharmacy, "import-items", catalogue(), "--dry-run").out == "3 items would be imported.\n"
    assert rows(pharmacy, counted)[0][0] == before
    assert run(pharmacy, "import-items", catalogue()).out == "3 items were imported.\n"
    assert rows(pharmacy, counted)[0][0] == before + 3
    assert run(pharmacy, "verify").code == 0


def test_a_wrong_catalogue_names_the_line_and_imports_nothing(run, pharmacy, catalogue):
    counted = "SELECT count(*) FROM item"
    before = rows(pharmacy, counted)
    ended = run(pharmacy, "import-items", catalogue(kind="spaceship"))
    assert ended.code == 1
    assert "Line 3" in ended.err
    assert "Nothing was imported" in ended.err
    assert rows(pharmacy, counted) == before


@pytest.mark.parametrize(
    ("command", "model", "heading", "told", "counted"),
    [
        ("import-opening", "flush", "item,lot,quantity", "2 opening balances", "SELECT count(*) FROM lot"),
        ("import-equipment", "pump", "model,serial,tag", "2 pumps and poles", "SELECT count(*) FROM asset"),
    ],
)
def test_balances_and_equipment_are_tried_mended_and_imported(
    run, pharmacy, tmp_path, command, model, heading, told, counted
):
    number = rows(pharmacy, f"SELECT number FROM item WHERE kind = '{model}'")
    item, before = number[0][0], rows(pharmacy, counted)[0][0]
    file, bad = tmp_path / "table.csv", tmp_path / "bad.csv"
    file.write_text(f"{heading}\n{item},NEW-1,1\nNOBODY,NEW-2,2\n", encoding="utf-8")
    ended = run(pharmacy, command, file, "--dry-run", "--bad-lines", bad)
    assert (ended.code, "Line 3" in ended.err, "Nothing was imported: 1 problem in" in ended.err) == (1, True, True)
    assert [line[0] for line in csv.reader(io.StringIO(bad.read_text("utf-8-sig")))][1:] == ["NOBODY"]
    file.write_text(file.read_text("utf-8").replace("NOBODY", item), encoding="utf-8")
    assert run(pharmacy, command, file, "--dry-run").out == f"{told} would be imported.\n"
    assert rows(pharmacy, counted)[0][0] == before
    assert run(pharmacy, command, file).out == f"{told} were imported.\n"
    assert rows(pharmacy, counted)[0][0] == before + 2
    assert run(pharmacy, "verify").code == 0


@pytest.mark.parametrize("command", ["import-items", "import-opening", "import-equipment", "read-edi"])
def test_a_file_that_is_not_there_is_named(run, pharmacy, tmp_path, command):
    ended = run(pharmacy, command, tmp_path / "nowhere.csv")
    assert ended.code == 1
    assert "nowhere.csv" in ended.err


def test_an_empty_database_says_what_to_do_first(run, tmp_path, catalogue):
    ended = run(tmp_path / "empty.db", "import-items", catalogue())
    assert ended.code == 1
    assert "run `demo`" in ended.err


def test_a_file_that_is_no_database_is_not_touched(run, tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear pharmacy, " * 500)
    before = letter.read_bytes()
    ended = run(letter, "verify")
    assert ended.code == 1
    assert ended.err.strip()
    assert letter.read_bytes() == before


@pytest.mark.parametrize("address", ["mysql://here/there", "postgresql://127.0.0.1:1/nothing"])
def test_a_database_that_cannot_be_is_one_sentence(address, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    assert main(["--database", address, "verify"]) == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "Traceback" not in told.err


def test_an_encrypted_pharmacy_is_worked_with_copied_and_restored_by_its_passphrase(
    run, sqlite_demonstration, tmp_path, monkeypatch
):
    pharmacy = sqlite_demonstration.address
    monkeypatch.setattr("infusion_desktop.database.keys.MEMORY_KIB", 64)
    monkeypatch.setenv("INFUSION_DESKTOP_PASSPHRASE", "a sentence of a few words")
    told = run(pharmacy, "encrypt").out
    assert "is encrypted" in told
    recovery = told.split("write it down: ")[1].split()[0]
    recovery = run(pharmacy, "encrypt").out.split("write it down: ")[1].split()[0]
    database = Database(unlocked(sqlite_demonstration, recovery))
    with database.reading() as session:
        told = session.execute(select(AuditEntry.action, AuditEntry.staff_id).where(AuditEntry.subject == "database"))
        assert [*map(tuple, told)][-2:] == [("encrypt", None), ("change key", None)]
    database.close()
    assert run(pharmacy, "verify").out == "The books are in order.\n"
    assert run(pharmacy, "backup", "--out", tmp_path / "kept" / "copy.db").code == 0
    monkeypatch.setenv("INFUSION_DESKTOP_PASSPHRASE", "another sentence entirely")
    wrong = run(pharmacy, "verify")
    assert wrong.code == 1
    assert "not the passphrase" in wrong.err
    monkeypatch.delenv("INFUSION_DESKTOP_PASSPHRASE")
    assert "INFUSION_DESKTOP_PASSPHRASE" in run(pharmacy, "verify").err
    monkeypatch.setenv("INFUSION_DESKTOP_PASSPHRASE", recovery)
    fresh = tmp_path / "new machine" / "pharmacy.db"
    assert run(fresh, "restore", tmp_path / "kept" / "copy.db", "--yes").code == 0
    assert run(fresh, "verify").out == "The books are in order.\n"


@pytest.mark.parametrize(
    ("words", "said"), [(["restore", "copy.db", "--yes"], "pg_restore"), (["encrypt"], "encrypts the disk")]
)
def test_what_a_servers_tools_do_is_left_to_them(words, said, capsys):
    assert main(["--database", "postgresql://localhost:1/pharmacy", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["verify"], ["backup", "--out", "copy.db"], ["claim-summary", "--month", LAST_MONTH, "--out", "x.pdf"]]
)
def test_a_wrong_path_makes_no_empty_pharmacy(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--database", "farmacy.db", *words]) == 1
    assert "There is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    emptied = tmp_path / "farmacy.db"  # What a full disk or a broken file system leaves of one is none either.
    emptied.write_bytes(b"")
    assert main(["--database", "farmacy.db", *words]) == 1
    assert "There is no database" in capsys.readouterr().err
    assert emptied.read_bytes() == b""


@pytest.mark.parametrize("module", ["infusion_desktop", "infusion_desktop.application"])
def test_without_a_command_the_window_opens(module: str, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.db"
    opened = subprocess.run(
        [sys.executable, "-m", module, "--database", str(file), "--check"],
        capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "INFUSION_DESKTOP_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    assert "the window is open" in opened.stdout
    assert str(file) in opened.stdout


def test_who_may_not_copy_the_data_is_refused_and_whoever_may_is_noted(run, sqlite_demonstration, tmp_path):
    pharmacy = sqlite_demonstration.address
    ended = run(pharmacy, "--as", "maria", "backup", "--out", tmp_path / "copy.db")
    assert ended.code == 1
    assert "back up" in ended.err
    assert not (tmp_path / "copy.db").exists()
    assert run(pharmacy, "--as", "admin", "backup", "--out", tmp_path / "copy.db").code == 0
    assert run(pharmacy, "verify").code == 0
