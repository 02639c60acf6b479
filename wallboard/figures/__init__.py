"""The figures of the trade, and which of them a board shows."""
