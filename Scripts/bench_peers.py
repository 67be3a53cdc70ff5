"""Speed beside PyTorch, ONNX Runtime and OpenVINO: the same shapes, interleaved, in one run.

    python Scripts/bench_peers.py --bin .build/release --work out/peers [--runs 5] [--threads 2]

Each round runs every program once, one after the other, so that a change of the machine's speed
affects all of them; the table has medians. Weights are seeded random ones of the real shapes
(`official.build_random`). Exported and quantised models of the peers are kept in `--work`, so that
only the first call takes the many minutes that they need; `--prepare` stops after that. Besides
Scripts/requirements.txt this needs Scripts/requirements-peers.txt.

`--torch fp32 bf16` adds PyTorch under bf16 autocast, `--ours fp32 bf16 int8` our bfloat16. OpenVINO
runs in float32, and in its default precision where that is another one on this CPU.

`--model edgetam --peers torch --torch fp32 bf16` is EdgeTAM beside its official code, in the
environment of edgetam.py. `--image-size 512` is the model of another input size, beside PyTorch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

STAGES = {
    "encoder": "image encoder",
    "click": "click on an encoded image",
    "track1": "tracked frame, full bank, 1 object",
    "track3": "tracked frame, full bank, 3 objects",
    "auto": "automatic masks, default options",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder with our commands")
    parser.add_argument("--work", type=Path, required=True, help="folder for prepared models")
    parser.add_argument("--runs", type=int, default=5, help="rounds; 5 or more for figures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES)[:4])
    parser.add_argument("--peers", nargs="*", choices=["torch", "onnxruntime", "openvino"],
                        default=["torch", "onnxruntime", "openvino"])
    parser.add_argument("--model", choices=["tiny", "edgetam"], default="tiny",
                        help="tiny is SAM 2.1 tiny")
    parser.add_argument("--image-size", type=int, default=1024, help="side of the input")
    parser.add_argument("--torch", nargs="+", choices=["fp32", "bf16"], default=["fp32"],
                        help="precisions of PyTorch; bf16 is its autocast")
    parser.add_argument("--ours", nargs="+", choices=["fp32", "bf16", "int8"],
                        default=["fp32", "int8"],
                        help="our precisions; bf16 is `--arithmetic bf16` on the fp32 file")
    parser.add_argument("--scale", nargs="*", choices=["small", "base+", "large"], default=[],
                        help="also our encoders of these sizes")
    parser.add_argument("--prepare", action="store_true", help="only prepare the models")
    found = parser.parse_args()
    if found.image_size != 1024 and found.peers != ["torch"]:
        parser.error("--image-size needs --peers torch: the other files are of 1024")
    return found


options = arguments()
# Before the libraries read them.
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)

import numpy as np  # noqa: E402
import torch  # noqa: E402

import official  # noqa: E402
import peers  # noqa: E402
import pictures  # noqa: E402

torch.set_num_threads(options.threads)
torch.set_grad_enabled(False)
SIDE = options.image_size
# Part of the names of files that hold the input's size.
SIZED = "" if SIDE == 1024 else f"-{SIDE}"


# Preparing


def path(name):
    return options.work / name


def made(name, make):
    """The file `name` in the work folder, written by `make(temporary path)` if it is missing."""
    target = path(name)
    if not target.exists():
        print(f"preparing {name}", file=sys.stderr, flush=True)
        temporary = target.with_name("part-" + target.name)
        make(temporary)
        # OpenVINO writes its weights beside.
        if temporary.with_suffix(".bin").exists():
            temporary.with_suffix(".bin").rename(target.with_suffix(".bin"))
        temporary.rename(target)
    return target


def model_name(size):
    """Of our short names, the one that official.py knows."""
    return size if size == "edgetam" else f"sam2.1-{size}"


def checkpoint(size):
    def make(target):
        model = official.build_random(model_name(size))
        torch.save({"model": model.state_dict()}, target)

    return made(f"{size}.pt", make)


def command(name, *words):
    subprocess.run([options.bin / name, "-q", *map(str, words)], check=True,
                   stdout=subprocess.DEVNULL)


def ours(size, int8):
    resize = ["--image-size", SIDE] if SIZED else []
    converted = made(f"{size}{SIZED}.sam2", lambda target: command(
        "sam2-convert", checkpoint(size), *resize, "-o", target, "--force"))
    if not int8:
        return converted
    return made(f"{size}{SIZED}-int8.sam2", lambda target: command(
        "sam2-quantize", converted, "-o", target, "--force"))


class Click(torch.nn.Module):
    """The official answer to one click on an encoded picture: three masks at the picture's size."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, features, high0, high1, point, label):
        prompts, decoder = self.model.sam_prompt_encoder, self.model.sam_mask_decoder
        sparse, dense = prompts(points=(point, label), boxes=None, masks=None)
        masks, scores, _, _ = decoder(
            image_embeddings=features, image_pe=prompts.get_dense_pe(),
            sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense,
            multimask_output=True, repeat_image=False, high_res_features=[high0, high1])
        masks = torch.nn.functional.interpolate(
            masks, (SIDE, SIDE), mode="bilinear", align_corners=False)
        return masks > 0, scores


def click_inputs():
    """Operands of `Click` by name; what they hold changes no time."""
    generator = torch.Generator().manual_seed(2)
    shapes = {"features": (256, 64), "high0": (32, 256), "high1": (64, 128)}
    inputs = {name: torch.randn(1, channels, side, side, generator=generator)
              for name, (channels, side) in shapes.items()}
    return inputs | {"point": torch.tensor([[[SIDE / 2, SIDE / 2]]]),
                     "label": torch.ones(1, 1, dtype=torch.int32)}


def noise(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, 3, SIDE, SIDE, generator=generator) for _ in range(count)]


def onnx_encoder(model):
    return made("encoder.onnx", lambda target: peers.export_onnx(
        peers.Encoder(model), {"image": noise(1)[0]}, peers.ENCODER_OUTPUTS, target))


def onnx_click(model):
    return made("click.onnx", lambda target: peers.export_onnx(
        Click(model), click_inputs(), ["masks", "scores"], target))


def onnx_dynamic(source):
    return made(f"{source.stem}-dynamic.onnx",
                lambda target: peers.quantize_onnx_dynamic(source, target))


def onnx_static(source):
    return made("encoder-static.onnx", lambda target: peers.quantize_onnx_static(
        source, target, calibration_images()))


def openvino_model(source):
    return made(f"{source.stem}.xml", lambda target: peers.save_openvino(source, target))


def openvino_int8(source):
    return made("encoder-int8.xml", lambda target: peers.quantize_openvino(
        source, target, calibration_images()))


def calibration_images():
    return [x.numpy() for x in noise(2, seed=1)]


def prepare(model):
    """Makes every file that the runs need, and times nothing."""
    for size in [options.model, *options.scale]:
        ours(size, True)
    if "onnxruntime" in options.peers:
        for file in onnx_files(model):
            print(*file)
    if "openvino" in options.peers:
        for file in openvino_files(model):
            print(*file)


def onnx_files(model):
    """(stage, precision, file) of what ONNX Runtime runs."""
    if "encoder" in options.stages:
        source = onnx_encoder(model)
        yield "encoder", "fp32", source
        yield "encoder", "int8 dynamic", onnx_dynamic(source)
        yield "encoder", "int8 static", onnx_static(source)
    if "click" in options.stages:
        source = onnx_click(model)
        yield "click", "fp32", source
        yield "click", "int8 dynamic", onnx_dynamic(source)


def openvino_files(model):
    """(stage, precision, file) of what OpenVINO runs."""
    if "encoder" in options.stages:
        source = openvino_model(onnx_encoder(model))
        yield "encoder", "fp32", source
        yield "encoder", "int8 NNCF", openvino_int8(source)
    if "click" in options.stages:
        yield "click", "fp32", openvino_model(onnx_click(model))


def operands(stage):
    """NumPy operands of a stage by name."""
    inputs = {"image": noise(1)[0]} if stage == "encoder" else click_inputs()
    return {name: value.numpy() for name, value in inputs.items()}


# Runs: each entry is (stage, precision, program) -> a function that returns seconds of one run


# Calls of which a run reports the median, as `sam2 bench` does, because short calls are easily disturbed.
CALLS = {"encoder": 3, "click": 30}


def timed(stage, run):
    def once():
        seconds = []
        for _ in range(CALLS.get(stage, 1)):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)

    return once


def our_model(size, precision):
    """Words that have one of our commands run `size` in `precision`."""
    words = ["--threads", options.threads, "--model", ours(size, precision == "int8")]
    return words + (["--arithmetic", "bf16"] if precision == "bf16" else [])


def our_run(size, precision, kind, objects=1):
    """One start of `sam2 bench`; the median of its measurements after its own warm-up."""
    words = [options.bin / "sam2", "bench", "-q", "--json", "--kinds", kind, "--objects", objects,
             "--runs", CALLS.get({"encode": "encoder"}.get(kind, kind), 1),
             *our_model(size, precision)]

    def once():
        answer = subprocess.run(list(map(str, words)), check=True, capture_output=True)
        report = json.loads(answer.stdout)
        row = report["totals"][0]
        shares.setdefault((kind, size, precision, objects), []).append(
            {"share": row["share_of_peak"], "peaks": report["peak_gmacs_per_core"],
             "level": report["kernel_level"]})
        return row["p50_ms"] / 1000

    return once


shares = {}


def our_automatic(precision):
    picture = path("picture.png")
    words = [options.bin / "sam2", "auto", picture, "-q", *our_model(options.model, precision),
             "-o", path("auto"), "--force"]
    return timed("auto", lambda: subprocess.run(
        list(map(str, words)), check=True, capture_output=True))


def in_precision(precision, run):
    """`run` as PyTorch computes it in that precision."""
    def once():
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            return run()

    return once


def torch_runs(model):
    runs = {}
    image = noise(1)[0]
    for precision in options.torch:
        if "encoder" in options.stages:
            runs["encoder", precision, "PyTorch"] = timed(
                "encoder", in_precision(precision, lambda: model.forward_image(image)))
        for objects in (1, 3):
            if f"track{objects}" in options.stages:
                runs[f"track{objects}", precision, "PyTorch"] = in_precision(
                    precision, torch_tracking(model, objects))
        if "click" in options.stages:
            runs["click", precision, "PyTorch"] = timed(
                "click", in_precision(precision, torch_click(model, precision)))
        if "auto" in options.stages:
            runs["auto", precision, "PyTorch"] = timed(
                "auto", in_precision(precision, torch_automatic(model)))
    return runs


def torch_click(model, precision):
    predictor = official.image_predictor(model)
    in_precision(precision, lambda: predictor.set_image(pictures.still(SIDE, SIDE)))()
    point, label = np.array([[SIDE / 2, SIDE / 2]]), np.array([1])
    return lambda: predictor.predict(point, label)


def torch_automatic(model):
    from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator

    generator = SAM2AutomaticMaskGenerator(model)
    picture = pictures.still(SIDE, SIDE)
    return lambda: generator.generate(picture)


def torch_tracking(model, objects):
    """Seconds of the next frame of a video whose bank is full: 7 memories, 16 pointers."""
    warmup, longest = 16, 16 + 2 * options.runs + 2

    def make(target):
        from PIL import Image

        target.mkdir(exist_ok=True)
        picture = pictures.still(SIDE, SIDE)
        for index in range(longest):
            shifted = np.roll(picture, 4 * index, axis=1)
            Image.fromarray(shifted).save(target / f"{index:05d}.jpg", quality=90)

    folder = made(f"frames{SIZED}-{longest}", make)
    state = model.init_state(str(folder), offload_video_to_cpu=True)
    for index in range(objects):
        x = SIDE * (index + 1) / (objects + 1)
        model.add_new_points_or_box(state, 0, index + 1, points=np.array([[x, SIDE / 2]]),
                                    labels=np.array([1]))
    frames = model.propagate_in_video(state)
    started = []

    def once():
        if not started:
            for _ in range(warmup):
                next(frames)
            started.append(True)
        start = time.perf_counter()
        next(frames)
        return time.perf_counter() - start

    return once


def onnx_runs(model):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    runs = {}
    for stage, precision, file in onnx_files(model):
        session = onnxruntime.InferenceSession(str(file), settings,
                                               providers=["CPUExecutionProvider"])
        known = {x.name for x in session.get_inputs()}
        feed = {name: value for name, value in operands(stage).items() if name in known}
        runs[stage, precision, "ONNX Runtime"] = timed(
            stage, lambda session=session, feed=feed: session.run(None, feed))
    return runs


def openvino_runs(model):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": options.threads, "PERFORMANCE_HINT": "LATENCY"}
    runs = {}
    for stage, precision, file in openvino_files(model):
        # Nothing narrower than "fp32" claims; beside it, OpenVINO's own choice on this CPU.
        for hint in ("f32", None):
            chosen = settings | ({"INFERENCE_PRECISION_HINT": hint} if hint else {})
            compiled = core.compile_model(str(file), "CPU", chosen)
            used = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
            if not hint and used == "f32":
                continue
            request = compiled.create_infer_request()
            known = {name for port in compiled.inputs for name in port.names}
            feed = {name: value for name, value in operands(stage).items() if name in known}
            name = precision if hint else f"{precision}, default ({used})"
            runs[stage, name, "OpenVINO"] = timed(
                stage, lambda request=request, feed=feed: request.infer(feed))
    return runs


def our_runs():
    runs = {}
    for precision in options.ours:
        for stage, kind, objects in (("encoder", "encode", 1), ("click", "click", 1),
                                     ("track1", "track", 1), ("track3", "track", 3)):
            if stage in options.stages:
                runs[stage, precision, "sam2-swift"] = our_run(
                    options.model, precision, kind, objects)
        if "auto" in options.stages:
            from PIL import Image

            Image.fromarray(pictures.still(SIDE, SIDE)).save(path("picture.png"))
            runs["auto", precision, "sam2-swift"] = our_automatic(precision)
    for size in options.scale:
        runs[f"encoder, {size}", "int8", "sam2-swift"] = our_run(size, "int8", "encode")
    return runs


# Reports


def table(seconds):
    lines = ["| stage | program | precision | median s | minimum | maximum | PyTorch / it |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for (stage, precision, program), samples in sorted(seconds.items()):
        median = statistics.median(samples)
        base = seconds.get((stage, "fp32", "PyTorch"))
        ratio = f"{statistics.median(base) / median:.2f}" if base else ""
        lines.append(f"| {STAGES.get(stage, stage)} | {program} | {precision} | {median:.4f} | "
                     f"{min(samples):.4f} | {max(samples):.4f} | {ratio} |")
    return "\n".join(lines)


def peak_shares():
    """Median share of the peak of each of our runs, and of which peak: GMAC/s of a core by operand,
    measured in the same runs."""
    for (kind, size, precision, objects), values in shares.items():
        peaks = {name: statistics.median(x["peaks"][name] for x in values)
                 for name in values[0]["peaks"]}
        yield {"kind": kind, "size": size, "precision": precision, "objects": objects,
               "level": values[0]["level"], "peak_gmacs_per_core": peaks,
               "median": statistics.median(x["share"] for x in values)}


def main():
    options.work.mkdir(parents=True, exist_ok=True)
    model = official.load(
        official.config_path(model_name(options.model)), checkpoint(options.model),
        SIDE if SIZED else None)
    if options.prepare:
        prepare(model)
        return
    runs = our_runs()
    if "torch" in options.peers:
        runs |= torch_runs(model)
    if "onnxruntime" in options.peers:
        runs |= onnx_runs(model)
    if "openvino" in options.peers:
        runs |= openvino_runs(model)
    seconds = {key: [] for key in runs}
    for round_ in range(options.runs + 1):
        for key, run in runs.items():
            # The first round warms up.
            taken = run()
            print(f"round {round_}: {', '.join(key)}: {taken:.4f} s", file=sys.stderr, flush=True)
            if round_ > 0:
                seconds[key].append(taken)
    print(table(seconds))
    for row in peak_shares():
        peaks = ", ".join(f"{value:.0f} {name}"
                          for name, value in row["peak_gmacs_per_core"].items())
        print(f"{row['kind']}, {row['size']}, {row['precision']}, {row['objects']}: "
              f"{row['median'] * 100:.1f} % of the peak of {row['level']} kernels "
              f"(GMAC/s of a core: {peaks})")
    report = [{"stage": stage, "precision": precision, "program": program, "seconds": samples,
               "median": statistics.median(samples)}
              for (stage, precision, program), samples in seconds.items()]
    answer = {"threads": options.threads, "rounds": options.runs, "results": report,
              "share_of_peak": list(peak_shares())}
    path("peers.json").write_text(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
