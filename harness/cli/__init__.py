"""The command line: one small file a command. Importing these modules imports neither torch nor Hydra."""
