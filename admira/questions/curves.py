"""Curves through the origin that flatten, fitted by least squares, with resampled intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 4
_DRAWS = 1000
_SEED = 20250801
_POWERS = np.arange(0.1, 1.001, 0.05)
_HALVES = np.geomspace(0.1, 20.0, 24)  # costs, as multiples of the highest, with half the return


class Fit(NamedTuple):
    """A curve at several costs with its interval, and its slope at the last of them."""

    shape: int
    height: float
    scale: float
    levels: dict[str, Floats]
    slope: tuple[float, float, float]

    def at(self, costs: Floats) -> Floats:
        """Give the curve at other costs."""
        return self.height * _shapes(costs / self.scale)[self.shape]


def fitted(costs: Floats, values: Floats, levels: Floats, coverage: float) -> Fit:
    """Fit the best curve, and the best one to each of many resampled histories.

    Parameters
    ----------
    costs, values : array
        One entry per week, in order of time.
    levels : array
        The costs to give it at; at the last one the slope too, per unit of cost.
    coverage : float
        The share of the resampled curves that lie between low and high.
    """
    scale = float(costs.max())
    weights = np.vstack([np.ones(len(costs)), _resampled(len(costs))])
    shapes, heights = _best(_shapes(costs / scale), values, weights)
    drawn = heights[:, None] * _shapes(levels / scale)[shapes]
    slopes = heights * _slopes(levels[-1] / scale)[shapes] / scale
    tails = [(1 - coverage) / 2, (1 + coverage) / 2]
    low, high = np.quantile(drawn[1:], tails, axis=0)
    slope_low, slope_high = np.quantile(slopes[1:], tails)
    return Fit(
        int(shapes[0]),
        float(heights[0]),
        scale,
        {"fitted": drawn[0], "low": low, "high": high},
        (float(slopes[0]), float(slope_low), float(slope_high)),
    )


def predicts(costs: Floats, values: Floats) -> bool:
    """Tell whether a curve foretells left-out blocks of weeks better than the others' mean."""
    blocks = np.arange(len(costs)) // BLOCK
    weights = (blocks != np.arange(blocks.max() + 1)[:, None]).astype("float64")
    bases = _shapes(costs / costs.max())
    shapes, heights = _best(bases, values, weights)
    curve = (heights[:, None] * bases[shapes])[blocks, np.arange(len(costs))]
    mean = (weights @ values / weights.sum(axis=1))[blocks]
    return bool(np.square(values - curve).sum() < np.square(values - mean).sum())


def _best(bases: Floats, values: Floats, weights: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Give shape and height of the curve with the least squares under each row of weights."""
    products = weights @ (bases * values).T
    squares = weights @ np.square(bases).T
    heights = np.maximum(np.divide(products, squares, where=squares > 0, out=products * 0), 0.0)
    explained = heights * (2 * products - heights * squares)
    shapes = explained.argmax(axis=1)
    return shapes, heights[np.arange(len(weights)), shapes]


def _resampled(weeks: int) -> Floats:
    """Give how often each week occurs in each history put together from blocks of weeks."""
    draw = np.random.default_rng(_SEED)
    firsts = draw.integers(0, weeks, size=(_DRAWS, -(-weeks // BLOCK)))
    places = (firsts[..., None] + np.arange(BLOCK)) % weeks
    taken = places.reshape(_DRAWS, -1)[:, :weeks]
    counts = np.zeros((_DRAWS, weeks))
    np.add.at(counts, (np.arange(_DRAWS)[:, None], taken), 1.0)
    return counts


def _shapes(costs: Floats) -> Floats:
    """Give every shape at the costs, one row each."""
    powers = costs[None, :] ** _POWERS[:, None]
    return np.vstack([powers, costs[None, :] / (_HALVES[:, None] + costs[None, :])])


def _slopes(cost: float) -> Floats:
    """Give the slope of every shape at one cost above 0."""
    return np.concatenate([_POWERS * cost ** (_POWERS - 1), _HALVES / np.square(_HALVES + cost)])
