"""F limits of intraclass correlations from mean squares, complete or not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from judge.stats.engine.limits import Limits

__all__: list[str] = []


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of ratings with their degrees of freedom, and effective sizes.

    Attributes
    ----------
    items, raters, noise : float
        Mean squares; the noise is the residual, or what varies within items (form 1).
    n, k : float
        Ratings of a rater and of an item: numbers of items and raters, or harmonic means.
    df : tuple of float
        Degrees of freedom of items, raters and noise.
    """

    items: float
    raters: float
    noise: float
    n: float
    k: float
    df: tuple[float, float, float]

    def with_noise(self, unit: float) -> MeanSquares:
        """Return the squares, where the noise is 0 with that of half a rating that differs by `unit`.

        Perfect agreement leaves a doubt that shrinks with the number of ratings: one rating of N that differs
        by d adds d^2/N to the mean square, and as much times the ratings of a mean to the others.
        """
        if self.noise > 1e-12:
            return self
        least = 0.5 * unit**2 / (self.n * self.k)
        return replace(self, noise=least, items=self.items + least, raters=self.raters + least)

    def limits(self, form: str, confidence_level: float) -> Limits:
        """Return McGraw and Wong's limits; those of a mean of raters follow by Spearman-Brown."""
        two_way = form[4] == "2"
        low, high = (self._two_way if two_way else self._ratio)(confidence_level)
        if form.endswith("k)"):
            k = self.k
            if not 1 + (k - 1) * low > 1e-12:  # beyond the reach of Spearman-Brown: there is no lower limit
                return math.nan, math.nan
            return k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high)
        return low, high

    def _ratio(self, confidence_level: float) -> Limits:
        of_items, _, of_noise = self.df
        if not self.items > 1e-12:  # all items have one mean: both limits would be the smallest value
            return math.nan, math.nan
        low = self.items / self.noise / f_quantile(confidence_level, of_items, of_noise)
        high = self.items / self.noise * f_quantile(confidence_level, of_noise, of_items)
        return (low - 1) / (low + self.k - 1), (high - 1) / (high + self.k - 1)

    def _two_way(self, confidence_level: float) -> Limits:
        n, k, (of_items, of_raters, of_noise) = self.n, self.k, self.df
        severity = (self.raters - self.noise) / n
        rho = (self.items - self.noise) / (self.items + (k - 1) * self.noise + k * severity)
        a, b = k * rho / (n * (1 - rho)), 1 + k * rho * (n - 1) / (n * (1 - rho))
        # Satterthwaite's degrees of freedom of the mixture of rater and residual variance.
        spread = (a * self.raters) ** 2 / of_raters + (b * self.noise) ** 2 / of_noise
        if not spread > 0:  # all items and all raters have one mean
            return math.nan, math.nan
        df = (a * self.raters + b * self.noise) ** 2 / spread
        mixture = k * self.raters + (k * n - k - n) * self.noise
        f_low, f_high = f_quantile(confidence_level, of_items, df), f_quantile(confidence_level, df, of_items)
        of_low, of_high = f_low * mixture + n * self.items, mixture + n * f_high * self.items
        if not min(of_low, of_high) > 0:  # two raters and two items whose means are all alike
            return math.nan, math.nan
        low, high = n * (self.items - f_low * self.noise), n * (f_high * self.items - self.noise)
        return low / of_low, high / of_high


def f_quantile(confidence_level: float, df1: float, df2: float) -> float:
    """Return the upper quantile of the F distribution for a two-sided interval."""
    from scipy.special import fdtri

    return float(fdtri(df1, df2, (1 + confidence_level) / 2))
