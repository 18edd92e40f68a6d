"""Sequence mixers: the recurrences of today's challengers of the LSTM, each in the same residual block."""
