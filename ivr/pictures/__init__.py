"""Flows as pictures, and where callers are in them."""
