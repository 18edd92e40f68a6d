"""All tasks together: ranks, critical differences, normalised scores, profiles, probabilities of improvement.

One concept a file: `grid` says which results enter, `ranks` and `normalise` put them on one scale, `aggregate`,
`profiles` and `bootstrap` summarise them, `drawing` draws, `rank_panel`, `score_panels` and `entering` put it into
words and tables, and `composition` puts these in their order.
"""

from __future__ import annotations

from harness.report.across.composition import panels

__all__ = ["panels"]
