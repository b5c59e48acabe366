"""What days ahead should bring beside what their kit costs: by the contract, day by day; why where it is unknown."""

from datetime import date
from decimal import Decimal

from infusion_desktop.billing.months.expected import expected_per_diem
from infusion_desktop.dates import Days


def test_the_days_ahead_bring_what_the_contract_pays_for_them(office):
    def ahead(first, last):
        with office.database.reading() as session:
            return expected_per_diem(session, office.patient, Days(first, last))

    week = (date(2026, 3, 28), date(2026, 4, 3))
    assert (ahead(*week).amount, bool(ahead(*week).why_not)) == (0, True), "no rules of the payer yet"
    office.rules()
    office.fee("S9500", "95")
    office.orders("ceftriaxone 2 g", date(2026, 3, 20), date(2026, 4, 10))
    office.hospital(date(2026, 3, 29), date(2026, 4, 1))
    found = ahead(*week)
    assert (found.amount, found.days, found.codes, found.why_not) == (Decimal("475.00"), 5, ("S9500",), ""), (
        "over the end of the month; two whole days in hospital"
    )
    parts = [ahead(day, day) for day in Days(*week)]
    assert [part.amount for part in parts] == [95, 95, 0, 0, 95, 95, 95], "day by day"
    last = ahead(date(2026, 4, 10), date(2026, 4, 10))
    assert (last.amount, last.days) == (95, 1), "the last day of the order is one day and not a half"
    assert ahead(date(2026, 4, 11), date(2026, 4, 12)).codes == ()
