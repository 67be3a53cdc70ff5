"""Builds the pool that scenes.py draws from: real frames and their coherent regions.

    pool.py -o pool.npz PICTURE_OR_VIDEO...

Frames are kept as JPEG, regions as label maps, fine and coarse. Needs numpy,
opencv-python-headless, scikit-image and, for videos, the ffmpeg program.
"""

import argparse
import glob
import os
import subprocess
import tempfile

import cv2
import numpy as np
from skimage.segmentation import felzenszwalb

SIDE = 320  # pixels of the shorter side of a frame in the pool
SMALLEST = 200  # frames with a shorter side below this are left out
SCALES = (300, 900)  # of the fine and the coarse segmentation


def frames(path, directory):
    """Files of a video's frames, 2 a second and at most 14; a picture is its own frame."""
    if path.lower().endswith((".jpg", ".jpeg", ".png")):
        return [path]
    stem = os.path.join(directory, os.path.basename(path))
    command = ["ffmpeg", "-v", "error", "-y", "-i", path, "-vf", f"fps=2,scale=-2:{SIDE}"]
    command += ["-frames:v", "14", "-q:v", "3", stem + "_%02d.jpg"]
    subprocess.run(command, check=True)
    return sorted(glob.glob(glob.escape(stem) + "_*.jpg"))


def regions(image):
    """Coherent regions of a BGR picture: uint16 [2, H, W], fine and coarse."""
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    smooth = cv2.bilateralFilter(rgb, 7, 40, 7)
    maps = [felzenszwalb(smooth, scale=scale, sigma=0.9, min_size=200) for scale in SCALES]
    return np.stack(maps).astype(np.uint16)


def build(inputs):
    """The pool of pictures and videos: a dictionary of arrays, and the number of frames."""
    pool = {}
    count = 0
    with tempfile.TemporaryDirectory() as directory:
        for file in (file for path in inputs for file in frames(path, directory)):
            image = cv2.imread(file)
            if image is None or min(image.shape[:2]) < SMALLEST:
                continue
            scale = SIDE / min(image.shape[:2])
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            pool[f"jpeg_{count}"] = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
            pool[f"regions_{count}"] = regions(image)
            count += 1
    return pool, count


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default="pool.npz", help="file to write")
    parser.add_argument("inputs", nargs="+", help="pictures (.jpg, .jpeg, .png) and videos")
    options = parser.parse_args()
    pool, count = build(options.inputs)
    np.savez_compressed(options.output, count=count, **pool)
    print(count, "frames")


if __name__ == "__main__":
    main()
