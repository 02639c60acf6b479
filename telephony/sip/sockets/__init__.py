"""The stack on real sockets: UDP, TCP, TLS, WebSocket."""
