"""Strings of symbols about which something is asked: what the diagnostic tasks share."""
