"""The reports there are, in the order they are offered."""

from infusion_desktop.errors import Refused
from infusion_desktop.reporting import money_owed, stock
from infusion_desktop.reporting.report import Report

REPORTS = (
    Report("stock value", "Inventory valuation", "Units in our places now (not in patients' homes), each lot at what it"
           " cost; rounded to cents only when shown.", stock.valuation, uses_period=False),
    Report("roll-forward", "Inventory roll-forward", "Opening value + in - out = closing value of our places, each lot"
           " at what it cost; stock enters or leaves when it crosses the border of our places.", stock.roll_forward),
    Report("expiry", "Stock that expires", "Lots in our places whose expiry day lies in the period, at what they cost.",
           stock.expiring),
    Report("reorder", "Below reorder point", "Items in use with fewer usable, unreserved units now than their reorder"
           " point.", stock.below_reorder, uses_period=False),
    Report("claims", "Claim status", "Claims whose service period begins in the period, by the state they are in now;"
           " voided and replaced ones included.", money_owed.claim_status),
    Report("aging", "Receivables by age", "All that is owed on claims at the end of the period, by claim's payer and"
           " days since its first posting; patients' shares included.", money_owed.aging),
    Report("payments", "Payments", "Payment entries posted in the period, by the claim's payer; reversals are entries"
           " of their own and not taken off here.", money_owed.payments),
)  # fmt: skip


def report(key: str) -> Report:
    """The report with this key, or Refused."""
    for each in REPORTS:
        if each.key == key:
            return each
    raise Refused("There is no such report.")
