"""Writes the pages of docs/ that the code itself says: who may do what, and the round of a pump.

Run it with `.venv/bin/python docs/make_pages.py`; the tests hold that the pages are what it writes.
"""

import ast
from pathlib import Path

from infusion_desktop.access.deeds import DEEDS, OWN
from infusion_desktop.access.roles import PERMISSIONS, Permission, Role
from infusion_desktop.equipment.rules import TRANSITIONS, next_step
from infusion_desktop.equipment.words import AssetState

FOLDER = Path(__file__).parent


def permissions_page() -> str:
    """The table of roles and what each may do; what has no mark is refused."""
    head = "| May | " + " | ".join(role.value for role in Role) + " |"
    rule = "|---|" + ":-:|" * len(Role)
    rows = (
        f"| {may.value} | " + " | ".join("yes" if may in PERMISSIONS[role] else "" for role in Role) + " |"
        for may in Permission
    )
    text = (
        "# Who may do what\n\nSomebody with several roles may do what any of them may. What has no mark is refused.\n"
    )
    return text + "\n" + "\n".join((head, rule, *rows)) + "\n" + _deeds_of_the_program()


def _deeds_of_the_program() -> str:
    """Each function that changes something, and what it asks before it does."""
    asks = (f"- `{name}`: {' / '.join(may.value for may in row)}" for name, row in sorted(DEEDS.items()))
    own = (f"- `{name}`: {why}" for name, why in sorted(OWN.items()))
    text = (
        "\n## What each deed asks\n\nThe services ask, whatever the window shows. Several permissions: by what it is "
        "done to, or one after the other.\n\n"
    )
    return text + "\n".join((*asks, "", "Everybody's own:", "", *own)) + "\n"


def equipment_page() -> str:
    """The states of a pump or pole, the deeds between them, and what comes next in each."""
    arrows = []
    for deed, (starts, leads_to) in TRANSITIONS.items():
        if leads_to is not None:
            arrows += [f"    {start.name} --> {leads_to.name}: {deed.value}" for start in starts]
            arrows += [] if starts else [f"    [*] --> {leads_to.name}: {deed.value}"]
    kept = [
        f"- {deed.value}: {', '.join(start.value for start in starts)}"
        for deed, (starts, leads_to) in TRANSITIONS.items()
        if leads_to is None
    ]
    names = [f'    state "{state.value}" as {state.name}' for state in AssetState]
    steps = [f"| {state.value} | {next_step(state)} |" for state in AssetState]
    return "\n".join(
        [
            "# The round of a pump or pole", "", "It is always in exactly one of these states.", "",
            "```mermaid", "stateDiagram-v2", *names, *arrows, "```", "",
            "Deeds that leave the state as it is, and from where:", "", *kept, "",
            "| State | What comes next |", "|---|---|", *steps, "",
        ]
    )  # fmt: skip


ROOMS = ("stock", "equipment", "patients", "deliveries", "billing", "edi", "reporting", "access", "database")


def rooms_page() -> str:
    """Every module of every room, and of the rooms within it, with the one line it opens with."""
    lines = ["# What stands where", "", "Each module opens with one line that says what it is for; here they are.", ""]
    for room in ROOMS:
        folder = FOLDER.parent / "infusion_desktop" / room
        lines += [f"## `{room}`", "", _first_line(folder / "__init__.py"), "", *_modules(folder)]
        for inner in sorted(each.parent for each in folder.glob("*/__init__.py") if each.parent.name != "migrations"):
            lines += [f"### `{room}.{inner.name}`", "", _first_line(inner / "__init__.py"), "", *_modules(inner)]
    return "\n".join(lines)


def _modules(folder: Path) -> list[str]:
    files = (file for file in sorted(folder.glob("*.py")) if file.stem != "__init__")
    return [*(f"- `{file.stem}`: {_first_line(file)}" for file in files), ""]


def _first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


PAGES = {"permissions.md": permissions_page, "equipment-states.md": equipment_page, "rooms.md": rooms_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
