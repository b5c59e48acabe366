"""A manager's role changes nothing in the pharmacy: it sees, prints and takes away what it may see.

That each deed asks what its row says, and refuses every role without it, is told by test_deeds.py; here it is told
what is left for a manager.
"""

from infusion_desktop.access.deeds import DEEDS
from infusion_desktop.access.roles import PERMISSIONS, Permission, Role

PAPERS = {
    "billing.claiming.audit_packet", "billing.months.rule_effects", "deliveries.batches", "deliveries.papers",
    "deliveries.printing", "deliveries.pumps.pickups", "deliveries.pumps.pickup_papers",
    "deliveries.scarce.recall_papers", "equipment.asset_pages",
    "reporting.bundle", "reporting.papers", "reporting.report_files", "reporting.what_if", "patients.queries",
    "reporting.sending",
}  # fmt: skip
"""Modules whose deeds print, draw, look, compare or put reports into folders."""
OTHERS = {
    "access.emergency.review_emergency": "reviews another person's emergency access; that is the manager's office",
    "deliveries.care.task_making.make_tasks": "makes the day's tasks by the rules, whoever comes in first",
    "recovering.check_books": "looks whether the books are in order, and notes that it was asked",
    "deliveries.scarce.recalls.see_recall": "notes that a recall's patients were looked at",
}


def test_a_managers_permissions_are_to_see() -> None:
    assert all(each.name.startswith("SEE_") for each in PERMISSIONS[Role.MANAGER])


def test_no_deed_a_manager_may_do_changes_stock_patients_deliveries_or_money() -> None:
    """A deed that asks one permission or another is refused too unless it asks only to see."""
    may = {name for name, row in DEEDS.items() if set(row) & PERMISSIONS[Role.MANAGER]}
    left = {name for name in may if name.rpartition(".")[0] not in PAPERS} - set(OTHERS)
    assert not left
    both = [name for name in may if not set(DEEDS[name]) <= {each for each in Permission if each.name[:4] == "SEE_"}]
    assert not both
