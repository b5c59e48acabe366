"""The same deeds without a window: one command each, plain errors, exit code 0, 1 (refused) or 2 (wrongly called).

What changes data is done as the person named with --as (by default the first administrator); the machine's own
account has already let that person in, so no password is asked.
"""

import argparse
import gc
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infusion_desktop import __version__
from infusion_desktop.errors import Refused, Warned

if TYPE_CHECKING:
    from infusion_desktop.access.roles import UserId
    from infusion_desktop.database.engine import Database, Place
    from infusion_desktop.progress import Progress
    from infusion_desktop.stock.importing.table_preview import Preview

Command = Callable[["Database", argparse.Namespace], int]
GARBAGE = (100_000, 20, 50)
"""When Python searches for unreachable objects, as rarely as in the window (desktop/collector.py).

A payment or a month holds hundreds of thousands of objects while it is worked on and frees them by itself; searching
them every 700 new ones, as Python does by default, takes a quarter of the time.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the text of every refusal goes to standard error."""
    from infusion_desktop.database.trouble import Unavailable

    gc.set_threshold(*GARBAGE)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not hasattr(chosen, "command"):
        parser.error("Name a command.")
    try:
        return _run(chosen)
    except Warned as warned:
        for sentence in warned.warnings:
            print(sentence, file=sys.stderr)
        return 1
    except Refused as no:
        for sentence in no.reasons:
            print(sentence, file=sys.stderr)
        return 1
    except Unavailable as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(_plainly(error), file=sys.stderr)
        return 1
    except Exception as error:  # A defect: its words may quote a patient's data, and mails of night jobs carry them.
        from infusion_desktop.logs import without_words

        print(f"A defect. Nothing more was done.\n{without_words(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was finished before is kept, the rest was not begun.", file=sys.stderr)
        return 130


def names_a_command(arguments: list[str]) -> bool:
    """Whether one of the commands is named; otherwise the window is meant. Help and version are said here."""
    return hasattr(_parser().parse_known_args(arguments)[0], "command")


def _plainly(error: OSError | ValueError) -> str:
    """What is wrong with a file or a value, with the path the person typed."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror or 'it cannot be used'}. Check the path."
    return f"A value is not usable ({type(error).__name__}). Nothing more was done."


def _run(chosen: argparse.Namespace) -> int:
    from infusion_desktop.database.backup import naming_newest
    from infusion_desktop.database.engine import Place
    from infusion_desktop.opening import open_pharmacy
    from infusion_desktop.settings import load_settings

    settings = load_settings(chosen.settings)
    place = Place.of(chosen.database or settings.database)
    if not place.is_sqlite and chosen.command is _restore:
        raise Refused("A PostgreSQL database is restored on its server, with pg_restore. Then: prove-copy URL.")
    if not place.is_sqlite and chosen.command is _encrypt:
        raise Refused("Only a SQLite file is encrypted here. On a server its administrator encrypts the disk.")
    if chosen.command is _restore:  # What is in its place may be damaged or missing: it is not opened first.
        return _restore_into(place, chosen)
    if chosen.command is _encrypt:  # Nobody may have it open, not even we.
        return _encrypt_place(_unlocked(place), settings.backups)
    is_there = place.file.exists() and (place.file.is_dir() or place.file.stat().st_size) if place.is_sqlite else True
    if not is_there and chosen.command not in (_demo, _migrate, _import_items):
        # A new, empty pharmacy would verify well and be copied every night, and nobody would see the wrong path.
        raise Refused(f"There is no database {place.file}. Check the path, or go back to a copy: restore FILE.")
    has_dump = chosen.command is _migrate and chosen.copied
    with naming_newest(place, settings.backups):
        database = open_pharmacy(_unlocked(place), backups=settings.backups, has_dump=has_dump)
    try:
        command: Command = chosen.command
        return command(database, chosen)
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infusion-desktop", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--database", metavar="URL", help="a SQLite file or a postgresql:// address")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="another settings.toml")
    parser.add_argument("--as", dest="person", metavar="USERNAME", help="who does it")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands; without one the window opens")

    demo = _command(commands, "demo", _demo, "fill an empty database with the demonstration pharmacy")
    demo.add_argument("--seed", type=_whole, default=1)
    demo.add_argument("--size", choices=("small", "standard", "large"), default="standard")

    for name, run, about in (
        ("import-items", _import_items, "take a catalogue file (CSV or XLSX) in, all or nothing"),
        ("import-opening", _import_opening, "take opening balances (CSV or XLSX) in as one batch, all or nothing"),
        ("import-equipment", _import_equipment, "take a register of pumps and poles (CSV or XLSX) in, all or nothing"),
    ):
        table = _command(commands, name, run, about)
        table.add_argument("file", type=Path)
        table.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        table.add_argument("--bad-lines", type=Path, metavar="FILE", help="write the lines to mend there, as CSV")

    manifest = _command(commands, "manifest", _manifest, "write the delivery manifest of each delivery named")
    manifest.add_argument("delivery", nargs="+", help="a delivery's number, such as D000123")
    manifest.add_argument("--why", metavar="REASON", help="why restricted records are printed; it is kept")
    manifest.add_argument("--out", type=Path, required=True, metavar="DIR")

    manifests = _command(commands, "manifests", _manifests, "write the manifests of a whole day as one file")
    manifests.add_argument("--date", required=True, metavar="DAY")
    manifests.add_argument("--why", metavar="REASON", help="why restricted records are printed; it is kept")
    manifests.add_argument("--out", type=Path, required=True, metavar="FILE")

    summary = _command(commands, "claim-summary", _claim_summary, "write the claim summary of a month")
    summary.add_argument("--month", required=True, metavar="YYYY-MM")
    of = summary.add_mutually_exclusive_group()
    of.add_argument("--payer", help="only this payer (name)")
    of.add_argument("--patient", help="only this patient (number)")
    summary.add_argument("--why", metavar="REASON", help="why restricted records are printed; it is kept")
    summary.add_argument("--out", type=Path, required=True, metavar="FILE")

    claims = _command(commands, "claims", _claims, "count a month's days, make and check claims, write the files")
    claims.add_argument("--month", required=True, metavar="YYYY-MM")
    claims.add_argument("--payer", help="only this payer (name)")
    claims.add_argument("--out", type=Path, required=True, metavar="DIR")

    answers = _command(commands, "read-edi", _read_edi, "read payers' answers: TA1, 999, 277CA, 835")
    answers.add_argument("file", nargs="+", type=Path)

    reports = _command(commands, "reports", _reports, "put managers' reports into a folder, or send what is due today")
    reports.add_argument("--out", type=Path, metavar="DIR", help="without it: send the morning's scheduled reports")
    reports.add_argument("--bundle", action="store_true", help="the month-end bundle as one PDF")
    reports.add_argument("--report", action="append", metavar="KEY", help="only this report; may be given again")
    reports.add_argument("--month", metavar="YYYY-MM", help="by default the last whole month")
    reports.add_argument("--form", choices=("pdf", "xlsx", "csv"), default="pdf")

    migrate = _command(commands, "migrate", _migrate, "bring the database to this program's schema")
    migrate.add_argument("--copied", action="store_true", help="a server's dump was made, and nobody works on it")
    _command(commands, "verify", _verify, "prove that every balance equals its moves and every rule holds")
    back_up = _command(commands, "backup", _back_up, "copy the database while people work")
    back_up.add_argument("--out", type=Path, required=True, metavar="FILE")
    prove = _command(commands, "prove-copy", _prove_copy, "prove a server's dump, restored into a database of its own")
    prove.add_argument("restored", metavar="URL", help="the postgresql:// address of that database")
    restore = _command(commands, "restore", _restore, "put a copy in the database's place; the present file is kept")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--yes", action="store_true", help="do it; without this, only say what would change")
    _command(commands, "encrypt", _encrypt, "encrypt the SQLite file, or give it another key and other phrases")
    return parser


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"“{text[:20]}” is not a whole number of at most nine digits")
    return int(text)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, about: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(command=command)
    return parser


def _person(database: "Database", chosen: argparse.Namespace) -> "UserId":
    from infusion_desktop.access.people import everybody
    from infusion_desktop.access.roles import Role

    with database.reading() as session:
        people = everybody(session)
    if chosen.person:
        named = [user for user in people if user.username == chosen.person.casefold()]
        if not named:
            raise Refused(f"Nobody with the user name “{chosen.person}” works here.")
        return named[0].id
    administrators = sorted((user.id for user in people if Role.ADMINISTRATOR in user.roles), key=int)
    if not administrators:
        raise Refused("This database is empty. Open the application once to set the pharmacy up, or run `demo`.")
    return administrators[0]


def _shown(heard: "Progress") -> None:
    if sys.stderr.isatty():
        print(f"\r{heard.text:<50} {heard.done}/{heard.total} ", end="", file=sys.stderr, flush=True)


def _written(file: Path, content: bytes) -> None:
    from infusion_desktop.files import write_whole

    write_whole(file, content)
    print(f"{file}: {len(content):,} bytes")


def _migrate(database: "Database", _chosen: argparse.Namespace) -> int:
    from infusion_desktop.database import migrations

    print(f"{database.place.shown()} stands at schema {migrations.version_of(database.place)}, the newest.")
    return 0


def _back_up(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.recovering import make_copy

    file = make_copy(database, chosen.out, _person(database, chosen), _noted(chosen))
    print(f"{file}: {file.stat().st_size:,} bytes, opened and checked")
    return 0


def _prove_copy(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.database.engine import Place
    from infusion_desktop.recovering import prove_server_copy, shown

    found = prove_server_copy(database, Place.of(chosen.restored), _person(database, chosen))
    for sentence in found.problems:
        print(sentence, file=sys.stderr)
    print(f"The copy: {shown(found.reach)}, {len(found.problems)} problems.")
    return 1 if found.problems else 0


def _restore(_database: "Database", _chosen: argparse.Namespace) -> int:
    raise AssertionError("runs before the database is opened")


def _encrypt(_database: "Database", _chosen: argparse.Namespace) -> int:
    raise AssertionError("runs before the database is opened")


def _encrypt_place(place: "Place", copies: Path) -> int:
    from infusion_desktop.database.encrypting import encrypt, plain_copies
    from infusion_desktop.database.keys import recovery_phrase, system_store
    from infusion_desktop.recovering import note_protected

    store, recovery = system_store(), recovery_phrase()
    phrases = (recovery,) if store is not None else (_asked("New passphrase: "), recovery)
    now = encrypt(place, phrases, store)
    print(f"{place.shown()} is encrypted.")
    print(f"Recovery phrase, told only now; write it down: {recovery}")
    note_protected(now, None, is_first=place.key is None)
    left = plain_copies(place, copies)
    if left:
        print(f"{len(left)} copies in {copies} are not encrypted. Make a new copy, then remove them.")
    return 0


def _unlocked(place: "Place") -> "Place":
    """The place with its key: from the system's key store, or from a passphrase."""
    from infusion_desktop.database.keys import is_encrypted

    if not place.is_sqlite or not is_encrypted(place.file):
        return place
    from infusion_desktop.database.encrypting import unlocked
    from infusion_desktop.database.keys import system_store

    store = system_store()
    opened = unlocked(place, store=store) or unlocked(place, _asked("Passphrase: "), store)
    assert opened is not None, "a phrase opens it or is refused"
    return opened


def _asked(prompt: str) -> str:
    """A passphrase, from INFUSION_DESKTOP_PASSPHRASE or the keyboard; never an argument, which others could see."""
    if given := os.environ.get("INFUSION_DESKTOP_PASSPHRASE"):
        return given
    if not sys.stdin.isatty():
        raise Refused("A passphrase is needed. Set INFUSION_DESKTOP_PASSPHRASE, or run this at a terminal.")
    import getpass

    return getpass.getpass(prompt)


def _with_key_of_copy(place: "Place", copy: Path) -> "tuple[Place, bytes | None]":
    """The place and the copy's own key: a copy opens with the key file beside it, or with the database's own."""
    from infusion_desktop.database.keys import find_key, is_encrypted, key_file_of, read_key_file, write_key_file

    if key_file_of(place.file).exists() and is_encrypted(place.file):
        place = _unlocked(place)
    if not is_encrypted(copy) or not (key_file_of(copy).exists() or place.key):
        return place, None
    if not key_file_of(copy).exists():
        return place, place.key
    from infusion_desktop.database.keys import system_store

    kept, store = read_key_file(copy), system_store()
    key = find_key(copy, kept, "", store) or find_key(copy, kept, _asked("Passphrase of the copy: "), store)
    if place.key is None:
        if place.file.exists() and place.file.stat().st_size:
            raise Refused(
                f"The copy is encrypted and {place.shown()} is not. Encrypt it first with `encrypt`, or move it away."
            )
        write_key_file(place.file, kept)
        place = replace(place, key=key)
    return place, key


def _restore_into(place: "Place", chosen: argparse.Namespace) -> int:
    from infusion_desktop.database.backup import forget
    from infusion_desktop.opening import open_pharmacy
    from infusion_desktop.recovering import go_back, reach_or_none, shown, staged_copy

    place, key = _with_key_of_copy(place, chosen.file)
    staged, reach = staged_copy(place, chosen.file, key)
    try:
        print(f"The copy: {shown(reach)}.")
        if place.file.exists():
            now = shown(reach_or_none(place))
            print(f"In use now: {now}. What is newer than the copy will only be in the file set aside.")
        if not chosen.yes:
            print("Nothing was changed. Repeat with --yes to restore.", file=sys.stderr)
            return 1
        aside = go_back(place, staged, "restored from the command line", None, _noted(chosen))
    finally:
        forget(staged)
    if aside is not None:
        print(f"The file that was in use is kept as {aside}.")
    database = open_pharmacy(place)
    try:
        return _verify(database, chosen)
    finally:
        database.close()


def _noted(chosen: argparse.Namespace) -> Path:
    """The folder of the copies, in which the trail's seals are noted."""
    from infusion_desktop.settings import load_settings

    return load_settings(chosen.settings).backups


def _verify(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.verifying import verify_books

    problems = verify_books(database, _noted(chosen))
    for sentence in problems:
        print(sentence, file=sys.stderr)
    print("The books are in order." if not problems else f"{len(problems)} problems were found.")
    return 1 if problems else 0


def _demo(database: "Database", chosen: argparse.Namespace) -> int:
    import secrets

    from infusion_desktop.access.passwords import hash_password
    from infusion_desktop.demonstration import fill
    from infusion_desktop.progress import run_to_end
    from infusion_desktop.setting_up import EXAMPLE, set_up

    password = "-".join(secrets.token_hex(2) for _ in range(4))
    administrator = run_to_end(set_up(database, EXAMPLE, "admin", "Alex Administrator", password))
    job = fill(database, administrator.id, hash_password(password), seed=chosen.seed, size=chosen.size)
    print(run_to_end(job, _shown))
    print(f"Sign in as admin, maria, aisha, carol, bill or ruth with this password, told only now: {password}")
    return 0


def _import_items(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.stock.importing.item_import import beside_catalogue, import_items, preview_items

    preview = beside_catalogue(database, preview_items(_table(chosen.file), chosen.file.name))
    return _taken_in(database, chosen, preview, "items", import_items)


def _import_opening(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.stock.importing.opening_import import import_opening, preview_opening

    with database.reading() as session:
        preview = preview_opening(session, _table(chosen.file), chosen.file.name)
    return _taken_in(database, chosen, preview, "opening balances", import_opening)


def _import_equipment(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.equipment.asset_import import import_assets, preview_assets

    with database.reading() as session:
        preview = preview_assets(session, _table(chosen.file), chosen.file.name)
    return _taken_in(database, chosen, preview, "pumps and poles", import_assets)


def _table(file: Path) -> bytes:
    from infusion_desktop.files import read_part
    from infusion_desktop.stock.importing.table_files import BIGGEST_FILE

    return read_part(file, BIGGEST_FILE)


def _taken_in(
    database: "Database",
    chosen: argparse.Namespace,
    preview: "Preview[Any]",
    what: str,
    take_in: "Callable[[Database, Preview[Any], UserId], int]",
) -> int:
    """Take the file in, or say every problem of it, where it stands and how many there are."""
    if preview.problems and chosen.bad_lines is not None:
        _written(chosen.bad_lines, preview.bad_lines())
    for problem in preview.problems:
        print(problem, file=sys.stderr)
    if preview.problems:
        found = "1 problem" if len(preview.problems) == 1 else f"{len(preview.problems):,} problems"
        print(f"Nothing was imported: {found} in {chosen.file.name}.", file=sys.stderr)
        return 1
    if chosen.dry_run:
        print(f"{len(preview.rows)} {what} would be imported.")
        return 0
    take_in(database, preview, _person(database, chosen))
    print(f"{len(preview.rows)} {what} were imported.")
    return 0


def _manifest(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.deliveries.papers import print_manifests
    from infusion_desktop.deliveries.queries import delivery_id_by_number

    by = _person(database, chosen)
    with database.reading() as session:
        found = [(number, delivery_id_by_number(session, number)) for number in chosen.delivery]
    missing = [number for number, delivery in found if delivery is None]
    if missing:
        raise Refused(f"There is no delivery {', '.join(missing)}.")
    for number, delivery in found:
        assert delivery is not None
        _written(chosen.out / f"manifest-{number}.pdf", print_manifests(database, [delivery], by, chosen.why or ""))
    return 0


def _manifests(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.dates import read_day
    from infusion_desktop.deliveries.papers import print_manifests
    from infusion_desktop.deliveries.queries import deliveries_to_print

    day = read_day(chosen.date)
    with database.reading() as session:
        deliveries = deliveries_to_print(session, day)
    if not deliveries:
        raise Refused(f"No delivery of {day:%Y-%m-%d} has been released yet.")
    _written(chosen.out, print_manifests(database, deliveries, _person(database, chosen), chosen.why or ""))
    return 0


def _claim_summary(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.billing.papers import print_claim_summaries
    from infusion_desktop.dates import read_month

    by, month = _person(database, chosen), read_month(chosen.month)
    payer, patient = chosen.payer or "", chosen.patient or ""
    paper = print_claim_summaries(database, month, by, payer=payer, patient=patient, override=chosen.why or "")
    _written(chosen.out, paper)
    return 0


def _claims(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.billing.runs.month_run import run_month
    from infusion_desktop.dates import read_month
    from infusion_desktop.progress import run_to_end

    by, month = _person(database, chosen), read_month(chosen.month)
    files: list[tuple[str, str]] = []
    failed: list[str] = []
    try:
        result = run_to_end(run_month(database, month, by, payer=chosen.payer or "", files=files), _shown)
    finally:  # What left before the run was stopped is in files that must not be lost sight of.
        for name, text in files:
            try:
                _written(chosen.out / name, text.encode("ascii"))
            except Refused as no:
                failed += [f"{reason} It is kept: save it from Payments, Claim files." for reason in no.reasons]
    ended = _report(result.done, [*result.refused, *failed])
    print(f"{len(result.claims)} claims of {chosen.month}, {len(files)} files.")
    return ended


def _read_edi(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.billing.money.answers import read_answer
    from infusion_desktop.edi.x12 import FILE_LIMIT

    by = _person(database, chosen)
    ended = 0
    for file in chosen.file:  # Each is told at once: what comes of the next one may stop the command.
        done, refused = list[str](), list[str]()
        try:
            with file.open("rb") as opened:  # Never more in memory than a file may be.
                content = opened.read(FILE_LIMIT + 1)
            done += read_answer(database, content, by)
        except Warned as warned:
            refused += warned.warnings
        except Refused as no:
            refused += no.reasons
        except OSError as error:
            refused += [f"{error.strerror or 'it cannot be read'}. Check the path."]
        ended |= _report(*([f"{file.name}: {sentence}" for sentence in several] for several in (done, refused)))
    return ended


def _reports(database: "Database", chosen: argparse.Namespace) -> int:
    from infusion_desktop.dates import read_month, today
    from infusion_desktop.progress import run_to_end
    from infusion_desktop.reporting.bundle import MONTH_END
    from infusion_desktop.reporting.period_rules import period_of
    from infusion_desktop.reporting.report_files import write_bundle, write_report
    from infusion_desktop.reporting.sending import send_due
    from infusion_desktop.reporting.words import Form, PeriodRule

    by = _person(database, chosen)
    if chosen.out is None:
        sent = run_to_end(send_due(database, today(), by), _shown)
        return _report(map(str, sent.files), sent.failures)
    period = read_month(chosen.month) if chosen.month else period_of(PeriodRule.LAST_MONTH, today())
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.bundle:
        print(run_to_end(write_bundle(database, period, chosen.out, by), _shown))
        return 0
    for key in chosen.report or MONTH_END:
        print(write_report(database, key, period, Form(chosen.form), chosen.out, by))
    return 0


def _report(done: Iterable[str], refused: Iterable[str]) -> int:
    for sentence in done:
        print(sentence)
    found = list(refused)
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0
