"""Seeds by plan: after how many seeds a sweep looks at its results, and which cells follow a look. Reads no store.

Looking at results, adding seeds and looking again makes a false claim likelier with every look, unless the number of
looks is fixed beforehand and each has its share of the level (Bonferroni; Pocock 1977, "Group sequential methods in the
design and analysis of clinical trials", has less strict shares for looks that are equally spaced).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from harness.config.plain import canonical
from harness.errors import ConfigError
from harness.sweeping.planning import INCOMPATIBLE, PlannedRun

MOST_SEEDS = 1000
"""A plan with more seeds is taken for a typing error."""


@dataclass(frozen=True)
class SeedPlan:
    """The numbers of seeds at which a sweep looks at its results, increasing.

    Look 0 is taken when all cells of the first seeds have ended. Each comparison that is undecided then gets the seeds
    up to the next number, for all of its models alike.
    """

    looks: tuple[int, ...]

    @classmethod
    def parse(cls, text: str, fewest: int) -> SeedPlan:
        """The plan of "3,5,10".

        Args:
            text: whole numbers with commas.
            fewest: seeds below which nothing can be decided.

        Raises:
            ConfigError: they are not whole numbers, do not increase, or the first is too small.
        """
        example = "write increasing whole numbers with commas, as in --until-decided 3,5,10"
        try:
            looks = tuple(int(part) for part in text.split(","))
        except ValueError:
            raise ConfigError(f"--until-decided {text!r} is not a list of numbers of seeds; {example}.") from None
        if any(later <= earlier for earlier, later in pairwise(looks)):
            raise ConfigError(f"--until-decided {text} does not increase from one number to the next; {example}.")
        if looks[0] < fewest:
            raise ConfigError(
                f"--until-decided {text} looks after {looks[0]} seeds, but nothing can be decided with fewer than "
                f"{fewest}; {example}."
            )
        if looks[-1] > MOST_SEEDS:
            raise ConfigError(f"--until-decided {text} ends with {looks[-1]} seeds; at most {MOST_SEEDS} are possible.")
        return cls(looks)

    def expanded(self, words: Sequence[str]) -> list[str]:
        """The words of a sweep with every seed of the plan, 0 and up.

        Raises:
            ConfigError: they name seeds themselves.
        """
        given = [word for word in words if word.partition("=")[0].strip() == "seed"]
        if given:
            raise ConfigError(
                f"'{given[0]}' cannot be combined with --until-decided, which says itself how many seeds there are: 0 "
                f"to {self.looks[0] - 1} first, then more where needed. Leave out one of the two."
            )
        return [*words, f"seed={','.join(map(str, range(self.looks[-1])))}"]

    def seeds(self, look: int) -> range:
        """The seeds that are new at this look; none after the last."""
        if look >= len(self.looks):
            return range(0)
        return range(self.looks[look - 1] if look else 0, self.looks[look])

    def first(self, planned: Sequence[PlannedRun]) -> list[PlannedRun]:
        """The cells before the first look, baselines included, which need no further seeds."""
        return [self._marked(run) for run in planned if run.plan.seed in self.seeds(0)]

    def further(self, planned: Sequence[PlannedRun], look: int, keys: Collection[str]) -> list[PlannedRun]:
        """The cells that are new at a later look, for every configuration that has a run among these.

        Args:
            planned: all cells of all looks.
            look: 1 and up.
            keys: of runs of comparisons that are undecided.
        """
        wanted = {_configuration(run) for run in planned if run.plan.key in keys}
        new = (run for run in planned if run.plan.seed in self.seeds(look) and _may_run(run))
        return [self._marked(run) for run in new if _configuration(run) in wanted]

    def most(self, planned: Sequence[PlannedRun]) -> int:
        """How many runs may follow those before the first look."""
        return sum(run.plan.seed not in self.seeds(0) and _may_run(run) for run in planned)

    def _marked(self, run: PlannedRun) -> PlannedRun:
        return replace(run, looks=len(self.looks))


def _may_run(run: PlannedRun) -> bool:
    return run.state != INCOMPATIBLE and not run.baseline


def _configuration(run: PlannedRun) -> str:
    """All settings of a cell but its seed."""
    return canonical({name: value for name, value in run.plan.config.items() if name != "seed"})
