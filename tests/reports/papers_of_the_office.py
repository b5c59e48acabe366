"""The papers of billing, equipment, counting and recalls as the kept ones show them, with long and hostile names."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

from PIL import Image

from reports import (
    appeal_letter,
    asset_log,
    audit_packet,
    authorization_request,
    claim_summary,
    cms1500,
    count_sheet,
    deed_sheet,
    delivery_manifest,
    equipment_charge,
    equipment_due,
    month_closing,
    patient_statement,
    recall_file,
    report_bundle,
    swap_sheet,
    table_report,
    vendor_return,
)
from reports.bar_chart import Bar, BarChart
from reports.day_calendar import CalendarDay, DayState, TherapyCalendar
from reports.delivery_manifest import Recipient
from reports.paper import Letterhead, Printed

DAY, LAST = date(2026, 3, 5), date(2026, 3, 31)
AT = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)
HEAD = Letterhead("Cedar Valley Home Infusion", ("1200 Prairie Road", "Cedar Rapids, IA 52402"), "(319) 555-0140",
                  "(319) 555-0141", "1234567893")  # fmt: skip
PRINTED = Printed(AT, "Dana Ortiz")
LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh, Maximiliana Theodora Anastasia"
HOSTILE = "O'Brien <b>&amp; Łukasz</b> \u202egro.live Nguyễn 李 \x00\n'; DROP TABLE--"
HOME = Recipient(HOSTILE, ("4417 Old Mill Lane", "Cedar Rapids, IA"), "(319) 555-0172", "P20331", caregiver=LONG)


def _name(index: int, plain: str) -> str:
    return {1: LONG, 2: HOSTILE}.get(index, f"{plain} {index}")


def _days(first: int, count: int) -> date:
    return DAY + timedelta(days=first + count)


def appeal() -> bytes:
    lines = tuple(
        appeal_letter.AppealedLine(f"S95{index:02}", DAY, _days(6, index), Decimal(7), Decimal("805.00"),
                                   Decimal("402.50") if index % 2 else None, Decimal("0.00"), _name(index, "CO-97"))
        for index in range(18)
    )  # fmt: skip
    return appeal_letter.render(
        appeal_letter.AppealLetter(
            HEAD, PRINTED, LAST, HOSTILE, ("P.O. Box 9", "Des Moines, IA"), LONG, date(1951, 7, 9), "XJB 44127",
            "C-317", "2026-777", DAY, LAST, LAST, _days(180, 0), True, lines, "Every day was ordered and sent. " * 14,
            ("Delivery manifests", HOSTILE), "Dana Ortiz", "Billing",
        )
    )  # fmt: skip


def asset_life() -> bytes:
    entries = tuple(
        asset_log.LogEntry(AT + timedelta(days=index), "Delivered", "with patient", f"Home of P2{index:04}",
                           _name(index, "Tom Brand"), f"D00{index:04}", "occlusion alarm" if index % 5 == 0 else "",
                           AT + timedelta(days=index + 2) if index == 3 else None)
        for index in range(34)
    )  # fmt: skip
    checks = tuple(
        asset_log.CheckEntry(AT + timedelta(days=9 * index), index != 2, "R. Singh", ("1.2 %", "12 psi", ""),
                             HOSTILE if index == 2 else "")
        for index in range(5)
    )  # fmt: skip
    return asset_log.render(
        asset_log.AssetLog(
            HEAD, PRINTED, "A-0113", "2204481907", "CADD-Solis VIP", LONG, "with patient", "Home of P20331", "owned",
            date(2021, 4, 1), "4.2", "ADULT 7", 1290, DAY, LAST, "every 12 months or 1,000 hours",
            ("Flow accuracy: -5 to 5 %", "Occlusion alarm: 8 to 16 psi"), ("Power cord", "Pouch"),
            ("Flow accuracy", "Occlusion alarm", "Battery"), checks, entries, ("Rented until Mar 31, 2026",),
        )
    )  # fmt: skip


def authorization() -> bytes:
    therapies = tuple(
        authorization_request.RequestedTherapy(_name(index, "Cefazolin 2 g"), "every 8 hours by ambulatory pump", DAY,
                                               None if index else LAST, "A. Nguyen, MD", "1234567893")
        for index in range(7)
    )  # fmt: skip
    codes = tuple(
        authorization_request.RequestedCode(f"S950{index % 5}", "SH SS", _name(index, "Anti-infective per diem"), DAY,
                                            LAST, 27)
        for index in range(16)
    )  # fmt: skip
    return authorization_request.render(
        authorization_request.AuthorizationRequest(
            HEAD, PRINTED, "AR-12", HOSTILE, ("Fax (319) 555-0190",), LONG, date(1951, 7, 9), "XJB 44127", "70013-A",
            ("4417 Old Mill Lane",), ("M86.171 " + HOSTILE, "T80.219A"), therapies, codes,
            "AUTH-77 allows S9501 through Mar 20, 2026.", "The wound grows MRSA. " * 6,
        )
    )  # fmt: skip


def _calendar() -> TherapyCalendar:
    days = tuple(
        CalendarDay(_days(0, index), DayState.INTERRUPTED if index in (6, 7) else DayState.COUNTED,
                    "H" if index in (6, 7) else "", index == 1)
        for index in range(27)
    )  # fmt: skip
    return TherapyCalendar("Vancomycin q12h", days, "H hospital stay")


def _claim(number: str = "C-317", lines: int = 12) -> claim_summary.Claim:
    per_diems = tuple(
        claim_summary.ServiceLine(
            index, claim_summary.LineKind.PER_DIEM, "S9501", _name(index, "Anti-infective per diem"), DAY, LAST, 27,
            Decimal("3105.00"), ("SH", "SS"), rate=Decimal(115), expected=Decimal("1552.50"), authorization="AUTH-77",
            trace=(claim_summary.TraceStep(DAY, LAST, 27, "Counted by access: 27 days less two in hospital", "T-118"),),
        )
        for index in range(1, lines)
    )  # fmt: skip
    drug = claim_summary.ServiceLine(lines, claim_summary.LineKind.DRUG, "J3370", HOSTILE, DAY, LAST, Decimal("12.5"),
                                     Decimal(540), ("JZ",), "500 mg", ndc="00409-6533-01")  # fmt: skip
    return claim_summary.Claim(
        number, "draft", claim_summary.CoverageShown(HOSTILE, "XJB 44127", "Primary", "70013-A", "Self"),
        (*per_diems, drug), (claim_summary.AuthorizationShown("AUTH-77", "S9501", DAY, LAST, 20, 16, 4),),
        (_calendar(),), (claim_summary.DeliveryCover("D004812", DAY, f"signed by {LONG}", DAY, LAST, 7),),
        ("No signed order. Attach it.",), ("M86.171 Osteomyelitis",), "A. Nguyen, MD", "12", "Blue Prairie 2026",
        _days(60, 0),
    )  # fmt: skip


def _summary(*claims: claim_summary.Claim) -> claim_summary.ClaimSummary:
    patient = claim_summary.Patient(LONG, "P20331", date(1951, 7, 9), ("4417 Old Mill Lane",))
    return claim_summary.ClaimSummary(HEAD, PRINTED, patient, DAY, LAST, claims)


def summary() -> bytes:
    return claim_summary.render(_summary(_claim(), _claim("C-318", 3)))


def audit() -> bytes:
    picture = BytesIO()
    Image.linear_gradient("L").resize((40, 20)).save(picture, "PNG")
    rows = tuple((_name(n, "Order"), "Mar 5", "R. Singh") for n in range(6))
    table = audit_packet.Table(("What", "When", "By"), (3, 1, 1), rows, "As it was signed.")
    sections = (
        audit_packet.Section("Orders", "What the prescriber ordered.", (("Orders", table),)),
        audit_packet.Section("Signatures", "As drawn at the door.", (), (HOSTILE,), (("D004812", picture.getvalue()),
                                                                                     ("Sheet", b"no picture"))),
    )  # fmt: skip
    visit = delivery_manifest.Visit(DAY, "09:00 to 12:00")
    manifest = delivery_manifest.DeliveryManifest(HEAD, PRINTED, "D004812", HOME, visit, state="delivered")
    return audit_packet.render(
        audit_packet.AuditPacket(HEAD, PRINTED, "C-317", LONG, HOSTILE, DAY, LAST, Decimal("3645.00"),
                                 _summary(_claim(lines=2)), sections, (manifest,),
                                 (audit_packet.Section("Remittance", "What the payer decided.", ()),))
    )  # fmt: skip


def _form(lines: int) -> cms1500.Form:
    served = tuple(
        cms1500.FormLine("N400409653301 ML12.5", ("03", "05", "26"), ("03", "31", "26"), "12", f"S95{index:02}",
                         ("SH", "SS"), "AB", Decimal("805.00"), "7", "1234567893")
        for index in range(lines)
    )  # fmt: skip
    home = ("4417 OLD MILL LANE", "CEDAR RAPIDS", "IA", "52402")
    return cms1500.Form(
        ("BLUE PRAIRIE", "PO BOX 9", "DES MOINES IA 50301"), "Medicare", "XJB44127", LONG.upper(), ("07", "09", "1951"),
        "F", HOSTILE, home, "3195550172", "Self", home, "70013-A", served, ("M86171", "T80219A"), "421234567", "C-317",
        "CEDAR VALLEY HOME INFUSION", ("1200 PRAIRIE ROAD", "CEDAR RAPIDS IA 52402"), "3195550140", "1234567893",
        "3336H0001X", referring_qualifier="DN", referring="A NGUYEN MD", referring_npi="1234567893",
        authorization="AUTH-77", paid=Decimal("12.00"), signed="SIGNATURE ON FILE", signed_on="033126",
    )  # fmt: skip


def count() -> bytes:
    lines = tuple(
        count_sheet.CountLine(f"A-{index // 8:02}", "Shelf A", f"IT-{index:04}", _name(index, "Flush"), f"LT{index:03}",
                              LAST, "each", f"LOT:IT-{index:04}/LT{index:03}", index == 5)
        for index in range(30)
    )  # fmt: skip
    return count_sheet.render(count_sheet.CountSheet(HEAD, PRINTED, "CC0012", f"Aisle A, {LONG}", lines))


def deeds() -> bytes:
    codes = tuple(deed_sheet.DeedCode(f"Deed {index}", f"DEED:{index}", _name(index, "It is done by")) for index in
                  range(20))  # fmt: skip
    return deed_sheet.render(deed_sheet.DeedSheet(HEAD, PRINTED, codes))


def charge() -> bytes:
    calls = tuple(
        equipment_charge.Tried(_days(index, 0), _name(index, "Ann"), "promised a day", LAST if index % 3 else None)
        for index in range(24)
    )  # fmt: skip
    return equipment_charge.render(
        equipment_charge.EquipmentCharge(HEAD, PRINTED, "EC00031", HOME, LAST, "lost", f"CADD-Solis VIP {LONG}",
                                         "2204481907", "A-0113", DAY, HOSTILE, Decimal("2850.00"), calls, LAST)
    )  # fmt: skip


def due() -> bytes:
    groups = tuple(
        equipment_due.DueGroup(title, tuple(
            equipment_due.DueLine(f"A-{place}{index:03}", f"22044819{index:02}", _name(index, "CADD-Solis VIP"),
                                  "Service bench", "Clean, then check", LAST if index % 2 else None, index % 3 == 0)
            for index in range(12)))
        for place, title in enumerate(("To be cleaned", "To be checked", "Maintenance"))
    )  # fmt: skip
    return equipment_due.render(equipment_due.DueList(HEAD, PRINTED, DAY, groups))


def closing() -> bytes:
    rows = tuple(
        month_closing.RollRow(_name(index, "Payer"), Decimal(1200 + index), (Decimal("805.50"), Decimal("-402.25"),
                                                                            Decimal(0)), Decimal("-3.25"))
        for index in range(24)
    )  # fmt: skip
    aged = tuple(month_closing.AgedRow(_name(index, "Payer"), (Decimal(900), Decimal("80.5"), Decimal(0))) for index in
                 range(9))  # fmt: skip
    return month_closing.render(
        month_closing.MonthClosing(
            HEAD, "Dana Ortiz", AT, DAY, LAST, ("Charged", "Paid", "Written off"), rows,
            month_closing.RollRow("Total", Decimal(9), (Decimal(1), Decimal(2), Decimal(3)), Decimal(15)),
            ((HOSTILE, Decimal("12.00")),), Decimal("4025.00"), (("payer", aged), ("collector", aged[:2])),
            ("0 to 30", "31 to 60", "over 60"),
            month_closing.RollRow("Patients, for equipment", Decimal(300), (Decimal(900), Decimal(-300), Decimal(0)),
                                  Decimal(900)),
        )
    )  # fmt: skip


def statement() -> bytes:
    lines = tuple(
        patient_statement.StatementLine(_name(index, "Antibiotic, 7 days"), DAY, LAST, "Blue Prairie", Decimal(805),
                                        Decimal("402.50"), Decimal("302.50"), Decimal(100), Decimal(index), HOSTILE)
        for index in range(18)
    )  # fmt: skip
    return patient_statement.render(
        patient_statement.PatientStatement(HEAD, PRINTED, "ST00041", LAST, _days(60, 0), LONG, "P20331",
                                           ("4417 Old Mill Lane", "Cedar Rapids, IA"), lines,
                                           (("0 to 30 days", Decimal(1200)), ("over 90 days", Decimal("55.25"))))
    )  # fmt: skip


def recall() -> bytes:
    many = range(8)
    return recall_file.render(
        recall_file.RecallFile(
            HEAD, PRINTED, "R-4", "Flush 10 mL", LONG, HOSTILE, "FDA D-0412-2026", "closed", "Mar 3 by Dana Ortiz",
            "Mar 31 by Dana Ortiz", ("lot LOT001 through LOT020",), (("On the shelf", 12), ("At homes", 30)), 60,
            "7 of 8 patients were reached (88 %).", "58 of 60 units are accounted for.",
            tuple((_name(n, "Shelf"), f"LOT{n:03}", "Dec 2026", "12", "0") for n in many),
            tuple((f"D00{n:04}", "picked", _name(n, "Patient"), "Mar 5", f"LOT{n:03}", "4") for n in many),
            tuple((_name(n, "Patient"), "(319) 555-0172", "4417 Old Mill Lane", f"LOT{n:03}", "4", "1", "3", "reached",
                   "D004900") for n in many),
            tuple((_name(n, "Patient"), f"LOT{n:03}", f"D00{n:04}", "Mar 1", "4", "0") for n in many),
            tuple(("Mar 3, 09:10", _name(n, "Patient"), "phone", "no answer", "Twice.", "D. Ortiz") for n in many),
            tuple(("Mar 3, 09:10", "held", f"LOT{n:03}", "12", "A-01", "Quarantine", "D. Ortiz") for n in many), LAST,
        )
    )  # fmt: skip


def swap() -> bytes:
    new = swap_sheet.Pump("A-0114", "2204481908", "CADD-Solis VIP", DAY, LAST, "4.2", "ADULT 7",
                          tuple(_name(n, "Accessory") for n in range(9)))  # fmt: skip
    old = swap_sheet.Pump("A-0113", "2204481907", LONG, DAY)
    shown = tuple(_name(n, "It was shown how to") for n in range(22))
    return swap_sheet.render(
        swap_sheet.HandOver(HEAD, PRINTED, "SW00007", "SWP:SW00007", HOME, DAY, "13:00 to 16:00", "Vancomycin q12h",
                            new, old, HOSTILE, f"Mar 4 by {LONG}", shown)
    )  # fmt: skip


def _report(title: str, rows: int) -> table_report.TableReport:
    columns = (table_report.Column("Payer"), table_report.Column("Days", table_report.Kind.NUMBER),
               table_report.Column("Paid", table_report.Kind.MONEY))  # fmt: skip
    chart = BarChart(title, tuple(Bar(_name(n, "Payer"), Decimal(40 - 9 * n), f"{40 - 9 * n}") for n in range(4)), 3)
    return table_report.TableReport(HEAD, PRINTED, title, columns, tuple((_name(n, "Payer"), 27 + n, Decimal("805.5"))
                                    for n in range(rows)), totals=("Total", 99, Decimal("1234.5")), chart=chart,
                                    definition="What it counts.", landscape=rows > 5)  # fmt: skip


def bundle() -> bytes:
    titles = (("Money", "Days and money billed"), ("Money", HOSTILE), ("Care", LONG))
    drawn = report_bundle.Bundle(report_bundle.Cover(HEAD, PRINTED, "Month end", DAY, LAST, titles))
    for place, (_group, title) in enumerate(titles):
        drawn.add(_report(title, 4 + 3 * place))
    return drawn.finish()


def goods_back() -> bytes:
    lines = tuple(
        vendor_return.ReturnLine(_name(index, "Extension set"), f"IT-{index:04}", f"LT{index:03}", 4, "each",
                                 Decimal("18.50"), HOSTILE if index == 4 else "damaged")
        for index in range(26)
    )  # fmt: skip
    return vendor_return.render(
        vendor_return.VendorReturn(HEAD, PRINTED, "VR00009", DAY, LONG, ("Des Moines, IA",), lines, Decimal("481.00"),
                                   "damaged", "77-120", "2291", "RGA 8871", HOSTILE)
    )  # fmt: skip


PAPERS: dict[str, Callable[[], bytes]] = {
    "appeal-letter": appeal,
    "asset-log": asset_life,
    "audit-packet": audit,
    "authorization-request": authorization,
    "claim-summary": summary,
    "cms1500-form": lambda: cms1500.render_preprinted([_form(8)]),
    "cms1500-proof": lambda: cms1500.render_proof([_form(8)]),
    "count-sheet": count,
    "deed-sheet": deeds,
    "equipment-charge": charge,
    "equipment-due": due,
    "month-closing": closing,
    "patient-statement": statement,
    "recall-file": recall,
    "report-bundle": bundle,
    "swap-sheet": swap,
    "vendor-return": goods_back,
}
