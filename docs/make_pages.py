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
SUBJECTS: dict[str, dict[str, str]] = {
    "stock": {
        "Catalogue and scans": "catalogue item_import table_files scans scan_values gs1 hibc lot_scans pack_rules",
        "The ledger": "ledger allocation moving lots places flow_queries valuation opening_import write_offs",
        "Counting": "counts count_plans count_queries house_rules",
        "Buying": "vendors vendor_queries vendor_columns reordering reorder_rules purchase_orders purchase_queries"
        " purchase_tables purchase_papers receiving order_receiving receipt_queries receipt_corrections"
        " vendor_returns return_queries costs cost_queries price_rules",
        "Shortage, recall, sites": "substitutes shortage_rules recall recall_rules site_transfers",
    },
    "deliveries": {
        "Kits and the supply plan": "templates template_rules template_effects starter_templates kit_needs kinds"
        " planning supply_plan supply_rules rules home_counts supply_demand",
        "Refill calls and care": "call_board call_rules refill_calls refill_rules_kept events follow_ups task_making"
        " task_rules care_tables care_words ending patient_glance",
        "The schedule": "scheduling schedule_queries calendar_rules delivery_days repeats dispatch_tables"
        " dispatch_words route_papers costs",
        "The bench": "release steps bench picking verifying in_totes waves wave_queries substituting undoing shipping",
        "At the door": "delivering proof proof_rules correcting",
        "Papers": "papers printing print_log batches",
        "Pumps that go and come": "swapping swap_papers pickups pickup_papers returns charging asset_pages",
        "Shortage and recall": "shortages shortage_tables rationing priorities recalls recall_queries recall_papers",
    },
    "billing": {
        "Payers, contracts, prices": "contracts fees fee_files code_lists code_table rule_effects price_effects",
        "Counting a month": "counting counted month_facts month_chunk month_run not_counted day_view other_lines"
        " drug_lines goods_lines equipment_lines nursing_lines homes visits waste expected charging",
        "Authorizations": "authorizations authorization_list authorization_papers",
        "Claims and their checks": "claims claim_facts checking findings work_queue life filing claim_files claim_form"
        " cob secondary explaining audit_packet",
        "Answers and money": "answers matching remittances posting posting_rules eob decisions deposits set_aside"
        " receivables adjusting disputes appeals reason_codes patient_money statements aging collectors"
        " money_tables month_close",
    },
}
"""Where to look for what in the rooms with most modules; what is named nowhere stands under "Shared"."""


def rooms_page() -> str:
    """Every module of every room with the one line it opens with, by subject."""
    lines = ["# What stands where", "", "Each module opens with one line that says what it is for; here they are.", ""]
    for room in ROOMS:
        folder = FOLDER.parent / "infusion_desktop" / room
        told = {file.stem: _first_line(file) for file in folder.glob("*.py") if file.stem != "__init__"}
        lines += [f"## `{room}`", "", _first_line(folder / "__init__.py"), ""]
        subjects = {title: names.split() for title, names in SUBJECTS.get(room, {}).items()}
        named = {name for names in subjects.values() for name in names}
        rest = sorted(set(told) - named)
        for title, names in [*subjects.items(), ("Shared" if subjects else "", rest)]:
            lines += [f"**{title}**", ""] if title else []
            lines += [*(f"- `{name}`: {told[name]}" for name in names if name in told), ""]
    return "\n".join(lines)


def _first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


PAGES = {"permissions.md": permissions_page, "equipment-states.md": equipment_page, "rooms.md": rooms_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
