"""Random filled outlines, the shapes of scenes.py's sprites."""

import cv2
import numpy as np

SPRITE = 128  # pixels a side of a sprite's texture and mask
CENTRE = SPRITE / 2
REACH = CENTRE * 0.96


def outline(random):
    """A filled random outline, uint8 [SPRITE, SPRITE] of 0 and 255."""
    kind = random.random()
    if kind < 0.55:
        return _polar(*_smooth_curve(random))
    if kind < 0.65:
        return _ellipse(random)
    if kind < 0.75:
        return _rotated_rectangle(random)
    return _polar(*_polygon_or_star(random))


def _smooth_curve(random):
    """Angles and radii of a closed curve of a few random harmonics."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = np.ones_like(angle)
    for harmonic in range(1, random.integers(2, 7)):
        amplitude = random.normal(0, 0.28 / harmonic)
        radius += amplitude * np.cos(harmonic * angle + random.uniform(0, 6.3))
    radius = np.clip(radius, 0.25, None)
    return angle, radius * (REACH / radius.max())


def _polygon_or_star(random):
    """Angles and radii of the corners of an irregular polygon or a regular star."""
    corners = random.integers(3, 9)
    if random.random() < 0.5:
        angle = np.sort(random.uniform(0, 2 * np.pi, corners))
    else:
        angle = np.arange(corners * 2) * np.pi / corners
    inner = random.uniform(0.4, 0.9)
    return angle, np.where(np.arange(len(angle)) % 2 == 0, 1, inner) * REACH


def _polar(angle, radius):
    points = np.stack([CENTRE + radius * np.cos(angle), CENTRE + radius * np.sin(angle)], 1)
    return _filled(points)


def _ellipse(random):
    mask = np.zeros((SPRITE, SPRITE), np.uint8)
    axes = (int(REACH), int(CENTRE * random.uniform(0.3, 0.96)))
    centre = (int(CENTRE), int(CENTRE))
    cv2.ellipse(mask, centre, axes, random.uniform(0, 180), 0, 360, 255, -1)
    return mask


def _rotated_rectangle(random):
    width = CENTRE * 0.66
    height = CENTRE * random.uniform(0.2, 0.66)
    angle = random.uniform(0, 3.2)
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _filled(corners @ rotation + CENTRE)


def _filled(points):
    mask = np.zeros((SPRITE, SPRITE), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 255)
    return mask
