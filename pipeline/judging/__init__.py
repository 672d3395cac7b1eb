"""Judging: what a mail and its files say, held against the rules."""
