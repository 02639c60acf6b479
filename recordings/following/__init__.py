"""What is said while it is said: callers' answers, and talks that somebody reads."""
