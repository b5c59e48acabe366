"""The screen of managers' reports."""
