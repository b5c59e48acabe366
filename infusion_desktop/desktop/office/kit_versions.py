"""Two people changed one kit template: its parts in words, side by side, and one person's put onto the other's."""

from collections.abc import Mapping
from dataclasses import replace

from infusion_desktop.deliveries.kits.template_rules import Template, TemplateLine
from infusion_desktop.desktop.both_versions import Difference, differences
from infusion_desktop.stock.words import ItemId

_PARTS = (
    ("Name", "name"), ("Kind of therapy", "therapy_class"), ("Methods", "methods"), ("Access devices", "access_kinds"),
    ("Every, from hours", "lowest_interval_hours"), ("to hours", "highest_interval_hours"),
    ("Lumens from", "lowest_lumens"), ("to lumens", "highest_lumens"),
    ("Only for those allergic to latex", "latex_allergic_only"), ("For", "ages"), ("Lines", "lines"),
)  # fmt: skip
"""The title of each part and its name in the template."""


def differing_parts(
    before: Template, theirs: Template, mine: Template, names: Mapping[ItemId, str]
) -> tuple[Difference, ...]:
    """The parts that either of them changed; of the lines only those that are not the same in all three. Pure."""
    titles = [title for title, _part in _PARTS]
    found = differences(titles, _shown(before, names), _shown(theirs, names), _shown(mine, names))
    return tuple(_shortened(row) if _PARTS[row.place][1] == "lines" else row for row in found)


def _shortened(row: Difference) -> Difference:
    """Without the lines that are in all three; whole where only their order tells them apart."""
    told = [each.split("\n") for each in (row.before, row.theirs, row.mine)]
    same = set[str]().union(*told).intersection(*told)
    before, theirs, mine = ("\n".join(each for each in lines if each not in same) for lines in told)
    short = replace(row, field="Lines that differ", before=before, theirs=theirs, mine=mine)
    tells = [(each.before == each.theirs, each.before == each.mine, each.theirs == each.mine) for each in (row, short)]
    return short if tells[0] == tells[1] else row


def mine_onto(theirs: Template, mine: Template, rows: tuple[Difference, ...]) -> Template:
    """Theirs with the parts that I changed as I wrote them. Pure."""
    parts = [_PARTS[row.place][1] for row in rows if row.is_mine]
    return replace(theirs, **{part: getattr(mine, part) for part in parts})


def rule_of(line: TemplateLine) -> str:
    """How much of it goes."""
    amount = f"{line.amount.normalize():f}"
    lumens = " for each lumen" if line.per_lumen else ""
    return f"{amount} {line.rule.value.replace('_', ' ')}{lumens}"


def only_for(line: TemplateLine) -> str:
    """To whom it goes, and when; "" for always to everybody."""
    parts = [", ".join(each.value for each in line.access_kinds)] if line.access_kinds else []
    return "; ".join([*parts, *(["when asked for"] if line.optional else [])])


def _shown(kit: Template, names: Mapping[ItemId, str]) -> list[str]:
    """Each part in words: two kits that differ in a part differ in its words."""
    told = []
    for _title, part in _PARTS:
        value = getattr(kit, part)
        if part == "lines":
            told.append("\n".join(_line(line, names) for line in value))
        elif isinstance(value, bool):
            told.append("yes" if value else "no")
        else:
            told.append(", ".join(each.value for each in value) if isinstance(value, tuple) else str(value))
    return told


def _line(line: TemplateLine, names: Mapping[ItemId, str]) -> str:
    def name(item: ItemId) -> str:
        return names.get(item, f"item {item}, which was ended")

    parts = [f"{line.equipment or name(line.item_id or ItemId(0))}: {rule_of(line)}", f"packs of {line.round_to}"]
    parts += [line.purpose.value, only_for(line), line.note, *(f"or {name(each)}" for each in line.alternatives)]
    parts += [f"without latex {name(line.latex_free_item_id)}"] if line.latex_free_item_id is not None else []
    return ", ".join(part for part in parts if part)
