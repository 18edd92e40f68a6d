"""The command line: one small file per command. Importing these modules imports neither torch nor Hydra."""
