"""The office's screens: people and their roles, the pharmacy's own profile, the audit trail and the books."""
