"""All claim checks in the order a biller works them, and what they find in a claim."""

from collections.abc import Iterable

from infusion_desktop.billing.rules.checks import evidence, line_checks, parties, sending
from infusion_desktop.billing.rules.checks.facts import Check, ClaimFacts, Finding

CHECKS: tuple[Check, ...] = (*parties.CHECKS, *evidence.CHECKS, *line_checks.CHECKS, *sending.CHECKS)


def check_claim(facts: ClaimFacts, checks: Iterable[Check] = CHECKS) -> tuple[Finding, ...]:
    """Everything that is wrong with a claim, in the order of the checks; an empty tuple means that it may leave."""
    found: list[Finding] = []
    for check in checks:
        found += check.findings(facts)
    return tuple(found)


def may_leave(findings: Iterable[Finding]) -> bool:
    """Whether nothing found stops the claim; warnings alone do not."""
    return not any(finding.stops for finding in findings)
