"""Screens of care between deliveries: calls and tasks, the refill call, the supply plan."""
