"""Seeded draws that stay the same in every version of numpy, for they use its uniforms alone."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Shape: TypeAlias = int | tuple[int, ...]
Option = TypeVar("Option")

# Rounding keeps a sum of probabilities a hair below 1; a walk must not look for what lies beyond.
_NEARLY_ONE = 1 - 1e-9


class Draws:
    """A stream of random draws, fixed by its seed.

    numpy may change how it turns bits into normals or Poisson counts; the bits of PCG64 and the
    uniforms made of them have never changed.  So every distribution here is an inverse transform
    (Box and Muller's for normals) of uniforms.
    """

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.default_rng(np.random.PCG64(seed))

    def uniform(self, shape: Shape) -> Floats:
        """Draw from 0 (included) to 1 (not included)."""
        return self._generator.random(shape)

    def chance(self, share: float | Floats, count: int) -> Flags:
        """Say yes with that probability."""
        return self.uniform(count) < share

    def normal(self, shape: Shape) -> Floats:
        """Draw from the standard normal."""
        radius = np.sqrt(-2 * np.log1p(-self.uniform(shape)))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniform(shape)))

    def lognormal(
        self, median: float | Floats, sigma: float, shape: Shape, *, cut: float = np.inf
    ) -> Floats:
        """Draw from the lognormal of that median, its tails cut at so many sigma."""
        return np.asarray(median * np.exp(sigma * np.clip(self.normal(shape), -cut, cut)))

    def exponential(self, mean: float | Floats, limit: float | Floats, count: int) -> Floats:
        """Draw from the exponential of that mean, cut off at the limit."""
        reach = -np.expm1(-np.asarray(limit) / mean)
        return np.asarray(-mean * np.log1p(-reach * self.uniform(count)))

    def negative_binomial(self, mean: Floats, dispersion: Floats) -> Counts:
        """Draw counts of that mean whose variance is ``mean + mean**2 / dispersion``."""
        target = np.minimum(self.uniform(mean.shape), _NEARLY_ONE)
        ratio = mean / (mean + dispersion)
        chance = (1 - ratio) ** dispersion
        reached = chance.copy()
        counts = np.zeros(mean.shape, dtype=np.int64)
        step = 0
        while (short := reached <= target).any():
            chance *= ratio * (step + dispersion) / (step + 1)
            reached += chance
            counts += short
            step += 1
        return counts

    def indices(self, weights: Floats, count: int) -> Counts:
        """Draw positions with probabilities in proportion to the weights."""
        edges = np.cumsum(weights)
        return np.searchsorted(edges, self.uniform(count) * edges[-1], side="right")

    def pick(self, options: Sequence[Option], count: int) -> list[Option]:
        """Draw that many of the options, each as likely as the others."""
        return [options[int(share * len(options))] for share in self.uniform(count).tolist()]

    def text(self, alphabet: str, length: int) -> str:
        """Draw a text of that length."""
        return "".join(self.pick(alphabet, length))
