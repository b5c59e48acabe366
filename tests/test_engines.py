"""With --engine postgresql every test runs on a server, except those that are about a SQLite file: named here."""

import re
import subprocess
import sys

import pytest

from infusion_desktop.database.engine import Database
from tests.conftest import ENGINES
from tests.promises import TESTS

OF_A_FILE = {
    "cli/test_commands.py": "copies and encryption",
    "database/test_kept_databases.py": "files and servers of older versions",
    "database/test_migrations.py": "strict tables",
    "desktop/test_data_screen.py": "copies, encryption and going back; test_data_on_a_server.py is its other half",
    "desktop/test_protection.py": "encryption",
    "desktop/test_starting_up.py": "files that are gone, spoilt, held or on a network drive",
    "equipment/test_custody_machine.py": "beside the same on a server",
    "equipment/test_migration.py": "a file of an older version",
    "stock/test_counting.py": "a file of an older version",
    "stock/test_look_ups.py": "the way SQLite's planner goes",
    "stock/test_stock_machine.py": "beside the same on a server",
    "test_starting.py": "what a start imports",
    "trust/test_anchors.py": "a file exchanged for another",
    "trust/test_canary.py": "encryption, beside the log of a server",
    "trust/test_copies.py": "copies, damage and locks",
    "trust/test_faults.py": "full disks, rights, spoilt files",
    "trust/test_hostile_files.py": "spoilt copies",
    "trust/test_keys.py": "encryption",
    "trust/test_killed_programs.py": "the journal of a file, beside the same on a server",
    "trust/test_large_copies.py": "copies, beside dumps of a server",
    "trust/test_power_cuts.py": "what a file system keeps",
}  # fmt: skip
"""Modules that open a file or ask for SQLite by name, and what for."""
ASKS_FOR_A_FILE = re.compile(r'\bsqlite_(database|demonstrations?|template)\b|\["sqlite"\]|Place\.of\((str\(|settings)')
OF_ALL_KINDS = "tests/trust/test_anchors.py"
OURS = {"conftest.py", "fresh_copies.py", "test_engines.py"}


def test_only_what_is_about_a_file_asks_for_one() -> None:
    modules = {each.relative_to(TESTS).as_posix(): each for each in TESTS.rglob("*.py")}
    asking = {name for name, each in modules.items() if ASKS_FOR_A_FILE.search(each.read_text(encoding="utf-8"))}
    assert asking - OURS == OF_A_FILE.keys()


def test_what_need_not_be_tried_on_both_runs_on_the_engine_that_was_chosen(
    one_database: Database, pytestconfig: pytest.Config
) -> None:
    assert one_database.place.engine == (pytestconfig.getoption("--engine") or "sqlite")


@pytest.mark.parametrize(("chosen", "other"), [ENGINES, ENGINES[::-1]])
def test_a_run_on_one_engine_takes_no_test_that_names_the_other(chosen: str, other: str) -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--engine", chosen, OF_ALL_KINDS]
    told = subprocess.run(command, capture_output=True, text=True, cwd=TESTS.parent).stdout
    assert f"[{chosen}]" in told and f"[{other}]" not in told
    assert "test_a_note_alone_does_not_end_what_was_noted_before" in told, "it need not be tried on both"
    assert ("test_a_servers_trail_is_noted_too" in told) == (chosen == "postgresql")
    assert ("test_a_trail_sealed_anew" in told) == (chosen == "sqlite")
