"""Every file somebody may bring, mutated 300 times: read or refused, quickly, and never in the log (D1, F7)."""

import contextlib
import csv
import io
import json
import logging
import random
import re
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infusion_desktop.billing.terms.code_lists import read_code_list
from infusion_desktop.billing.terms.fee_files import read_fee_file
from infusion_desktop.database.engine import Database
from infusion_desktop.database.keys import key_file_of, new_key_file, read_key_file, write_key_file
from infusion_desktop.database.restoring import stage
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.deliveries.door.proof import reasons_against_file
from infusion_desktop.desktop.messages import note_defect
from infusion_desktop.equipment.asset_import import preview_assets
from infusion_desktop.errors import Refused
from infusion_desktop.settings import load_settings
from infusion_desktop.stock.importing.item_import import preview_items
from infusion_desktop.stock.importing.opening_import import preview_opening
from infusion_desktop.stock.scanning.scans import read_scan
from tests.effort import light
from tests.promises import times
from tests.trust.heavy_files import text_row, workbook

MUTATIONS = times(60, 300)
PIECES = 50
"""Of plain work, for a file of this size."""
CANARY = "Zebulonia Quagmire"
SEEDS = {
    "settings": f'database = "/tmp/{CANARY}.db"\nlock_after_minutes = 5\n',
    "fees": f"code,modifiers,rate,unit\nS9500,,85.25,day\nB4150,BA,{CANARY},unit\n",
    "codes": f"code,description,effective\nS9500,{CANARY},2026-01-01\n",
    "items": f"number,name,kind,unit\nI1,{CANARY},dressing,each\nI2,Saline,flush,each\n",
    "vendors": "number,name,kind,vendor,vendor number,vendor pack,vendor price,contract\n"
    f"I1,Gauze,dressing,{CANARY},V-1,box,12.50,GPO\n",
    "workbook": f"number,name,kind,unit\nI1,{CANARY},dressing,each\n",
    "fee workbook": f"code,modifiers,rate,unit\nS9500,,85.25,day\nB4150,BA,{CANARY},unit\n",
    "scan": "(01)00312345678906(17)271231(10)A1",
    "assets": f"model,serial,tag,acquired\nPMP-1,SN1,{CANARY},2026-01-31\n",
    "opening": f"item,lot,expires,quantity,place\nI1,{CANARY},2027-01-31,12,MAIN\n",
}
NASTY = (
    b"\x00", b"\xff\xfe", b'"', b'"""', b"\r", b"\n" * 50, b",", b"," * 150, b";", b"\t", b"=cmd()", "\u202e".encode(),
    b"1e1000000", b"NaN", b"-1", b"9" * 5000, "\u0663".encode(), b"1_000", b"x" * 5000, b"\xef\xbb\xbf", b"[", b"]",
    b"{", b"= [[[[", b"../../etc/passwd", b"PK\x03\x04", b"%PDF-", b"\\u0000", b"'" * 3,
)  # fmt: skip


OF_A_LINE = re.compile(r"Line \d+\b|No column holds |There is no \w+ below the ")
NAMED = dict.fromkeys(SEEDS, "file.csv") | {"settings": "hostile.toml", "key": "hostile.key", "scan": ""}


@pytest.fixture
def readers(one_database: Database, tmp_path: Path) -> dict[str, Callable[[bytes], object]]:
    file = tmp_path / "hostile.toml"
    key_file = tmp_path / "hostile.db"

    def settings(content: bytes) -> object:
        file.write_bytes(content)
        return load_settings(file)

    def key(content: bytes) -> object:
        key_file_of(key_file).write_bytes(content)
        return read_key_file(key_file)

    def with_session(read: Callable[..., object]) -> Callable[[bytes], object]:
        def run(content: bytes) -> object:
            with one_database.reading() as session:
                return read(session, content, "file.csv")

        return run

    return {
        "settings": settings, "key": key,
        "fees": lambda content: read_fee_file(content, "file.csv", starts_on=date(2026, 1, 1)),
        "codes": lambda content: read_code_list(content, "file.csv"),
        "items": lambda content: preview_items(content, "file.csv"),
        "vendors": lambda content: preview_items(content, "file.csv"),
        "workbook": lambda content: preview_items(_as_workbook(content), "file.csv"),
        "fee workbook": lambda content: read_fee_file(_as_workbook(content), "file.csv", starts_on=date(2026, 1, 1)),
        "scan": lambda content: read_scan(content.decode("utf-8", "surrogateescape"), today=date(2026, 1, 1)),
        "assets": with_session(preview_assets), "opening": with_session(preview_opening),
    }  # fmt: skip


def _as_workbook(content: bytes) -> bytes:
    """The text as the rows of a sheet, perhaps no XML any more; of three one is cut and one spoilt somewhere."""
    text = content.decode("utf-8", "replace")
    whole = workbook("".join(text_row(*line.split(",")) for line in text.splitlines()))
    spoilt = bytearray(whole)
    if text == SEEDS["workbook"] or text == SEEDS["fee workbook"]:
        return whole
    if len(content) % 3 == 1:
        del spoilt[len(content) % len(whole) :]
    if len(content) % 3 == 2:
        spoilt[len(content) * 7 % len(whole)] ^= 0xFF
    return bytes(spoilt)


def told_of(result: object) -> list[str]:
    """Each problem of a preview as a person reads it, with its line."""
    return list(map(str, getattr(result, "problems", ())))


def mutated(seed: bytes, pick: random.Random) -> bytes:
    """A right file with something put in, taken out, doubled or turned over."""
    content = bytearray(seed)
    for _ in range(pick.randint(1, 4)):
        at, until = sorted((pick.randrange(len(content) + 1), pick.randrange(len(content) + 1)))
        match pick.randrange(5):
            case 0:
                content[at:at] = pick.choice(NASTY)
            case 1:
                del content[at : min(until, at + 20)]
            case 2:
                content[at:at] = content[at : min(until, at + 40)] * pick.randint(1, 5)
            case 3 if content:
                content[min(at, len(content) - 1)] = pick.randrange(256)
            case _:
                del content[until:]
    return bytes(content)


@pytest.mark.parametrize("kind", [*SEEDS, "key"])
def test_a_mutated_file_is_read_or_refused(
    readers: dict[str, Callable[[bytes], object]], kind: str, tmp_path: Path, pick: random.Random,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    if kind == "key":
        made = tmp_path / "made.db"
        write_key_file(made, new_key_file(bytes(32), ["one two three four"]))
        seed = key_file_of(made).read_bytes()
        assert json.loads(seed)
    else:
        seed = SEEDS[kind].encode()
    caplog.set_level(logging.DEBUG)
    readers[kind](seed)
    for content in (b"", b"\x00" * 4096, bytes(range(256)), *(mutated(seed, pick) for _ in range(MUTATIONS))):
        try:
            told = told_of(light(partial(readers[kind], content), PIECES))
        except Refused as no:
            assert NAMED[kind] in str(no), "the file is named"
            assert all(40 < len(reason) < 600 and reason.endswith((".", "?")) for reason in no.reasons), no.reasons
        else:
            assert all(OF_A_LINE.match(each) and len(each) < 600 for each in told), told
    assert CANARY not in caplog.text


def test_a_defect_with_a_patients_name_in_it_is_logged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for kind in (ValueError, KeyError, RuntimeError, OSError, AssertionError, Refused, Unavailable, UnicodeError):
        try:
            try:
                raise kind(CANARY)
            except Exception as inner:
                raise RuntimeError(f"while reading {CANARY}") from inner
        except RuntimeError as error:
            note_defect(error)
    assert "defect" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize("seed", range(times(20, 300)))
def test_a_spoilt_copy_is_refused_and_the_data_stay(sqlite_database: Database, tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    good = sqlite_database.place.file.read_bytes()
    copy = tmp_path / "copy.db"
    spoilt = bytearray(good[: pick.randrange(0, len(good))])
    for _ in range(pick.randint(1, 200)):
        if spoilt:
            spoilt[pick.randrange(min(len(spoilt), 4096 * 8))] = pick.randrange(256)
    copy.write_bytes(bytes(spoilt))
    try:
        stage(sqlite_database.place, copy)
    except (Refused, Unavailable) as no:
        assert str(no).strip()
    else:
        pytest.fail("a spoilt copy was made ready")
    assert sqlite_database.place.file.read_bytes() == good


def test_an_attachment_is_what_it_says_it_is_and_not_too_large() -> None:
    assert reasons_against_file(b"MZ\x90\x00", "image/png")
    assert reasons_against_file(b"%PDF-1.7", "image/png")
    assert reasons_against_file(b"\x89PNG\r\n\x1a\n", "text/html")
    assert reasons_against_file(b"%PDF-" + b"\x00" * 30_000_000, "application/pdf")


def test_a_setting_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"lock_after_minutes = {'5' * 5_140}\n")
    with pytest.raises(Refused, match="cannot be read"):
        load_settings(file)


@settings(max_examples=times(20, 300), suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=400), row=st.lists(st.text(max_size=30), max_size=12), kind=st.sampled_from(sorted(SEEDS)))
def test_any_text_is_read_or_refused(
    readers: dict[str, Callable[[bytes], object]], text: str, row: list[str], kind: str
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(row)
    head = SEEDS[kind].partition("\n")[0]
    for content in (text, f"{head}\n{text}\n", f"{head}\n{out.getvalue()}"):
        with contextlib.suppress(Refused):
            told_of(readers[kind](content.encode("utf-8", "surrogatepass")))
