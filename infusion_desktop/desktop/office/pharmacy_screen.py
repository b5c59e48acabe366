"""The pharmacy's own name, address and numbers, as papers and claims name it; put right here."""

from dataclasses import replace
from typing import Any

from infusion_desktop.access.pharmacy import Profile, profile, save_profile
from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.both_versions import BothVersions, differences, put_mine, shown_in
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import Form, TextField
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Stale
from infusion_desktop.identifiers import (
    read_npi,
    read_phone,
    read_tax_id,
    read_taxonomy,
    read_zip,
    show_phone,
    show_zip,
)

_AS_SHOWN = {"zip": show_zip, "phone": show_phone, "fax": show_phone}


class PharmacyScreen(Screen):
    """Who we are, on every paper and every claim."""

    title = "Pharmacy"
    topics = frozenset({"pharmacy"})
    help = "What papers and claims say of the pharmacy. An administrator changes it; claims are checked again by it."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._kept: Profile | None = None
        self._typed = False
        self._may_edit = context.may(Permission.EDIT_PHARMACY)
        self.fields = {
            "name": TextField("Name of the pharmacy", required=True, longest=60),
            "street": TextField("Street", required=True, longest=55, hint="A street: claims take no post office box."),
            "street_2": TextField("Suite or building", longest=55),
            "city": TextField("City", required=True, longest=30),
            "state": TextField("State", required=True, placeholder="OR", longest=2),
            "zip": TextField("ZIP code", required=True, read=read_zip, hint="Nine digits: claims need the last four."),
            "phone": TextField("Telephone", required=True, read=read_phone),
            "fax": TextField("Fax", read=read_phone),
            "npi": TextField("NPI", required=True, read=read_npi, hint="Ten digits; the last one is checked."),
            "tax_id": TextField("Tax id (EIN)", required=True, read=read_tax_id, hint="Nine digits."),
            "taxonomy": TextField("Taxonomy code", required=True, read=read_taxonomy,
                                  hint="3336H0001X is a home infusion therapy pharmacy."),
        }  # fmt: skip
        self.form = Form()
        rows = (("name",), ("street", "street_2"), ("city", "state", "zip"), ("phone", "fax"))
        self.form.section("On papers and claims", *[[self.fields[key] for key in row] for row in rows])
        self.form.section("Numbers", [self.fields[key] for key in ("npi", "tax_id", "taxonomy")])
        self.save_button = button("Save", self.save, icon="save", kind="primary")
        self.save_button.setEnabled(False)
        self.form.changed.connect(lambda: self._is_typed(True))
        lead = "" if self._may_edit else "Only an administrator changes this. Tell them what is wrong."
        page = Page(self, lead or "Every paper and every claim says this of the pharmacy.")
        card = Card()
        card.setMaximumWidth(860)
        card.add(self.form)
        if self._may_edit:
            page.actions(self.save_button)
        else:
            for field in self.form.fields:
                field.editor.setReadOnly(True)  # type: ignore[attr-defined]  # All of them are lines.
        page.add(card)
        page.column.addStretch(1)

    def load(self) -> None:
        if not self._typed:
            self.ask(self._profile, self._show)

    def _profile(self) -> Profile | None:
        with self.context.database.reading() as session:
            return profile(session)

    def _show(self, found: Profile | None) -> None:
        self._kept = found
        for key, field in self.fields.items():
            value = getattr(found, key) if found is not None else ""
            field.set_value(_AS_SHOWN[key](value) if value and key in _AS_SHOWN else value)
        self._is_typed(False)

    def show_failure(self, error: Exception) -> None:
        if isinstance(error, Stale):
            self.ask(self._profile, self._compare)
        super().show_failure(error)

    def _compare(self, found: Profile | None) -> None:
        """Somebody else saved the profile meanwhile: theirs beside what is typed here."""
        kept, mine = self._kept, shown_in(self.form)
        if found is None or kept is None:
            return
        self._show(kept)
        before = shown_in(self.form)
        self._show(found)
        rows = differences([field.title for field in self.form.fields], before, shown_in(self.form), mine)

        def keep_mine() -> None:
            put_mine(self.form, rows)
            self.save()

        self.comparison = BothVersions(rows, keep_mine, self)
        self.comparison.open()

    def _is_typed(self, typed: bool) -> None:
        self._typed = typed
        self.save_button.setEnabled(typed)

    def may_leave(self) -> bool:
        return not self._typed

    def save(self) -> None:
        """Keep what is typed."""
        if self._kept is None or not self.form.check():
            return
        typed: dict[str, Any] = {key: field.value() for key, field in self.fields.items()}
        new = replace(self._kept, **typed)
        database, by = self.context.database, self.context.user_id

        def saved(_result: None) -> None:
            self._is_typed(False)
            self.load()

        self.do(
            lambda _why: save_profile(database, new, by), changed=("pharmacy", "billing"), then=saved,
            pressed=self.save_button, said="The profile is saved. Check the claims that waited for it again.",
        )  # fmt: skip
