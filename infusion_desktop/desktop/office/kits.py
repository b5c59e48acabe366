"""Kit templates: what goes into a kit for a therapy, and taking the shipped starter set in."""

from dataclasses import dataclass

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.care_words import Ages
from infusion_desktop.deliveries.kits.starter_templates import load_starter_templates
from infusion_desktop.deliveries.kits.template_rules import MOST_LUMENS, Template
from infusion_desktop.deliveries.kits.templates import KeptTemplate, templates
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column, capital
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.stock.queries import item_rows


@dataclass(frozen=True, slots=True)
class KitRow:
    """A template with its lines in words."""

    id: int
    kept: KeptTemplate
    lines: str


COLUMNS: tuple[Column[KitRow], ...] = (
    Column("Code", text=lambda row: row.kept.template.code),
    Column(
        "Kit", text=lambda row: row.kept.template.name, stretch=True, hint=lambda row: row.lines.replace("; ", "\n")
    ),
    Column("Therapy", text=lambda row: row.kept.template.therapy_class.value.capitalize()),
    Column("Lines", text=lambda row: str(len(row.kept.template.lines)), numeric=True),
    Column(
        "What is in it",
        text=lambda row: row.lines,
        stretch=True,
        hidden=True,
        hint=lambda row: row.lines.replace("; ", "\n"),
    ),
    Column("For", text=lambda row: capital(_for(row.kept.template))),
    Column("Version", text=lambda row: str(row.kept.number), sort_key=lambda row: row.kept.number, numeric=True),
    Column("Since", text=lambda row: show_day(row.kept.starts_on), sort_key=lambda row: row.kept.starts_on),
)


def _for(kit: Template) -> str:
    """Whom it is for besides the therapy: "any", or ages, lumens and allergy."""
    parts = [kit.ages.value] if kit.ages is not Ages.ANY else []
    if kit.latex_allergic_only:
        parts.append("latex allergy")
    if (kit.lowest_lumens, kit.highest_lumens) != (0, MOST_LUMENS):
        parts.append(f"{kit.lowest_lumens} to {kit.highest_lumens} lumens")
    return ", ".join(parts) or "Anybody"


class KitsScreen(Screen):
    """The templates in force today."""

    title = "Kit templates"
    topics = frozenset({"deliveries", "stock"})
    help = "What a kit holds for a therapy and patient; quantities follow from doses and days. Enter opens a kit."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        may = context.may(Permission.EDIT_TEMPLATES)
        self.table: TableView[KitRow] = TableView(
            COLUMNS, lambda row: row.id, name="Kit templates", desk=desk, noun=("kit", "kits"),
            empty="No kit template yet. Import the catalogue, then take the starter kits in.", settings=self.settings(),
        )  # fmt: skip
        page = Page(self, "A kit whose items are all in the catalogue is taken in; the others wait until they are.")
        self.starter = button("Take the starter kits in", self.take_in, icon="kit", kind="primary")
        self.table.opened.connect(lambda row: desk.open("kit", row.id) if row else None)
        if may:
            page.actions(button("A new kit", lambda: desk.open("kit", None), icon="plus"), self.starter)
        page.add(self.table, 1)

    def load(self) -> None:
        self.ask(self._rows, self.table.set_rows)

    def _rows(self) -> tuple[KitRow, ...]:
        with self.context.database.reading() as session:
            names = {row.id: row.name for row in item_rows(session)}
            kept = templates(session, today(), later_too=True)
        return tuple(
            KitRow(
                int(each.id),
                each,
                "; ".join(
                    f"{names.get(line.item_id, '')}" if line.item_id else line.equipment for line in each.template.lines
                ),
            )
            for each in kept
        )

    def take_in(self) -> None:
        """Add the starter kits that are new."""
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _why: load_starter_templates(database, by), changed=("deliveries",), pressed=self.starter,
            said=lambda count: f"{count} kits were taken in."
            if count
            else "No new kit: the catalogue lacks their items, or they are here already.",
        )  # fmt: skip
