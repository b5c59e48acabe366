"""The page of promises: every promise has its row, and every test named there exists."""

import ast

from tests.promises import TESTS, promises

SECTIONS = {"A": 8, "B": 6, "C": 8, "D": 7, "E": 6, "F": 11}


def test_every_promise_has_its_row_with_tests() -> None:
    rows = promises()
    assert [row.id for row in rows] == [f"{letter}{n}" for letter, most in SECTIONS.items() for n in range(1, most + 1)]
    assert [row.id for row in rows if not row.tests] == []


def test_every_test_named_on_the_page_exists() -> None:
    missing = []
    known: dict[str, set[str]] = {}
    for row in promises():
        for file, name in row.tests:
            if file not in known:
                place = TESTS / file
                tree = ast.parse(place.read_text(encoding="utf-8")) if place.exists() else ast.Module([], [])
                known[file] = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
            if name not in known[file]:
                missing.append(f"{row.id}: {file}::{name}")
    assert missing == []
