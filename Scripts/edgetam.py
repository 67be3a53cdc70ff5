"""EdgeTAM's official network, prepared for comparison: PyPI `edgetam-dimos`, beside `sam2` 1.1.0.

Both packages are called `sam2` when imported. EdgeTAM's must come first, so it needs an
environment of its own that sees the other one:

    python -m venv --system-site-packages edgetam && edgetam/bin/pip install --no-deps \\
        -r Scripts/requirements-edgetam.txt

The predictor around EdgeTAM's network is that of `sam2` 1.1.0. EdgeTAM's own is an older one, which
tracks all objects at once: it knows no object that arrives later, and remembers an empty mask where
an object has no prompt. For objects that are annotated on one frame only the two are the same.
"""

import importlib.metadata
import importlib.util
from pathlib import Path

import sam2
import sam2.modeling.backbones.timm as backbones
import timm
import torch

import pictures

HOME = Path(sam2.__file__).parent
CONFIG = HOME / "configs/edgetam.yaml"

# Behave as if no weights could be downloaded: those of a checkpoint replace them.
backbones.create_model = lambda *names, **options: timm.create_model(
    *names, **options | {"pretrained": False})


def is_installed():
    """Whether `import sam2` finds EdgeTAM's package."""
    return CONFIG.exists()


def _newer_predictor():
    """The module of `sam2` 1.1.0, on top of EdgeTAM's network."""
    path = importlib.metadata.distribution("sam2").locate_file("sam2/sam2_video_predictor.py")
    spec = importlib.util.spec_from_file_location("sam2_newer_predictor", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SAM2VideoPredictor


from sam2.sam2_video_predictor import SAM2VideoPredictor as OwnPredictor  # noqa: E402


class Predictor(_newer_predictor()):
    """The video predictor of `sam2` 1.1.0 that knows what memories of EdgeTAM look like."""

    _get_maskmem_pos_enc = OwnPredictor._get_maskmem_pos_enc


def randomize_statistics(model):
    """Gives batch norms the statistics of one drawn picture, then disturbs them.

    Untrained statistics would let values shrink or grow from block to block, as in no trained
    model; undisturbed ones would hide a mean or a variance that is left out.
    """
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    side = model.image_size
    picture = torch.from_numpy(pictures.still(side, side)).permute(2, 0, 1)[None] / 127.5 - 1
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    model.image_encoder.trunk(picture)
    for norm in norms:
        norm.eval()
        deviation = norm.running_var.sqrt()
        norm.running_mean.add_(torch.randn_like(deviation) * deviation * 0.3)
        norm.running_var.mul_(torch.empty_like(deviation).uniform_(0.6, 1.6))
        norm.num_batches_tracked.fill_(int(torch.randint(1, 1 << 40, ())))

