"""What plug-ins promise, and the data that passes between them and the engine: one file a promise."""
