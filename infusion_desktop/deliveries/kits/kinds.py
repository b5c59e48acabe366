"""Which pump or pole answers a kit's need for one. Pure."""

from infusion_desktop.patients.words import Method
from infusion_desktop.stock.words import ItemKind

POLE = "pole"
EQUIPMENT_KINDS = (*(method.value for method in Method if method.pump), POLE)
"""What a kit may ask for: a kind of pump, spelled as the method, or a pole."""

_CODES = {
    Method.AMBULATORY_PUMP.value: frozenset({"E0781", "E0780", "E0779", "K0455"}),
    Method.SYRINGE_PUMP.value: frozenset({"E0779", "E0780", "E0781"}),
    Method.STATIONARY_PUMP.value: frozenset({"E0791", "B9006"}),
    Method.ENTERAL_PUMP.value: frozenset({"B9000", "B9002"}),
}
"""HCPCS Level II codes (CMS) of the pumps of each kind: E0779/E0780 mechanical, E0781 ambulatory electric, E0791
stationary parenteral, B9002 enteral, B9006 stationary parenteral nutrition."""


def answers(kind: str, item_kind: ItemKind, hcpcs: str) -> bool:
    """Whether equipment of this catalogue kind and code is what the kit asks for; a pump of no known code may be."""
    if kind == POLE:
        return item_kind is ItemKind.POLE
    if item_kind is not ItemKind.PUMP:
        return False
    known = frozenset().union(*_CODES.values())
    return hcpcs not in known or hcpcs in _CODES.get(kind, known)
