"""Prompts drawn from true masks.

Coordinates are float32 [B, P, 2] in pixels of the input, labels int32 [B, P]: 1 and 0 are positive
and negative clicks, 2 and 3 the corners of a box, -1 padding.
"""

import cv2
import numpy as np
import torch


def inner_point(mask, random):
    """A point well inside a mask: often its deepest one."""
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    if random.random() < 0.35:
        y, x = np.unravel_index(depth.argmax(), depth.shape)
    else:
        ys, xs = np.nonzero(depth > min(2.5, depth.max() * 0.5))
        i = random.integers(len(ys))
        y, x = ys[i], xs[i]
    return x + 0.5, y + 0.5


def noisy_box(mask, random):
    """The corners of a mask's box, each side moved by about 6 % of its length."""
    ys, xs = np.nonzero(mask)
    width, height = np.ptp(xs) + 1, np.ptp(ys) + 1

    def noise(side):
        return np.clip(random.normal(0, 0.06) * side, -16, 16)

    low = [xs.min() + noise(width), ys.min() + noise(height)]
    high = [xs.max() + 1 + noise(width), ys.max() + 1 + noise(height)]
    return [low, high]


def first_prompt(masks, random, box_share):
    """A click or a noisy box (one kind for the whole batch) for each mask of [B, S, S]."""
    size = masks.shape[-1]
    points = np.zeros((len(masks), 2, 2), np.float32)
    labels = np.full((len(masks), 2), -1, np.int32)
    use_box = random.random() < box_share
    for i, mask in enumerate(masks):
        if not mask.any():
            points[i], labels[i] = size / 2, [0, -1]
        elif use_box:
            points[i], labels[i] = noisy_box(mask, random), [2, 3]
        else:
            points[i, 0], labels[i, 0] = inner_point(mask, random), 1
    kept = 2 if use_box else 1
    return torch.from_numpy(points.clip(0, size))[:, :kept], torch.from_numpy(labels)[:, :kept]


def correction(predicted, masks, random):
    """A click in the larger error region, positive where the object was missed."""
    points = np.zeros((len(masks), 1, 2), np.float32)
    labels = np.zeros((len(masks), 1), np.int32)
    for i, (guess, truth) in enumerate(zip(predicted, masks)):
        missed, extra = truth & ~guess, guess & ~truth
        positive = missed.sum() >= extra.sum()
        error = missed if positive else extra
        if not error.any():
            positive = truth.any()
            error = truth if positive else ~truth
        points[i, 0], labels[i, 0] = inner_point(error, random), int(positive)
    return torch.from_numpy(points), torch.from_numpy(labels)
