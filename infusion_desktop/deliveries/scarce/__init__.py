"""Deliveries when items are short or recalled: who gets what, and who is told."""
