"""The page that says who may do what is what the code says."""

import runpy
from pathlib import Path

from infusion_desktop.access.roles import PERMISSIONS, Permission, Role

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_code_writes() -> None:
    page = runpy.run_path(str(DOCS / "make_pages.py"))["permissions_page"]()
    assert (DOCS / "permissions.md").read_text(encoding="utf-8") == page


def test_every_cell_of_the_page_is_the_permission() -> None:
    lines = (DOCS / "permissions.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    roles = [Role(name) for name in table[0][1:]]
    read = {
        (Permission(row[0]), role): cell == "yes"
        for row in table[1:]
        for role, cell in zip(roles, row[1:], strict=True)
    }
    assert read == {(may, role): may in PERMISSIONS[role] for may in Permission for role in Role}
