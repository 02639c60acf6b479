"""The journal's records in, the state behind every figure out."""
