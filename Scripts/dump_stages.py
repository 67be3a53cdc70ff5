"""Writes what every stage of the official model receives and returns, to debug one stage alone.

    dump_stages.py nano -o stages/nano
    dump_stages.py sam2.1-tiny -o stages/tiny --save-checkpoint stages/tiny.pt

One .npy (float32, or int32 for labels) per tensor, and INDEX.txt with names, shapes and spreads.
Maps are channels-last [1, H, W, C]; token sequences are [tokens, C]. Pictures are drawn.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import official
import pictures

PROMPTS = {
    "click": {"points": [[64, 63]], "labels": [1], "box": None},
    "clicks": {"points": [[64, 63], [150, 75]], "labels": [1, 0], "box": None},
    "box": {"points": [], "labels": [], "box": [114, 43, 178, 110]},
    "box_click": {"points": [[150, 80]], "labels": [1], "box": [114, 43, 178, 110]},
}
ACTIONS = [
    {"do": "add_points", "frame": 0, "object": 1, "points": [[42, 58]], "labels": [1], "box": None},
    {
        "do": "add_points",
        "frame": 0,
        "object": 2,
        "points": [],
        "labels": [],
        "box": [111, 60, 169, 122],
    },
    {"do": "propagate", "start": 0, "max_frames": None, "reverse": False},
]
FRAMES = 5


class Folder:
    """A folder of named arrays and its index."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.lines = []

    def add(self, name, array):
        """Saves an array (or tensor) under a dotted name."""
        array = np.asarray(array.detach() if torch.is_tensor(array) else array)
        array = np.ascontiguousarray(array, np.int32 if array.dtype.kind == "i" else np.float32)
        np.save(self.path / f"{name}.npy", array)
        spread = f"mean {array.mean():+.4g} deviation {array.std():.4g}"
        self.lines.append(f"{name:44} {str(list(array.shape)):22} {spread}")

    def finish(self, heading):
        """Writes the index."""
        text = "\n".join([heading, "", *self.lines, ""])
        (self.path / "INDEX.txt").write_text(text)


def last_axis(x):
    """[B, C, H, W] to [B, H, W, C]."""
    return x.permute(0, 2, 3, 1)


def dump_encoder(folder, model, image):
    """`encode_image` and every block of the backbone, on a picture as the predictor prepares it."""
    predictor = official.image_predictor(model)
    pixels = predictor._transforms(image)[None]
    folder.add("encode_image.in.pixels", last_axis(pixels))
    trunk = model.image_encoder.trunk
    modules = {f"trunk.block{i:02}": block for i, block in enumerate(trunk.blocks)}
    modules["trunk.patch_embed"] = trunk.patch_embed
    with official.listening(modules, lambda name, _, output: folder.add(name, output)):
        out = model.forward_image(pixels)
    folder.add("trunk.position_embedding", trunk._get_pos_embed((model.image_size // 4,) * 2))
    for i, name in enumerate(("high_res_4", "high_res_8", "image_embedding")):
        folder.add(f"encode_image.out.{name}", last_axis(out["backbone_fpn"][i]))
        folder.add(f"encode_image.position.{name}", last_axis(out["vision_pos_enc"][i]))
    folder.add("no_mem_embed", model.no_mem_embed.flatten())


def dump_prompts(folder, model, image):
    """`encode_prompts` and `decode_masks` (all four masks) for each prompt, then a mask prompt."""
    encoder = model.sam_prompt_encoder
    predictor = official.image_predictor(model)
    predictor.set_image(image)
    folder.add("decode_masks.in.image_embedding", last_axis(predictor._features["image_embed"]))
    folder.add("decode_masks.in.image_position", last_axis(encoder.get_dense_pe()))
    folder.add("encode_prompts.out.dense_without_mask", last_axis(encoder(None, None, None)[1]))
    for label, prompt in PROMPTS.items():
        masks = _dump_prompt(folder, model, predictor, label, prompt)

    previous = masks[:, :1].clamp(-32, 32)
    folder.add("encode_mask_prompt.in.logits", last_axis(previous))
    folder.add("encode_mask_prompt.out.dense", last_axis(encoder(None, None, previous)[1]))
    _dump_prompt(folder, model, predictor, "mask_prompt", PROMPTS["click"], previous)


def _dump_prompt(folder, model, predictor, label, prompt, mask_input=None):
    """One prompt through the predictor's own path; returns the decoder's four masks."""
    decoder = model.sam_mask_decoder
    predict_masks, heard = decoder.predict_masks, {}

    def hear_prompt(_, called, output):
        points, labels = called[1]["points"]
        folder.add(f"encode_prompts.{label}.in.points", points[0])
        folder.add(f"encode_prompts.{label}.in.labels", labels[0])
        folder.add(f"encode_prompts.{label}.out.sparse", output[0][0])

    def hear_all_masks(**arguments):
        heard["all"] = predict_masks(**arguments)
        return heard["all"]

    def hear_transformer(_, __, output):
        folder.add(f"decode_masks.{label}.transformer.tokens", output[0][0])
        folder.add(f"decode_masks.{label}.transformer.image", output[1][0])

    decoder.predict_masks = hear_all_masks
    parts = {"prompt": model.sam_prompt_encoder, "transformer": decoder.transformer}
    hear = {"prompt": hear_prompt, "transformer": hear_transformer}
    with official.listening(parts, lambda name, *rest: hear[name](name, *rest)):
        predictor.predict(
            np.array(prompt["points"], np.float32) if prompt["points"] else None,
            np.array(prompt["labels"], np.int32) if prompt["points"] else None,
            np.array(prompt["box"], np.float32) if prompt["box"] else None,
            mask_input=None if mask_input is None else mask_input[0].numpy(),
        )
    del decoder.predict_masks
    masks, ious, tokens, score = heard["all"]
    folder.add(f"decode_masks.{label}.out.masks", masks)
    folder.add(f"decode_masks.{label}.out.ious", ious[0])
    folder.add(f"decode_masks.{label}.out.tokens", tokens[0])
    folder.add(f"decode_masks.{label}.out.object_score", score[0])
    with torch.no_grad():
        folder.add(f"project_pointer.{label}.out.pointers", model.obj_ptr_proj(tokens[0]))
    return masks


def dump_video(folder, model):
    """`encode_memory` and `attend_memory` as called on the last frame of a clip, object 1 and 2."""
    calls = {"encode_memory": [], "attend_memory": []}
    parts = {"encode_memory": model.memory_encoder, "attend_memory": model.memory_attention}
    if model.proj_tpos_enc_in_obj_ptrs:
        parts["pointer_time"], calls["pointer_time"] = model.obj_ptr_tpos_proj, []
    with tempfile.TemporaryDirectory() as frames:
        for i, frame in enumerate(pictures.clip(FRAMES)):
            Image.fromarray(frame).save(f"{frames}/{i:05}.jpg", quality=95)
        with official.listening(parts, lambda name, *call: calls[name].append(call)):
            answers = official.track(model, frames, ACTIONS)

    for i in (1, 2):
        _dump_memory_calls(folder, i, {name: heard[i - 3] for name, heard in calls.items()})
        folder.add(f"track.object{i}.pointer", answers[FRAMES - 1, i]["pointer"])
        for frame in range(FRAMES):
            answer = answers[frame, i]
            folder.add(f"track.object{i}.frame{frame}.logits", answer["logits"])
            folder.add(f"track.object{i}.frame{frame}.object_score", [answer["score"]])
    folder.add("memory_time_codes", model.maskmem_tpos_enc[:, 0, 0])
    folder.add("no_object_pointer", model.no_obj_ptr[0])
    if model.no_obj_embed_spatial is not None:
        folder.add("no_object_embedding", model.no_obj_embed_spatial[0])


def _dump_memory_calls(folder, i, calls):
    (arguments, _), output = calls["encode_memory"]
    folder.add(f"encode_memory.object{i}.in.pixel_features", last_axis(arguments[0]))
    folder.add(f"encode_memory.object{i}.in.mask", last_axis(arguments[1]))
    folder.add(f"encode_memory.object{i}.out.memory", last_axis(output["vision_features"]))
    folder.add(f"encode_memory.object{i}.position", last_axis(output["vision_pos_enc"][0]))
    (_, keywords), output = calls["attend_memory"]
    for name in ("curr", "curr_pos", "memory", "memory_pos"):
        value = keywords[name]
        value = value[0] if isinstance(value, list) else value
        folder.add(f"attend_memory.object{i}.in.{name}", value[:, 0])
    pointer_tokens = np.array([keywords["num_obj_ptr_tokens"]])
    folder.add(f"attend_memory.object{i}.in.pointer_tokens", pointer_tokens)
    folder.add(f"attend_memory.object{i}.out.features", output[:, 0])
    if "pointer_time" in calls:
        (arguments, _), output = calls["pointer_time"]
        folder.add(f"pointer_time.object{i}.in.sines", arguments[0])
        folder.add(f"pointer_time.object{i}.out.codes", output)


def main():
    names = ["nano", *official.RANDOM_MODELS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=names, help="nano, or an official size, weighted randomly")
    parser.add_argument("-o", "--output", required=True, help="folder to write")
    parser.add_argument("--save-checkpoint", metavar="FILE", help="also save the weights (.pt)")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    if options.model == "nano":
        model = official.load(official.NANO_CONFIG, official.NANO_CHECKPOINT)
    else:
        model = official.build_random(options.model)
    if options.save_checkpoint:
        torch.save({"model": model.state_dict()}, options.save_checkpoint)
    folder, image = Folder(options.output), pictures.still()
    Image.fromarray(image).save(folder.path / "still.png")
    with torch.no_grad():
        dump_encoder(folder, model, image)
        dump_prompts(folder, model, image)
        dump_video(folder, model)
    folder.finish(f"Stages of {options.model}, input {model.image_size}, picture still.png.")


if __name__ == "__main__":
    main()
