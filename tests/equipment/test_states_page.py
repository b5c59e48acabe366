"""The page with the round of a pump is what the rules say."""

import re
import runpy
from pathlib import Path

from infusion_desktop.equipment.rules import TRANSITIONS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_code_writes() -> None:
    page = runpy.run_path(str(DOCS / "make_pages.py"))["equipment_page"]()
    assert (DOCS / "equipment-states.md").read_text(encoding="utf-8") == page


def test_the_arrows_of_the_page_are_the_transitions() -> None:
    page = (DOCS / "equipment-states.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^ +(\S+) --> (\w+): (.+)$", page, re.MULTILINE))
    allowed = {
        (start.name if start else "[*]", leads_to.name, deed.value)
        for deed, (starts, leads_to) in TRANSITIONS.items()
        if leads_to is not None
        for start in starts or (None,)
    }
    assert drawn == allowed
