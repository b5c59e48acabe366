"""Cycle counts: plans, blind sheets, differences, approval."""
