"""Where requests come in: who asks, what for, and where the phones are."""
