"""Reports that go to a folder each morning, on both engines and on the command line."""

from datetime import timedelta
from pathlib import Path

import pytest

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.cli import main
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, today
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting.report import Found
from infusion_desktop.reporting.report_files import as_csv
from infusion_desktop.reporting.sending import BUNDLE, Schedule, Sent, add_schedule, end_schedule, schedules, send_due
from infusion_desktop.reporting.words import Form, PeriodRule
from reports.table_report import Column


def morning(database: Database, by: UserId, days: int = 0) -> Sent:
    return run_to_end(send_due(database, today() + timedelta(days=days), by))


def test_a_report_goes_out_once_a_day_and_again_when_the_folder_is_back(
    database: Database, administrator: UserId, tmp_path: Path
) -> None:
    folder, gone = tmp_path / "share", tmp_path / "stick"
    folder.mkdir()
    gone.mkdir()
    first = add_schedule(database, Schedule("payments", PeriodRule.LAST_MONTH, Form.CSV, str(folder)), administrator)
    add_schedule(database, Schedule("aging", PeriodRule.THIS_MONTH, Form.XLSX, str(gone)), administrator)
    gone.rmdir()
    sent = morning(database, administrator)
    assert [file.suffix for file in sent.files] == [".csv"] and len(sent.failures) == len(sent.news) == 1
    assert "is not there" in sent.failures[0] and not gone.exists()
    assert sent.files[0].read_text("utf-8-sig").startswith("Payer,Entries,Paid")
    again = morning(database, administrator)
    assert not again.files and len(again.failures) == 1 and not again.news  # Told once, tried again.
    gone.mkdir()
    assert [file.suffix for file in morning(database, administrator).files] == [".xlsx"]
    assert morning(database, administrator) == Sent((), (), ())
    end_schedule(database, first, administrator)
    assert [file.suffix for file in morning(database, administrator, 1).files] == [".xlsx"]
    with database.reading() as session:
        (row,) = schedules(session, administrator)
    assert row.sent_on == today() + ONE_DAY and row.failed == ""


def test_what_cannot_be_kept_is_refused(
    database: Database, administrator: UserId, staff: dict[Role, UserId], tmp_path: Path
) -> None:
    for schedule in (
        Schedule("payments", PeriodRule.LAST_MONTH, Form.CSV, str(tmp_path / "away")),
        Schedule("payments", PeriodRule.LAST_MONTH, Form.CSV, "relative"),
        Schedule("no such report", PeriodRule.LAST_MONTH, Form.CSV, str(tmp_path)),
        Schedule(BUNDLE, PeriodRule.LAST_MONTH, Form.CSV, str(tmp_path)),
    ):
        with pytest.raises(Refused):
            add_schedule(database, schedule, administrator)
    for key, role in (("payments", Role.TECHNICIAN), ("audit", Role.BILLER)):
        with pytest.raises(NotAllowed):
            add_schedule(database, Schedule(key, PeriodRule.LAST_MONTH, Form.PDF, str(tmp_path)), staff[role])


def test_nothing_in_a_file_is_taken_for_a_formula() -> None:
    found = Found((Column("=A"), Column("B")), (("=1+1", "plain"), ("+cmd", "-5")))
    assert as_csv(found).decode("utf-8-sig").splitlines() == ["'=A,B", "'=1+1,plain", "'+cmd,-5"]


def test_the_command_line_writes_reports_and_the_bundle(
    demonstration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pharmacy.db").write_bytes(demonstration.read_bytes())
    where, out = ["--database", str(tmp_path / "pharmacy.db")], tmp_path / "out"
    assert main([*where, "reports", "--out", str(out), "--report", "charges", "--form", "csv"]) == 0
    assert main([*where, "reports", "--out", str(out), "--bundle"]) == 0
    assert sorted(file.suffix for file in out.iterdir()) == [".csv", ".pdf"]
    assert main([*where, "reports"]) == 0  # Nothing is scheduled.
    assert main([*where, "reports", "--out", str(out), "--report", "nonsense"]) == 1
    assert "no such report" in capsys.readouterr().err
