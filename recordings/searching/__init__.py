"""Recordings found by what was said in them."""
