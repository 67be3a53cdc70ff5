"""Trains all of nano but the trunk on clips from files, so that tracking needs the cells of the memory.

    train_memory.py --clips clips --init start.pt --minutes 50 -o nano.pt

The trainer of train.py with these changes:
- Clips come from files of draw_clips.py, two objects each: one run of the image encoder serves both.
- The trunk is frozen and runs without gradients; the neck, the memory and the decoder learn.
- In a share of the clips the memory holds no object pointers; in another only the newest few; in
  another the cells of the newest frames are hidden.
- The weights that widen.py initialised (into and out of the memory) learn faster than the rest.
- No gradient flows through the masks in memories: it grew a hundredfold over a clip.
"""

import argparse
import contextlib
import glob
import math
import time

import numpy as np
import torch

from train import CONFIG, DEVIATION, MEAN, Trainer, blend, save

FAST = (
    "maskmem_tpos_enc", "no_obj_embed_spatial", "obj_ptr_tpos_proj", "memory_encoder",
    "cross_attn_image.", "memory_attention")  # fmt: skip
CELLS = 256  # of a frame: 16 x 16


class Files:
    """Random batches of the clips that draw_clips.py wrote, flipped and transposed."""

    def __init__(self, folder, random):
        self.random = random
        paths = sorted(glob.glob(f"{folder}/*_frames.npy"))
        self.frames = [np.load(path, mmap_mode="r") for path in paths]
        self.masks = [np.load(path.replace("_frames", "_masks"), mmap_mode="r") for path in paths]
        print(sum(map(len, self.frames)), "clips", flush=True)

    def batch(self, count, length):
        """Frames uint8 [B, T, S, S, 3] and masks bool [B, T, K, S, S]."""
        clips = [self._one(length) for _ in range(count)]
        return tuple(np.stack(part) for part in zip(*clips))

    def _one(self, length):
        r = self.random
        part = r.integers(len(self.frames))
        i = r.integers(len(self.frames[part]))
        frames = np.array(self.frames[part][i, :length])
        masks = np.unpackbits(self.masks[part][i, :length], -1).astype(bool)
        if r.random() < 0.5:
            frames, masks = frames[:, :, ::-1], masks[..., ::-1]
        if r.random() < 0.3:
            frames, masks = frames[:, ::-1], masks[..., ::-1, :]
        if r.random() < 0.3:
            frames, masks = frames.transpose(0, 2, 1, 3), masks.swapaxes(-1, -2)
        return frames, masks


@contextlib.contextmanager
def without_newest(attention, count):
    """Hides the cells of the `count` newest frames from memory attention; those of one frame stay."""
    forward = type(attention).forward

    def changed(curr, memory, curr_pos=None, memory_pos=None, num_obj_ptr_tokens=0):
        cells = len(memory) - num_obj_ptr_tokens
        last = max(CELLS, cells - CELLS * count)
        kept = torch.cat([torch.arange(last), torch.arange(cells, len(memory))])
        memory, memory_pos = memory[kept], memory_pos[kept]
        return forward(attention, curr, memory, curr_pos, memory_pos, num_obj_ptr_tokens)

    attention.forward = changed
    try:
        yield
    finally:
        del attention.forward


class MemoryTrainer(Trainer):
    """A trainer whose clips miss parts of their memory."""

    def features(self, frames):
        pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
        encoder = self.model.image_encoder
        with torch.no_grad():
            levels = encoder.trunk((pixels - MEAN) / DEVIATION)
        maps, position = encoder.neck(levels)
        maps, position = list(maps[: -encoder.scalp]), position[: -encoder.scalp]
        maps[0] = self.model.sam_mask_decoder.conv_s0(maps[0])
        maps[1] = self.model.sam_mask_decoder.conv_s1(maps[1])
        return maps, position

    def _clip_frame(self, frame, masks, mask_prompt):
        """As in train.py, but no gradient flows back through the masks in memories."""
        encode = self.model._encode_memory_in_output
        self.model._encode_memory_in_output = (
            lambda level, sizes, points, run, high, present, out: encode(
                level, sizes, points, run, high.detach(), present.detach(), out)
        )  # fmt: skip
        try:
            return super()._clip_frame(frame, masks, mask_prompt)
        finally:
            self.model._encode_memory_in_output = encode

    def clips(self, frames, masks, done):
        """Frames [B, T, S, S, 3], masks [B, T, K, S, S]: each object is a row of the batch."""
        batch, length, objects, size, _ = masks.shape
        rows = batch * objects
        masks = np.ascontiguousarray(masks.swapaxes(1, 2)).reshape(rows, length, size, size)
        maps, position = self.features(frames.reshape(batch * length, size, size, 3))
        sizes = [tuple(x.shape[-2:]) for x in position]
        position = [x[:1].expand(rows, -1, -1, -1).flatten(2).permute(2, 0, 1) for x in position]
        owner = torch.arange(batch).repeat_interleave(objects)
        maps = [x.view(batch, length, *x.shape[1:])[owner] for x in maps]
        memory = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
        mask_prompt, total, ious = self.random.random() < 0.35, 0, []
        with self._memory_with_gaps(done):
            for i in range(length):
                level = [x[:, i].flatten(2).permute(2, 0, 1) for x in maps]
                frame = (i, level, position, sizes, memory, length)
                loss, iou, out = self._clip_frame(frame, masks[:, i], mask_prompt)
                total = total + loss
                ious += iou
                memory["cond_frame_outputs" if i == 0 else "non_cond_frame_outputs"][i] = out
        return total / length, ious

    @contextlib.contextmanager
    def _memory_with_gaps(self, done):
        """A memory without pointers, with the newest few, or without the newest cells; or whole."""
        options, model, random = self.options, self.model, self.random
        change = options.without_last - options.without_first
        without = options.without_first + change * min(1, done / 0.6)
        luck = random.random()
        model.use_obj_ptrs_in_encoder = luck >= without
        if without <= luck < without + 0.15:
            model.max_obj_ptrs_in_encoder = int(random.integers(2, 6))
        hidden = int(random.integers(1, 7)) if random.random() < options.hidden else 0
        try:
            with without_newest(model.memory_attention, hidden):
                yield
        finally:
            model.use_obj_ptrs_in_encoder, model.max_obj_ptrs_in_encoder = True, 16

    def run(self):
        """Trains for the asked time and writes the running average of the weights."""
        options, model = self.options, self.model
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not name.startswith("image_encoder.trunk"))
        optimizer = self._optimizer()
        average = {name: value.detach().clone() for name, value in model.state_dict().items()}
        files = Files(options.clips, self.random)
        seconds, last, step, log = 0.0, time.time(), 0, []
        while seconds < 60 * options.minutes:
            done = seconds / 60 / options.minutes
            loss, ious = self._step(optimizer, files, step, done)
            blend(average, model.state_dict(), min(options.keep, (1 + step) / (10 + step)))
            step += 1
            # A pause of the process is not training time.
            seconds, last = seconds + min(time.time() - last, 10), time.time()
            log.append((loss, ious[0], np.mean(ious[len(ious) // 2 :])))
            if step % 20 == 0:
                mean, first, later = np.nanmean(np.array(log[-20:]), 0)
                figures = f"loss {mean:.3f} first IoU {first:.3f} later IoU {later:.3f}"
                print(f"{step} {done:.1%} {figures}", flush=True)
            if step % 100 == 0:
                save(average, options.output)
        save(average, options.output)

    def _step(self, optimizer, files, step, done):
        """One update: warm-up, then a cosine; steps with infinite gradients are left out."""
        options, random = self.options, self.random
        for group in optimizer.param_groups:
            cosine = 0.49 * (1 + math.cos(math.pi * done)) + 0.02
            group["lr"] = options.lr * group["gain"] * min(1, (step + 1) / 40) * cosine
        stage = "images" if random.random() < options.stills else "clips"
        if stage == "images":
            batch = files.batch(options.batch * 3, 1)
            shown = (batch[1].mean((-1, -2)).min(-1) > 0.002)[:, 0]
            batch = tuple(part[shown] for part in batch)
        else:
            longer = done > 0.5 and random.random() < 0.3
            length = options.longer if longer else options.frames
            batch = files.batch(max(1, round(options.batch * options.frames / length)), length)
        with torch.autocast("cpu", torch.bfloat16):
            loss, ious = getattr(self, stage)(*batch, done)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if torch.isfinite(norm):
            optimizer.step()
        return float(loss.detach()), ious

    def _optimizer(self):
        """AdamW without weight decay on vectors and embeddings; the memory learns faster."""
        groups = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                bare = parameter.ndim < 2 or "embed" in name or "no_" in name
                fast = any(part in name for part in FAST)
                groups.setdefault((bare, fast), []).append(parameter)
        groups = [
            {"params": parameters, "weight_decay": 0 if bare else 0.05,
             "gain": self.options.memory_gain if fast else 1.0}
            for (bare, fast), parameters in groups.items()
        ]  # fmt: skip
        return torch.optim.AdamW(groups, lr=self.options.lr, betas=(0.9, 0.98))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--config", default=str(CONFIG), help="model configuration (default: nano's)")
    add("--clips", default="clips", help="folder that draw_clips.py filled")
    add("--init", required=True, metavar="FILE", help="checkpoint to continue from")
    add("-o", "--output", default="nano.pt", help="checkpoint to write, in fp32")
    add("--minutes", type=float, default=50, help="how long to train")
    add("--size", type=int, default=256, help="side of the input in pixels")
    add("--lr", type=float, default=3e-4, help="largest learning rate")
    add("--memory-gain", type=float, default=3.0, help="factor of the memory's learning rate")
    add("--batch", type=int, default=4, help="clips a step, of two objects each")
    add("--frames", type=int, default=7, help="frames a clip")
    add("--longer", type=int, default=11, help="frames of some clips in the second half")
    add("--stills", type=float, default=0.12, help="share of steps on single pictures")
    add("--without-first", type=float, default=0.8, help="share of clips without pointers at first")
    add("--without-last", type=float, default=0.5, help="the same from three fifths of the time on")
    add("--hidden", type=float, default=0.0, help="share of clips whose newest cells are hidden")
    add("--keep", type=float, default=0.995, help="share that the running average keeps a step")
    add("--seed", type=int, default=3)
    add("--threads", type=int, default=2, help="threads of the model")
    options = parser.parse_args()
    options.device, options.freeze_encoder, options.compile = "cpu", True, False
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    MemoryTrainer(options).run()


if __name__ == "__main__":
    main()
