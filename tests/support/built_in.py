"""The built-in models, as pyproject.toml declares them: one list for every test that goes through all."""

import tomllib
from pathlib import Path

_DECLARED = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["entry-points"][
    "harness"
]
MODELS = sorted(name.removeprefix("model.") for name in _DECLARED if name.startswith("model."))
