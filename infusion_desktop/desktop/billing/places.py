"""Where the screens of billing are."""

from collections.abc import Callable

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import Hit, NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen


def _month(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.month_screen import MonthScreen

    return MonthScreen(context, desk)


def _claim(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.claim_screen import ClaimScreen

    return ClaimScreen(context, desk)


def _waste(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.waste_screen import WasteScreen

    return WasteScreen(context, desk)


def _authorizations(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.authorizations_screen import AuthorizationsScreen

    return AuthorizationsScreen(context, desk)


def _claims(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.claims_screen import ClaimsScreen

    return ClaimsScreen(context, desk)


def _denials(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.denials_screen import DenialsScreen

    return DenialsScreen(context, desk)


def _money(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.money_screen import MoneyScreen

    return MoneyScreen(context, desk)


def _payers(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.billing.payers_screen import PayersScreen

    return PayersScreen(context, desk)


def _search(context: Context) -> Search:
    def find(typed: str) -> list[Hit]:
        from infusion_desktop.billing.claim_lists import claims

        if not context.may(Permission.SEE_BILLING):
            return []
        with context.database.reading() as session:
            rows = claims(session)
        wanted = typed.casefold()
        found = [row for row in rows if wanted in row.number.casefold()][:8]
        return [
            Hit(f"Claim {row.number}", f"{row.payer}, {row.state.value}", "claim", "claim", row.id) for row in found
        ]

    return find


PLACES = (
    Place("month", "Month", "calendar", Permission.SEE_BILLING, _month, "Billing", opens=("patient month",)),
    Place("claims", "Claims", "claim", Permission.SEE_BILLING, _claims, "Billing", opens=("claims of payer",)),
    Place("claim", "Claim", "claim", Permission.SEE_BILLING, _claim, "Billing", opens=("claim",), in_rail=False),
    Place("waste", "Waste", "trash", Permission.SEE_DELIVERIES, _waste, "Billing", opens=("waste",), in_rail=False),
    Place("authorizations", "Authorizations", "shield", Permission.SEE_BILLING, _authorizations, "Billing"),
    Place("denials", "Denials", "warning", Permission.SEE_BILLING, _denials, "Billing", opens=("denial",)),
    Place("payers", "Payers", "building", Permission.SEE_BILLING, _payers, "Billing", opens=("payer",)),
    Place("money", "Payments", "dollar", Permission.SEE_BILLING, _money, "Billing"),
)
SEARCHES: tuple[Callable[[Context], Search], ...] = (_search,)
NAME_SCANS: tuple[Callable[[Context], NameScan], ...] = ()
