"""Small and real OWLv2 and OWL-ViT models of transformers, with weights that follow from a formula,
for the fixtures of the Swift tests, or from a seed, for parity.

The formula: element i of tensor NAME is a SplitMix64 hash of i and of the FNV-1a hash of NAME, made
uniform in -1...1 and scaled by the kind of tensor. `Tests/DetectorTests/FormulaWeights.swift` has the
same.
"""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import (
    OwlViTConfig,
    OwlViTForObjectDetection,
    Owlv2Config,
    Owlv2ForObjectDetection,
)

MODELS = {
    "owlv2": (Owlv2Config, Owlv2ForObjectDetection),
    "owlvit": (OwlViTConfig, OwlViTForObjectDetection),
}


def uniform(name, count):
    hashed = 0xCBF29CE484222325
    for byte in name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(hashed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - np.float32(1)


def formula(name, shape):
    values = torch.from_numpy(uniform(name, int(np.prod(shape)))).reshape(shape)
    if len(shape) < 2:
        is_norm = "norm" in name and name.endswith("weight")
        return 1 + values * 0.25 if is_norm else values * 0.125
    if "embedding" in name and "patch" not in name:
        return values * 0.5
    return values * 2 / float(np.prod(shape[1:])) ** 0.5


def tiny(kind, size=96):
    """A model of two layers with heads of odd sizes, and of another vocabulary."""
    config, model = MODELS[kind]
    text = dict(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=80,
        vocab_size=512 + 40 + 2, bos_token_id=552, eos_token_id=553,
    )  # fmt: skip
    vision = dict(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=112,
        image_size=size, patch_size=16,
    )  # fmt: skip
    made = model(config(text_config=text, vision_config=vision, projection_dim=48)).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.copy_(formula(name, tuple(parameter.shape)))
    return made


# The published shapes: the classes of transformers have those of base as defaults.
VARIANTS = {
    "base/16": (dict(patch_size=16), {}),
    "base/32": (dict(patch_size=32), {}),
    "large/14": (
        dict(
            patch_size=14, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16,
            intermediate_size=4096,
        ),
        dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12),
    ),
}  # fmt: skip


def published(kind, variant, size, seed=7):
    """A model of the published shapes, with random weights that keep signals alive."""
    config, model = MODELS[kind]
    torch.manual_seed(seed)
    vision, text = VARIANTS[variant]
    width = text.get("hidden_size", 512)
    made = model(
        config(vision_config=vision | {"image_size": size}, text_config=text, projection_dim=width)
    ).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if parameter.ndim > 1 and "embedding" not in name:
                torch.nn.init.normal_(parameter, std=1.2 / parameter[0].numel() ** 0.5)
            elif "norm" in name and name.endswith("weight"):
                torch.nn.init.uniform_(parameter, 0.7, 1.3)
            elif name.endswith("bias"):
                torch.nn.init.normal_(parameter, std=0.1)
            else:
                torch.nn.init.normal_(parameter, std=0.5)
    return made


def save(model, folder, merges):
    model.save_pretrained(folder)
    Path(folder, "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")


def shapes(model):
    return json.dumps({name: list(t.shape) for name, t in model.state_dict().items()})
