"""All claim checks in the order a biller works them, and what they find in a claim."""

from collections.abc import Callable, Iterable, Sequence

from infusion_desktop.billing.rules.checks import evidence, line_checks, parties, sending
from infusion_desktop.billing.rules.checks.facts import Check, ClaimFacts, Finding

CHECKS: tuple[Check, ...] = (*parties.CHECKS, *evidence.CHECKS, *line_checks.CHECKS, *sending.CHECKS)


def check_claims(claims: Sequence[ClaimFacts], checks: Iterable[Check] = CHECKS) -> list[list[Finding]]:
    """Everything that is wrong with each of some claims, in the order of the checks; one without findings may leave.

    Each check goes over all claims before the next one does: half as long as claim by claim. When a question arises is
    asked once for all checks that share it.
    """
    found: list[tuple[ClaimFacts, list[Finding]]] = [(facts, []) for facts in claims]
    asked: dict[Callable[[ClaimFacts], bool] | None, list[tuple[ClaimFacts, list[Finding]]]] = {None: found}
    for check in checks:
        when = check.when
        if when is not None and when not in asked:
            asked[when] = [each for each in found if when(each[0])]
        for facts, findings in asked[when]:
            for told in check.look(facts):
                findings.append(check.finding(told))
    return [findings for _, findings in found]


def check_claim(facts: ClaimFacts, checks: Iterable[Check] = CHECKS) -> tuple[Finding, ...]:
    """The same of one claim."""
    return tuple(check_claims([facts], checks)[0])


def may_leave(findings: Iterable[Finding]) -> bool:
    """Whether nothing found stops the claim; warnings alone do not."""
    return not any(finding.stops for finding in findings)
