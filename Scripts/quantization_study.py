"""The value of each step of the quantiser: IoU, bytes and milliseconds on unseen scenes.

Pictures and clips are drawn by `sam2 sample`; the scenes of calibration have other seeds. Each
variant of the recipe is quantised, run, and compared mask by mask with the fp32 model and with the
truth. Needs numpy and pillow (Scripts/requirements.txt) and the built commands:

    python Scripts/quantization_study.py --bin .build/release --work out/study

Scenes and results are kept in the work folder, so that a second run adds what is missing. With
`--media FOLDER` its pictures (clicks on a grid of 4 x 4), folders of frames and videos (a click on
each third of the first frame) are added, for which there is no truth.
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

from mask_iou import clip_ious, picture_ious, summary

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
]
PICTURES, VIDEOS = (".jpg", ".jpeg", ".png"), (".mp4", ".mov", ".webm")
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

    def segmented(self, model, name, picture, prompts):
        """Best masks of prompts on a picture: bool [prompts, height, width]."""
        folder = self.work / "masks" / model.stem / name
        if not (folder / "done").exists():
            self.tool(
                "sam2", "segment", picture, "--prompts", prompts, "--best", "--model", model,
                "-o", folder, "-q", "--threads", 1)
            (folder / "done").touch()
        return [np.asarray(Image.open(p)) > 0 for p in sorted(folder.glob("*.png"))]

    def tracked(self, model, name, frames, script):
        """Labels [frames, height, width] of a clip, and milliseconds a call of each graph."""
        folder = self.work / "masks" / model.stem / name
        if not (folder / "done").exists():
            text = self.tool(
                "sam2", "track", frames, "--script", script, "--model", model, "-o", folder,
                "-q", "--json", "--threads", 1)
            (folder / "done").write_text(text)
        labels = np.stack([np.asarray(Image.open(p)) for p in sorted(folder.glob("*.png"))])
        return labels, graph_times((folder / "done").read_text())

    def pictures(self, model):
        """Masks by scene, each [prompts, height, width]."""
        return self.each(
            lambda scene: self.segmented(
                model, scene.name, scene / "picture.png", scene / "prompts.json"),
            self.scenes(FIRST_STUDY_SEED, self.options.pictures, 1))

    def clips(self, model):
        """Labels by clip, each [frames, height, width]; and milliseconds a call of each graph."""
        o = self.options
        found = self.each(
            lambda scene: self.tracked(model, scene.name, scene / "frames", scene / "script.json"),
            self.scenes(FIRST_STUDY_SEED + 2000, o.clips, o.frames))
        # The fastest clip: other programs may run beside some.
        times = [t for _, t in found]
        names = sorted({n for t in times for n in t})
        best = {n: min(t[n] for t in times if n in t) for n in names}
        return [frames for frames, _ in found], best

    # Photographs and recorded clips

    def media(self, model):
        """Masks of the pictures and labels of the clips in the media folder, as above."""
        if not self.options.media:
            return [], []
        files = sorted(self.options.media.iterdir())
        pictures = [f for f in files if f.suffix in PICTURES]
        clips = [f for f in files if f.is_dir() or f.suffix in VIDEOS]
        return (self.each(lambda file: self.photograph(model, file), pictures),
                self.each(lambda file: self.video(model, file), clips))

    def photograph(self, model, file):
        width, height = Image.open(file).size
        prompts = [
            {"object": 4 * y + x + 1, "labels": [1],
             "points": [[round((x + 0.5) * width / 4), round((y + 0.5) * height / 4)]]}
            for y in range(4) for x in range(4)]
        return self.segmented(model, file.name, file, self.noted(file, {"prompts": prompts}))

    def video(self, model, file):
        width, height = frame_size(file)
        actions = [
            {"do": "add_points", "frame": 0, "object": i, "labels": [1], "box": None,
             "points": [[round(i * width / 3), round(height / 2)]], "clear": True} for i in (1, 2)]
        actions.append({"do": "propagate", "start": 0, "max_frames": None, "reverse": False})
        return self.tracked(model, file.name, file, self.noted(file, {"actions": actions}))[0]

    def noted(self, file, value):
        note = self.work / f"{file.name}.json"
        note.write_text(json.dumps(value))
        return note


def frame_size(file):
    """Width and height of a folder of frames or of a video."""
    if file.is_dir():
        return Image.open(next(f for f in sorted(file.iterdir()) if f.suffix in PICTURES)).size
    text = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
               "stream=width,height", "-of", "csv=p=0", file)
    return tuple(map(int, text.strip().strip(",").split(",")))


def graph_times(text):
    """Milliseconds a call, from the JSON of `sam2 track`."""
    graphs = json.loads(text).get("graph_milliseconds", {})
    return {name: g["total"] / max(1, g["calls"]) for name, g in graphs.items()}


def truths(scenes):
    """True masks of each scene, in the order of its prompts."""
    result = []
    for scene in scenes:
        labels = np.asarray(Image.open(scene / "picture_truth.png"))
        prompts = json.loads((scene / "prompts.json").read_text())["prompts"]
        result.append([labels == p["object"] for p in prompts])
    return result


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
    parser.add_argument("--media", type=Path, help="folder with pictures and clips of your own")
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
        pictures = study.pictures(file)
        clips, times = study.clips(file)
        media = study.media(file)
        reference = reference or (pictures, clips, media)
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
            "media_pictures": summary(picture_ious(media[0], reference[2][0])),
            "media_clips": summary([r[3] for r in clip_ious(media[1], reference[2][1])]),
        }
        show(name, results[name])
        (study.work / "results.json").write_text(json.dumps(results, indent=1))


def show(name, r):
    p, c = r["pictures"], r["clips"]
    ms = r["milliseconds"]
    total = sum(ms.get(g, 0) for g in ("encode_image", "attend_memory", "encode_memory"))
    print(
        f"{name:20s} pictures {p.get('mean', 1):.4f} p5 {p.get('p5', 1):.4f}"
        f" minimum {p.get('minimum', 1):.3f} | clips {c.get('mean', 1):.4f} p5 {c.get('p5', 1):.4f}"
        f" <0.5 {100 * c.get('below_0.5', 0):.1f} % | truth {r['pictures_truth'].get('mean', 1):.4f}"
        f" {r['clips_truth'].get('mean', 1):.4f} | {r['bytes']} bytes | {total:.1f} ms"
        + media_text(r), flush=True)


def media_text(r):
    pictures, clips = r["media_pictures"].get("mean"), r["media_clips"].get("mean")
    given = [("media pictures", pictures), ("clips", clips)]
    figures = [f"{what} {mean:.4f}" for what, mean in given if mean is not None]
    return " | " + " ".join(figures) if figures else ""


if __name__ == "__main__":
    main()
