"""Boards as screens get them, and who looks at them."""
