"""Trains nano, a SAM 2.1 of small width, with the official modules on procedural clips.

    train.py --stage images --size 128 --minutes 30 -o a.pt
    train.py --stage clips  --size 256 --minutes 60 --init a.pt -o b.pt

`images`: clicks, boxes and correction clicks on single pictures. `clips`: the same on the first
frame, then tracking through memory. The weights do not depend on the size, so cheap small sizes
can come first. README.md lists the requirements.
"""

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import OmegaConf

from bank import Bank
from losses import loss_of
from prompts import correction, first_prompt

CONFIG = Path(__file__).resolve().parents[2] / "Tests/Fixtures/nano/nano.yaml"
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def build(config, size):
    """The official model of a configuration, for inputs of `size` pixels a side."""
    settings = OmegaConf.load(config)
    settings.model.image_size = size
    layer = settings.model.memory_attention.layer
    for attention in (layer.self_attention, layer.cross_attention):
        attention.feat_sizes = [size // 16, size // 16]
    return instantiate(settings.model, _recursive_=True).train()


def plain_attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None):
    """Attention in three steps. On CPUs the fused kernel's backward pass takes far longer."""
    if attn_mask is not None or is_causal:
        raise ValueError("no module of SAM 2 masks its attention")
    scores = q @ k.transpose(-1, -2) * (scale or 1 / math.sqrt(q.shape[-1]))
    shares = scores.softmax(-1, dtype=torch.float32).to(v.dtype)
    return F.dropout(shares, dropout_p) @ v


class Trainer:
    """The model being trained, its running average, and the two kinds of steps."""

    def __init__(self, options):
        self.options, self.device = options, options.device
        self.random = np.random.default_rng(options.seed + 7)
        self.model = build(options.config, options.size)
        if options.init:
            kept = torch.load(options.init, weights_only=True)["model"]
            self.model.load_state_dict({name: value.float() for name, value in kept.items()})
        self.model.to(self.device)
        if self.device == "cpu":
            F.scaled_dot_product_attention = plain_attention
        for parameter in self.model.image_encoder.parameters():
            parameter.requires_grad_(not options.freeze_encoder)
        self.encoder = self.model.image_encoder
        if options.compile:
            self.encoder = torch.compile(self.encoder, dynamic=False)

    def features(self, frames):
        """Decoder-ready feature maps of uint8 frames [N, S, S, 3], and their position codes."""
        pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
        pixels = ((pixels - MEAN) / DEVIATION).to(self.device)
        with torch.set_grad_enabled(not self.options.freeze_encoder):
            out = self.encoder(pixels)
        maps = list(out["backbone_fpn"])
        maps[0] = self.model.sam_mask_decoder.conv_s0(maps[0])
        maps[1] = self.model.sam_mask_decoder.conv_s1(maps[1])
        return maps, out["vision_pos_enc"]

    # Single pictures

    def images(self, frames, masks, done):
        """One batch: frames [B, 1, S, S, 3], masks [B, 1, K, S, S]; up to three rounds of prompts.

        Returns the loss and the mean IoU of each round. `done` is the completed share of training.
        """
        random, (batch, _, objects, size, _) = self.random, masks.shape
        maps, _ = self.features(frames[:, 0])
        owner = torch.arange(batch, device=self.device).repeat_interleave(objects)
        maps = [x[owner] for x in maps]
        maps[2] = maps[2] + self.model.no_mem_embed.view(1, -1, 1, 1)
        truth = masks[:, 0].reshape(batch * objects, size, size)
        points, labels = first_prompt(truth, random, 0.5 if done < 0.15 else 0.25)
        rounds = 1 + (done > 0.1 and random.random() < 0.6)
        rounds += done > 0.2 and random.random() < 0.35

        target = torch.from_numpy(truth).to(self.device)
        previous, total, ious = None, 0, []
        for round_index in range(rounds):
            multimask = round_index == 0 and labels.shape[1] == 1
            logits, guess, present = self._decode(maps, points, labels, previous, multimask)
            loss, iou, _ = loss_of(logits, guess, present, target)
            total = total + loss
            ious.append(iou.mean().item())
            best = guess.argmax(1)[:, None, None, None].expand(-1, 1, *logits.shape[-2:])
            previous = logits.gather(1, best).detach().clamp(-32, 32)
            if round_index + 1 < rounds:
                seen = F.interpolate(previous, (size, size), mode="bilinear") > 0
                points, labels = self._corrected(points, labels, seen, truth)
        return total / rounds, ious

    def _decode(self, maps, points, labels, previous, multimask):
        """Mask logits, guessed IoUs and object logits for prompts on prepared feature maps."""
        encoder = self.model.sam_prompt_encoder
        clicks = (points.to(self.device), labels.to(self.device))
        sparse, dense = encoder(points=clicks, boxes=None, masks=previous)
        logits, guess, _, present = self.model.sam_mask_decoder(
            image_embeddings=maps[2],
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=multimask,
            repeat_image=False,
            high_res_features=maps[:2],
        )
        return logits, guess, present

    def _corrected(self, points, labels, predicted, truth):
        """Prompts with one correction click more; `predicted` is bool [B, 1, S, S]."""
        more, kinds = correction(predicted[:, 0].cpu().numpy(), truth, self.random)
        return torch.cat([points, more], 1), torch.cat([labels, kinds], 1)

    # Clips

    def clips(self, frames, masks, done):
        """One batch: frames [B, T, S, S, 3], masks [B, T, 1, S, S]; prompt frame 0, then track.

        Returns the loss and the mean IoU of each frame.
        """
        batch, length, _, size, _ = masks.shape
        masks = masks[:, :, 0]
        maps, position = self.features(frames.reshape(batch * length, size, size, 3))
        sizes = [tuple(x.shape[-2:]) for x in position]
        position = [x[:batch].flatten(2).permute(2, 0, 1) for x in position]
        maps = [x.view(batch, length, *x.shape[1:]) for x in maps]
        memory = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
        mask_prompt = self.random.random() < 0.35
        total, ious = 0, []
        for i in range(length):
            level = [x[:, i].flatten(2).permute(2, 0, 1) for x in maps]
            frame = (i, level, position, sizes, memory, length)
            loss, iou, out = self._clip_frame(frame, masks[:, i], mask_prompt)
            total = total + loss
            ious += iou
            kind = "cond_frame_outputs" if i == 0 else "non_cond_frame_outputs"
            memory[kind][i] = out
        return total / length, ious

    def _clip_frame(self, frame, masks, mask_prompt):
        """Loss, IoU (nothing for a mask prompt or an absent object) and memory of one frame."""
        i, level, _, sizes, _, _ = frame
        truth, points, mask = torch.from_numpy(masks).to(self.device), None, None
        if i == 0 and mask_prompt:
            mask = truth[:, None].float()
        elif i == 0:
            keys = ("point_coords", "point_labels")
            points = dict(zip(keys, first_prompt(masks, self.random, 0.4)))
        total, ious = 0, []
        low, _, guess, best, high, pointer, present = self._track(frame, points, mask, None)
        if points is not None and self.random.random() < 0.4:
            total = total + 0.5 * loss_of(low, guess, present, truth)[0]
            clicks = self._corrected(*points.values(), high > 0, masks)
            points = dict(zip(points, clicks))
            previous = best.detach().clamp(-32, 32)
            low, _, guess, best, high, pointer, present = self._track(frame, points, mask, previous)
        if mask is None:
            loss, iou, seen = loss_of(low, guess, present, truth)
            total = total + loss
            if seen.any():
                ious.append(((iou * seen).sum() / seen.sum()).item())
        out = {"pred_masks": best, "obj_ptr": pointer}
        self.model._encode_memory_in_output(level, sizes, points, True, high, present, out)
        return total, ious, out

    def _track(self, frame, points, mask, previous):
        """The official single step of tracking: what its SAM heads return."""
        i, level, position, sizes, memory, length = frame
        if points is not None:
            points = {key: value.to(self.device) for key, value in points.items()}
        _, out, _, _ = self.model._track_step(
            frame_idx=i,
            is_init_cond_frame=i == 0,
            current_vision_feats=level,
            current_vision_pos_embeds=position,
            feat_sizes=sizes,
            point_inputs=points,
            mask_inputs=mask,
            output_dict=memory,
            num_frames=length,
            track_in_reverse=False,
            prev_sam_mask_logits=previous,
        )
        return out

    # Training

    def run(self):
        """Trains for the asked time and writes the running average of the weights."""
        options, model = self.options, self.model
        optimizer = self._optimizer()
        average = {name: value.detach().clone() for name, value in model.state_dict().items()}
        bank = Bank(options, self.random)
        start, step, done, log = time.time(), 0, 0.0, []
        while done < 1:
            loss, ious = self._step(optimizer, bank, step, done)
            blend(average, model.state_dict(), min(0.998, (1 + step) / (10 + step)))
            step += 1
            done = (time.time() - start) / 60 / options.minutes
            log.append((loss, ious[0], ious[-1]))
            if step % 100 == 0:
                mean, first, last = np.array(log[-100:]).mean(0)
                figures = f"loss {mean:.3f} first IoU {first:.3f} last IoU {last:.3f}"
                print(f"{step} {done:.1%} {figures}", flush=True)
            if step % 200 == 0 or done >= 1:
                save(average, options.output)

    def _step(self, optimizer, bank, step, done):
        """One update: warm-up, then a cosine; steps with infinite gradients are left out."""
        for group in optimizer.param_groups:
            cosine = 0.49 * (1 + math.cos(math.pi * done)) + 0.02
            group["lr"] = self.options.lr * min(1, (step + 1) / 60) * cosine
        batch, stage = bank.batch(), self.options.stage
        if stage == "clips" and self.random.random() < self.options.stills:
            batch, stage = stills(*batch), "images"
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bfloat16):
            loss, ious = getattr(self, stage)(*batch, done)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if torch.isfinite(norm):
            optimizer.step()
        return float(loss.detach()), ious

    def _optimizer(self):
        """AdamW without weight decay on vectors and embeddings."""
        decayed, plain = [], []
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                bare = parameter.ndim < 2 or "embed" in name or "no_" in name
                (plain if bare else decayed).append(parameter)
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0}]
        return torch.optim.AdamW(groups, lr=self.options.lr, betas=(0.9, 0.98))


def stills(frames, masks):
    """The frames of clips that show their object, as single pictures.

    From frames [B, T, S, S, 3] and masks [B, T, K, S, S] to [N, 1, S, S, 3] and [N, 1, K, S, S].
    """
    shown = masks.mean((-1, -2)).min(-1) > 0.002
    return frames[shown][:, None], masks[shown][:, None]


@torch.no_grad()
def blend(average, weights, keep):
    """Moves a running average towards the weights."""
    for name, value in weights.items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - keep)
        else:
            average[name].copy_(value)


def save(weights, path):
    """Writes a checkpoint beside its place first, so that a stop leaves the old one whole."""
    torch.save({"model": {name: value.cpu() for name, value in weights.items()}}, path + ".part")
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--stage", choices=["images", "clips"], default="images", help="what to train on")
    add("--minutes", type=float, default=30, help="how long to train")
    add("--size", type=int, default=256, help="side of the input in pixels, a multiple of 32")
    add("--config", default=str(CONFIG), help="model configuration (default: nano's)")
    add("--pool", default="pool.npz", help="file that pool.py made")
    add("--init", metavar="FILE", help="checkpoint to continue from")
    add("-o", "--output", default="nano.pt", help="checkpoint to write, in fp32")
    add("--lr", type=float, default=1e-3, help="largest learning rate")
    add("--batch", type=int, default=8, help="clips a step")
    add("--frames", type=int, default=5, help="frames a clip (stage clips)")
    add("--objects", type=int, default=3, help="objects a picture (stage images)")
    add("--easy", type=float, default=0.4, help="share of calm backgrounds and large objects")
    add("--minimum-objects", type=int, default=0, help="minimum number of moving objects in a clip")
    add("--stills", type=float, default=0, help="share of steps on a clip's single frames")
    add("--bfloat16", action="store_true", help="multiply matrices in bfloat16")
    add("--seed", type=int, default=0)
    add("--workers", type=int, default=1, help="processes that draw clips")
    add("--threads", type=int, default=2, help="threads of the model")
    add("--device", default="cpu", help="cpu or cuda")
    add("--freeze-encoder", action="store_true", help="train all but the image encoder")
    add("--no-compile", dest="compile", action="store_false", help="do not torch.compile it")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    Trainer(options).run()


if __name__ == "__main__":
    main()
