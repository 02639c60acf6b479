"""One caller's way through flows, as a machine."""
