"""`callcenter.yaml` and what lies beside it, read and checked as a whole."""
