"""What stands in a claim's way before it leaves: each check with its code, where it is put right, and its weight."""
