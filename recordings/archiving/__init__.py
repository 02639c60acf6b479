"""Ended recordings made small, sealed, proved, and moved to where they stay."""
