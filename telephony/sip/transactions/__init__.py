"""A request and its answers (RFC 3261 17), each sent until it has arrived."""
