"""A bank of clips drawn by other processes."""

import multiprocessing
import os

import cv2
import numpy as np

from scenes import Scenes

CAPACITY = 6000  # clips kept
ENOUGH = 400  # clips from which on the bank repeats itself instead of waiting


def draw(seed, options, queue):
    """Draws clips into a queue for ever."""
    os.nice(5)
    cv2.setNumThreads(1)
    scenes = Scenes(seed, options.size, options.easy, options.pool, options.minimum_objects)
    clips = options.stage == "clips"
    while True:
        queue.put(scenes.clip(options.frames if clips else 1, 1 if clips else options.objects))


class Bank:
    """Clips kept and shown again (flipped, transposed) while new ones are on their way."""

    def __init__(self, options, random):
        self.batch_size, self.random, self.clips = options.batch, random, []
        self.queue = multiprocessing.Queue(64)
        for worker in range(options.workers):
            seed = options.seed * 1000 + worker + 1
            arguments = (seed, options, self.queue)
            multiprocessing.Process(target=draw, args=arguments, daemon=True).start()

    def batch(self):
        """Frames uint8 [B, T, S, S, 3] and masks bool [B, T, K, S, S]."""
        clips = [self._one() for _ in range(self.batch_size)]
        return tuple(np.stack(part) for part in zip(*clips))

    def _one(self):
        r = self.random
        frames, masks = self._next()
        if r.random() < 0.5:
            frames, masks = frames[:, :, ::-1], masks[..., ::-1]
        if r.random() < 0.3:
            frames, masks = frames[:, ::-1], masks[..., ::-1, :]
        if r.random() < 0.3:
            frames, masks = frames.transpose(0, 2, 1, 3), masks.swapaxes(-1, -2)
        return frames, masks

    def _next(self):
        """A new clip if one is waiting or the bank is small, else a kept one."""
        if len(self.clips) >= ENOUGH and self.queue.empty():
            return self.clips[self.random.integers(len(self.clips))]
        clip = self.queue.get()
        if len(self.clips) < CAPACITY:
            self.clips.append(clip)
        else:
            self.clips[self.random.integers(CAPACITY)] = clip
        return clip
