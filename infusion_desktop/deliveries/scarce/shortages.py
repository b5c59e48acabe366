"""How long each item lasts, who gets what is scarce, and sending a substitute instead on a planned delivery."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.scarce.supply_demand import ItemUse, daily_use, reorder_proposals
from infusion_desktop.deliveries.steps import expect, head_of, tell
from infusion_desktop.deliveries.tables import DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.errors import Refused, refuse_if_changed
from infusion_desktop.stock.buying.reordering import Demand, ProposalRow, free_units
from infusion_desktop.stock.purchase_tables import Substitute
from infusion_desktop.stock.scarce.shortage_rules import Claim, Lasting, Use, lasting, share_out, substitute_units
from infusion_desktop.stock.scarce.substitutes import SubstituteRow, substitutes
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What a delivery or a therapy gets of a scarce item, and the substitute that could fill the rest."""

    id: int
    demand: Demand
    given: int
    instead: SubstituteRow | None
    """The first substitute in rank of which enough is there for what is short."""

    @property
    def short(self) -> int:
        return self.demand.units - self.given


@dataclass(frozen=True, slots=True)
class ShortageRow:
    """An item: how long it lasts, what is coming, and who gets what until then."""

    proposal: ProposalRow
    lasting: Lasting
    wanted: int
    """Until a new order could be here."""
    shares: tuple[ShareRow, ...]
    substitutes: tuple[SubstituteRow, ...]

    @property
    def item_id(self) -> ItemId:
        return self.proposal.item_id

    @property
    def missing(self) -> int:
        """Units that deliveries and therapies will lack when nothing arrives in time."""
        return max(0, self.wanted - self.proposal.position.free)


def shortages(session: Session, today: date) -> tuple[ShortageRow, ...]:
    """Every item that somebody uses: the scarcest first (most missing for its need, then the fewest days left)."""
    free = free_units(session, today)
    instead = substitutes(session, free)
    uses: dict[ItemId, list[ItemUse]] = defaultdict(list)
    for use in daily_use(session, today):
        uses[use.item_id].append(use)
    rows = []
    for proposal in reorder_proposals(session, today):
        used = uses.get(proposal.item_id, [])
        if not used and not proposal.demands:
            continue
        last = lasting(proposal.position.free, [Use(each.units, each.days) for each in used])
        others = instead.get(proposal.item_id, ())
        wanted = sum(each.units for each in proposal.demands)
        rows.append(ShortageRow(proposal, last, wanted, _shares(proposal, others), others))
    return tuple(sorted(rows, key=_scarcest))


def _scarcest(row: ShortageRow) -> tuple[bool, float, int, str]:
    days = 10**6 if row.lasting.days is None else row.lasting.days
    return row.missing == 0, -row.missing / max(1, row.wanted), days, row.proposal.name


def _shares(proposal: ProposalRow, others: tuple[SubstituteRow, ...]) -> tuple[ShareRow, ...]:
    claims = [Claim(key, each.priority, each.on, each.units) for key, each in enumerate(proposal.demands)]
    left = {each.id: each.available for each in others}
    rows = []
    for share in share_out(proposal.position.free, claims):
        chosen = next((each for each in others if share.short and left[each.id] >= each.units_for(share.short)), None)
        if chosen is not None:
            left[chosen.id] -= chosen.units_for(share.short)
        rows.append(ShareRow(share.claim.key, proposal.demands[share.claim.key], share.given, chosen))
    return tuple(rows)


def send_instead(
    database: Database, line_id: int, substitute_id: ItemId, units: int, reason: str, by: UserId, *, was: int
) -> int:
    """On a draft, send a substitute for ``units`` of a line, converted; gives how many of it are sent.

    ``was`` is what the line sent when it was looked at: else two people would replace the same shortfall twice.
    Refused where the substitute is not allowed for the item, or holds latex and the patient is allergic to it.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.PLAN_DELIVERY)
        line = session.get(DeliveryLine, line_id)
        if line is None:
            raise Refused("This line is not known. Open the delivery again.")
        head = head_of(session, DeliveryId(line.delivery_id))
        expect(head, DeliveryState.DRAFT)
        session.refresh(line)
        refuse_if_changed("this line", was, line.to_send)
        if not 0 < units <= line.to_send:
            raise Refused(f"From 1 to {line.to_send:,} units of this line can be replaced.")
        if not reason.strip():
            raise Refused("Say why something else is sent, such as “on backorder until May”.")
        pair = (Substitute.item_id == line.item_id, Substitute.substitute_id == substitute_id)
        allowed = session.scalar(select(Substitute).where(*pair, Substitute.ended_on.is_(None)))
        other = session.get(Item, substitute_id)
        if allowed is None or other is None:
            raise Refused("This item is not a substitute of the other. A pharmacist adds it to the list first.")
        if other.contains_latex and head.latex_allergy:
            raise Refused(f"The patient is allergic to latex and {other.name} contains it. Choose another substitute.")
        sent = substitute_units(units, allowed.gives, allowed.for_units)
        session.refresh(line)
        line.to_send -= units
        line.change_reason = reason.strip()
        _add(session, head.id, line, other, sent, f"{sent} instead of {units}: {reason.strip()}")
        tell(
            session, head, by, "send instead", reason, line=line_id, was=was, substitute=substitute_id, units=units,
            sent=sent,
        )  # fmt: skip
        return sent


def _add(session: Session, delivery: DeliveryId, line: DeliveryLine, other: Item, units: int, why: str) -> None:
    rows = session.scalars(select(DeliveryLine).where(DeliveryLine.delivery_id == delivery)).all()
    kept = next((row for row in rows if row.item_id == other.id), None)
    if kept is not None:
        kept.to_send += units
        kept.why = "; ".join(filter(None, (kept.why, why)))
        return
    session.add(DeliveryLine(
        delivery_id=delivery, item_id=other.id, position=max(row.position for row in rows) + 1, needed=units, at_home=0,
        to_send=units, why=why, change_reason="substitute", substitutes_item_id=line.item_id, owed=0,
    ))  # fmt: skip
