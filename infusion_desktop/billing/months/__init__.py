"""A patient's month: which days count, what stands beside them, what it becomes."""
