"""Bytes and texts: messages, headers, addresses (RFC 3261 7, 19.1, 25), and nothing that lasts."""
