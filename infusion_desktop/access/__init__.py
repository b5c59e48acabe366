"""Users, roles, sign-in, and the audit trail that every change writes to."""
