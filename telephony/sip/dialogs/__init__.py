"""Legs: what two peers remember of each other (RFC 3261 12 to 15), and what each wants of it."""
