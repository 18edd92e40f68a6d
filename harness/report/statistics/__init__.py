"""Statistics over few seeds and many test examples: intervals, tests between models, and who may be best.

A claim about models ("better model") must hold for another training and for other test examples (`pair_tests`,
`ranking`). Whether two trained checkpoints differ on test examples like these ("better checkpoint") is another question
(`example_tests`). See docs/explanation/statistics.md.
"""

from harness.report.statistics.correction import holm
from harness.report.statistics.curves import Band, band
from harness.report.statistics.example_tests import ExampleTest, ExampleTests, compare_examples
from harness.report.statistics.jackknife import ExampleErrors, by_block, example_errors
from harness.report.statistics.pair_tests import LEVEL, PairTest, PairTests, SeedSample, compare_pairs
from harness.report.statistics.power import needed_words, seeds_needed
from harness.report.statistics.ranking import Ranking, rank_verified
from harness.report.statistics.summaries import CONFIDENCE, FEW_SEEDS, Summary, interval_words, summarise

__all__ = [
    "CONFIDENCE",
    "FEW_SEEDS",
    "LEVEL",
    "Band",
    "ExampleErrors",
    "ExampleTest",
    "ExampleTests",
    "PairTest",
    "PairTests",
    "Ranking",
    "SeedSample",
    "Summary",
    "band",
    "by_block",
    "compare_examples",
    "compare_pairs",
    "example_errors",
    "holm",
    "interval_words",
    "needed_words",
    "rank_verified",
    "seeds_needed",
    "summarise",
]
