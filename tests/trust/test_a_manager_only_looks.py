"""A manager's role changes nothing in the pharmacy: it sees, prints and takes away what it may see.

That each deed asks what its row says, and refuses every role without it, is told by test_deeds.py; here it is told
what is left for a manager.
"""

from infusion_desktop.access.deeds import DEEDS, OWN
from infusion_desktop.access.roles import PERMISSIONS, Permission, Role

PAPERS = {
    "billing.claiming.audit_packet", "billing.months.authorization_papers", "billing.months.rule_effects",
    "billing.claiming.claim_form", "billing.papers", "billing.queries", "deliveries.batches", "deliveries.papers",
    "deliveries.bench.wave_queries",
    "deliveries.printing", "deliveries.pumps.pickups", "deliveries.pumps.pickup_papers", "deliveries.pumps.swap_papers",
    "deliveries.scarce.recall_papers", "deliveries.screen_queries", "equipment.asset_pages", "patients.openings",
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


ONES_OWN = {
    "access.people.change_password", "access.people.set_pin", "access.saved_filters.keep_filter",
    "access.saved_filters.forget_filter", "reporting.saved.keep_report", "reporting.saved.forget_report",
    "access.saved_filters.note_list", "access.emergency.end_emergency",
}  # fmt: skip
"""What nobody is asked a role for: one's own password, PIN, filters and reports; the last only gives rights back."""


def test_what_asks_for_no_role_is_ones_own_and_gives_no_rights() -> None:
    """So that an auditor from outside, given a manager's role, reads and prints and does nothing else."""
    assert set(OWN) == ONES_OWN
    assert "access.emergency.begin_emergency" in DEEDS


def test_a_managers_permissions_are_to_see() -> None:
    assert all(each.name.startswith("SEE_") for each in PERMISSIONS[Role.MANAGER])


def test_no_deed_a_manager_may_do_changes_stock_patients_deliveries_or_money() -> None:
    """A deed that asks one permission or another is refused too unless it asks only to see."""
    may = {name for name, row in DEEDS.items() if set(row) & PERMISSIONS[Role.MANAGER]}
    left = {name for name in may if name.rpartition(".")[0] not in PAPERS} - set(OTHERS)
    assert not left
    both = [name for name in may if not set(DEEDS[name]) <= {each for each in Permission if each.name[:4] == "SEE_"}]
    assert not both
