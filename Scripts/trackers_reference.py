"""Answers of the authors' own code of a tracker on a clip, frame by frame.

    PYTHONPATH=CODE trackers_reference.py samurai|dam4sam|surgsam2 --checkpoint C --config Y \\
        --frames FOLDER --boxes BOXES.json --output OUT.npz

CODE is the unpacked source of PyPI `absolutely-not-samurai` or of github.com/alanlukezic/d4sm; the
code of SurgSAM2 is for SAM 2.0 alone, so its rule is put before the memory attention of the official
package, and CODE is nothing. All have a package `sam2` of their own, so each runs in a process of its own, which parity_trackers.py
starts. BOXES.json is {object: [x0, y0, x1, y1]} on the first frame, in pixels. OUT has, for object
o and frame t from 1 on: `logits-o` [T, S/4, S/4], `score-o`, `candidate-o` (the mask taken, 0...2),
`memories-o` (frames looked at besides the first, -1 for none; in the order of attention).
"""

import argparse
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

MEMORIES = 6
SAMURAI = {
    "samurai_mode": True,
    "stable_frames_threshold": 15,
    "stable_ious_threshold": 0.3,
    "min_obj_score_logits": -1,
    "kf_score_weight": 0.25,
    "memory_bank_iou_threshold": 0.5,
    "memory_bank_obj_score_threshold": 0.0,
    "memory_bank_kf_score_threshold": 0.0,
}
POSTPROCESSING = {
    "sam_mask_decoder_extra_args.dynamic_multimask_via_stability": True,
    "sam_mask_decoder_extra_args.dynamic_multimask_stability_delta": 0.05,
    "sam_mask_decoder_extra_args.dynamic_multimask_stability_thresh": 0.98,
    "binarize_mask_from_pts_for_mem_enc": True,
}


def build(config, checkpoint, settings):
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    loaded = OmegaConf.load(config)
    for key, value in settings.items():
        OmegaConf.update(loaded, f"model.{key}", value, force_add=True)
    model = instantiate(loaded.model, _recursive_=True).eval()
    weights = torch.load(checkpoint, map_location="cpu", weights_only=True)["model"]
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return model


class Trace:
    """The figures of one object."""

    def __init__(self):
        self.logits, self.scores, self.candidates, self.memories = [], [], [], []

    def columns(self, name):
        memories = [(frames + [-1] * MEMORIES)[: max(MEMORIES, len(frames))] for frames in self.memories]
        return {
            f"logits-{name}": np.stack(self.logits),
            f"score-{name}": np.array(self.scores),
            f"candidate-{name}": np.array(self.candidates),
            f"memories-{name}": np.array(memories),
        }


class Looked(dict):
    """A table of results that notes which frames are looked up by `get`."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def get(self, key, default=None):
        if key in self:
            self.seen.append(key)
        return super().get(key, default)


@torch.inference_mode()
def samurai(options, boxes):
    """The video predictor with a model of its own for each object: its filter is never reset."""
    return video_predictor(options, boxes, SAMURAI, best=7)


@torch.inference_mode()
def surgsam2(options, boxes):
    """A full bank without the two memories most similar to the newest one; the first is kept.

    Similarities are in float32: in bfloat16, as memories are stored, most of them are equal.
    """
    return video_predictor(options, boxes, {}, best=None, prepare=prune_memory)


def prune_memory(model):
    attend, bank = model.memory_attention.forward, model.num_maskmem

    def pruned(curr, curr_pos, memory, memory_pos, num_obj_ptr_tokens=0):
        cells = (curr[0] if isinstance(curr, list) else curr).shape[0]
        count = (len(memory) - num_obj_ptr_tokens) // cells
        parts = lambda x: [x[i * cells : (i + 1) * cells] for i in range(count)]  # noqa: E731
        kept = list(range(count))
        if count >= bank:
            found = parts(memory.float())
            alike = lambda i: float(  # noqa: E731
                torch.cosine_similarity(found[i], found[-1], dim=-1).sum())
            middle = sorted(range(1, count - 1), key=alike, reverse=True)
            kept = sorted(set(kept) - set(middle[:2]))
        join = lambda x: torch.cat(  # noqa: E731
            [parts(x)[i] for i in kept] + [x[count * cells :]])
        return attend(
            curr=curr, memory=join(memory), curr_pos=curr_pos, memory_pos=join(memory_pos),
            num_obj_ptr_tokens=num_obj_ptr_tokens)

    # The predictor names its arguments.
    model.memory_attention.forward = pruned


def video_predictor(options, boxes, settings, best, prepare=lambda model: None):
    """`best`: place in the head's output of the predicted IoU of the chosen mask; None: the maximum."""
    columns = {}
    for name, box in boxes.items():
        settings = POSTPROCESSING | settings | {
            "_target_": "sam2.sam2_video_predictor.SAM2VideoPredictor", "fill_hole_area": 0}
        model = build(options.config, options.checkpoint, settings)
        prepare(model)
        heads, heard = model._forward_sam_heads, {}

        def overheard(*args, heads=heads, heard=heard, **kwargs):
            output = heads(*args, **kwargs)
            heard["ious"] = output[2]
            heard["best"] = output[2].max() if best is None else output[best]
            return output

        model._forward_sam_heads = overheard
        state = model.init_state(str(options.frames))
        looked, trace = Looked(), Trace()
        model.add_new_points_or_box(state, frame_idx=0, obj_id=1, box=np.array(box, np.float32))
        # Newer versions have a table for each object.
        outputs = state["output_dict"] if "output_dict" in state else state["output_dict_per_obj"][0]
        outputs["non_cond_frame_outputs"] = looked
        for frame, _, _ in model.propagate_in_video(state):
            if frame > 0:
                out = looked[frame]
                trace.logits.append(out["pred_masks"][0, 0].float().numpy().copy())
                trace.scores.append(float(out["object_score_logits"][0, 0]))
                trace.candidates.append(int(heard["ious"][0].tolist().index(float(heard["best"]))))
                # Memories are looked up first, pointers after them, one frame back first.
                seen, pointers = looked.seen, sum(1 for t in looked if frame - 16 < t < frame)
                trace.memories.append(seen[: len(seen) - pointers])
            looked.seen = []
        columns |= trace.columns(name)
    return columns


class Rectangle:
    def __init__(self, x, y, width, height):
        self.edges = (x, y, x + width, y + height)


def overlaps(first, second):
    """IoU of rectangles of whole pixels: what the rasters of `vot.region` come to."""
    found = []
    for a, b in zip(first, second):
        a, b = a.edges, b.edges
        area = lambda r: max(0, r[2] - r[0]) * max(0, r[3] - r[1])  # noqa: E731
        common = area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
        found.append(common / (area(a) + area(b) - common))
    return found


@torch.inference_mode()
def dam4sam(options, boxes):
    """`DAM4SAMMOT`, built without CUDA and for the model's own input size."""
    for name in ("vot", "vot.region", "vot.region.raster", "vot.region.shapes"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["vot.region.raster"].calculate_overlaps = overlaps
    sys.modules["vot.region.shapes"].Rectangle = Rectangle
    import tracking_wrapper_mot as theirs
    from PIL import Image

    model = build(options.config, options.checkpoint, POSTPROCESSING)

    class Tracker(theirs.DAM4SAMMOT):
        def _prepare_image(self, image):
            side = self.input_image_size
            pixels = np.array(image.convert("RGB").resize((side, side))) / 255.0
            tensor = torch.from_numpy(pixels).permute(2, 0, 1).float()
            return (tensor - self._img_mean) / self._img_std

    theirs.build_sam = lambda *_: model
    theirs.load_confs = lambda *_: (None, None)
    device, torch.device = torch.device, lambda *_: device("cpu")
    tracker = Tracker()
    torch.device = device
    tracker.input_image_size, tracker.fill_hole_area = model.image_size, 0
    heard = {}
    step = model.track_step
    model.track_step = lambda **arguments: heard.setdefault("out", step(**arguments))

    frames = sorted(Path(options.frames).iterdir())
    images = [Image.open(frame) for frame in frames]
    regions = [{"bbox": [b[0], b[1], b[2] - b[0], b[3] - b[1]]} for b in boxes.values()]
    for region in regions:
        heard.clear()
        # One at a time: `track_step` is heard once per call.
        tracker_regions = [region]
        if not tracker.all_obj_ids:
            tracker.initialize(images[0], tracker_regions)
        else:
            sizes, added = tracker.object_sizes, tracker.last_added
            tracker.initialize(images[0], tracker_regions)
            tracker.object_sizes, tracker.last_added = sizes + [[]], added + [-1]
    traces = {name: Trace() for name in boxes}
    for image in images[1:]:
        looked = {
            number: [
                element["frame_idx"]
                for element in tracker.per_object_outputs_all[number] if not element["is_init"]
            ]
            for number in tracker.all_obj_ids
        }
        heard.clear()
        tracker.track(image)
        out = heard["out"]
        for index, name in enumerate(boxes):
            trace = traces[name]
            trace.logits.append(out["pred_masks"][index, 0].float().numpy().copy())
            trace.scores.append(float(out["object_score_logits"][index, 0]))
            trace.candidates.append(int(out["ious"][index].argmax()))
            trace.memories.append(looked[tracker.all_obj_ids[index]])
    columns = {}
    for name, trace in traces.items():
        width = max(MEMORIES, *(len(frames) for frames in trace.memories))
        trace.memories = [frames + [-1] * (width - len(frames)) for frames in trace.memories]
        columns |= trace.columns(name)
        columns[f"distractors-{name}"] = np.array(
            [e["frame_idx"] for e in tracker.per_object_outputs_all[int(name)] if e["is_drm"]])
    return columns


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tracker", choices=["samurai", "dam4sam", "surgsam2"])
    for name in ("checkpoint", "config", "frames", "boxes", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    boxes = json.loads(options.boxes.read_text())
    columns = globals()[options.tracker](options, boxes)
    np.savez_compressed(options.output, **columns)


if __name__ == "__main__":
    main()
