"""Peers beside us: the same mailbox heard, and the same letters sent, by other programs and by ours."""
