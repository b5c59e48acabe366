"""X12 out and in: plain data to text and back, no tables."""
