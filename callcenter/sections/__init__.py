"""The sections of `callcenter.yaml`: what may be written, its limits and its defaults."""
