"""EfficientTAM's official network, made ready for comparison: PyPI `efficient-track-anything`, with
`sam2` 1.1.0.

Both packages are called `sam2` when imported. EfficientTAM's must be found first, so it needs
an environment of its own that sees the other one:

    python -m venv --system-site-packages efficienttam && efficienttam/bin/pip install --no-deps \\
        -r Scripts/requirements-efficienttam.txt

It brings no configuration files: those of the published models are derived here from that of
SAM 2 tiny, which is in `sam2` 1.1.0. The predictor is that of `sam2` 1.1.0 as well, as in edgetam.py.
"""

import importlib.metadata
import importlib.util
import tempfile
from pathlib import Path

import sam2
from omegaconf import OmegaConf

NAMES = [f"efficienttam_{size}{kind}" for size in ("ti", "s") for kind in ("", "_1", "_2")]
WIDTHS = {"ti": (192, 3), "s": (384, 6)}


def is_installed():
    """Whether `import sam2` finds EfficientTAM's package."""
    return (Path(sam2.__file__).parent / "modeling/backbones/vitdet.py").exists()


def _located(name):
    """A file of `sam2` 1.1.0, whose import the other package hides."""
    return importlib.metadata.distribution("sam2").locate_file(f"sam2/{name}")


def config_path(name):
    """A file with the official configuration `name`."""
    size, _, kind = name.removeprefix("efficienttam_").partition("_")
    width, heads = WIDTHS[size]
    settings = OmegaConf.load(_located("configs/sam2/sam2_hiera_t.yaml"))
    model = settings.model
    model.use_high_res_features_in_sam = False
    model.image_encoder.scalp = 0
    model.image_encoder.trunk = {
        "_target_": "sam2.modeling.backbones.vitdet.ViT", "patch_size": 16, "embed_dim": width,
        "depth": 12, "num_heads": heads, "mlp_ratio": 4.0, "qkv_bias": True, "use_rel_pos": False,
        "window_size": 14, "window_block_indexes": [0, 1, 3, 4, 6, 7, 9, 10]}
    model.image_encoder.neck = {
        "_target_": "sam2.modeling.backbones.image_encoder.ViTDetNeck",
        "position_encoding": model.image_encoder.neck.position_encoding, "d_model": 256,
        "backbone_channel_list": [width], "neck_norm": "LN"}
    if kind:
        model.memory_attention.layer.cross_attention._target_ = (
            f"sam2.modeling.sam.transformer.EfficientRoPEAttention{kind}")
    path = Path(tempfile.gettempdir()) / f"{name}.yaml"
    OmegaConf.save(settings, path)
    return path


def _newer(name):
    """A module of `sam2` 1.1.0, on top of EfficientTAM's network."""
    spec = importlib.util.spec_from_file_location(
        "newer_" + Path(name).stem, _located(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _newer_predictor():
    """Its predictor, with its way to read frames."""
    module, misc = _newer("sam2_video_predictor"), _newer("utils/misc")
    module.load_video_frames = misc.load_video_frames
    module.fill_holes_in_mask_scores = misc.fill_holes_in_mask_scores
    return module.SAM2VideoPredictor


class Predictor(_newer_predictor()):
    """The video predictor of `sam2` 1.1.0, given the object scores that this network keeps to itself."""

    def _use_mask_as_output(self, *arguments, **options):
        answer = super()._use_mask_as_output(*arguments, **options)
        self._score = answer[-1]
        return answer

    def _forward_sam_heads(self, *arguments, **options):
        answer = super()._forward_sam_heads(*arguments, **options)
        self._score = answer[-1]
        return answer

    def track_step(self, *arguments, **options):
        output = super().track_step(*arguments, **options)
        # A given mask asks the heads for its pointer first, and answers last.
        return output | {"object_score_logits": self._score}

    def _encode_new_memory(self, *arguments, object_score_logits=None, **options):
        # As SAM 2, its memories do not depend on the score.
        return super()._encode_new_memory(*arguments, **options)
