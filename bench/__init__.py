"""Measurements of the whole centre, run by `make bench`; results go to docs/performance.md."""
