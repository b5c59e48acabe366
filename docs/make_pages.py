"""Writes the pages of docs/ that the code itself says: who may do what, and the round of a pump.

Run it with `.venv/bin/python docs/make_pages.py`; the tests hold that the pages are what it writes.
"""

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


PAGES = {"permissions.md": permissions_page, "equipment-states.md": equipment_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
