"""Trains the small detector from nothing: an OWLv2 that knows coloured shapes.

    python train_detector.py --minutes 40 -o OUT_FOLDER

An `Owlv2ForObjectDetection` of transformers of small width, trained on the scenes of shape_scenes.py
and the phrases of phrases.py. OUT_FOLDER becomes a checkpoint in float16 with config.json and
merges.txt, as `sam2-convert` takes it. Each patch in the middle of an object is to find it, with a
score as good as its box: focal loss of all phrases of a batch, L1 and generalised IoU of boxes.

Needs transformers 5.24.0 beside requirements.txt.
"""

import argparse
import json
import math
import random
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from transformers import Owlv2Config, Owlv2ForObjectDetection
from transformers.utils import logging

from phrases import COLOURS, SHAPES, Tokenizer, every_word, learnt_merges, query
from shape_scenes import PATCH, ShapeScenes

SIZE = 192
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711])


def small_model(vocabulary):
    text = dict(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=192,
        vocab_size=vocabulary, bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1,
        max_position_embeddings=16,
    )  # fmt: skip
    vision = dict(
        hidden_size=128, num_hidden_layers=4, num_attention_heads=4, intermediate_size=384,
        image_size=SIZE, patch_size=PATCH,
    )  # fmt: skip
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=64)
    model = Owlv2ForObjectDetection(config)
    embeddings = model.owlv2.vision_model.embeddings
    with torch.no_grad():
        torch.nn.init.normal_(embeddings.patch_embedding.weight, std=(3 * PATCH**2) ** -0.5)
        torch.nn.init.normal_(embeddings.position_embedding.weight, std=0.2)
        torch.nn.init.normal_(embeddings.class_embedding, std=0.2)
        # At first no patch finds anything.
        for layer, bias in [(model.class_head.logit_shift, -0.5), (model.class_head.logit_scale, 9)]:
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.constant_(layer.bias, bias)
        for head in (model.box_head, model.objectness_head):
            torch.nn.init.zeros_(head.dense2.weight)
            torch.nn.init.zeros_(head.dense2.bias)
        torch.nn.init.constant_(model.objectness_head.dense2.bias, -3)
        # The picture's token multiplies those of the patches.
        torch.nn.init.ones_(model.owlv2.vision_model.post_layernorm.weight)
    return model


# Batches


class Batches:
    """Draws batches, two thirds of them scenes drawn before."""

    def __init__(self, seed, count, phrases, tokenizer, kept=3000):
        self.scenes = ShapeScenes(seed, SIZE)
        self.random = random.Random(seed)
        self.count, self.phrases, self.tokenizer, self.limit = count, phrases, tokenizer, kept
        self.kept = []

    def __iter__(self):
        while True:
            fresh = self.count if len(self.kept) < 10 * self.count else self.count // 3
            scenes = [self.scenes.scene() for _ in range(fresh)]
            scenes += [
                self.random.choice(self.kept).mirrored()
                if self.random.random() < 0.5
                else self.random.choice(self.kept)
                for _ in range(self.count - fresh)
            ]
            self.kept = (self.kept + scenes[:fresh])[-self.limit :]
            yield self.batch(scenes)

    def batch(self, scenes):
        colours, shapes = list(COLOURS), list(SHAPES)
        shown = [(colours[c], shapes[s]) for scene in scenes for c, s in scene.looks.tolist()]
        asked = every_word(self.random)
        asked += [query(self.random, shown) for _ in range(self.phrases)]
        numbers = {None: -1, "": -2}
        expected_looks = torch.tensor(
            [
                [numbers.get(c, -2) if c in numbers else colours.index(c),
                 numbers.get(s, -2) if s in numbers else shapes.index(s)]
                for _, c, s in asked
            ]
        )  # fmt: skip
        pixels = torch.from_numpy(np.stack([scene.image for scene in scenes]))
        box_count = max(1, max(len(scene.boxes) for scene in scenes))
        boxes = np.zeros((len(scenes), box_count, 4), np.float32)
        looks = np.full((len(scenes), box_count, 2), -9)
        silhouettes = np.zeros((len(scenes), box_count, 64), np.float32)
        for i, scene in enumerate(scenes):
            silhouettes[i, : len(scene.boxes)] = scene.silhouettes.reshape(-1, 64) / 255
            boxes[i, : len(scene.boxes)] = scene.boxes
            looks[i, : len(scene.boxes)] = scene.looks
        return {
            "pixels": ((pixels / 255 - MEAN) / DEVIATION).permute(0, 3, 1, 2).contiguous(),
            "ids": torch.tensor([self.tokenizer(text) for text, _, _ in asked]),
            "expected_looks": expected_looks,
            "boxes": torch.from_numpy(boxes),
            "looks": torch.from_numpy(looks),
            "silhouettes": torch.from_numpy(silhouettes),
            "owners": torch.from_numpy(np.stack([scene.owners for scene in scenes])),
            "roles": torch.from_numpy(np.stack([scene.roles for scene in scenes])),
            "outlines": torch.from_numpy(np.stack([scene.outlines for scene in scenes])),
        }


# The model


def text_queries(model, ids):
    mask = (ids > 0).long()
    mask[:, 0] = 1
    found = model.owlv2.text_model(input_ids=ids, attention_mask=mask)
    return model.owlv2.text_projection(found.pooler_output)


def predictions(model, batch):
    features, _ = model.image_embedder(batch["pixels"])
    count, rows, columns, width = features.shape
    flat = features.reshape(count, rows * columns, width)
    queries = text_queries(model, batch["ids"])[None].expand(count, -1, -1)
    logits, _ = model.class_predictor(flat, queries)
    raw = model.box_head(flat) + model.compute_box_bias(rows, columns)
    return logits, raw, model.objectness_predictor(flat)


# Losses


class ShapeHeads(torch.nn.Module):
    """Teaches the tower to see shapes, and is thrown away: of each patch, which parts of it show the
    same as its middle, after the second layer; of each patch of an object, which parts of its box the
    object fills, in the end."""

    def __init__(self, model, layer=1):
        super().__init__()
        width = model.config.vision_config.hidden_size
        self.outline, self.silhouette = torch.nn.Linear(width, 16), torch.nn.Linear(width, 64)
        self.seen = self.features = None
        model.owlv2.vision_model.encoder.layers[layer].register_forward_hook(self.keep)
        model.layer_norm.register_forward_hook(self.keep_features)

    def keep(self, layer, inputs, output):
        self.seen = output[0] if isinstance(output, tuple) else output

    def keep_features(self, layer, inputs, output):
        self.features = output

    def losses(self, batch, owners, near):
        true = batch["outlines"].flatten(2).float() / 255
        outlines = F.binary_cross_entropy_with_logits(self.outline(self.seen[:, 1:]), true)
        true = torch.gather(batch["silhouettes"], 1, owners[..., None].expand(-1, -1, 64))[near]
        found = self.silhouette(self.features[near])
        return outlines, F.binary_cross_entropy_with_logits(found, true)


def losses(model, heads, batch):
    logits, raw, objectness = predictions(model, batch)
    owners, roles = batch["owners"].clamp(min=0), batch["roles"]
    looks = torch.gather(batch["looks"], 1, owners[..., None].expand(-1, -1, 2))
    expected_looks = batch["expected_looks"][None, None]
    answers = (expected_looks == -1) | (expected_looks == looks[:, :, None])
    answers = answers.all(-1)
    found, near = roles == 2, roles >= 1
    true = torch.gather(batch["boxes"], 1, owners[..., None].expand(-1, -1, 4))
    boxes = torch.sigmoid(raw)
    # The better the box, the higher the score is to be, so that the best box of an object wins.
    quality = ((iou(boxes, true).detach() - 0.4) / 0.45).clamp(0, 1)
    score = torch.where(found, 0.15 + 0.85 * quality, quality * near)
    target = answers * score[..., None]
    counted = 1 - (roles == -1)[..., None].float()
    probability = torch.sigmoid(logits)
    wrong = (probability - target).abs()
    weight = (0.25 + 0.5 * (target > 0)) * wrong**1.5 * counted
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    classes = (weight * entropy).sum() / (answers & found[..., None]).sum().clamp(min=1)
    weights = (found + 0.7 * (near & ~found)).float()
    total = weights.sum().clamp(min=1)
    places = (F.l1_loss(boxes, true, reduction="none").sum(-1) * weights).sum() / total
    overlap = ((1 - generalised_iou(boxes, true)) * weights).sum() / total
    # Where the logistic function is flat, as at the lower and right edges, only this teaches.
    slopes = F.smooth_l1_loss(raw, torch.logit(true, 0.005), reduction="none", beta=0.2).sum(-1)
    slopes = (slopes * weights).sum() / total
    thing = F.binary_cross_entropy_with_logits(
        objectness, found.float(), reduction="none"
    ) * ((roles == 0) | found)
    outlines, silhouettes = heads.losses(batch, owners, near)
    parts = {
        "classes": 2 * classes, "places": 5 * places, "overlap": 2 * overlap, "slopes": 0.5 * slopes,
        "things": 0.3 * thing.mean(), "outlines": outlines,
        "silhouettes": 4 * silhouettes,
    }  # fmt: skip
    return sum(parts.values()), {name: float(part.detach()) for name, part in parts.items()}


def corners(boxes):
    return boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2


def iou(a, b):
    (low_a, high_a), (low_b, high_b) = corners(a), corners(b)
    shared = (torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)).clamp(min=0).prod(-1)
    return shared / (a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared).clamp(min=1e-6)


def generalised_iou(a, b):
    (low_a, high_a), (low_b, high_b) = corners(a), corners(b)
    shared = (torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)).clamp(min=0).prod(-1)
    union = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    hull = (torch.maximum(high_a, high_b) - torch.minimum(low_a, low_b)).prod(-1)
    return shared / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


# Training


def rate(progress, highest):
    """Rises for the first hundredth, then falls along a cosine."""
    return highest * min(progress / 0.02, 0.5 + 0.5 * math.cos(math.pi * min(progress, 1)) + 0.004)


@torch.no_grad()
def measure(model, batches):
    """Over scenes never trained on: the shares of middle patches whose best colour, and whose best
    shape, is right, and the mean IoU of their boxes."""
    model.eval()
    found, colours, shapes, overlaps = 0, 0, 0, []
    for batch in batches:
        logits, raw, _ = predictions(model, batch)
        middle = batch["roles"] == 2
        owners = batch["owners"].clamp(min=0)
        looks = torch.gather(batch["looks"], 1, owners[..., None].expand(-1, -1, 2))[middle]
        logits = logits[middle]
        found += len(looks)
        shapes += int((logits[:, : len(SHAPES)].argmax(1) == looks[:, 1]).sum())
        rest = logits[:, len(SHAPES) : len(SHAPES) + len(COLOURS)]
        colours += int((rest.argmax(1) == looks[:, 0]).sum())
        true = torch.gather(batch["boxes"], 1, owners[..., None].expand(-1, -1, 4))
        overlaps.append(iou(torch.sigmoid(raw), true)[middle])
    model.train()
    overlap = float(torch.cat(overlaps).mean())
    return f"colours {colours / found:.3f} shapes {shapes / found:.3f} IoU {overlap:.3f}"


def save(model, merges, folder):
    deepcopy(model).half().save_pretrained(folder)
    lines = ["#version: 0.2", *merges]
    Path(folder, "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # The members that sam2-convert asks for, without the defaults of a version of transformers.
    config = json.loads(Path(folder, "config.json").read_text())
    Path(folder, "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--minutes", type=float, default=40, help="of processor time")
    parser.add_argument("--limit", type=float, default=1e9, help="minutes by the clock")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--phrases", type=int, default=48)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--init", help="folder of a checkpoint to continue from")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    logging.disable_progress_bar()
    merges = learnt_merges()
    tokenizer = Tokenizer(merges)
    if arguments.init:
        model = Owlv2ForObjectDetection.from_pretrained(arguments.init, dtype=torch.float32)
    else:
        model = small_model(tokenizer.count)
    model.train()
    averaged = deepcopy(model)
    heads = ShapeHeads(model)
    trained = torch.nn.ModuleList([model, heads])
    groups = [
        {"params": [p for p in trained.parameters() if p.ndim > 1], "weight_decay": 0.03},
        {"params": [p for p in trained.parameters() if p.ndim < 2], "weight_decay": 0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=arguments.rate, betas=(0.9, 0.98))
    batches = Batches(arguments.seed, arguments.batch, arguments.phrases, tokenizer)
    held_out = Batches(10_000 + arguments.seed, 32, arguments.phrases, tokenizer)
    held_out = [batch for _, batch in zip(range(8), held_out)]
    start = reported = time.monotonic()
    worked = time.process_time()
    for step, batch in enumerate(batches):
        now = time.monotonic()
        progress = max(
            (time.process_time() - worked) / 60 / arguments.minutes,
            (now - start) / 60 / arguments.limit,
        )
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(progress + 1e-4, arguments.rate)
        loss, parts = losses(model, heads, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        keep = min(0.995, (step + 1) / (step + 20))
        with torch.no_grad():
            for mean, parameter in zip(averaged.parameters(), model.parameters()):
                mean.lerp_(parameter, 1 - keep)
        if now - reported > 60 or step == 10:
            reported = now
            shown = " ".join(f"{name} {value:.3f}" for name, value in parts.items())
            print(f"{progress:.3f} step {step}: {shown} | {measure(averaged, held_out)}", flush=True)
            save(averaged, merges, arguments.output)
    save(averaged, merges, arguments.output)
    print(f"{step} steps: {measure(averaged, held_out)}")


if __name__ == "__main__":
    main()
