"""Refill calls, what payers say about them, and the tasks people have."""
