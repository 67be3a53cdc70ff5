"""Small deterministic pictures and clips, drawn with NumPy alone: nobody's copyright."""

import numpy as np


def still(width=200, height=150, seed=1):
    """A gradient with noise, a disc, a striped block and a ring: uint8 RGB [height, width, 3]."""
    canvas = _Canvas(width, height, seed)
    canvas.disc((0.32, 0.42), 0.24, (225, 60, 40))
    canvas.block((0.58, 0.30), (0.88, 0.72), (40, 90, 215), stripes=6)
    canvas.disc((0.62, 0.84), 0.13, (250, 220, 80))
    canvas.disc((0.62, 0.84), 0.06, (60, 110, 60))
    return canvas.finished()


def clip(count=8, width=192, height=144, seed=2):
    """`count` frames in which a disc drifts right and a block leaves the picture to the right."""
    return [_frame(i / max(count - 1, 1), width, height, seed + i) for i in range(count)]


def _frame(progress, width, height, seed):
    canvas = _Canvas(width, height, seed)
    canvas.disc((0.22 + 0.25 * progress, 0.40 + 0.1 * progress), 0.22, (225, 60, 40))
    left = 0.58 + 0.55 * progress
    canvas.block((left, 0.42), (left + 0.30, 0.85), (40, 90, 215), stripes=6)
    return canvas.finished()


class _Canvas:
    """Shapes in fractions of the picture (radii in fractions of its height), over a gradient."""

    def __init__(self, width, height, seed):
        self.random = np.random.default_rng(seed)
        self.width, self.height = width, height
        self.y, self.x = np.mgrid[0:height, 0:width].astype(np.float32)
        u, v = self.x / width, self.y / height
        self.pixels = np.stack([70 + 60 * u, 120 + 50 * v, 95 + 40 * (1 - u) * v], -1)

    def disc(self, centre, radius, colour):
        dx, dy = self.x - centre[0] * self.width, self.y - centre[1] * self.height
        self._paint(dx**2 + dy**2 < (radius * self.height) ** 2, colour)

    def block(self, low, high, colour, stripes):
        u, v = self.x / self.width, self.y / self.height
        inside = (u >= low[0]) & (u < high[0]) & (v >= low[1]) & (v < high[1])
        self._paint(inside, colour)
        dark = ((v - low[1]) / (high[1] - low[1]) * stripes).astype(int) % 2 == 1
        self.pixels[inside & dark] *= 0.75

    def _paint(self, inside, colour):
        shade = 0.85 + 0.3 * self.y / self.height
        self.pixels[inside] = (np.array(colour) * shade[..., None])[inside]

    def finished(self):
        noise = self.random.normal(0, 5, self.pixels.shape)
        return np.clip(self.pixels + noise, 0, 255).astype(np.uint8)
