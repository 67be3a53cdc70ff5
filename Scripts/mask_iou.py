"""IoU of masks and of label maps, as the accuracy scripts count it."""

import numpy as np


def iou(a, b):
    union = np.logical_or(a, b).sum()
    return 1.0 if union == 0 else float(np.logical_and(a, b).sum() / union)


def picture_ious(found, other):
    return [iou(a, b) for x, y in zip(found, other) for a, b in zip(x, y)]


def clip_ious(found, other):
    """IoU of each object on each frame where either has it, [(clip, object, frame, IoU)]."""
    rows = []
    for clip, (x, y) in enumerate(zip(found, other)):
        for label in sorted(set(np.unique(x)) | set(np.unique(y)) - {0}):
            if label == 0:
                continue
            for frame, (a, b) in enumerate(zip(x, y)):
                a, b = a == label, b == label
                if a.any() or b.any():
                    rows.append((clip, int(label), frame, iou(a, b)))
    return rows


def summary(values):
    values = np.asarray(values)
    if values.size == 0:
        return {}
    return {
        "count": int(values.size), "mean": float(values.mean()),
        "p5": float(np.percentile(values, 5)), "p1": float(np.percentile(values, 1)),
        "median": float(np.median(values)), "minimum": float(values.min()),
        "below_0.9": float((values < 0.9).mean()), "below_0.5": float((values < 0.5).mean()),
    }
