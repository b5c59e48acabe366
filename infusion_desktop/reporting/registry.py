"""The reports there are, in the order they are offered."""

from infusion_desktop.access.roles import Permission
from infusion_desktop.errors import Refused
from infusion_desktop.reporting import (
    behind,
    buying,
    care,
    checking,
    claims,
    delivery_exceptions,
    equipment,
    margins,
    money_owed,
    people,
    refills,
    stock,
    stock_lists,
    usage,
)
from infusion_desktop.reporting.denials import by_reason
from infusion_desktop.reporting.report import Ask, Drawn, Report, Room

_ONLY = (Ask.ONLY,)
_BY_PAYER, _BY_CLASS = (Ask.PAYER,), (Ask.THERAPY_CLASS,)

REPORTS = (
    Report("stock value", "Inventory valuation", "Units in our places now (not in patients' homes), each lot at what"
           " it cost: each lot in each place in whole cents, as on the stock screen.", stock.valuation,
           uses_period=False, drawn=Drawn(0, 4)),
    Report("roll-forward", "Inventory roll-forward", "Opening value + in - out = closing value of our places, each lot"
           " at what it cost; stock enters or leaves when it crosses the border of our places.", stock.roll_forward),
    Report("as of", "Stock as of a day", "What lay in our places at the end of the period's last day, by item, lot and"
           " place, from the moves that happened until then.", stock.as_of_day),
    Report("average", "Valuation by moving average", "Opening + in - out = closing to the cent; units go out at the"
           " average of what is there, come in at what they cost.", stock.by_average),
    Report("layers", "Valuation by FIFO layers", "Opening + in - out = closing to the cent; units go out from the"
           " layer that came in first, come in at what they cost.", stock.by_layers),
    Report("open layers", "FIFO layers", "What is left of everything that came in, at the end of the period's last day:"
           " by item, the next to go first; the values add up to the valuation by FIFO layers.", stock.open_layers),
    Report("moves valued", "Moves valued", "Every move over the border of our places in the period with its value by"
           " average and by layers; they add up to closing less opening of both valuations.", stock.moves_valued),
    Report("expiry", "Stock that expires", "Lots in our places whose expiry day lies in the period, at what they cost.",
           stock.expiring),
    Report("expiry by bin", "Stock that expires, by bin", "Lots in our places whose expiry day lies in the period,"
           " at what they cost, in walking order: to be taken off the shelf.", stock.expiring_by_bin),
    Report("dead stock", "Dead stock", "Items of which nothing was sent to patients for longer than the pharmacy's"
           " limit (Counts, Limits), with all that lies there.", stock_lists.dead_stock, uses_period=False),
    Report("days of supply", "Days of supply", "All that lies in our places now, divided by what went to patients on a"
           " day of the last 30 (what came back taken off); the total by cost.", behind.days_of_supply,
           uses_period=False),
    Report("set aside", "Quarantined and held", "Everything nobody may use: in quarantine, in Returns, or of a held"
           " lot, with the reason.", stock_lists.set_aside, uses_period=False),
    Report("never below zero", "Negative-proof audit", "Every entry of the ledger replayed in its order: the lowest"
           " each item ever stood in any place, and balances that differ from their moves.",
           stock_lists.never_below_zero, uses_period=False),
    Report("reorder", "At or below reorder point", "Items in use with as few usable, unreserved units now as their"
           " reorder point, or fewer; as on the dashboard.", stock.below_reorder, uses_period=False, room=Room.BUYING),
    Report("short", "Short items", "Items at or below their reorder point now, or with fewer free units than planned"
           " deliveries and running therapies take before an order could be here.", buying.short, uses_period=False,
           room=Room.BUYING),
    Report("below par", "Below par", "Items in use with fewer free units now than their par level.", buying.below_par,
           uses_period=False, room=Room.BUYING),
    Report("backorder", "On backorder", "Lines of orders that are out and that the vendor cannot send now, with the"
           " day it promised.", buying.on_backorder, uses_period=False, room=Room.BUYING),
    Report("late orders", "Orders overdue", "Orders that are out and past the day they were expected, at the orders'"
           " prices.", buying.late_orders, uses_period=False, room=Room.BUYING),
    Report("vendor credits", "Vendor credits open", "Returns to vendors whose credit has not come in full; closed ones"
           " left out.", buying.open_credits, uses_period=False, room=Room.BUYING),
    Report("equipment care", "Equipment care log", "Every cleaning, function check, maintenance, repair, quarantine of"
           " pumps and poles in the period, with what was measured and by whom.", equipment.care_log,
           room=Room.EQUIPMENT),
    Report("equipment use", "Equipment use and cost", "Each day of the period counts once, in the state it ended in;"
           " cost is wear of the price or rent, and repairs.", equipment.use, room=Room.EQUIPMENT, drawn=Drawn(0, 2)),
    *(
        Report(f"margin by {key}", f"Margin a day by {key}", "Per diem the contract pays for counted days -"
               " supplies at their lots' cost, the pumps' cost and the carrier's cost, each spread over the days it is"
               " for; drugs and visits are left out.", run, room=Room.MARGIN, drawn=Drawn(0, 6))
        for key, run in (
            ("patient", margins.by_patient), ("therapy", margins.by_therapy), ("therapy class", margins.by_class),
            ("payer", margins.by_payer), ("kit", margins.by_template),
        )
    ),
    Report("census", "Census by therapy", "Patients with a running therapy at the end of the period's last day, by"
           " class and primary payer; a patient with two classes counts in both, in the total once.", care.census,
           room=Room.CARE, asks=_BY_CLASS, drawn=Drawn(0, 2)),
    Report("deliveries", "Deliveries", "Deliveries promised for a day of the period, in whatever state they are now;"
           " cancelled ones too.", behind.deliveries, room=Room.CARE, asks=_ONLY, parts=behind.DELIVERY_CHOICES),
    Report("calls", "Refill calls due", "Patients to be called about their refill now, the most urgent first, as on the"
           " call board.", behind.calls, uses_period=False, room=Room.CARE, asks=_ONLY, parts=(behind.URGENT,)),
    Report("on time", "Deliveries late", "Deliveries that left for a promised day of the period and arrived on a later"
           " day or have not arrived; the share that was on time, as in Deliveries on time.", care.on_time,
           room=Room.CARE),
    Report("exceptions", "Delivery exceptions", "What did not go as planned with deliveries promised for a day of the"
           " period, one line for each thing: nobody there, refused, part of it came back, left short, something else"
           " sent, put right afterwards, cancelled; those that were only late are in “Deliveries late”.",
           delivery_exceptions.exceptions, room=Room.CARE, asks=_ONLY, parts=delivery_exceptions.EXCEPTION_CHOICES),
    Report("punctuality", "Deliveries on time", "Deliveries that left for a promised day of the period, by week (by"
           " month over more than twelve weeks): arrived by that day, later, or not at all; those still on their way on"
           " the day itself are not counted.", care.by_week, room=Room.CARE, drawn=Drawn(0, 5, in_order=True)),
    Report("claims", "Claim status", "Claims whose service period begins in the period, by the state they are in now;"
           " voided and replaced ones included.", money_owed.claim_status, room=Room.CLAIMS, drawn=Drawn(0, 3)),
    Report("denials", "Denials and underpayments", "What payers denied, or paid below or above the contract in the"
           " period, by payer and reason, and what came of it since.", by_reason, room=Room.MONEY, drawn=Drawn(1, 3)),
    Report("aging", "Receivables by age", "All that is owed at the end of the period by who owes it and the days"
           " since it was first charged to them: payers, patients their shares, and patients for equipment; as under"
           " Payments, Aging.", money_owed.aging, room=Room.MONEY,
           drawn=Drawn(0, 6)),
    Report("payments", "Payments", "Payment entries posted in the period, by the claim's payer and for equipment;"
           " reversals are entries of their own and not taken off here.", money_owed.payments, room=Room.MONEY,
           drawn=Drawn(0, 2)),
    Report("usage by item", "Usage by item", "Units that left for patients in the period, less what came back since,"
           " at what each lot cost.", usage.by_item, asks=_BY_CLASS, drawn=Drawn(0, 5)),
    Report("usage by therapy", "Usage by therapy", "Units that left for patients in the period, less what came back"
           " since, at what each lot cost, by the class of the therapy they were for and by kind of item.",
           usage.by_therapy, asks=_BY_CLASS),
    Report("count accuracy", "Count accuracy", "Counts posted in the period: lines whose count agreed with the books"
           " at that moment, and the differences at the lots' cost.", checking.count_accuracy),
    Report("recalls", "Recall effectiveness", "Recalls open on a day of the period: patients who got of the lots and"
           " were reached or sent all back; units set aside, destroyed, returned or used, as of now.",
           checking.recall_effectiveness),
    Report("price variance", "Purchase price variance", "Good units received in the period at what they cost, against"
           " the order's price, or the item's expected cost where there was no order.", checking.price_variance,
           room=Room.BUYING, drawn=Drawn(0, 7)),
    Report("use by pump", "Use of each pump", "Each day of the period counts once, in the state it ended in; the same"
           " days as in Equipment use, pump by pump.", equipment.use_by_asset, room=Room.EQUIPMENT),
    Report("maintenance", "Maintenance done in time", "Preventive maintenance that fell due in the period or was"
           " overdue when it began: done by its day, later, or still open; retired and lost ones left out.",
           equipment.maintenance, room=Room.EQUIPMENT),
    Report("pumps", "Pumps now", "Pumps that are not retired, as they stand now; PM due is maintenance due within 30"
           " days or overdue.", behind.pumps, uses_period=False, room=Room.EQUIPMENT, asks=_ONLY,
           parts=behind.PUMP_CHOICES),
    Report("census days", "Census over the period", "Days on which a therapy ran, each patient once a day and class,"
           " interrupted days included and named; the total counts each patient once a day.", care.census_days,
           room=Room.CARE, asks=_BY_CLASS, drawn=Drawn(0, 4)),
    Report("refills", "Refill adherence", "Refills whose supply begins in the period (a therapy's first supply is"
           " none): called, called in the payer's window, arrived by the day after the supply before ended.",
           refills.adherence, room=Room.CARE, asks=_BY_CLASS),
    Report("proof", "Proof of delivery", "Deliveries that arrived in the period whose proof has gaps, by the rules"
           " that also stop a claim; the share that has none.", refills.proof_completeness, room=Room.CARE),
    Report("counted claims", "Claims that count", "Claims to the first payer that stand, whose service period begins in"
           " the period; billed are those that were sent, denied ones among them.", behind.claims, room=Room.CLAIMS,
           asks=(Ask.PAYER, Ask.ONLY), parts=behind.CLAIM_CHOICES),
    Report("days by code", "Per-diem days by code", "Per-diem units counted for days of the period on claims that"
           " stand, by code and payer; a line over the border counts by its days. The same days as in the margin.",
           claims.days_by_code, room=Room.CLAIMS, asks=(Ask.PAYER, Ask.THERAPY_CLASS), drawn=Drawn(0, 2)),
    Report("charges", "Charges by payer", "Charges posted in the period by the claim's payer and to patients for"
           " equipment, and charges taken back in it (replaced, voided or rejected claims).", claims.charges,
           room=Room.CLAIMS, asks=_BY_PAYER, drawn=Drawn(0, 4)),
    Report("days to bill", "Days to bill", "Original claims sent in the period: days from the last day of service to"
           " sending; beside them what was served by the period's end and is not sent now.", claims.days_to_bill,
           room=Room.CLAIMS, asks=_BY_PAYER),
    Report("receivables", "Receivables roll-forward", "Opening + every kind of entry of the period = closing, by the"
           " claim's payer and for equipment; closing is in all what Receivables by age shows.", claims.receivable_roll,
           room=Room.MONEY, asks=_BY_PAYER),
    Report("dso", "Days sales outstanding", "What is owed at the end of the period, divided by the net charges a day"
           " of the 90 days up to it.", claims.days_outstanding, room=Room.MONEY, asks=_BY_PAYER, drawn=Drawn(0, 4)),
    Report("underpayments", "Underpayments", "Lines a payer paid below its contract, opened in the period, with the"
           " last day to appeal; the same amounts as in Denials and underpayments.", claims.underpayments,
           room=Room.MONEY, asks=_BY_PAYER),
    Report("productivity", "Productivity", "Steps of deliveries and care of pumps that each person did in the period;"
           " a day counts when something was done on it.", people.productivity, room=Room.PEOPLE),
    Report("productivity by day", "Productivity by day", "Steps of deliveries and care of pumps in the period, by"
           " the day they were done on and the person.", people.productivity_by_day, room=Room.PEOPLE),
    Report("audit", "Audit trail by action", "Entries of the audit trail written in the period, by what was done to"
           " what.", people.audit_by_action, room=Room.PEOPLE, also=Permission.SEE_AUDIT),
    Report("audit by person", "Audit trail by person", "Entries of the audit trail written in the period, by person:"
           " changes, records opened, and what was taken away as a file.",
           people.audit_by_person, room=Room.PEOPLE, also=Permission.SEE_AUDIT),
    Report("openings without care", "Openings without care", "Records opened in the period though the patient had no"
           " order, delivery or claim within 30 days of it.", people.openings_without_care, room=Room.PEOPLE,
           also=Permission.SEE_AUDIT),
    Report("restricted openings", "Openings of restricted records", "Restricted records opened or printed in the"
           " period: by whom, what, and the reason they gave.", people.openings_of_restricted, room=Room.PEOPLE,
           also=Permission.SEE_AUDIT),
)  # fmt: skip


def report(key: str) -> Report:
    """The report with this key, or Refused."""
    for each in REPORTS:
        if each.key == key:
            return each
    raise Refused("There is no such report.")
