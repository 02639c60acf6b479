"""Flows tried on paper: in a terminal, by tests beside them, and what an editor knows of both."""
