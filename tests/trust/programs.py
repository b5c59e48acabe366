"""Programs that the trust tests start and kill: each works as a workstation would, and says what was committed."""

import os
import random
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import UserId
from infusion_desktop.database import backup, engine, keys
from infusion_desktop.database.encrypting import encrypt, unlocked
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.database.trouble import Unavailable, Unsure
from infusion_desktop.errors import Kept
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.allocation import Demand, reserve
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import place_id
from infusion_desktop.stock.words import ItemId, LotId, MoveReason

THROUGH = date(2027, 1, 1)


def say(*words: object) -> None:
    """Tell the test, at once and in one write."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def post_for_ever(address: str, by: str, worker: str, *lots: str) -> None:
    """Post kits of two moves and an audit entry without end; each document is told once it is committed."""
    database = opened(address)
    say("ready")
    document = int(worker) * 1_000_000
    while True:
        document += 1
        with suppress(Unavailable):
            post_kit(database, UserId(int(by)), document, [LotId(int(lot)) for lot in lots])
            say(document)


def post_some(address: str, by: str, kits: str, *lots: str) -> None:
    """Post so many kits, each told once it is committed."""
    database = opened(address)
    say("ready")
    for document in range(1, int(kits) + 1):
        post_kit(database, UserId(int(by)), document, [LotId(int(lot)) for lot in lots])
        say(document)


def write_loosely(file: str, level: str, rows: str) -> None:
    """What the program never does: a database that does not wait for the disk. Each row is told once committed."""
    import sqlite3

    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {level}")
    connection.execute("PRAGMA wal_autocheckpoint = 20")
    for row in range(1, int(rows) + 1):
        connection.execute("INSERT INTO note VALUES (?, ?)", (row, str(row) * 700))
        say(row)


def persist(address: str, by: str, worker: str, *lots: str) -> None:
    """Post kits without end, each again until it is said to be saved, as a person presses again."""
    database = opened(address)
    document = int(worker) * 1_000_000
    while True:
        document += 1
        unsure: Unsure | None = None
        while True:
            try:
                if unsure is not None:
                    unsure.settle()
                post_kit(database, UserId(int(by)), document, [LotId(int(lot)) for lot in lots])
                break
            except Kept:
                break
            except Unavailable as no:
                unsure = no if isinstance(no, Unsure) else None
                say("refused")
                time.sleep(0.05)
        say(document)


def post_kit(database: Database, by: UserId, document: int, lots: list[LotId]) -> None:
    """One unit of each lot goes on its way, with its entry in the trail."""
    with database.transaction() as session:
        main, transit = place_id(session, "MAIN"), place_id(session, "TRANSIT")
        moves = [NewMove(lot, main, transit, 1, MoveReason.TRANSFERRED) for lot in lots]
        post(session, moves, "transfer", document, by)
        record(session, by, "send", "transfer", document)


def obey(address: str, by: str, worker: str) -> None:
    """Do as each line says, as the other workers do at the same moment; one line is answered, of what was done."""
    database, who, document = opened(address), UserId(int(by)), int(worker) * 1_000_000
    pick = random.Random(document)
    say("ready")
    for line in sys.stdin:
        what, often, *words = line.split()
        did: list[int] = []
        for _ in range(int(often)):
            document += 1
            if what == "take":
                did += take_one(database, who, document, [ItemId(int(words[0]))])
            elif what == "kit":
                begun = time.perf_counter()
                items = pick.sample([ItemId(int(each)) for each in words], 4)
                database.unhindered(partial(take_one, database, who, document, items))
                did.append(round((time.perf_counter() - begun) * 1_000_000))
            else:
                with database.transaction() as session:
                    record(session, who, "look around", "shelf", document)
        say(*did)


def take_one(database: Database, by: UserId, document: int, items: list[ItemId]) -> list[int]:
    """Reserve a unit of each item for a document; which lots, and 0 for each item that was said to be out of stock."""
    with database.transaction() as session:
        demands = [Demand(line, item, 1, THROUGH) for line, item in enumerate(items, 1)]
        kept = reserve(session, "kit", document, demands)
        record(session, by, "reserve", "kit", document)
    return [each.lot_id for each in kept.allocations] + [0] * len(kept.shortages)


def rekey_for_ever(file: str, number: str, journal: str) -> None:
    """Give an encrypted database one key after the other, each under its own phrase; told when it is done."""
    keys.MEMORY_KIB, keys.PASSES = 64, 1
    if journal == "truncate":
        engine.SAFE_WAL = (99,)
    turn = int(number)
    place = unlocked(Place.of(file), f"sentence number {turn}")
    assert place is not None
    say("ready")
    while True:
        turn += 1
        place = encrypt(place, [f"sentence number {turn}"])
        say(turn)


def fill_the_disk(address: str, by: str, often: str, room: str, *lots: str) -> None:
    """Post kits until the file may grow no more, again with a little more room, and at last with enough of it.

    What each attempt met is told. Each time the disk is full at another point of a kit's writing.
    """
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    database, document, pick = opened(address), 1_000_000, random.Random(int(often))
    place, most = [LotId(int(lot)) for lot in lots], int(room)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    refusals = 0
    while refusals < int(often):
        document += 1
        try:
            post_kit(database, UserId(int(by)), document, place)
            say("saved", document)
        except Unavailable as no:
            refusals += 1
            say("refused", no)
            most += pick.randrange(60_000)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    post_kit(database, UserId(int(by)), document + 1, place)
    say("saved", document + 1)
    database.close()


def only_read(used: str, address: str) -> None:
    """Open a pharmacy that may only be read, as somebody who may not write everywhere; what is said is told."""
    open_pharmacy(Place.of(used)).close()  # Whatever is imported late is imported while its folder may be read.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        database = open_pharmacy(Place.of(address))
        with database.transaction() as session:
            record(session, None, "look around", "shelf")
        say("written")
    except Unavailable as no:
        say("refused", no)


def write_for_ever(folder: str, turn: str) -> None:
    """Write a paper, a list and settings again and again, each time with another content."""
    from infusion_desktop.desktop.table import Column
    from infusion_desktop.desktop.table_export import export
    from infusion_desktop.files import write_whole
    from infusion_desktop.progress import run_to_end
    from infusion_desktop.settings import load_settings, save_settings

    place, number = Path(folder), int(turn)
    (place / "settings.toml").touch()
    while True:
        number += 1
        letter = chr(ord("A") + number % 26)
        write_whole(place / "paper.pdf", letter.encode() * 3_000_000)
        columns = (Column[str]("a", text=lambda row: row), Column[str]("b", text=lambda row: row * 20))
        run_to_end(export(place / "list.csv", columns, [letter] * 3_000))
        save_settings(load_settings(place / "settings.toml"), theme="dark" if number % 2 else "light")
        if number == int(turn) + 1:
            say("ready")


def die_within(address: str, deed: str, seed: str, most: str) -> None:
    """Work as everybody does, in any order, until the process kills itself at some write of one kind of deed.

    After each commit is told how many entries the program made, and of a file what is in it. A deed that never comes
    about in so many steps is let be.
    """
    import signal

    from tests.stories.test_random_weeks import Walk

    pick, writes, note = random.Random(int(seed)), [0], engine._note_writes

    def count(connection: Any, statement: str) -> None:
        note(connection, statement)
        if writes[0] and engine.writes(statement):
            writes[0] -= 1
            if not writes[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    engine._note_writes = count
    database = open_pharmacy(Place.of(address), "bench-1")
    commit = database._commit

    def commit_and_tell(*of: Any) -> None:
        commit(*of)
        say(database.entries + len(of[0].info.get("audit", ())), content_of(database.place))

    database._commit = commit_and_tell  # type: ignore[method-assign]
    say(0, content_of(database.place))
    walk = Walk(database, int(seed))
    fatal = getattr(walk, f"do_{deed}")
    walk.deeds += [fatal] * len(walk.deeds)
    for turn, each in enumerate(walk.deeds):

        def done(each: Callable[[], object] = each) -> None:
            writes[0] = pick.choice((1, 2, 3, 4, 6, 9, 14, 30)) if each == fatal else 0
            each()

        done.__name__ = each.__name__
        walk.deeds[turn] = done
    for _ in range(int(most)):
        walk.step()
    database.close()


def content_of(place: Place) -> int:
    """A number that every value in a file has its part in; 0 of a server."""
    if not place.is_sqlite:
        return 0
    with backup.opened(place.file, place.key) as connection:
        return zlib.crc32(repr(sorted(backup.facts(connection).items())).encode())


def names(address: str, key: str) -> None:
    """The last names of all patients of an encrypted pharmacy."""
    from infusion_desktop.patients.tables import Patient

    database = open_pharmacy(Place.of(address, bytes.fromhex(key)))
    with database.reading() as session:
        say(*session.scalars(select(Patient.last_name)))


def upgrade(address: str, backups: str, fatal: str) -> None:
    """Open an older pharmacy, which upgrades it: its statements are counted and told, or it ends before one of them."""
    import signal

    from sqlalchemy import Engine, event

    statements = [0]

    def count(*_of: object) -> None:
        statements[0] += 1
        if statements[0] == int(fatal):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    open_pharmacy(Place.of(address), backups=Path(backups), has_dump=True).close()
    say(statements[0])


def opened(address: str) -> Database:
    """The database, as a workstation of its own."""
    return open_pharmacy(Place.of(address), f"bench-{os.getpid()}")


if __name__ == "__main__":
    known = {
        "post": post_for_ever, "obey": obey, "rekey": rekey_for_ever, "fill": fill_the_disk, "upgrade": upgrade,
        "persist": persist, "post_some": post_some, "write_loosely": write_loosely,
        "only_read": only_read, "names": names, "write": write_for_ever,
        "die_within": die_within,
    }  # fmt: skip
    known[sys.argv[1]](*sys.argv[2:])
