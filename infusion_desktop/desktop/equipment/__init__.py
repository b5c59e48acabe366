"""Screens of equipment: the board of pumps and poles, their care and their registration."""
