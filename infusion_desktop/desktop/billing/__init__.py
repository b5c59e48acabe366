"""Screens of billing: a month's claims, one claim with its reasons, payers' answers and what is owed."""
