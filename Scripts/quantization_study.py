"""What each step of the quantiser is worth: IoU, bytes and milliseconds on scenes nobody calibrated with.

Pictures and clips are made by `sam2 sample`; the scenes of calibration have other seeds. Each
variant of the recipe is quantised, run, and compared mask by mask with the fp32 model and with the
truth. Needs numpy and pillow (Scripts/requirements.txt) and the built commands:

    python Scripts/quantization_study.py --bin .build/release --work /tmp/study

Scenes and results are kept in the work folder, so that a second run adds what is missing.
"""

import argparse
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

CHECKPOINT = Path(__file__).resolve().parent.parent / "Tests/Fixtures/nano/nano.pt"
STEPS = [
    ["clip"], ["smoothing", "shifting"], ["compensation"], ["bias-correction"], ["int8-attention"]]
# Name, how many of the steps are taken, further options, whether it is calibrated.
VARIANTS = [
    ("dynamic only", 0, [], False),
    ("all without calibration", 5, [], False),
    ("+ clip", 1, [], True),
    ("+ smoothing", 2, [], True),
    ("+ compensation", 3, [], True),
    ("+ bias correction", 4, [], True),
    ("+ int8 attention", 5, [], True),
    ("+ fallback", 5, ["--min-iou", "0.9985"], True),
    ("+ more fallback", 5, ["--min-iou", "0.9995"], True),
]
FIRST_CALIBRATION_SEED = 5001
FIRST_STUDY_SEED = 1001


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout


class Study:
    def __init__(self, options):
        self.options = options
        self.work = Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)

    def tool(self, name, *words):
        return run(Path(self.options.bin) / name, *words)

    # Scenes

    def scene(self, seed, frames):
        folder = self.work / f"scene-{seed}-{frames}"
        if not (folder / "script.json").exists():
            self.tool("sam2", "sample", "-o", folder, "--seed", seed, "--frames", frames, "-q")
        return folder

    def scenes(self, first, count, frames):
        return self.each(lambda i: self.scene(first + i, frames), range(count))

    def each(self, work, items):
        """Results of `work` on all items, several at a time."""
        with ThreadPoolExecutor(self.options.jobs) as pool:
            return list(pool.map(work, items))

    def calibration(self):
        """Pictures in one folder, clips as folders of frames."""
        o = self.options
        folder = self.work / "calibration"
        folder.mkdir(exist_ok=True)
        for scene in self.scenes(FIRST_CALIBRATION_SEED, o.calibration_pictures, 1):
            target = folder / f"{scene.name}.png"
            if not target.exists():
                shutil.copy(scene / "picture.png", target)
        first = FIRST_CALIBRATION_SEED + 600
        clips = self.scenes(first, o.calibration_clips, o.calibration_frames)
        return [folder] + [clip / "frames" for clip in clips]

    # Models

    def models(self):
        """fp32 and the variants: name to file and seconds."""
        models = {}
        # Rounding the weights to bfloat16 shows how far the model lets any rounding grow.
        for name, dtype in [("fp32", "f32"), ("bf16 weights", "bf16")]:
            models[name] = self.work / f"{dtype.replace('f32', 'fp32')}.sam2"
            if not models[name].exists():
                self.tool(
                    "sam2-convert", CHECKPOINT, "--config", CHECKPOINT.with_suffix(".yaml"),
                    "--dtype", dtype, "-o", models[name], "-q")
        reference = models["fp32"]
        paths = [w for path in self.calibration() for w in ("--calibrate", path)]
        paths += ["--calibrate-frames", self.options.calibration_frames]
        for name, taken, extra, calibrated in VARIANTS:
            if self.options.variants and name not in self.options.variants:
                continue
            without = [step for steps in STEPS[taken:] for step in steps]
            file = self.work / (name.replace("+ ", "with-").replace(" ", "-") + ".sam2")
            if not file.exists():
                skipped = [w for step in without for w in ("--without", step)]
                self.tool(
                    "sam2-quantize", reference, "-o", file, "-q", *skipped, *extra,
                    *(paths if calibrated else []))
            models[name] = file
        return models

    # Masks

    def pictures(self, name, model):
        """Masks by scene, each [prompts, height, width]."""

        def masks(scene):
            folder = self.work / "masks" / model.stem / scene.name
            if not (folder / "done").exists():
                self.tool(
                    "sam2", "segment", scene / "picture.png", "--prompts", scene / "prompts.json",
                    "--best", "--model", model, "-o", folder, "-q", "--threads", 1)
                (folder / "done").touch()
            return [np.asarray(Image.open(p)) > 0 for p in sorted(folder.glob("*.png"))]

        return self.each(masks, self.scenes(FIRST_STUDY_SEED, self.options.pictures, 1))

    def clips(self, name, model):
        """Labels by clip, each [frames, height, width]; and milliseconds a call of each graph."""
        o = self.options

        def labels(scene):
            folder = self.work / "masks" / model.stem / scene.name
            if not (folder / "done").exists():
                text = self.tool(
                    "sam2", "track", scene / "frames", "--script", scene / "script.json",
                    "--model", model, "-o", folder, "-q", "--json", "--threads", 1)
                (folder / "done").write_text(text)
            frames = np.stack([np.asarray(Image.open(p)) for p in sorted(folder.glob("*.png"))])
            return frames, graph_times((folder / "done").read_text())

        found = self.each(labels, self.scenes(FIRST_STUDY_SEED + 2000, o.clips, o.frames))
        # The fastest clip: other programs may run beside some.
        times = [t for _, t in found]
        names = sorted({n for t in times for n in t})
        best = {n: min(t[n] for t in times if n in t) for n in names}
        return [frames for frames, _ in found], best


def graph_times(text):
    """Milliseconds a call, from the JSON of `sam2 track`."""
    graphs = json.loads(text).get("graph_milliseconds", {})
    return {name: g["total"] / max(1, g["calls"]) for name, g in graphs.items()}


def iou(a, b):
    union = np.logical_or(a, b).sum()
    return 1.0 if union == 0 else float(np.logical_and(a, b).sum() / union)


def picture_ious(found, other):
    return [iou(a, b) for x, y in zip(found, other) for a, b in zip(x, y)]


def truths(scenes):
    """True masks of each scene, in the order of its prompts."""
    result = []
    for scene in scenes:
        labels = np.asarray(Image.open(scene / "picture_truth.png"))
        prompts = json.loads((scene / "prompts.json").read_text())["prompts"]
        result.append([labels == p["object"] for p in prompts])
    return result


def clip_ious(found, other):
    """IoU of each object on each frame where either has it, [(clip, object, frame, IoU)]."""
    rows = []
    for clip, (x, y) in enumerate(zip(found, other)):
        for label in sorted(set(np.unique(x)) | set(np.unique(y)) - {0}):
            if label == 0:
                continue
            for frame, (a, b) in enumerate(zip(x, y)):
                a, b = a == label, b == label
                if a.any() or b.any():
                    rows.append((clip, int(label), frame, iou(a, b)))
    return rows


def summary(values):
    values = np.asarray(values)
    if values.size == 0:
        return {}
    return {
        "count": int(values.size), "mean": float(values.mean()),
        "p5": float(np.percentile(values, 5)), "p1": float(np.percentile(values, 1)),
        "median": float(np.median(values)), "least": float(values.min()),
        "below_0.9": float((values < 0.9).mean()), "below_0.5": float((values < 0.5).mean()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--work", default="out/study")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--calibration-pictures", type=int, default=16)
    parser.add_argument("--calibration-clips", type=int, default=16)
    parser.add_argument("--calibration-frames", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2, help="commands at a time")
    parser.add_argument("--variants", nargs="*", help="names; default: all")
    study = Study(parser.parse_args())
    o = study.options

    models = study.models()
    picture_truth = truths(study.scenes(FIRST_STUDY_SEED, o.pictures, 1))
    clip_truth = [
        np.stack([np.asarray(Image.open(p)) for p in sorted((s / "truth").glob("*.png"))])
        for s in study.scenes(FIRST_STUDY_SEED + 2000, o.clips, o.frames)]
    results = {}
    reference = None
    for name, file in models.items():
        pictures = study.pictures(name, file)
        clips, times = study.clips(name, file)
        reference = reference or (pictures, clips)
        rows = clip_ious(clips, reference[1])
        true_rows = clip_ious(clips, clip_truth)
        results[name] = {
            "bytes": file.stat().st_size, "milliseconds": times,
            "pictures": summary(picture_ious(pictures, reference[0])),
            "clips": summary([r[3] for r in rows]),
            "clip_objects": [
                [clip, label, float(np.mean([r[3] for r in rows if r[:2] == (clip, label)]))]
                for clip, label in sorted({r[:2] for r in rows})],
            "pictures_truth": summary(picture_ious(pictures, picture_truth)),
            "clips_truth": summary([r[3] for r in true_rows]),
        }
        show(name, results[name])
        (study.work / "results.json").write_text(json.dumps(results, indent=1))


def show(name, r):
    p, c = r["pictures"], r["clips"]
    ms = r["milliseconds"]
    total = sum(ms.get(g, 0) for g in ("encode_image", "attend_memory", "encode_memory"))
    print(
        f"{name:20s} pictures {p.get('mean', 1):.4f} p5 {p.get('p5', 1):.4f}"
        f" least {p.get('least', 1):.3f} | clips {c.get('mean', 1):.4f} p5 {c.get('p5', 1):.4f}"
        f" <0.5 {100 * c.get('below_0.5', 0):.1f} % | truth {r['pictures_truth'].get('mean', 1):.4f}"
        f" {r['clips_truth'].get('mean', 1):.4f} | {r['bytes']} bytes | {total:.1f} ms",
        flush=True)


if __name__ == "__main__":
    main()
