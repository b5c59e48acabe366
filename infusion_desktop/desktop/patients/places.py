"""Where the screens of patients are."""

from collections.abc import Callable

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.places import Hit, NameScan, Place, Search
from infusion_desktop.desktop.screens import Screen


def _list(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.patients.list_screen import PatientsScreen

    return PatientsScreen(context, desk)


def _admit(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.patients.admit_screen import AdmitScreen

    return AdmitScreen(context, desk)


def _page(context: Context, desk: Desk) -> Screen:
    from infusion_desktop.desktop.patients.page_screen import PatientScreen

    return PatientScreen(context, desk)


def _search(context: Context) -> Search:
    def find(typed: str) -> list[Hit]:
        from infusion_desktop.patients.queries import patients

        if not context.may(Permission.SEE_PATIENTS):
            return []
        with context.database.reading() as session:
            rows = patients(session, typed, limit=12)
        return [Hit(row.name, f"{row.number}  {row.city}", "patient", "patient", row.id) for row in rows]

    return find


PLACES = (
    Place("patients", "Patients", "patient", Permission.SEE_PATIENTS, _list, "Care", opens=("patients",)),
    Place("admit", "Admit", "plus", Permission.ADMIT, _admit, "Care", opens=("admit",)),
    Place("patient", "Patient", "patient", Permission.SEE_PATIENTS, _page, opens=("patient", "visits"), in_rail=False),
)
SEARCHES: tuple[Callable[[Context], Search], ...] = (_search,)
NAME_SCANS: tuple[Callable[[Context], NameScan], ...] = ()
