"""Settings turned into the options of the parts; nobody below the roof reads settings."""
