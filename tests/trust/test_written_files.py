"""What the program writes: no formula, no half file, no name of a patient as a file's name (RELIABILITY E3, E5, E6)."""

import ast
import csv
import io
import os
import re
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from infusion_desktop import desktop
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_export import as_clipboard, export
from infusion_desktop.errors import Refused
from infusion_desktop.files import harmless, safe_name, write_whole
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting.report import Found
from infusion_desktop.reporting.report_files import as_csv, as_xlsx
from infusion_desktop.settings import load_settings, save_settings
from infusion_desktop.stock.importing.table_files import Problem, lines_to_mend, read_table
from infusion_desktop.stock.importing.table_preview import Preview
from reports.table_report import Column as ReportColumn
from tests.promises import times

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\x00", "\x01", "\n", "\ufeff")
CELLS = tuple(
    f"{first}{rest}" for first in BEGINNINGS for rest in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("x")', "SUM(A1)")
)
FORMULA = tuple("=+-@\t\r\x00")


def cells_of(text: str) -> list[str]:
    return [cell for line in csv.reader(io.StringIO(text, newline="")) for cell in line]


def assert_no_formula(workbook: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        sheets = [packed.read(name) for name in packed.namelist() if name.endswith(".xml")]
    assert sheets and not any(b"<f>" in sheet or b"<f " in sheet or b"<hyperlink" in sheet for sheet in sheets)


def test_no_export_of_the_program_carries_a_formula(tmp_path: Path) -> None:
    assert len(CELLS) == 40
    columns = (Column[str]("=title", text=lambda row: row), Column[str]("Other", text=lambda row: f"{row} x"))
    for end in ("csv", "xlsx"):
        file = run_to_end(export(tmp_path / f"list.{end}", columns, CELLS))
        if end == "xlsx":
            assert_no_formula(file.read_bytes())
        else:
            written = cells_of(file.read_bytes().decode("utf-8-sig"))
            assert len(written) == 82 and not [cell for cell in written if cell.startswith(FORMULA)]
    pasted = as_clipboard(columns, CELLS)
    assert not [cell for line in pasted.split("\n") for cell in line.split("\t") if cell.startswith(FORMULA[:4])][1:]
    found = Found((ReportColumn("=a"), ReportColumn("b")), tuple((cell, cell) for cell in CELLS), ("=sum", None))
    assert_no_formula(as_xlsx(found))
    written = cells_of(as_csv(found).decode("utf-8-sig"))
    assert not [cell for cell in written if cell.startswith(FORMULA)]


def test_lines_to_mend_carry_no_formula_and_are_read_as_they_came() -> None:
    kept = [cell for cell in CELLS if "\x00" not in cell and cell == cell.strip("\n\ufeff")]
    table = {number: (cell, "x") for number, cell in enumerate(kept, 2)}
    problems = dict.fromkeys(table, ("=wrong",))
    placed = tuple(Problem(line, "=c", "=wrong") for line in table)
    preview: Preview[object] = Preview(("=h", "b"), {}, (), placed, table)
    for written in (lines_to_mend(("=h", "b"), table, problems), preview.bad_lines()):
        assert not [cell for cell in cells_of(written.decode("utf-8-sig")) if cell.startswith(FORMULA)]
        again = [cells for _, cells in read_table(written, "mended.csv")]
        assert [row[0] for row in again[1:]] == kept
        assert again[0][0] == "=h"


@pytest.mark.parametrize("value", ["-5", "+3", "-$1,234.50", "-12.5%", "Ann", "O'Brien", "'quoted'"])
def test_numbers_and_names_stay_as_they_are(value: str) -> None:
    assert harmless(value) == value


HOSTILE = (
    "CON", "con.pdf", "COM1.pdf", "lpt9", "NUL.", "AUX.txt.pdf", "..", ".", "../../x", "..\\..\\x", "/etc/passwd",
    "a:b", "C:\\x",
    "name.", "name ", ".hidden", "", " ", "\x00", "a\nb", "a\u202eb", "x" * 500, "\u00e9", "*?<>|\"", "~",
    "%00", "$HOME", "-rf", "con ", "prn.", "COM\u00b9", "a/b", "a\\b",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_file_name_stays_in_its_folder_on_every_system(name: str, tmp_path: Path) -> None:
    made = safe_name(name)
    assert made.isascii() and 0 < len(made) <= 101
    assert (
        not set(made) & set('/\\:*?"<>|\x00\n ') and not made.startswith((".", "-")) and not made.endswith((".", " "))
    )
    assert made.partition(".")[0].casefold() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    file = tmp_path / made
    write_whole(file, b"x")
    assert file.resolve().parent == tmp_path.resolve() and file.read_bytes() == b"x"


TITLED = {"setWindowTitle": 0, "PdfDialog": 1, "Question": 0, "__init__": 2}
"""Calls that title a window, and which of what they are given is the title."""
FILE = re.compile(r"\.(pdf|csv|xlsx|txt|837|json|zip)$")
PERSONAL = re.compile(r"patient|last_name|first_name|born|phone|address")


def test_no_file_name_and_no_window_title_is_made_of_what_is_a_patients() -> None:
    """Read from the program itself: other programs see both, and few tests open every paper and dialog."""
    found, told = 0, []
    for module in sorted(Path(desktop.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names: list[ast.AST] = []
            if isinstance(node, ast.JoinedStr) and isinstance(last := node.values[-1], ast.Constant):
                names = [node] if FILE.search(str(last.value)) else []
            elif isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                names = [*node.args[TITLED.get(called, 99) :][:1]]
            found += len(names)
            for each in (part for name in names for part in ast.walk(name)):
                said = getattr(each, "attr", getattr(each, "id", ""))
                if PERSONAL.search(said):
                    told.append(f"{module.name}:{each.lineno} {said}")  # type: ignore[attr-defined]
    assert found > 100 and told == []


def test_a_program_killed_while_it_writes_leaves_the_old_file_or_the_new_one(
    program: Callable[..., list[str]], tmp_path: Path, pick: Random
) -> None:
    seen: set[bytes] = set()
    for turn in range(times(6, 100)):
        with subprocess.Popen(program("write", tmp_path, turn), stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            running.stdout.readline()
            time.sleep(pick.uniform(0.0, 0.4))
            running.kill()
        paper = (tmp_path / "paper.pdf").read_bytes()
        assert len(paper) == 3_000_000 and len(set(paper[::3_000])) == 1 and paper[:1] == paper[-1:]
        seen.add(paper[:1])
        rows = [line.split(",") for line in (tmp_path / "list.csv").read_text("utf-8-sig").splitlines()]
        assert len(rows) == 3_001 and len({tuple(row) for row in rows[1:]}) == 1
        assert load_settings(tmp_path / "settings.toml").theme in {"dark", "light"}
    assert len(seen) > 1, "it was killed at different moments"


def test_a_full_or_missing_folder_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "paper.pdf"
    write_whole(file, b"old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Refused, match="the disk is full"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old" and [each.name for each in tmp_path.iterdir()] == ["paper.pdf"]
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    columns = (Column[str]("a", text=lambda row: row),)
    lists = [lambda end=end: run_to_end(export(tmp_path / f"list.{end}", columns, CELLS)) for end in ("csv", "xlsx")]
    for writes in (*lists, lambda: save_settings(load_settings(), theme="dark")):
        with pytest.raises(Refused, match="the disk is full"):
            writes()
    assert [each.name for each in tmp_path.iterdir()] == ["paper.pdf"]
    blocked = tmp_path / "paper.pdf" / "inner.pdf"
    with pytest.raises(Refused, match="could not be written"):
        write_whole(blocked, b"new")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a process's files")
@pytest.mark.parametrize("end", ["csv", "xlsx"])
def test_a_list_the_disk_has_no_room_for_is_told_and_leaves_the_old_one_alone(tmp_path: Path, end: str) -> None:
    import resource

    file, columns = tmp_path / f"list.{end}", (Column[str]("a", text=lambda row: row),)
    file.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(Refused, match="could not be written: File too large"):
            run_to_end(export(file, columns, CELLS * 100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert file.read_bytes() == b"old" and [each.name for each in tmp_path.iterdir()] == [file.name]


def test_settings_survive_their_own_saving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    save_settings(load_settings(), theme="dark")
    save_settings(load_settings(), lock_after_minutes=7)
    assert (load_settings().theme, load_settings().lock_after_minutes) == ("dark", 7)
