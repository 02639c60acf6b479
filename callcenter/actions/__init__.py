"""What people want by command: allowed or not, audited, done."""
