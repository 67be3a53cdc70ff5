"""HQ-SAM 2.1's official decoder in the official network of `sam2` 1.1.0.

The decoder is not on PyPI; it comes from a clone, whose folder the variable SAM_HQ names:

    git clone https://github.com/SysCV/sam-hq && export SAM_HQ=$PWD/sam-hq

In that repository `SAM2HQBase` differs from `SAM2Base` in the class of the decoder alone, and
`SAM2Base` from that of `sam2` 1.1.0 in nothing that is computed. So the rest is that package.
"""

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import sam2
import sam2.modeling.sam2_base as base
from omegaconf import OmegaConf
from sam2.sam2_video_predictor import SAM2VideoPredictor

DECODER = "sam-hq2/sam2/modeling/sam/mask_hq_decoder.py"
SIZES = {"tiny": "t", "large": "l"}
# Only large is published; tiny is quick.
NAMES = [f"hq-{size}" for size in SIZES]


def decoder_class():
    """`MaskDecoderHQ` of the clone."""
    if "SAM_HQ" not in os.environ:
        sys.exit("set SAM_HQ to a clone of https://github.com/SysCV/sam-hq")
    spec = importlib.util.spec_from_file_location(
        "mask_hq_decoder", Path(os.environ["SAM_HQ"]) / DECODER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MaskDecoderHQ


def config_path(name):
    """A file with the official configuration of the size in `name`."""
    size = SIZES[name.removeprefix("hq-")]
    settings = OmegaConf.load(
        Path(sam2.__file__).parent / f"configs/sam2.1/sam2.1_hiera_{size}.yaml")
    settings.model._target_ = "sam2.modeling.sam2_hq_base.SAM2HQBase"
    path = Path(tempfile.gettempdir()) / f"{name}.yaml"
    OmegaConf.save(settings, path)
    return path


class Predictor(SAM2VideoPredictor):
    """The video predictor of `sam2` 1.1.0 with the decoder of HQ-SAM."""

    def _build_sam_heads(self):
        usual, base.MaskDecoder = base.MaskDecoder, decoder_class()
        try:
            super()._build_sam_heads()
        finally:
            base.MaskDecoder = usual


def strengthen_refinement(decoder, heard):
    """Makes the refinement as strong as half of the masks: `heard` is the output of its two parts."""
    pixels, row = heard["hq pixels"][0].flatten(1), heard["hq"][0]
    gain = 2 / (row @ pixels).std()
    last = decoder.hf_mlp.layers[-1]
    last.weight.mul_(gain)
    last.bias.mul_(gain)
