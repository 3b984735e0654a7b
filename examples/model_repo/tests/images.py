"""Generated images: a bright lesion in noise, fainter in dense breasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SHAPE, SPACING_MM = (32, 32, 16), (1.0, 1.0, 2.0)
CONTRAST = {"fatty": 1.0, "dense": 0.6}


@dataclass(frozen=True)
class Patient:
    case: str
    density: str
    age: int
    image: np.ndarray
    expert: np.ndarray


def draw_patient(number):
    rng = np.random.default_rng(number)
    density = ("fatty", "dense")[number % 2]
    places_mm = (np.indices(SHAPE).T * SPACING_MM).T
    centre_mm = rng.uniform(13, 18, 3).reshape(3, 1, 1, 1)
    ragged, drawn = (
        ndimage.gaussian_filter(rng.standard_normal(SHAPE), [2.5, 2.5, 1.25]) for _ in range(2)
    )
    distance_mm = np.linalg.norm(places_mm - centre_mm, axis=0) * (1 + ragged)
    radius_mm = rng.uniform(7, 9)
    blurred = ndimage.gaussian_filter((distance_mm < radius_mm).astype(float), [1.0, 1.0, 0.5])
    image = 0.2 + CONTRAST[density] * blurred + 0.15 * rng.standard_normal(SHAPE)
    # An expert draws a little too much here and too little there.
    expert = distance_mm < radius_mm * (1 + rng.normal(0, 0.02) + drawn)
    age = int(rng.integers(30, 75))
    return Patient(f"case-{number:02d}", density, age, image, expert)
