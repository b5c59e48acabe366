"""Every deed of the program asks for its permission before it writes, role by role (RELIABILITY C2)."""

import collections.abc
import dataclasses
import importlib
import runpy
import types
import typing
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from infusion_desktop.access.deeds import DEEDS, OWN
from infusion_desktop.access.people import UserId
from infusion_desktop.access.roles import PERMISSIONS, Role
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.opening import open_pharmacy
from tests.trust.test_two_savers import CASES, ELSEWHERE, ENDS

assert open_pharmacy  # Maps every room's tables.
_READER = runpy.run_path(str(Path(__file__).with_name("reading_deeds.py")))
FOUND, asked = _READER["deeds"](), _READER["asked"]
LOOKS_FIRST = {
    "billing.money.answers.read_answer": "what the file is decides what is asked",
    "deliveries.bench.undoing.undo": "the step that is undone decides",
    "reporting.papers.log_export": "which report it is decides",
    "reporting.report_files.write_report": "which report it is decides",
    "stock.moving.correct_move": "the document that is corrected decides",
    "stock.site_transfers.settle": "whether it came back decides",
}
"""Deeds that must look at what they are done to before they know what to ask; they refuse what is not there."""
TO_THE_FILE = {"recovering.make_copy", "recovering.protect", "recovering.go_back"}
"""Deeds done to the database's file itself: that they let the right people in is told by tests of what they do."""


def test_every_deed_has_its_row_and_no_row_is_left_over() -> None:
    missing = set(FOUND) - set(DEEDS) - set(OWN)
    rows = {
        name: ", ".join(f"_P.{each.name}" for each in sorted(asked(*FOUND[name]).permissions))
        for name in sorted(missing)
    }
    assert not missing, "add to access/deeds.py:\n" + "\n".join(
        f'    "{name}": ({row},),' for name, row in rows.items()
    )
    assert not (set(DEEDS) | set(OWN)) - set(FOUND), "rows of deeds that are gone"
    assert not set(DEEDS) & set(OWN)


def test_every_deed_asks_what_its_row_says_before_it_writes() -> None:
    found = {name: asked(module, node) for name, (module, node) in FOUND.items()}
    differ = {
        name: sorted(found[name].permissions) for name, row in DEEDS.items() if found[name].permissions != set(row)
    }
    assert not differ
    assert not [name for name, each in found.items() if each.wrote_first]
    assert not [name for name in OWN if found[name].permissions], "asks after all: give it a row"


def test_every_deed_that_asks_what_was_seen_is_tried_by_two_people() -> None:
    asking = {
        name
        for name, (_module, node) in FOUND.items()
        if {each.arg for each in (*node.args.args, *node.args.kwonlyargs)} & {"version", "was", "seen"}
    }
    whole = {"access.pharmacy.save_profile", "stock.house_rules.save_house_rules"}  # Their form holds the version.
    tried = {each.deed for each in CASES} - ENDS | (set(ELSEWHERE) & asking)
    assert sorted(tried) == sorted(asking | whole), "a case of it is wanted in test_two_savers.py"


class Stopped(Exception):
    """The deed was let in; what it then does is told by other tests."""


@pytest.fixture
def shut(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A pharmacy in which nothing is ever kept, so that each call finds the same."""
    pharmacy, look = database, Database.reading

    @contextmanager
    def reading(database: Database) -> Iterator[Session]:
        database.entries += 1
        with look(database) as session:
            yield session

    @contextmanager
    def transaction(database: Database) -> Iterator[Session]:
        with reading(database) as session:
            yield session
            raise Stopped

    database = Database(pharmacy.place, None, "bench-1")
    monkeypatch.setattr(Database, "reading", reading)
    monkeypatch.setattr(Database, "transaction", transaction)
    yield database
    database.close()


@pytest.mark.parametrize("database", ["one"], indirect=True)
def test_who_lacks_the_permission_is_refused_by_every_deed(
    database: Database, staff: dict[Role, UserId], shut: Database
) -> None:
    cells, wrong, early = 0, [], set()
    for name, row in DEEDS.items():
        function = getattr(
            importlib.import_module("infusion_desktop." + name.rpartition(".")[0]), name.rpartition(".")[2]
        )
        for role, person in staff.items():
            cells += 1
            may = bool(set(row) & PERMISSIONS[role])
            if may and name in TO_THE_FILE:
                continue
            shut.entries = 0
            try:
                got = _done(function, shut, person)
            except NotAllowed:
                got = "not allowed"
            except Refused:
                got = "refused"
            except Stopped:
                got = "let in"
            except Exception as error:
                got = f"failed: {type(error).__name__}"
            if not may and got == "refused":
                early |= {name} if shut.entries else set()  # The form may be refused first: it tells nothing.
            elif (got == "not allowed" and len(row) == 1) if may else got != "not allowed":
                wrong.append((name, role.value, got))
    assert not wrong, "\n".join(map(str, wrong))
    assert early <= set(LOOKS_FIRST), f"looked at the books before it asked: {sorted(early - set(LOOKS_FIRST))}"
    assert cells == len(DEEDS) * len(Role)


def _done(function: Any, database: Database, by: UserId) -> str:
    hints = typing.get_type_hints(function)
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    kept = {name for name, default in (function.__kwdefaults__ or {}).items() if callable(default)}
    given = {name: _stand_in(hints[name], name) for name in names[1:] if name not in {"by", *kept}}
    whose = {"place": database.place} if names[0] == "place" else {"database": database}
    result = function(**whose, by=by, **given)
    if isinstance(result, Generator):
        for _step in result:
            pass
    return "done"


def _stand_in(kind: Any, name: str = "", depth: int = 0) -> Any:
    """A small value of a type: words are never empty, ids and quantities are one, days are in the same year."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any or kind is object or isinstance(kind, typing.TypeVar) or depth > 4:
        return 1
    if getattr(kind, "_is_protocol", False):
        return None
    if origin in (typing.Union, types.UnionType):
        return _stand_in(next(each for each in inner if each is not type(None)), name, depth + 1)
    if isinstance(kind, typing.NewType):
        return kind(_stand_in(kind.__supertype__, name, depth + 1))
    if origin is not None and dataclasses.is_dataclass(origin):
        return _stand_in(origin, name, depth)
    if origin is not None:
        if isinstance(origin, type) and issubclass(origin, collections.abc.Mapping):
            return {_stand_in(inner[0], name, depth + 1): _stand_in(inner[1], name, depth + 1)}
        if origin is frozenset or origin is set:
            return frozenset({_stand_in(inner[0], name, depth + 1)})
        if origin is tuple:
            return tuple(_stand_in(each, name, depth + 1) for each in inner if each is not Ellipsis)
        return [_stand_in(inner[0], name, depth + 1)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    simple = {
        str: "1", int: 1, bool: True, bytes: b"1", float: 1.0, Decimal: Decimal(1), date: date(2026, 6, 1),
        datetime: datetime(2026, 6, 1, tzinfo=UTC),
    }  # fmt: skip
    if kind in simple:
        return simple[kind]
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        given = {
            each.name: _stand_in(hints[each.name], each.name, depth + 1)
            for each in dataclasses.fields(kind)
            if each.init
        }
        with suppress(Refused, ValueError):
            return kind(**given)
        needed = dataclasses.MISSING
        return kind(
            **{
                each.name: given[each.name]
                for each in dataclasses.fields(kind)
                if each.init and each.default is needed and each.default_factory is needed
            }
        )
    if hasattr(kind, "_fields"):
        return kind(*(_stand_in(each, name, depth + 1) for each in typing.get_type_hints(kind).values()))
    return kind()
