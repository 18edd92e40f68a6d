"""All tasks together: ranks, critical differences, normalised scores, profiles, probabilities of improvement.

`grid` decides which results enter, `ranks` and `normalise` put them on one scale, `aggregate`, `profiles` and
`bootstrap` summarise them, `drawing` draws, `rank_panel`, `score_panels` and `entering` make text and tables, and
`composition` puts these in order.
"""

from __future__ import annotations

from harness.report.across.composition import panels

__all__ = ["panels"]
