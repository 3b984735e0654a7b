"""How scores are drawn: laws with complete misses, clusters, spikes, models and arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import beta

LAWS = {  # (share, shape, shape) of each part; what is left over are complete misses, scored 0
    "easy": ((1.0, 18, 3),),
    "hard": ((1.0, 9, 3),),
    "mod": ((0.95, 8, 2),),
    "miss3": ((0.97, 12, 3),),
    "miss12": ((0.88, 12, 3),),
    "heavy": ((0.20, 3, 3), (0.70, 20, 3)),
}
PAIRS = (
    ("easy", "easy"), ("mod", "mod"), ("easy", "hard"),
    ("miss3", "miss12"), ("miss12", "miss3"), ("heavy", "heavy"),
)  # fmt: skip
WORSE = {"easy": "hard", "miss3": "miss12"}


def scores(law: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n scores of a law."""
    pick, values, start = rng.random(n), np.zeros(n), 0.0
    for share, a, b in LAWS[law]:
        chosen = (pick >= start) & (pick < start + share)
        values[chosen] = rng.beta(a, b, chosen.sum())
        start += share
    return values


def scores_with_misses(miss: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n scores of which a share `miss` is 0 and the rest Beta(8, 2)."""
    return np.where(rng.random(n) < miss, 0.0, rng.beta(8, 2, n))


def mean(law: str) -> float:
    """Return the true mean of a law."""
    return sum(share * a / (a + b) for share, a, b in LAWS[law])


def quantile(q: np.ndarray, *, miss: float = 0.05, a: float = 8, b: float = 2) -> np.ndarray:
    """Return scores of which a share `miss` is 0 and the rest Beta(a, b)."""
    return np.where(q < miss, 0.0, beta.ppf(np.clip((q - miss) / (1 - miss), 0, 1), a, b))


def clustered_scores(
    n_patients: int, icc: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of patients with 1 to 4 cases, and the patient of each case."""
    sizes = rng.integers(1, 5, n_patients)
    latent = np.sqrt(icc) * np.repeat(rng.normal(size=n_patients), sizes)
    latent = latent + np.sqrt(1 - icc) * rng.normal(size=sizes.sum())
    return quantile(ndtr(latent)), np.repeat(np.arange(n_patients), sizes)


@dataclass(frozen=True)
class Spike:
    """Automated minus expert scores, where some expert scores are complete misses."""

    miss: float
    a: float

    @property
    def truth(self) -> float:
        """The true mean difference."""
        return (1 - self.miss) * 0.2 * self.a / (self.a + 4) + self.miss / 2 * 8 / 11

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return expert and automated scores of n cases."""
        expert = scores_with_misses(self.miss, n, rng)
        found = np.where(rng.random(n) < 0.5, 0.0, rng.beta(8, 3, n))
        nearer = expert + (1 - expert) * rng.beta(self.a, 4, n)
        return expert, np.where(expert > 0, nearer, found)


def score_of(latent: np.ndarray, mu: float | np.ndarray) -> np.ndarray:
    """Return the scores with mean mu whose rank is that of a standard normal latent."""
    return beta.ppf(ndtr(latent), 9 * mu, 9 - 9 * mu)


@dataclass(frozen=True)
class FiveModels:
    """Five models under an expert and an automated reference."""

    by_expert: tuple[float, ...]
    by_automated: tuple[float, ...]

    @property
    def regret(self) -> float:
        """What the model that is best by the automated reference costs by the experts."""
        first = self.by_automated.index(max(self.by_automated))
        return max(self.by_expert) - self.by_expert[first]

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores under both references, automated first, shape (n, 5) each."""
        common = np.sqrt(0.8) * rng.normal(size=(n, 1))
        expert = common + np.sqrt(0.2) * rng.normal(size=(n, 5))
        automated = 0.9 * expert + np.sqrt(0.19) * rng.normal(size=(n, 5))
        return (
            score_of(automated, np.array(self.by_automated)),
            score_of(expert, np.array(self.by_expert)),
        )


EQUAL = FiveModels((0.80,) * 5, (0.84,) * 5)
COLLUDER = FiveModels((0.82,) * 4 + (0.77,), (0.84,) * 4 + (0.88,))


def two_arms(
    means: tuple[float, float], n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return expert scores of two models on the same n cases, with these means."""
    latent = rng.normal(size=n)
    first, second = (
        score_of(0.9 * latent + np.sqrt(0.19) * rng.normal(size=n), mu) for mu in means
    )
    return first, second


def harder_with(covariate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return scores whose mean falls by 0.05 for each unit of a covariate, with 3 % misses."""
    mu = np.clip(0.8 - 0.05 * covariate, 0.05, 0.97)
    values = rng.beta(12 * mu, 12 * (1 - mu))
    return np.where(rng.random(covariate.size) < 0.03, 0.0, values)
