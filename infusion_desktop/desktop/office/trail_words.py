"""What an entry of the audit trail keeps of a record, in words."""

import json

from infusion_desktop.desktop.table import capital


def facts(kept: str, between: str = "; ") -> str:
    """The kept facts in words instead of their stored form; what is empty is left out."""
    return between.join(_told(json.loads(kept), between)) if kept else ""


def _told(value: object, between: str, name: str = "") -> list[str]:
    label = name.replace("_", " ").strip()
    if isinstance(value, dict):
        return [told for key, each in value.items() for told in _told(each, between, f"{name} {key}")]
    if isinstance(value, list):
        if any(isinstance(each, dict | list) for each in value):
            told = (", ".join(_told(each, ", ")) for each in value)
            return [capital(f"{label} {place}: {each}".strip()) for place, each in enumerate(told, start=1)]
        value = ", ".join(map(str, value))
    if value is None or value == "":
        return []
    shown = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return [capital(f"{label}: {shown}" if label else shown)]
