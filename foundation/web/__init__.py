"""What every page and API stands on: sessions, users, roles, errors, health, security headers."""
