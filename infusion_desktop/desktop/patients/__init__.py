"""Screens of patients: the list, admission, and everything about one patient on one page."""
