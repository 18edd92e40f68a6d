"""Helpers of tasks on music: sets of sounding keys, MIDI files, baselines."""
