"""Write ratings.csv: 40 items, 4 raters, a 1-5 scale, about a fifth missing; the first 15 items complete."""

from pathlib import Path

import numpy as np

rng = np.random.default_rng(20)
latent = rng.normal(size=(40, 1)) + 0.3 * rng.normal(size=4) + 0.7 * rng.normal(size=(40, 4))
ratings = np.clip(np.round(3 + 1.2 * latent), 1, 5)
gaps = rng.random(ratings.shape) < 0.2
gaps[:15] = False
rows = [
    ",".join("NA" if gap else f"{value:.0f}" for value, gap in zip(*row, strict=True))
    for row in zip(ratings, gaps, strict=True)
]
Path(__file__).with_name("ratings.csv").write_text("r1,r2,r3,r4\n" + "\n".join(rows) + "\n")
