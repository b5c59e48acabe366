"""Reports that go to a folder each morning, on both engines and on the command line."""

import errno
import io
import pkgutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.cli import main
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, today
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting.report import Found
from infusion_desktop.reporting.report_files import as_csv, as_xlsx
from infusion_desktop.reporting.sending import BUNDLE, Schedule, Sent, add_schedule, end_schedule, schedules, send_due
from infusion_desktop.reporting.words import Form, PeriodRule
from reports.table_report import Column, Kind


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


@pytest.mark.parametrize(
    ("where", "trouble", "said"),
    [
        ("os.fsync", OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        ("tempfile.mkdtemp", OSError(errno.EROFS, "Read-only file system"), "may not be written there"),
        ("tempfile.mkdtemp", PermissionError(errno.EACCES, "Permission denied"), "may not be written there"),
        ("pathlib.Path.replace", PermissionError(errno.EACCES, "Permission denied"), "open in another program"),
        ("infusion_desktop.reporting.report_files.run", ZeroDivisionError(), "It could not be made"),
    ],
    ids=["full disk", "read-only disk", "read-only folder", "file open elsewhere", "a fault in a report"],
)
def test_what_stands_in_the_way_is_told_once_and_the_others_go_out(
    database: Database, administrator: UserId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, where: str, trouble: Exception, said: str,
) -> None:  # fmt: skip
    share = tmp_path / "share"
    share.mkdir()
    for key in ("payments", "aging"):
        add_schedule(database, Schedule(key, PeriodRule.LAST_MONTH, Form.CSV, str(share)), administrator)
    real, calls = pkgutil.resolve_name(where), []

    def once(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise trouble
        return real(*given, **named)

    monkeypatch.setattr(where, once)
    sent = morning(database, administrator)
    assert [file.name.split("-")[0] for file in sent.files] == ["aging"], "the second went out all the same"
    assert len(sent.failures) == len(sent.news) == 1 and said in sent.news[0] and sent.news[0].startswith("Payments:")
    assert [file.name for file in share.iterdir()] == [sent.files[0].name], "nothing half written is left"
    again = morning(database, administrator)
    assert [file.name.split("-")[0] for file in again.files] == ["payments"] and not again.failures
    assert morning(database, administrator) == Sent((), (), ())
    caplog.clear()


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


def test_files_end_with_the_totals() -> None:
    found = Found((Column("Item"), Column("Units", Kind.NUMBER)), (("A", 2), ("B", 3)), (None, 5))
    assert as_csv(found).decode("utf-8-sig").splitlines()[-1] == "Total,5"
    sheet = load_workbook(io.BytesIO(as_xlsx(found))).active
    assert sheet is not None
    assert [cell.value for cell in list(sheet.rows)[-1]] == ["Total", 5] and sheet["A4"].font.b


def test_the_command_line_writes_reports_and_the_bundle(
    one_demonstration: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, out = ["--database", one_demonstration.address], tmp_path / "out"
    assert main([*where, "reports", "--out", str(out), "--report", "charges", "--form", "csv"]) == 0
    assert main([*where, "reports", "--out", str(out), "--bundle"]) == 0
    assert sorted(file.suffix for file in out.iterdir()) == [".csv", ".pdf"]
    assert main([*where, "reports"]) == 0  # Nothing is scheduled.
    assert main([*where, "reports", "--out", str(out), "--report", "nonsense"]) == 1
    assert "no such report" in capsys.readouterr().err
