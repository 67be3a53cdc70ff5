"""The official SAM 2 code (PyPI `sam2` 1.1.0) built, weighted and listened to, in fp32 on a CPU.

Everything that compares this project with the official implementation imports this module, so
that there is one answer to "which model, which settings, which tensors".
"""

import contextlib
import functools
import re
import warnings
from pathlib import Path

import numpy as np
import sam2
import torch
import tqdm
from hydra.utils import instantiate
from omegaconf import OmegaConf
from sam2.sam2_image_predictor import SAM2ImagePredictor

import pictures

# The official code draws progress bars that cannot be switched off from outside.
tqdm.tqdm.__init__ = functools.partialmethod(tqdm.tqdm.__init__, disable=True)
warnings.filterwarnings("ignore", category=FutureWarning, module="torch.jit")

REPOSITORY = Path(__file__).resolve().parent.parent
NANO_CHECKPOINT = REPOSITORY / "Tests/Fixtures/nano/nano.pt"
NANO_CONFIG = REPOSITORY / "Tests/Fixtures/nano/nano.yaml"

SIZES = {"tiny": "t", "small": "s", "base+": "b+", "large": "l"}
RANDOM_MODELS = [f"{version}-{size}" for version in ("sam2", "sam2.1") for size in SIZES]
# In environments with their packages: see edgetam.py, efficienttam.py and hqsam.py.
RANDOM_MODELS += ["edgetam"] + [
    f"efficienttam_{size}{kind}" for size in ("ti", "s") for kind in ("", "_1", "_2")]
RANDOM_MODELS += ["hq-tiny", "hq-large"]

# Settings of build_sam2_video_predictor(apply_postprocessing=True). It also asks for holes of up to
# 8 pixels to be filled, which needs CUDA and is skipped without it: 0 skips it without a warning.
POSTPROCESSING = {
    "_target_": "sam2.sam2_video_predictor.SAM2VideoPredictor",
    "sam_mask_decoder_extra_args.dynamic_multimask_via_stability": True,
    "sam_mask_decoder_extra_args.dynamic_multimask_stability_delta": 0.05,
    "sam_mask_decoder_extra_args.dynamic_multimask_stability_thresh": 0.98,
    "binarize_mask_from_pts_for_mem_enc": True,
    "fill_hole_area": 0,
}


# Models


def config_path(name):
    """The configuration file of `nano`, `edgetam`, or names like `sam2.1-base+`, `efficienttam_s`."""
    if name == "nano":
        return NANO_CONFIG
    if name == "edgetam":
        import edgetam

        return edgetam.CONFIG
    if name.startswith("efficienttam"):
        import efficienttam

        return efficienttam.config_path(name)
    if name.startswith("hq-"):
        import hqsam

        return hqsam.config_path(name)
    version, size = name.split("-", 1)
    configs = Path(sam2.__file__).parent / "configs"
    return configs / version / f"{version}_hiera_{SIZES[size]}.yaml"


def build(config, image_size=None):
    """An official video predictor (an image model too) with the weights of its initialisers.

    `image_size` replaces that of the configuration, with the sizes of maps that follow from it.
    """
    settings = OmegaConf.load(config)
    if image_size:
        _set_image_size(settings.model, image_size)
    for key, value in POSTPROCESSING.items():
        OmegaConf.update(settings, f"model.{key}", value, force_add=True)
    if "HQ" in OmegaConf.load(config).model._target_:
        settings.model._target_ = "hqsam.Predictor"
    if "spatial_perceiver" in settings.model:
        settings.model._target_ = "edgetam.Predictor"
    if settings.model.image_encoder.trunk._target_.endswith(".ViT"):
        settings.model._target_ = "efficienttam.Predictor"
    return instantiate(settings.model, _recursive_=True).eval()


def _set_image_size(model, side):
    """Writes the settings of a configuration for another input size."""
    model.image_size = side
    grid = [side // 16] * 2
    layer = model.memory_attention.layer
    for attention in (layer.self_attention, layer.cross_attention):
        # The grid of the memories of EdgeTAM, k_sizes, is that of its perceiver.
        attention["q_sizes" if "q_sizes" in attention else "feat_sizes"] = grid


def load(config, checkpoint, image_size=None):
    """An official video predictor with the weights of `checkpoint`, in fp32."""
    model = build(config, image_size)
    weights = torch.load(checkpoint, map_location="cpu", weights_only=True)["model"]
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return model


def image_predictor(model):
    """The official image predictor, with its feature sizes fitted to the model's input size."""
    predictor = SAM2ImagePredictor(model)
    side = model.image_size
    predictor._bb_feat_sizes = [(side // k,) * 2 for k in (4, 8, 16)]
    return predictor


# Random weights that behave


def build_random(name, seed=0, image_size=None):
    """The model `name` with seeded random weights whose masks and scores are worth comparing."""
    torch.manual_seed(seed)
    model = build(config_path(name), image_size)
    with torch.no_grad():
        _disturb_constants(model)
        if getattr(model, "spatial_perceiver", None) is not None:
            import edgetam

            edgetam.randomize_statistics(model)
        _sharpen_attention(model)
        _strengthen_memory(model)
        _calibrate_heads(model)
    return model


def _disturb_constants(model):
    """Zero position codes, unit norms and tiny layer scales would hide mistakes: add noise."""
    for parameter in model.parameters():
        if parameter.numel() > 1 and (parameter == parameter.flatten()[0]).all():
            parameter.add_(torch.randn_like(parameter) * 0.1)


def _sharpen_attention(model, gain=2.0):
    """Doubles queries and keys: with initial weights every softmax would be nearly flat."""
    for name, parameter in model.named_parameters():
        if re.search(r"\.(q_proj|k_proj)\.weight$", name):
            parameter.mul_(gain)
        elif name.endswith(".attn.qkv.weight"):
            parameter[: parameter.shape[0] * 2 // 3].mul_(gain)


def _strengthen_memory(model):
    """With initial weights a tracked mask hardly depends on the memory: errors there would pass.

    With these gains the logits of two objects tracked by sam2.1-tiny differ by 19 % on the second
    frame and 3 % on the eighth (4 % and 0.5 % without). Rounding noise stays near 1e-5 at nano's
    shape, where it was measured.
    """
    for layer in model.memory_attention.layers:
        attention = layer.cross_attn_image
        for projection, gain in (("q", 2), ("k", 2), ("v", 3), ("out", 3)):
            getattr(attention, f"{projection}_proj").weight.mul_(gain)


def _calibrate_heads(model):
    """Centres and scales mask logits, and keeps scores off knife edges, on one drawn picture."""
    decoder = model.sam_mask_decoder
    heard = {}
    modules = {"pixels": decoder.output_upscaling[-1], "score": decoder.pred_obj_score_head}
    if hasattr(decoder, "hf_mlp"):
        modules |= {"hq pixels": decoder.embedding_maskfeature, "hq": decoder.hf_mlp}
    modules |= {f"mask{i}": m for i, m in enumerate(decoder.output_hypernetworks_mlps)}
    with listening(modules, lambda name, _, output: heard.__setitem__(name, output)):
        predictor = image_predictor(model)
        predictor.set_image(pictures.still(320, 240))
        predictor.predict(np.array([[150.0, 120.0]]), np.array([1]))

    pixels = heard["pixels"][0].flatten(1)  # [C, H * W]
    mean = pixels.mean(1)
    for i, mlp in enumerate(decoder.output_hypernetworks_mlps):
        row = heard[f"mask{i}"][0]
        offset = (row @ mean) / (mean @ mean) * mean
        gain = 4 / ((row - offset) @ pixels).std()
        mlp.layers[-1].weight.mul_(gain)
        mlp.layers[-1].bias.copy_(gain * (mlp.layers[-1].bias - offset))

    if "hq" in heard:
        import hqsam

        hqsam.strengthen_refinement(decoder, heard)

    # Distances between the IoU guesses decide which mask is tracked: spread them.
    decoder.iou_prediction_head.layers[-1].weight.mul_(3)
    decoder.iou_prediction_head.layers[-1].bias.copy_(torch.tensor([0.3, 0.9, -0.2, 0.5]))
    score = decoder.pred_obj_score_head
    last = score.layers[-1] if hasattr(score, "layers") else score
    last.weight.mul_(10)
    last.bias.copy_(10 * (last.bias - heard["score"][0, 0]) + 2)


# Listening


@contextlib.contextmanager
def listening(modules, hear):
    """Calls `hear(name, (arguments, keywords), output)` after every call of a named module."""

    def hook(name):
        return lambda _, args, kwargs, output: hear(name, (args, kwargs), output)

    handles = [
        module.register_forward_hook(hook(name), with_kwargs=True)
        for name, module in modules.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


# Runs


def segment(model, image, prompts):
    """The answers of the official image predictor to prompts on one picture.

    `image` is uint8 RGB [H, W, 3]; a prompt is a dictionary of `points`, `labels`, `box`,
    `multimask` and maybe `mask`, earlier logits [1, S/4, S/4]. For each prompt: `logits` float32 [masks, S/4, S/4] straight from the decoder
    (the predictor itself clamps them to 32), `ious` [masks] and `score` (the object logit).
    """
    answers = []

    def hear(_, __, output):
        masks, ious, _, score = output
        answers.append(
            {
                "logits": masks[0].float().numpy().copy(),
                "ious": ious[0].float().numpy().copy(),
                "score": float(score[0, 0]),
            }
        )

    predictor = image_predictor(model)
    predictor.set_image(image)
    with listening({"decoder": model.sam_mask_decoder}, hear):
        for prompt in prompts:
            points, labels, box = prompt["points"], prompt["labels"], prompt["box"]
            predictor.predict(
                np.array(points, np.float32) if points else None,
                np.array(labels, np.int32) if points else None,
                np.array(box, np.float32) if box else None,
                mask_input=prompt.get("mask"),
                multimask_output=prompt["multimask"],
            )
    return answers


def track(model, frames, actions, options=None):
    """Plays an interaction script with the official video predictor.

    `frames` is a folder of JPEG files, `actions` the list of an interaction script (masks given
    as arrays), `options` attributes of the predictor to set meanwhile. Returns {(frame, object id): {"logits": [S/4, S/4], "score", "pointer"}}: the last
    answer on each frame for each object, whether to an annotation or from tracking.
    """
    state = model.init_state(str(frames))
    answers = {}

    def hear(frame, is_conditioning):
        for object_id, index in state["obj_id_to_idx"].items():
            out = _latest(state, index, frame, is_conditioning)
            if out is not None:
                answers[frame, object_id] = {
                    "logits": out["pred_masks"][0, 0].float().numpy().copy(),
                    "score": float(out["object_score_logits"][0, 0]),
                    "pointer": out["obj_ptr"][0].float().numpy().copy(),
                }

    consolidate = model._consolidate_temp_output_across_obj

    def overheard(state, frame_idx, is_cond, **options):
        hear(frame_idx, is_cond)
        return consolidate(state, frame_idx, is_cond, **options)

    model._consolidate_temp_output_across_obj = overheard
    usual = {name: getattr(model, name) for name in options or {}}
    try:
        vars(model).update(options or {})
        for action in actions:
            for frame in PLAYERS[action["do"]](model, state, action) or ():
                hear(frame, False)
    finally:
        del model._consolidate_temp_output_across_obj
        vars(model).update(usual)
    return answers


def _latest(state, index, frame, is_conditioning):
    """The predictor's output for an object on a frame: pending answers to annotations first."""
    kind = "cond_frame_outputs" if is_conditioning else "non_cond_frame_outputs"
    held = state["output_dict_per_obj"][index]
    places = (
        state["temp_output_dict_per_obj"][index][kind],
        held["cond_frame_outputs"],
        held["non_cond_frame_outputs"],
    )
    return next((place[frame] for place in places if frame in place), None)


def _add_points(model, state, action):
    model.add_new_points_or_box(
        state,
        frame_idx=action["frame"],
        obj_id=action["object"],
        points=action["points"] or None,
        labels=action["labels"] or None,
        box=action["box"],
        clear_old_points=action.get("clear", True),
    )


def _propagate(model, state, action):
    """Yields each tracked frame."""
    steps = model.propagate_in_video(
        state,
        start_frame_idx=action["start"],
        max_frame_num_to_track=action["max_frames"],
        reverse=action["reverse"],
    )
    for frame, _, _ in steps:
        yield frame


def _silently(method, *names):
    """A player that calls `method` of the predictor with members of the action."""

    def play(model, state, action):
        getattr(model, method)(state, *(action[name] for name in names))

    return play


PLAYERS = {
    "add_points": _add_points,
    "propagate": _propagate,
    "add_mask": _silently("add_new_mask", "frame", "object", "mask"),
    "clear_frame": _silently("clear_all_prompts_in_frame", "frame", "object"),
    "remove_object": _silently("remove_object", "object"),
    "reset": _silently("reset_state"),
}
