"""The page that says what stands where is what the code says."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = runpy.run_path(str(ROOT / "docs" / "make_pages.py"))


def test_the_page_names_every_module_as_it_names_itself() -> None:
    assert (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8") == PAGES["rooms_page"](), (
        "run docs/make_pages.py again"
    )


def test_every_module_opens_with_what_it_is_for() -> None:
    for file in (ROOT / "infusion_desktop").rglob("*.py"):
        if "versions" not in file.parts:
            assert PAGES["_first_line"](file), file
