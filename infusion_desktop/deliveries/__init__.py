"""Kit templates, supply plans, refill calls, and deliveries from reservation to proof."""
