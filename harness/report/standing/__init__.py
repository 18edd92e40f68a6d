"""Who is best in a comparison, who may be, and what to use under given limits."""

from harness.report.standing.contenders import Contender, contenders_of
from harness.report.standing.judgement import Judgement, Outcome, Standing, judge
from harness.report.standing.words import sentence, sentences, standing_words

__all__ = [
    "Contender",
    "Judgement",
    "Outcome",
    "Standing",
    "contenders_of",
    "judge",
    "sentence",
    "sentences",
    "standing_words",
]
