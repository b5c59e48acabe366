"""Invented signatures for the demonstration's proofs of delivery."""

import io
import random
from functools import lru_cache

from PIL import Image, ImageDraw

SIZE = (480, 150)


@lru_cache(256)
def signature(name: str) -> bytes:
    """A scribble as PNG, always the same one for the same name."""
    pick = random.Random(name)
    picture = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(picture)
    x, y = 30.0, 85.0
    points = [(x, y)]
    for letter in name[:18]:
        rise = 45 if letter.isupper() else 18
        for turn in range(4):
            x += pick.uniform(2, 8)
            points.append((min(x, SIZE[0] - 10.0), y + pick.uniform(-rise, 8) * (1 if turn % 2 else -0.3)))
    draw.line(points, fill=0, width=3, joint="curve")
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
