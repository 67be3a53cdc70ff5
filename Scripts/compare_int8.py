"""What int8 costs in masks, beside ONNX Runtime's and NNCF's: the trained model, made-up scenes.

The peers quantise the image encoder of `nano`, and the official decoder makes the masks from their
features; ours are whole int8 models. All calibrate with the same pictures (ONNX Runtime's dynamic
recipe and our plainest need none), and are compared on others with the masks of the official code
in float32: the best of each prompt, at the size of the picture.

    python Scripts/compare_int8.py --bin .build/release --work /tmp/int8 [--pictures 200]

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

CHECKPOINT = Path(__file__).resolve().parent.parent / "Tests/Fixtures/nano/nano.pt"
OUTPUTS = ["high0", "high1", "features"]
FIRST_SEED, FIRST_CALIBRATION_SEED = 1001, 5001
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Encoder(torch.nn.Module):
    """The official encoder with the decoder's high-resolution projections."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        features = self.model.forward_image(image)["backbone_fpn"]
        return features[0], features[1], features[2]


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
        return self.made("nano.onnx", lambda target: torch.onnx.export(
            Encoder(self.model), (torch.zeros(1, 3, side, side),), str(target),
            input_names=["image"], output_names=OUTPUTS, opset_version=17, dynamo=False))

    def onnx_dynamic(self):
        from onnxruntime.quantization import QuantType, quantize_dynamic

        source = self.onnx()
        return self.made("nano-dynamic.onnx", lambda target: quantize_dynamic(
            source, target, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]))

    def onnx_static(self):
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        class Pictures(CalibrationDataReader):
            def __init__(self, scenes):
                self.rest = iter(scenes)

            def get_next(reader):
                scene = next(reader.rest, None)
                return None if scene is None else {"image": self.transformed(scene)}

        source = self.onnx()

        def make(target):
            simplified = self.work / "nano-simplified.onnx"
            quant_pre_process(str(source), str(simplified), skip_symbolic_shape=True)
            quantize_static(str(simplified), str(target), Pictures(self.calibration),
                            quant_format=QuantFormat.QDQ, per_channel=True)

        return self.made("nano-static.onnx", make)

    def nncf(self):
        import nncf
        import openvino

        source = self.made("nano.xml", lambda target: openvino.save_model(
            openvino.convert_model(self.onnx()), target, compress_to_fp16=False))

        def make(target):
            model = openvino.Core().read_model(source)
            data = nncf.Dataset(self.calibration, self.transformed)
            quantised = nncf.quantize(model, data, model_type=nncf.ModelType.TRANSFORMER,
                                      subset_size=len(self.calibration))
            openvino.save_model(quantised, target, compress_to_fp16=False)

        return self.made("nano-int8.xml", make)

    # Masks: for each scene a list in the order of its prompts

    def peer_masks(self, encode):
        """By the official predictor; `encode(image)` replaces its encoder unless it is None."""
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
    """What `forward_image` answers, from the encoder's outputs; position codes are not looked at."""
    fpn = [torch.from_numpy(np.array(features[name])) for name in OUTPUTS]
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
    return lambda image: dict(zip(OUTPUTS, session.run(OUTPUTS, {"image": image})))


def openvino_run(file):
    import openvino

    request = openvino.Core().compile_model(
        str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    def run(image):
        answer = request.infer({"image": image})
        return {name: answer[name] for name in OUTPUTS}

    return run


def iou(a, b):
    union = np.logical_or(a, b).sum()
    return 1.0 if union == 0 else float(np.logical_and(a, b).sum() / union)


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
    print("| int8 | mean IoU with float32 | 5th percentile | least |\n| --- | --- | --- | --- |")

    def tell(what, masks):
        values = [iou(a, b) for x, y in zip(masks, reference, strict=True)
                  for a, b in zip(x, y, strict=True)]
        print(f"| {what} | {np.mean(values):.4f} | {np.percentile(values, 5):.4f} "
              f"| {min(values):.3f} |", flush=True)

    for what, file in comparison.ours():
        tell(what, comparison.our_masks(file))
    peers = (("ONNX Runtime, float32", onnx_run, comparison.onnx),
             ("ONNX Runtime, dynamic", onnx_run, comparison.onnx_dynamic),
             ("ONNX Runtime, static", onnx_run, comparison.onnx_static),
             ("OpenVINO, NNCF", openvino_run, comparison.nncf))
    for what, run, file in peers:
        tell(what, comparison.peer_masks(run(file())))


if __name__ == "__main__":
    main()
