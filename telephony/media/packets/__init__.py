"""RTP and RTCP (RFC 3550): bytes and values, ports, whom a leg listens to."""
