"""Cost of int8 on look-alikes of trained weights (Scripts/lookalikes.py), against their float32.

    python Scripts/lookalike_study.py --bin .build/release --work out/lookalikes

Every look-alike of nano is quantised as a new user would, without calibration, and with pictures
and clips of other seeds. Printed are mean, 5th percentile and minimum IoU of the masks with those of
the same look-alike in float32, and the agreement of that with nano itself: 1 where only the weights
have changed. The worst comes last. Needs what Scripts/quantization_study.py needs, and
torch. Scenes and masks are kept in the work folder.
"""

import argparse
import json
import sys
from pathlib import Path

import lookalikes
from mask_iou import clip_ious, picture_ious, summary
from quantization_study import CHECKPOINT, Study

# Name, kinds, factor.
FAMILY = [("nano", [], 1), ("fp16", ["fp16"], 1), ("tails", ["tails"], 1)] + [
    (f"{kind} {factor}", [kind], factor)
    for kind in ("norms", "values", "keys", "relu", "scales", "dead", "tokens", "all")
    for factor in (10, 30, 100)]
# Minimum means, of pictures and of clips: a model that looks at its memory carries every rounding on.
LIMITS = {"dynamic": (0.998, 0.99), "calibrated": (0.999, 0.99)}


class LookalikeStudy(Study):
    def float_model(self, name, kinds, factor):
        stem = name.replace(" ", "-")
        model = self.work / f"{stem}.sam2"
        if not model.exists():
            checkpoint = self.work / f"{stem}.pt"
            lookalikes.make(CHECKPOINT, kinds, factor, self.options.seed, checkpoint)
            self.tool(
                "sam2-convert", checkpoint, "--config", CHECKPOINT.with_suffix(".yaml"),
                "--dtype", "f32", "-o", model, "-q")
            checkpoint.unlink()
        return model

    def quantized(self, source, way):
        model = source.with_name(f"{source.stem}-{way}.sam2")
        if not model.exists():
            words = [w for words in self.options.quantize for w in words.split()]
            if way == "calibrated":
                words += [w for path in self.calibration() for w in ("--calibrate", path)]
                words += ["--calibrate-frames", self.options.calibration_frames]
            self.tool("sam2-quantize", source, "-o", model, "-q", *words)
        return model

    def masks(self, model):
        return self.pictures(model), self.clips(model)[0]


def compared(masks, reference):
    return {
        "pictures": summary(picture_ious(masks[0], reference[0])),
        "clips": summary([row[3] for row in clip_ious(masks[1], reference[1])]),
    }


def show(name, what, result):
    print(f"{name:12s} {what:11s}" + "".join(
        f"  {part} {r['mean']:.4f} p5 {r['p5']:.4f} minimum {r['minimum']:.3f}"
        for part, r in result.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--work", default="out/lookalikes")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--calibration-pictures", type=int, default=16)
    parser.add_argument("--calibration-clips", type=int, default=16)
    parser.add_argument("--calibration-frames", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="commands at a time")
    parser.add_argument("--only", nargs="*", help="names of look-alikes; default: all")
    parser.add_argument("--ways", nargs="*", default=list(LIMITS), choices=list(LIMITS))
    parser.add_argument(
        "--quantize", action="append", default=[], metavar="WORDS",
        help="more options of sam2-quantize, as one word")
    study = LookalikeStudy(parser.parse_args())
    o = study.options

    nano = study.masks(study.float_model("nano", [], 1))
    results, bad = {}, []
    for name, kinds, factor in FAMILY:
        if o.only and name not in o.only:
            continue
        source = study.float_model(name, kinds, factor)
        reference = study.masks(source)
        results[name] = {"float": compared(reference, nano)}
        show(name, "float", results[name]["float"])
        for way in o.ways:
            result = compared(study.masks(study.quantized(source, way)), reference)
            results[name][way] = result
            show(name, way, result)
            if any(r["mean"] < limit for r, limit in zip(result.values(), LIMITS[way])):
                bad.append(f"{name} {way}")
        (study.work / "results.json").write_text(json.dumps(results, indent=1))
    for way in o.ways:
        for part in ("pictures", "clips"):
            worst = min(results, key=lambda name: results[name][way][part]["mean"])
            print(f"worst {part}, {way}: {results[worst][way][part]['mean']:.4f}, {worst}")
    if bad:
        sys.exit("below the limits: " + ", ".join(bad))


if __name__ == "__main__":
    main()
