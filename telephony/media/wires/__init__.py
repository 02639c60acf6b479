"""What stands between a leg and its sockets: SRTP, a browser's transport, other clocks."""
