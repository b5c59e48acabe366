"""Lists of codes: previewed, taken in with their days, ended codes are no longer chosen, nothing is deleted."""

from datetime import date

import pytest
from test_service_charging import MARCH, lines_of, shown

from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.months.charging import make_claim
from infusion_desktop.billing.terms.code_lists import (
    CodeChange,
    code_rows,
    codes_in,
    compare_codes,
    import_code_list,
    read_code_list,
)
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.errors import NotAllowed, Refused

CMS = b"""HCPC,SEQNUM,RECID,LONG DESCRIPTION,SHORT DESCRIPTION,ADD DT,ACT EFF DT,TERM DT
S9500,00100,3,"Home infusion therapy, antibiotic every 24 hours",Hit antibiotic q24h,20020101,20020101,20260315
S9500,00200,4,and so on,,20020101,20020101,20260315
J9999X,00100,3,Wrong,Wrong,20020101,20020101,
"""
GOOD = CMS.replace(
    b"J9999X,00100,3,Wrong,Wrong,20020101,20020101,",
    b"J7799,00100,3,Noc drug,Noc drug,19950101,19950101,\nRR,00100,7,Rental,Rental,19850101,19850101,",
)


def test_a_list_is_previewed_taken_in_and_an_ended_code_is_not_chosen_any_more(office, staff):
    bad = read_code_list(CMS, "HCPC2026.csv")
    assert [str(each) for each in bad.problems] == [
        "Line 4, column “HCPC”: “J9999X” is not a code of five letters and digits."
    ]
    with pytest.raises(Refused, match="Line 4"):
        import_code_list(office.database, bad, office.biller)
    with pytest.raises(Refused, match="names no columns"):
        read_code_list(b"a,b\n1,2\n", "x.csv")

    office.rules()
    office.fee("S9500", "95")
    office.fee("S9494", "60")
    office.orders("ceftriaxone 2 g", date(2026, 3, 10), date(2026, 3, 20))
    assert shown(lines_of(office)[0]) == [("S9500", (), 10, 20, 11)]
    listed = read_code_list(GOOD, "HCPC2026.csv")
    with office.database.reading() as session:
        assert [(each.listed.code, each.change) for each in compare_codes(session, listed)] == [
            ("S9500", CodeChange.ENDED),
            ("J7799", CodeChange.CHANGED if code_table().find("J7799") else CodeChange.NEW),
        ]
    with pytest.raises(NotAllowed):
        import_code_list(office.database, listed, staff["technician"])
    assert import_code_list(office.database, listed, office.biller) == 2
    with pytest.raises(Refused, match="Every code"):
        import_code_list(office.database, listed, office.biller)
    assert shown(lines_of(office)[0]) == [("S9500", (), 10, 15, 6), ("S9494", (), 16, 20, 5)]
    with office.database.reading() as session:
        known = codes_in(session)
        assert known.find("S9500").last_on == date(2026, 3, 15)
        assert len(known.codes) >= len(code_table().codes), "nothing is deleted"
        assert any(row.code == "J7799" for row in code_rows(session))
    claim = make_claim(office.database, office.patient, MARCH, office.biller)
    found = {each.code for each in check(office.database, claim, office.biller, on=date(2026, 4, 2))}
    assert "CODE" not in found
    again = read_code_list(b"code,description,starts_on\nS9500,Back again,2002-01-01\n", "x.csv")
    assert import_code_list(office.database, again, office.biller) == 1
    assert shown(lines_of(office)[0]) == [("S9500", (), 10, 20, 11)], "the newest list counts"
