"""The mutants are modules beside the tests; processes that a clause starts import them too, so they are on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
