"""Statistics over few seeds and many test examples: intervals, tests between models, verdicts.

Two sources of variance are kept apart. `compare_seeds` asks whether another training would rank two models the same
("better model"); `compare_examples` asks whether two trained checkpoints differ on test examples like these ("better
checkpoint"). Neither answers the other's question. See docs/explanation/statistics.md.
"""

from harness.report.statistics.correction import holm
from harness.report.statistics.curves import Band, band
from harness.report.statistics.example_tests import ExampleTest, ExampleTests, compare_examples
from harness.report.statistics.power import paired_power, seeds_needed, unpaired_power
from harness.report.statistics.seed_tests import SeedTest, SeedTests, compare_seeds
from harness.report.statistics.sign_flips import sign_flip
from harness.report.statistics.summaries import CONFIDENCE, FEW_SEEDS, Summary, interval_words, summarise
from harness.report.statistics.verdicts import Verdict, judge, verdict_on

__all__ = [
    "CONFIDENCE",
    "FEW_SEEDS",
    "Band",
    "ExampleTest",
    "ExampleTests",
    "SeedTest",
    "SeedTests",
    "Summary",
    "Verdict",
    "band",
    "compare_examples",
    "compare_seeds",
    "holm",
    "interval_words",
    "judge",
    "paired_power",
    "seeds_needed",
    "sign_flip",
    "summarise",
    "unpaired_power",
    "verdict_on",
]
