"""Procedural clips with true masks: shapes and cut-out regions moving over real backgrounds."""

from dataclasses import dataclass

import cv2
import numpy as np

from outlines import SPRITE, outline

BACKGROUND = 100  # labels of background regions start here; sprites are 1, 2, 3 ...


@dataclass
class Sprite:
    """A moving object; lengths in pixels of the clip, angles in degrees, rates per frame."""

    texture: np.ndarray  # float32 [SPRITE, SPRITE, 3]
    mask: np.ndarray  # uint8 [SPRITE, SPRITE], 0 or 255
    size: float
    centre: np.ndarray
    velocity: np.ndarray
    angle: float
    spin: float
    growth: float

    def placed(self, time, side):
        """Opacity [side, side, 1] and colours [side, side, 3] on the frame at `time`."""
        middle = SPRITE / 2
        angle = self.angle + self.spin * time
        scale = self.size * self.growth**time / SPRITE
        affine = cv2.getRotationMatrix2D((middle, middle), angle, scale)
        affine[:, 2] += self.centre + self.velocity * time - middle
        opacity = cv2.warpAffine(self.mask, affine, (side, side)).astype(np.float32)[..., None]
        texture = self.texture.astype(np.float32)
        reflect = cv2.BORDER_REFLECT
        return opacity / 255, cv2.warpAffine(texture, affine, (side, side), borderMode=reflect)


@dataclass
class Background:
    """A picture and its regions, larger than the frame, that drifts and zooms."""

    image: np.ndarray
    regions: np.ndarray
    drift: np.ndarray
    zoom: float
    start: np.ndarray

    def placed(self, time, side):
        """Colours float32 [side, side, 3] and labels int32 [side, side] at `time`."""
        zoom = self.zoom**time
        shift = side / 2 - zoom * len(self.image) / 2 + self.start + self.drift * time
        affine = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]], np.float32)
        reflect = {"borderMode": cv2.BORDER_REFLECT}
        frame = cv2.warpAffine(self.image.astype(np.float32), affine, (side, side), **reflect)
        nearest = reflect | {"flags": cv2.INTER_NEAREST}
        labels = cv2.warpAffine(self.regions, affine, (side, side), **nearest)
        return frame, labels.astype(np.int32) + BACKGROUND


class Scenes:
    """Draws clips of `size` x `size` pixels.

    `easy` is the share of clips with a calm background and large objects, `lookalikes` the share of
    clips in which a sprite has another of the same texture and outline; `pool` is a file that
    pool.py made.
    """

    def __init__(
        self, seed, size=256, easy=0.0, pool="pool.npz", minimum_objects=0, lookalikes=0.0
    ):
        self.random = np.random.default_rng(seed)
        self.size, self.easy, self.minimum_objects = size, easy, minimum_objects
        self.lookalikes = lookalikes
        kept = np.load(pool)
        self.images, self.labels = [], []
        for i in range(int(kept["count"])):
            bgr = cv2.imdecode(kept[f"jpeg_{i}"], cv2.IMREAD_COLOR)
            rgb = np.ascontiguousarray(bgr[:, :, ::-1])
            for regions in kept[f"regions_{i}"]:
                self.images.append(rgb)
                self.labels.append(regions)

    def clip(self, length, targets):
        """Draws a clip of `length` frames and picks `targets` objects of its first frame.

        Frames are uint8 [length, size, size, 3]; visible masks bool [length, targets, size, size].
        """
        easy = self.random.random() < self.easy
        background, sprites = self._cast(easy)
        side = self.size
        frames = np.zeros((length, side, side, 3), np.uint8)
        labels = np.zeros((length, side, side), np.int32)
        for time in range(length):
            frames[time], labels[time] = self._frame(background, sprites, time)
        picked = self._pick(labels[0], targets, easy)
        if not picked:
            return self.clip(length, targets)
        return frames, np.stack([labels == label for label in picked], 1)

    # Casting

    def _cast(self, easy):
        """The background and the sprites of one clip."""
        r, wide = self.random, int(self.size * 1.5)
        image, regions = self._crop_with_labels(wide)
        image = self._jitter(image)
        if easy:
            image = cv2.GaussianBlur(image, (0, 0), r.uniform(2, 9))
            image = image * r.uniform(0.3, 1) + r.uniform(0, 90)
        if easy:
            count = r.integers(1, 4)
        else:
            count = r.integers(1, 5) if r.random() < 0.9 else 0
        count = max(count, self.minimum_objects)
        sprites = [Sprite(*self._look(), *self._path(easy)) for _ in range(count)]
        if self.lookalikes and sprites and r.random() < self.lookalikes:
            sprites = self._with_lookalike(sprites, easy)
        drift = r.normal(0, 1, 2) * r.choice([0, 1.5, 5])
        zoom = 1 + r.normal(0, 0.015)
        start = r.uniform(-0.3, 0.3, 2) * (wide - self.size)
        return Background(image, regions, drift, zoom, start), sprites

    def _with_lookalike(self, sprites, easy):
        """The sprites and a copy of one on a path of its own, of a slightly different size."""
        r = self.random
        one = sprites[r.integers(len(sprites))]
        size = one.size * np.exp(r.normal(0, 0.15))
        other = Sprite(one.texture, one.mask, size, *self._path(easy)[1:])
        # Mostly the pair alone, so that the object picked is usually one of it.
        return [one, other] if r.random() < 0.7 else sprites + [other]

    def _look(self):
        """A sprite's texture float32 [SPRITE, SPRITE, 3] and mask uint8 [SPRITE, SPRITE]."""
        r = self.random
        kind = r.random()
        if kind < 0.35:  # a coherent region of a real frame, with its own outline
            image, labels = self._crop_with_labels(SPRITE, r.uniform(0.3, 0.9))
            y = r.integers(SPRITE // 4, 3 * SPRITE // 4)
            x = r.integers(SPRITE // 4, 3 * SPRITE // 4)
            mask = (labels == labels[y, x]).astype(np.uint8) * 255
            if 0.04 < mask.mean() / 255 < 0.8:
                return self._jitter(image), mask
        if kind < 0.8:
            return self._jitter(self._crop(SPRITE, r.uniform(0.15, 0.8))), outline(r)
        return self._plain_texture(), outline(r)

    def _plain_texture(self):
        """A gradient between two colours with noise and, sometimes, stripes."""
        r = self.random
        ramp = np.linspace(0, 1, SPRITE)[:, None, None] * np.ones((1, SPRITE, 1))
        top, bottom = r.uniform(0, 255, 3), r.uniform(0, 255, 3)
        if r.random() < 0.5:
            bottom = top + r.normal(0, 12, 3)
        noise = r.normal(0, r.uniform(0, 10), (SPRITE, SPRITE, 1))
        texture = top * (1 - ramp) + bottom * ramp + noise
        if r.random() < 0.4:
            stripes = np.sign(np.sin(np.arange(SPRITE) * r.uniform(0.1, 0.9)))
            texture = texture + 25 * stripes[None, :, None] * r.uniform(0.3, 1.5)
        return np.clip(texture, 0, 255).astype(np.float32)

    def _path(self, easy):
        """Size, centre, velocity, angle, spin and growth of a moving sprite."""
        r, side = self.random, self.size
        scale = side / 256
        low, high = (60, 200) if easy else (26, 190)
        size = np.exp(r.uniform(np.log(low * scale), np.log(high * scale)))
        centre = r.uniform(0.12, 0.88, 2) * side
        velocity = r.normal(0, 1, 2) * r.choice([2, 6, 14]) * scale
        return size, centre, velocity, r.uniform(0, 360), r.normal(0, 6), 1 + r.normal(0, 0.03)

    # Pool frames

    def _crop(self, side, zoom=None):
        """A square crop of a random pool frame: uint8 [side, side, 3]."""
        return self._crop_with_labels(side, zoom)[0]

    def _crop_with_labels(self, side, zoom=None):
        """A square crop of a random pool frame and of its regions: uint16 [side, side]."""
        r = self.random
        i = r.integers(len(self.images))
        image = self.images[i]
        height, width = image.shape[:2]
        edge = int(min(height, width) * (zoom or r.uniform(0.5, 1.0)))
        y, x = r.integers(0, height - edge + 1), r.integers(0, width - edge + 1)
        part = np.s_[y : y + edge, x : x + edge]
        crop = cv2.resize(image[part], (side, side), interpolation=cv2.INTER_LINEAR)
        nearest = cv2.INTER_NEAREST
        return crop, cv2.resize(self.labels[i][part], (side, side), interpolation=nearest)

    def _jitter(self, image):
        """Random gain, offset and channel order: float32."""
        r = self.random
        image = image.astype(np.float32)
        if r.random() < 0.8:
            channels = 3 if r.random() < 0.5 else 1
            image = image * r.uniform(0.55, 1.45, channels) + r.uniform(-35, 35)
        if r.random() < 0.3:
            image = image[:, :, r.permutation(3)]
        return np.clip(image, 0, 255)

    # Frames

    def _frame(self, background, sprites, time):
        """One frame and its labels, sprites later in the list in front."""
        r, side = self.random, self.size
        frame, labels = background.placed(time, side)
        for i, sprite in enumerate(sprites):
            opacity, colours = sprite.placed(time, side)
            frame = frame * (1 - opacity) + colours * opacity
            labels[opacity[..., 0] > 0.5] = i + 1
        if r.random() < 0.3:
            frame = cv2.GaussianBlur(frame, (3, 3), 0)
        noise = r.normal(0, r.choice([0, 3, 8]), (side, side, 1))
        return np.clip(frame + noise, 0, 255), labels

    def _pick(self, labels, targets, easy):
        """Labels of `targets` objects worth prompting, with repeats if there are fewer."""
        r = self.random
        fit = list(self._fit(labels))
        objects = [label for label in fit if label < BACKGROUND]
        background = [label for label in fit if label >= BACKGROUND]
        r.shuffle(objects)
        r.shuffle(background)
        if easy and objects:
            picked = objects[:targets]
        elif r.random() < 0.75:
            picked = (objects + background)[:targets]
        else:
            picked = (background + objects)[:targets]
        while picked and len(picked) < targets:
            picked.append(picked[r.integers(len(picked))])
        return picked

    def _fit(self, labels):
        """Labels of regions neither too small, too large nor too thin."""
        side = self.size
        for label, area in zip(*np.unique(labels, return_counts=True)):
            if side * side * 0.0035 < area < side * side * 0.55:
                inside = (labels == label).astype(np.uint8)
                if cv2.distanceTransform(inside, cv2.DIST_L2, 3).max() > side * 0.022:
                    yield label
