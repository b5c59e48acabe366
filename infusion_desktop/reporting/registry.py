"""The reports there are, in the order they are offered."""

from infusion_desktop.errors import Refused
from infusion_desktop.reporting import buying, care, equipment, margins, money_owed, stock, stock_lists
from infusion_desktop.reporting.denials import by_reason
from infusion_desktop.reporting.report import Report

REPORTS = (
    Report("stock value", "Inventory valuation", "Units in our places now (not in patients' homes), each lot at what it"
           " cost: each lot in each place in whole cents, as on the stock screen.", stock.valuation, uses_period=False),
    Report("roll-forward", "Inventory roll-forward", "Opening value + in - out = closing value of our places, each lot"
           " at what it cost; stock enters or leaves when it crosses the border of our places.", stock.roll_forward),
    Report("as of", "Stock as of a day", "What lay in our places at the end of the period's last day, by item, lot and"
           " place, from the moves that happened until then.", stock.as_of_day),
    Report("average", "Valuation by moving average", "Opening + in - out = closing to the cent; units go out at the"
           " average of what is there, come in at what they cost.", stock.by_average),
    Report("layers", "Valuation by FIFO layers", "Opening + in - out = closing to the cent; units go out from the layer"
           " that came in first, come in at what they cost.", stock.by_layers),
    Report("moves valued", "Moves valued", "Every move over the border of our places in the period with its value by"
           " average and by layers; they add up to closing less opening of both valuations.", stock.moves_valued),
    Report("expiry", "Stock that expires", "Lots in our places whose expiry day lies in the period, at what they cost.",
           stock.expiring),
    Report("expiry by bin", "Stock that expires, by bin", "The same in walking order, to be taken off the shelf.",
           stock.expiring_by_bin),
    Report("dead stock", "Dead stock", "Items of which nothing was sent to patients for longer than the pharmacy's"
           " limit (Counts, Limits), with all that lies there.", stock_lists.dead_stock, uses_period=False),
    Report("set aside", "Quarantined and held", "Everything nobody may use: in quarantine, in Returns, or of a held"
           " lot, with the reason.", stock_lists.set_aside, uses_period=False),
    Report("never below zero", "Negative-proof audit", "Every entry of the ledger replayed in its order: the lowest"
           " each item ever stood in any place, and balances that differ from their moves.",
           stock_lists.never_below_zero, uses_period=False),
    Report("reorder", "Below reorder point", "Items in use with fewer usable, unreserved units now than their reorder"
           " point.", stock.below_reorder, uses_period=False),
    Report("short", "Short items", "Items at or below their reorder point now, or with fewer free units than planned"
           " deliveries and running therapies take before an order could be here.", buying.short, uses_period=False),
    Report("below par", "Below par", "Items in use with fewer free units now than their par level.", buying.below_par,
           uses_period=False),
    Report("backorder", "On backorder", "Lines of orders that are out and that the vendor cannot send now, with the day"
           " it promised.", buying.on_backorder, uses_period=False),
    Report("late orders", "Orders overdue", "Orders that are out and past the day they were expected, at the orders'"
           " prices.", buying.late_orders, uses_period=False),
    Report("vendor credits", "Vendor credits open", "Returns to vendors whose credit has not come in full; closed ones"
           " left out.", buying.open_credits, uses_period=False),
    Report("equipment care", "Equipment care log", "Every cleaning, function check, maintenance, repair, quarantine"
           " of pumps and poles in the period, with what was measured and by whom.", equipment.care_log),
    Report("equipment use", "Equipment use and cost", "Each day of the period counts once, in the state it ended in;"
           " cost is wear of the price or rent, and repairs.", equipment.use),
    *(
        Report(f"margin by {key}", f"Margin per therapy day by {key}", "Per diem the contract pays for counted days -"
               " supplies at their lots' cost, the pumps' cost and the carrier's cost, each spread over the days it is"
               " for; drugs and visits are left out.", run)
        for key, run in (
            ("patient", margins.by_patient), ("therapy", margins.by_therapy), ("therapy class", margins.by_class),
            ("payer", margins.by_payer), ("kit", margins.by_template),
        )
    ),
    Report("census", "Census by therapy", "Patients with a running therapy at the end of the period's last day, by"
           " class and primary payer; a patient with two classes counts in both, in the total once.", care.census),
    Report("on time", "Deliveries late", "Deliveries that left for a promised day of the period and arrived on a later"
           " day or have not arrived; the share that was on time.", care.on_time),
    Report("claims", "Claim status", "Claims whose service period begins in the period, by the state they are in now;"
           " voided and replaced ones included.", money_owed.claim_status),
    Report("denials", "Denials and underpayments", "What payers denied or paid below the contract in the period, by"
           " payer and reason, and what came of it since.", by_reason),
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
