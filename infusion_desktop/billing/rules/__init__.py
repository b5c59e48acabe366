"""Pure billing rules: which days count, which code, which rank, which lines, and what stands in a claim's way."""
