"""What a run costs: time, memory, load, energy, and the environment in which it was measured."""
