"""What happens to patients between deliveries: events, tasks by rules, the end, everything at a glance."""
