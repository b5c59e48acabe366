"""Whatever way a report leaves the program: only for who may see it, and noted in the audit trail."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.errors import NotAllowed
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting.bundle import month_end
from infusion_desktop.reporting.papers import as_pdf, log_export, run
from infusion_desktop.reporting.report_files import save_found, write_bundle, write_report
from infusion_desktop.reporting.sending import Schedule, add_schedule, send_due
from infusion_desktop.reporting.words import Form, PeriodRule
from infusion_desktop.setting_up import EXAMPLE

PERIOD = Days(today(), today())


@pytest.fixture(autouse=True)
def _profile(database: Database, staff: dict[Role, UserId]) -> None:
    save_profile(database, EXAMPLE, staff[Role.ADMINISTRATOR])


Way = Callable[[Database, str, UserId, Path], object]


def _written(form: Form) -> Way:
    return lambda database, key, by, folder: write_report(database, key, PERIOD, form, folder, by)


def _shown(database: Database, key: str, by: UserId, _folder: Path) -> object:
    with database.reading() as session:
        pdf = as_pdf(session, key, PERIOD, by)
    log_export(database, key, PERIOD, "PDF", by)
    return pdf


def _saved(database: Database, key: str, by: UserId, folder: Path) -> object:
    with database.reading() as session:
        found = run(session, key, PERIOD, by)
    return save_found(database, key, PERIOD, found, folder / "shown.xlsx", by)


def _sent(database: Database, key: str, by: UserId, folder: Path) -> object:
    add_schedule(database, Schedule(key, PeriodRule.YESTERDAY, Form.CSV, str(folder)), by)
    sent = run_to_end(send_due(database, today(), by))
    assert len(sent.files) == 1
    return sent


WAYS: dict[str, Way] = {
    "preview": _shown, "PDF": _written(Form.PDF), "Excel": _written(Form.XLSX), "CSV": _written(Form.CSV),
    "what is shown": _saved, "each morning": _sent,
}  # fmt: skip


def _notes(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.reading() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.after)
            .where(AuditEntry.action.in_(("export report", "send report to folder")))
            .order_by(AuditEntry.number)
        )
        return [(row.action, json.loads(row.after)) for row in rows]


@pytest.mark.parametrize("way", WAYS)
def test_a_report_leaves_noted_and_only_for_who_may_see_it(
    database: Database, staff: dict[Role, UserId], tmp_path: Path, way: str
) -> None:
    for key, role in (("payments", Role.TECHNICIAN), ("audit", Role.BILLER)):
        with pytest.raises(NotAllowed):
            WAYS[way](database, key, staff[role], tmp_path)
    before = len(_notes(database))
    WAYS[way](database, "payments", staff[Role.MANAGER], tmp_path)
    notes = _notes(database)[before:]
    assert notes[0][0] == "export report" and notes[0][1]["report"] == "payments"
    assert notes[0][1]["form"] in ("PDF", "XLSX", "CSV")
    assert [action for action, _ in notes[1:]] == (["send report to folder"] if way == "each morning" else [])


def test_the_bundle_leaves_noted_and_only_for_who_may_see_it(
    database: Database, staff: dict[Role, UserId], tmp_path: Path
) -> None:
    for steps in (
        month_end(database, PERIOD, staff[Role.TECHNICIAN], ("payments",)),
        write_bundle(database, PERIOD, tmp_path, staff[Role.TECHNICIAN]),
    ):
        with pytest.raises(NotAllowed):
            run_to_end(steps)
    with pytest.raises(NotAllowed):
        run_to_end(month_end(database, PERIOD, staff[Role.BILLER], ("audit",)))
    before = len(_notes(database))
    run_to_end(month_end(database, PERIOD, staff[Role.MANAGER], ("payments", "charges")))
    assert [note["report"] for _, note in _notes(database)[before:]] == ["month-end bundle"]
