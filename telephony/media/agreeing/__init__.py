"""Offer and answer (RFC 3264): what two sides may send each other, and by which keys."""
