"""Pictures of coloured shapes with true boxes, as the small detector is to learn them.

They resemble those of `sam2 sample`: two-toned textures, light from the upper left, soft shadows, and
calm backgrounds; colours, shapes, sizes, places and backgrounds are drawn.
"""

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np

from phrases import COLOURS, SHAPES

PATCH = 16
# Ranges of hue in degrees, with gaps between neighbours; white and black have none.
HUES = {
    "red": (-9, 5), "orange": (14, 33), "yellow": (47, 60), "green": (88, 145), "teal": (168, 191),
    "blue": (208, 234), "purple": (256, 284), "pink": (308, 335),
}  # fmt: skip
# Angles at which shapes are upright, in radians; others are rotated by any angle.
UPRIGHT = {
    "ellipse": 0, "triangle": -np.pi / 2, "square": np.pi / 4, "star": -np.pi / 2, "cross": 0,
}  # fmt: skip
# Patches in this part of a box's width and height, around its centre, are to find it.
CENTRAL = 0.25


@dataclass
class Scene:
    image: np.ndarray  # uint8 [S, S, 3]: the picture in the upper left, zeros beside or below it
    boxes: np.ndarray  # float32 [objects, 4]: centre and size, 0 to 1
    looks: np.ndarray  # int64 [objects, 2]: numbers of colour and shape
    # int64 [patches]: the object that each shows, -1 for none; whether it is to find it (2), to know
    # its box (1), to find nothing (0), or whether all is well (-1).
    owners: np.ndarray
    roles: np.ndarray
    # uint8 [patches, 4, 4]: which parts of a patch show the same as its middle, 0 to 255.
    outlines: np.ndarray
    # uint8 [objects, 8, 8]: how much of each part of its box an object fills, 0 to 255.
    silhouettes: np.ndarray

    def mirrored(self):
        """The scene in a looking glass, when the picture is as wide as the square; else itself."""
        if not self.image[0, -1].any():
            return self
        side = self.image.shape[0] // PATCH
        boxes = self.boxes * [-1, 1, 1, 1] + np.array([1, 0, 0, 0], np.float32)
        flip = lambda values: values.reshape(side, side)[:, ::-1].reshape(-1)  # noqa: E731
        return Scene(
            np.ascontiguousarray(self.image[:, ::-1]), boxes.astype(np.float32), self.looks,
            flip(self.owners), flip(self.roles),
            self.outlines.reshape(side, side, 4, 4)[:, ::-1, :, ::-1].reshape(-1, 4, 4),
            self.silhouettes[:, :, ::-1],
        )  # fmt: skip


class ShapeScenes:
    """Draws scenes of `size` x `size` pixels."""

    def __init__(self, seed, size):
        self.random = np.random.default_rng(seed)
        self.size = size
        self.fields = [self._field() for _ in range(24)]

    def scene(self):
        r, size = self.random, self.size
        width = height = size
        shorter = int(size * r.uniform(0.55, 1))
        if r.random() < 0.7:
            height = shorter
        elif r.random() < 0.7:
            width = shorter
        picture = self._background(width, height)
        seen = np.zeros((height, width), np.int64)
        looks, areas = [], []
        for pose in self._poses(width, height):
            looks.append([r.integers(len(COLOURS)), r.integers(len(SHAPES))])
            areas.append(self._paint(picture, seen, len(looks), pose, *looks[-1]))
        picture += r.normal(0, r.choice([0.5, 2, 4]), (height, width, 1))
        if r.random() < 0.5:
            picture = cv2.GaussianBlur(picture, (3, 3), r.uniform(0.3, 0.9))
        image = np.zeros((size, size, 3), np.uint8)
        image[:height, :width] = np.clip(picture, 0, 255)
        return self._finish(image, seen, np.array(looks, np.int64).reshape(-1, 2), areas)

    def _finish(self, image, seen, looks, areas):
        """The scene with the boxes of what is seen; what is hardly seen counts neither way."""
        size = self.size
        full = np.zeros((size, size), np.int64)
        full[: seen.shape[0], : seen.shape[1]] = seen
        centres = full[PATCH // 2 :: PATCH, PATCH // 2 :: PATCH].reshape(-1)
        side = size // PATCH
        places = (np.stack(np.divmod(np.arange(side * side), side)[::-1], 1) + 0.5) / side
        owners = np.full(side * side, -1)
        roles = np.zeros(side * side, np.int64)
        boxes, kept, silhouettes = [], [], []
        for label, area in enumerate(areas, 1):
            inside = centres == label
            ys, xs = np.nonzero(seen == label)
            if len(xs) < max(40, 0.4 * area):
                roles[inside] = -1
                continue
            low = np.array([xs.min(), ys.min()]) / size
            high = np.array([xs.max() + 1, ys.max() + 1]) / size
            box = np.concatenate([(low + high) / 2, high - low])
            distance = np.abs(places - box[:2]) / box[2:]
            central = inside & (distance.max(1) < CENTRAL)
            if not central.any():
                central = np.arange(side * side) == np.argmin(
                    (distance**2).sum(1) + 9 * ~inside * inside.any()
                )
            owners[inside | central] = len(boxes)
            roles[inside] = 1
            roles[central] = 2
            boxes.append(box)
            part = (seen[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] == label) * np.uint8(255)
            silhouettes.append(cv2.resize(part, (8, 8), interpolation=cv2.INTER_AREA))
            kept.append(label - 1)
        return Scene(
            image, np.array(boxes, np.float32).reshape(-1, 4), looks[kept], owners, roles,
            self._outlines(full, centres), np.array(silhouettes, np.uint8).reshape(-1, 8, 8),
        )  # fmt: skip

    def _outlines(self, full, centres):
        side, part = self.size // PATCH, PATCH // 4
        parts = full.reshape(side, 4, part, side, 4, part).transpose(0, 3, 1, 4, 2, 5)
        same = parts.reshape(-1, 4, 4, part, part) == centres[:, None, None, None, None]
        return (same.mean((3, 4)) * 255).astype(np.uint8)

    # Backgrounds

    def _field(self, side=384):
        """Smooth noise in 0 to 1, of bumps of about 60 pixels and finer ones."""
        total = 0
        for octave, weight in enumerate([1, 0.5, 0.25]):
            grid = self.random.random((7 * 2**octave, 7 * 2**octave)).astype(np.float32)
            total = total + weight * cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
        return total / 1.75

    def _noise(self, width, height):
        field = self.fields[self.random.integers(len(self.fields))]
        y = self.random.integers(field.shape[0] - height + 1)
        x = self.random.integers(field.shape[1] - width + 1)
        return field[y : y + height, x : x + width]

    def _background(self, width, height):
        r = self.random
        share = 0.75 * (self._noise(width, height) - 0.5) + 0.5
        slope = r.normal(0, 0.25, 2)
        share = share + slope[0] * np.linspace(-1, 1, width, dtype=np.float32)
        share = share + slope[1] * np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        if r.random() < 0.4:
            near, far = np.array([58, 72, 92]), np.array([132, 140, 138])
        else:
            tones = np.clip(r.uniform(50, 195) + r.normal(0, 30, 2), 45, 205)
            near, far = (tone + r.normal(0, 9, 3) for tone in tones)
        return (near + (far - near) * np.clip(share, 0, 1)[..., None]).astype(np.float32)

    # Objects

    def _poses(self, width, height):
        """Centre, radius and angle of each object; they overlap a little at most."""
        r, unit = self.random, min(width, height)
        poses = []
        for _ in range(r.choice(7, p=[0.03, 0.1, 0.2, 0.27, 0.25, 0.15, 0])):
            for _ in range(8):
                radius = unit * np.exp(r.uniform(np.log(0.12), np.log(0.32)))
                centre = r.uniform(0, 1, 2) * [width, height]
                centre = np.clip(centre, 0.85 * radius, np.array([width, height]) - 0.85 * radius)
                if all(np.hypot(*(centre - c)) > 0.8 * (radius + q) for c, q, _ in poses):
                    poses.append((centre, radius, r.uniform(0, 2 * np.pi)))
                    break
        return poses

    def _paint(self, picture, seen, label, pose, colour, shape):
        """Paints an object over `picture` and `seen`; returns its whole area in pixels."""
        r, (height, width) = self.random, seen.shape
        (x, y), radius, angle = pose
        angle = UPRIGHT.get(list(SHAPES)[shape], angle) + r.uniform(-0.4, 0.4)
        reach = int(1.5 * radius + 6)
        rows = slice(max(0, int(y) - reach), min(height, int(y) + reach + 1))
        columns = slice(max(0, int(x) - reach), min(width, int(x) + reach + 1))
        outline = Outline(r, list(SHAPES)[shape])
        ys, xs = np.mgrid[rows, columns].astype(np.float32)

        def local(dx, dy):
            c, s = np.cos(angle), np.sin(angle)
            return (c * dx + s * dy) / radius, (c * dy - s * dx) / radius

        part = picture[rows, columns]
        if r.random() < 0.8:
            offset = 0.09 * radius
            depth = outline.distance(*local(xs - x - offset, ys - y - 1.4 * offset))
            share = np.clip(0.5 - depth / 0.32, 0, 1)[..., None]
            part *= 1 - r.uniform(0.1, 0.36) * share * share
        u, v = local(xs - x, ys - y)
        distance = outline.distance(u, v) * radius
        coverage = np.clip(0.5 - distance, 0, 1)[..., None]
        rim = np.clip(1 + distance / (0.3 * radius), 0, 1)
        light = 1.05 - (0.16 * (0.6 * (xs - x) + 0.8 * (ys - y)) / radius + 0.26 * rim * rim)
        surface = self._texture(list(COLOURS)[colour], u, v) * light[..., None]
        part += (surface - part) * coverage
        covered = coverage[..., 0] > 0.5
        seen[rows, columns][covered] = label
        return covered.sum()

    def _texture(self, colour, u, v):
        """Colours of a surface of two tones, in a pattern."""
        r = self.random
        dark, light = self._tones(colour)
        noise = self._noise(u.shape[1], u.shape[0])
        kind = r.integers(5)
        if kind == 0:  # marble
            share = 0.5 + 0.5 * np.sin(9 * noise + 2.5 * u)
        elif kind == 1:  # stripes
            share = 0.5 + 0.5 * np.clip(2.5 * np.sin(r.uniform(6, 11) * (v + 0.5 * noise)), -1, 1)
        elif kind == 2:  # checks
            rate = r.uniform(5.5, 8.5)
            share = 0.5 + 0.5 * np.clip(7.5 * np.sin(rate * u) * np.sin(rate * v), -1, 1)
        else:
            share = noise
        return dark + (light - dark) * share[..., None]

    def _tones(self, colour):
        """A dark and a light tone of a colour."""
        r = self.random
        if colour in ("white", "black"):
            low, high = (205, 232) if colour == "white" else (10, 42)
            tones = [np.full(3, r.uniform(low, high)) + r.normal(0, 3, 3) for _ in range(2)]
            return [np.clip(tone, 0, 255).astype(np.float32) for tone in tones]
        hue = r.uniform(*HUES[colour])
        bright, strong = r.uniform(0.5, 0.95), r.uniform(0.5, 0.95)
        if colour in ("yellow", "orange"):
            bright, strong = r.uniform(0.75, 0.98), r.uniform(0.6, 0.95)
        tones = [(strong, bright), (strong * r.uniform(0.6, 1), min(1, bright * r.uniform(1, 1.3)))]
        return [
            255 * np.array(colorsys.hsv_to_rgb((hue + r.normal(0, 2)) / 360 % 1, s, b), np.float32)
            for s, b in tones
        ]


class Outline:
    """The outline of a shape of about radius 1."""

    def __init__(self, random, shape):
        self.shape, self.random = shape, random
        self.rounding = 0.0
        if shape == "ellipse":
            self.halves = random.uniform(1.0, 1.2), random.uniform(0.55, 0.72)
        elif shape == "blob":
            self._draw_waves()
        elif shape in ("triangle", "square", "hexagon"):
            count = {"triangle": 3, "square": 4, "hexagon": 6}[shape]
            self.rounding = random.uniform(0.03, 0.17 if shape == "hexagon" else 0.12)
            jitter = random.uniform(-0.12, 0.12, count) * (1 if shape == "hexagon" else 0.4)
            self._polygon(2 * np.pi * (np.arange(count) + jitter) / count, 1 - self.rounding)
        elif shape == "star":
            self._polygon(np.pi * np.arange(10) / 5, np.tile([1, random.uniform(0.38, 0.48)], 5))
        elif shape == "cross":
            arm = random.uniform(0.22, 0.34)
            corner = np.array([[1, -arm], [1, arm], [arm, arm]])
            quarter = np.array([[0, 1], [-1, 0]])
            rotated = [corner @ np.linalg.matrix_power(quarter, k) for k in range(4)]
            self.vertices = np.concatenate(rotated).astype(np.float32)

    def _draw_waves(self):
        while True:
            self.waves = self.random.uniform(-1, 1, (4, 2)) * [[0.16], [0.09], [0.05], [0.025]]
            if np.hypot(*self.waves[0]) + np.hypot(*self.waves[1]) > 0.11:
                return

    def _polygon(self, angles, radii):
        points = np.stack([np.cos(angles), np.sin(angles)], 1)
        self.vertices = (points * np.reshape(radii, (-1, 1) if np.ndim(radii) else ())).astype(
            np.float32
        )

    def distance(self, x, y):
        """About the distance to the outline, negative inside."""
        if self.shape == "disc":
            return np.hypot(x, y) - 1
        if self.shape == "ellipse":
            a, b = self.halves
            value = x * x / (a * a) + y * y / (b * b) - 1
            slope = 2 * np.sqrt(x * x / a**4 + y * y / b**4)
            return np.where(slope < 1e-3, -min(a, b), value / np.maximum(slope, 1e-3))
        if self.shape == "blob":
            angle = np.arctan2(y, x)
            reach = 1.0
            for k, (cosine, sine) in enumerate(self.waves, 2):
                reach = reach + cosine * np.cos(k * angle) + sine * np.sin(k * angle)
            return np.hypot(x, y) - reach
        return self._polygon_distance(x, y) - self.rounding

    def _polygon_distance(self, x, y):
        nearest, inside = np.full(x.shape, np.inf, np.float32), np.zeros(x.shape, bool)
        for a, b in zip(self.vertices, np.roll(self.vertices, -1, 0)):
            ex, ey = b - a
            px, py = x - a[0], y - a[1]
            along = np.clip((px * ex + py * ey) / (ex * ex + ey * ey), 0, 1)
            nearest = np.minimum(nearest, (px - along * ex) ** 2 + (py - along * ey) ** 2)
            if ey != 0:
                crosses = ((a[1] > y) != (b[1] > y)) & (px < py * ex / ey)
                inside ^= crosses
        root = np.sqrt(nearest)
        return np.where(inside, -root, root)
