"""Built-in plug-ins, found only through the entry points in pyproject.toml, as any third-party package is."""
