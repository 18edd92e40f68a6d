"""Discovery of plug-ins, their sources and checks, and which model fits which task."""
