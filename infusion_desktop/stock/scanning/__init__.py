"""What a scan says: GS1, HIBC and plain codes read, and what they mean here."""
