"""An interval and a p value for a difference whose variance is a sum of parts with degrees of freedom of their own.

A difference d with independent variance estimates v_i of f_i degrees of freedom is shown at level α if

    d² > Σ t(1 - α/2, f_i)² v_i

which is never more often wrong than α, whatever the true variances are (Banerjee 1960). Satterthwaite's approximation,
which sums the variances first, is not safe here: with three seeds and a thousand examples it is wrong in 7.4 % instead
of 5 %, and in 0.98 % instead of 0.01 %, since seeds that lie close by chance lend it the examples' many degrees of
freedom.

Source: Banerjee 1960, "Approximate confidence interval for linear functions of means of k populations when the
population variances are not equal", Sankhya 22.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import optimize, special

Part = tuple[float, float]
"""A variance, and its degrees of freedom."""

_LEAST = 1e-16  # p values below this are 0; the library is exact to there


def satterthwaite(parts: Sequence[Part]) -> float:
    """Degrees of freedom of the sum of the variances (Satterthwaite 1946), for a share or a power; NaN if it is 0."""
    whole = sum(variance for variance, _ in parts)
    return whole**2 / sum(variance**2 / freedom for variance, freedom in parts) if whole > 0 else math.nan


def half_width(parts: Sequence[Part], level: float) -> float:
    """Half the interval of confidence 1 - level."""
    return math.sqrt(sum(float(special.stdtrit(freedom, level / 2)) ** 2 * v for v, freedom in parts if v > 0))


def p_value(difference: float, parts: Sequence[Part]) -> float:
    """The smallest level at which the difference is shown, two-sided; the variances must not all be 0."""
    known = [(v, freedom) for v, freedom in parts if v > 0]
    if len(known) == 1:
        ((variance, freedom),) = known
        return float(2 * special.stdtr(freedom, -abs(difference) / math.sqrt(variance)))

    def short(log_level: float) -> float:
        return half_width(known, math.exp(log_level)) - abs(difference)

    lowest = math.log(_LEAST)
    if short(lowest) <= 0:
        return 0.0
    if short(-1e-12) >= 0:
        return 1.0
    return math.exp(optimize.brentq(short, lowest, -1e-12, xtol=1e-10))
