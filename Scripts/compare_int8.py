"""Cost of int8 in masks, beside ONNX Runtime's and NNCF's: the trained model on generated scenes.

The peers quantise the image encoder of `nano`, and the official decoder computes the masks from
their features; ours are whole int8 models. All calibrate with the same pictures (ONNX Runtime's
dynamic recipe and our plainest need none), and are compared on others with the masks of the
official code in float32: the best of each prompt, at the size of the picture.

    python Scripts/compare_int8.py --bin .build/release --work out/int8 [--pictures 200]

Needs Scripts/requirements.txt and Scripts/requirements-peers.txt. Models are kept in `--work`.
"""

import argparse
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import official
import peers
from mask_iou import iou

CHECKPOINT = Path(__file__).resolve().parent.parent / "Tests/Fixtures/nano/nano.pt"
FIRST_SEED, FIRST_CALIBRATION_SEED = 1001, 5001


class Comparison:
    def __init__(self, options):
        self.options, self.work = options, options.work
        self.work.mkdir(parents=True, exist_ok=True)
        self.model = official.load(CHECKPOINT.with_suffix(".yaml"), CHECKPOINT)
        self.scenes = [self.scene(FIRST_SEED + i) for i in range(options.pictures)]
        self.calibration = [
            self.scene(FIRST_CALIBRATION_SEED + i) for i in range(options.calibration)]

    def tool(self, name, *words):
        subprocess.run([self.options.bin / name, *map(str, words), "-q"], check=True,
                       stdout=subprocess.DEVNULL)

    def made(self, name, make):
        target = self.work / name
        if not target.exists():
            print(f"preparing {name}", file=sys.stderr, flush=True)
            make(target)
        return target

    def scene(self, seed):
        return self.made(f"scene-{seed}", lambda target: self.tool(
            "sam2", "sample", "-o", target, "--seed", seed, "--frames", 1))

    def transformed(self, scene):
        """A picture as the official predictor gives it to the encoder: [1, 3, S, S]."""
        predictor = official.image_predictor(self.model)
        return predictor._transforms(picture(scene))[None].numpy()

    # Encoders of the peers: each a file

    def onnx(self):
        side = self.model.image_size
        return self.made("nano.onnx", lambda target: peers.export_onnx(
            peers.Encoder(self.model), {"image": torch.zeros(1, 3, side, side)},
            peers.ENCODER_OUTPUTS, target))

    def onnx_dynamic(self):
        source = self.onnx()
        return self.made("nano-dynamic.onnx",
                         lambda target: peers.quantize_onnx_dynamic(source, target))

    def onnx_static(self):
        source = self.onnx()
        return self.made("nano-static.onnx", lambda target: peers.quantize_onnx_static(
            source, target, self.calibration_images()))

    def nncf(self):
        source = self.made("nano.xml", lambda target: peers.save_openvino(self.onnx(), target))
        return self.made("nano-int8.xml", lambda target: peers.quantize_openvino(
            source, target, self.calibration_images()))

    def calibration_images(self):
        return [self.transformed(scene) for scene in self.calibration]

    # Masks: for each scene a list in the order of its prompts

    def peer_masks(self, encode):
        """By the official predictor; `encode(image)` replaces its encoder unless it is `None`."""
        predictor = official.image_predictor(self.model)
        whole = self.model.forward_image
        if encode:
            self.model.forward_image = lambda image: encoded(encode(image.numpy()))
        try:
            return [segmented(predictor, scene) for scene in self.scenes]
        finally:
            self.model.forward_image = whole

    def our_masks(self, model):
        found = []
        for scene in self.scenes:
            folder = self.work / "masks"
            shutil.rmtree(folder, ignore_errors=True)
            self.tool("sam2", "segment", scene / "picture.png", "--best", "--prompts",
                      scene / "prompts.json", "--model", model, "-o", folder)
            found.append([np.asarray(Image.open(p)) > 0 for p in sorted(folder.glob("*.png"))])
        return found

    def ours(self):
        """(what, masks) of our models."""
        source = self.made("nano.sam2", lambda target: self.tool(
            "sam2-convert", CHECKPOINT, "--config", CHECKPOINT.with_suffix(".yaml"), "-o", target))
        calibration = [w for s in self.calibration for w in ("--calibrate", s / "picture.png")]
        yield "sam2-swift, float32", source
        for what, words in (("without calibration", []), ("calibrated", calibration)):
            name = f"nano-int8-{what.split()[0]}.sam2"
            yield f"sam2-swift, {what}", self.made(name, lambda target: self.tool(
                "sam2-quantize", source, "-o", target, *words))


def picture(scene):
    return np.asarray(Image.open(scene / "picture.png").convert("RGB"))


def encoded(features):
    """The answer of `forward_image`, from the encoder's outputs; position codes are not looked at."""
    fpn = [torch.from_numpy(np.array(features[name])) for name in peers.ENCODER_OUTPUTS]
    return {"vision_features": fpn[-1], "vision_pos_enc": fpn, "backbone_fpn": fpn}


def segmented(predictor, scene):
    predictor.set_image(picture(scene))
    found = []
    for prompt in json.loads((scene / "prompts.json").read_text())["prompts"]:
        box = prompt.get("box")
        points = {} if "points" not in prompt else {
            "point_coords": np.array(prompt["points"]), "point_labels": np.array(prompt["labels"])}
        masks, scores, _ = predictor.predict(
            box=None if box is None else np.array(box), multimask_output=True, **points)
        found.append(masks[np.argmax(scores)] > 0)
    return found


def onnx_run(file):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = peers.ENCODER_OUTPUTS
    return lambda image: dict(zip(names, session.run(names, {"image": image})))


def openvino_run(file):
    import openvino

    request = openvino.Core().compile_model(
        str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    def run(image):
        answer = request.infer({"image": image})
        return {name: answer[name] for name in peers.ENCODER_OUTPUTS}

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=".build/release")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--calibration", type=int, default=16, help="pictures")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_grad_enabled(False)

    comparison = Comparison(options)
    reference = comparison.peer_masks(None)
    print(f"{sum(map(len, reference))} masks of {len(reference)} pictures, "
          f"{len(comparison.calibration)} others to calibrate with")
    print("| int8 | mean IoU with float32 | 5th percentile | minimum |\n| --- | --- | --- | --- |")

    def report(what, masks):
        values = [iou(a, b) for x, y in zip(masks, reference, strict=True)
                  for a, b in zip(x, y, strict=True)]
        print(f"| {what} | {np.mean(values):.4f} | {np.percentile(values, 5):.4f} "
              f"| {min(values):.3f} |", flush=True)

    for what, file in comparison.ours():
        report(what, comparison.our_masks(file))
    encoders = (("ONNX Runtime, float32", onnx_run, comparison.onnx),
                ("ONNX Runtime, dynamic", onnx_run, comparison.onnx_dynamic),
                ("ONNX Runtime, static", onnx_run, comparison.onnx_static),
                ("OpenVINO, NNCF", openvino_run, comparison.nncf))
    for what, run, file in encoders:
        report(what, comparison.peer_masks(run(file())))


if __name__ == "__main__":
    main()
