"""Checks the import of every form in which the weights of SAM 2 are published, bit by bit.

    python Scripts/check_weight_formats.py --bin .build/release
        [--what paz zeromodels npz ggml wrappers sam2model] [--sizes nano tiny small base_plus large]

For each size and version: random weights with the official names are written in the form, converted
by `sam2-convert`, exported as safetensors, and compared with the weights.

    paz         nine files of Keras in float32, float16 and bfloat16, with and without names of a
                model and manifests; in shards; in a .keras archive; beside the state of an optimizer
    zeromodels  the one file of Keras for pictures
    npz         arrays of NumPy, official names, stored and compressed, rows and columns
    ggml        sam3.cpp, float32 and float16
    wrappers    .pt files with the weights under keys and inside wrappers
    sam2model   Sam2Model of transformers, and its masks against the official code's

The published files themselves could not be fetched where this was written; make_keras_h5.py writes
what Keras would. Needs, beside requirements.txt: h5py, ml_dtypes; for sam2model transformers 5.24.
"""

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import safetensors.torch
import torch

import make_keras_h5 as keras

FLOATS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
# Tensors that no released configuration computes with, and paz does not keep: zeros replace them.
ZEROED = {"no_mem_pos_enc"}


def weights_of(size, version, seed=0):
    """Random weights in every tensor; constants would hide that two of them were exchanged."""
    random = np.random.default_rng(seed)
    shapes = keras.official_shapes(keras.configuration(size), version)
    return {name: (random.standard_normal(shape, dtype=np.float32) * np.float32(0.02))
            for name, shape in shapes.items()}


def run(*arguments):
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True)


class Checker:
    def __init__(self, programs, folder):
        self.convert, self.sam2 = programs / "sam2-convert", programs / "sam2"
        self.folder = folder
        self.failures = 0

    def exported(self, source, dtype="float32", *options):
        """The report on a checkpoint, and its tensors under the official names."""
        model, output = self.folder / "model.sam2", self.folder / "out.safetensors"
        done = run(self.convert, source, "-o", model, "--force", "--json", "--dtype", FLOATS[dtype],
                   *options)
        if done.returncode != 0:
            return {"variant": done.stderr.strip()}, {}
        run(self.convert, "export", model, "-o", output, "--force", "-q").check_returncode()
        tensors = safetensors.torch.load_file(output)
        output.unlink()
        return json.loads(done.stdout), tensors

    def compare(self, label, source, weights, variant, dtype="float32", *options):
        report, tensors = self.exported(source, dtype, *options)
        same = wrong = 0
        for name, value in weights.items():
            expected = torch.from_numpy(value).to(getattr(torch, dtype))
            if name in ZEROED and "Keras" in report.get("names", ""):
                expected = torch.zeros_like(expected)
            found = tensors.get(name)
            good = found is not None and found.dtype == expected.dtype and torch.equal(
                found.view(torch.uint8) if found.dim() else found,
                expected.view(torch.uint8) if expected.dim() else expected)
            same, wrong = same + good, wrong + (not good)
        good = wrong == 0 and len(tensors) == len(weights) and report["variant"] == variant
        self.report(f"{label}: {same} of {len(weights)} tensors bit-identical, "
                    f"recognised as {report['variant']}", good)

    def report(self, text, good):
        self.failures += not good
        print(f"{text}: {'ok' if good else 'FAILED'}", flush=True)


# Forms


def write_paz(folder, state, size, dtype, prefix, optimizer=False):
    """The nine files and their manifests, as make_keras_h5.py makes them."""
    shutil.rmtree(folder, ignore_errors=True)
    source = folder.parent / "source.safetensors"
    safetensors.torch.save_file({k: torch.from_numpy(v) for k, v in state.items()}, source)
    keras.make(argparse.Namespace(
        config=size, source=source, out=folder, layout="paz", variant=prefix, dtype=dtype,
        names=True, image_only=False, version=2.1, seed=0))
    source.unlink()
    if optimizer:
        with h5py.File(folder / f"{prefix}_image_encoder.weights.h5", "a") as file:
            group = file.create_group("optimizer/vars")
            group.attrs["name"] = "adam"
            group["0"] = np.int32(7)
            group["1"] = np.float32(1e-4)
            group["2"] = np.zeros((96, 96), np.float32)
        for manifest in folder.glob("*manifest.json"):
            manifest.unlink()


def part_of(path):
    return path.name.removesuffix(".weights.h5").replace(".", "_")


def merge(files, target):
    """All files in one, as Keras saves a model that has these as parts."""
    with h5py.File(target, "w") as out:
        for path in files:
            with h5py.File(path) as file:
                file.copy(file["layers"], out, name=f"layers/{part_of(path)}")


def write_shards(folder, files, target):
    """`m.weights.json` and shards that end in the middle of layers."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    groups = []
    for path in files:
        with h5py.File(path) as file:
            def visit(name, node):
                if isinstance(node, h5py.Group) and name.endswith("vars") and len(node):
                    groups.append((f"layers/{part_of(path)}/{name}", node.attrs["name"],
                                   [node[k][()] for k in sorted(node, key=int)]))
            file.visititems(visit)
    weight_map, shard, count, out = {}, -1, 0, None
    for place, name, arrays in groups:
        for index, array in enumerate(arrays):
            if out is None or count > 200:
                shard, count = shard + 1, 0
                file_name = f"m_{shard:05}.weights.h5"
                out = h5py.File(target / file_name, "w")
            group = out.require_group(place)
            if index == 0:  # Keras writes it where the layer begins
                group.attrs["name"] = name
            group[str(index)] = array
            entry = weight_map.setdefault(f"/{place}", [])
            if file_name not in entry:
                entry.append(file_name)
            count += 1
    out.close()
    index = {"metadata": {"total_size": 1.0}, "weight_map": weight_map}
    (target / "m.weights.json").write_text(json.dumps(index, indent=4))
    return shard + 1


def check_paz(checker, size, version):
    prefix = f"sam2{'.1' if version > 2 else ''}_hiera_{size}" if size != "nano" else "nano"
    state = weights_of(size, version)
    for dtype in FLOATS:
        folder = checker.folder / "paz"
        write_paz(folder, state, size, dtype, prefix)
        checker.compare(f"{prefix}, nine files, {dtype}", folder, state, prefix, dtype)
    write_paz(folder, state, size, "float32", prefix)
    checker.compare(f"{prefix}, manifest", folder / f"{prefix}.manifest.json", state, prefix)
    files = sorted(folder.glob("*.weights.h5"))
    whole = checker.folder / "whole.weights.h5"
    merge(files, whole)
    checker.compare(f"{prefix}, one file", whole, state, prefix)
    archive = checker.folder / "whole.keras"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        out.writestr("metadata.json", "{}")
        out.writestr("config.json", "{}")
        out.write(whole, "model.weights.h5")
    whole.unlink()
    checker.compare(f"{prefix}, .keras", archive, state, prefix)
    archive.unlink()
    shards = checker.folder / "shards"
    count = write_shards(folder, files, shards)
    checker.compare(f"{prefix}, {count} shards", shards / "m.weights.json", state, prefix)
    shutil.rmtree(shards)
    write_paz(folder, state, size, "float32", prefix, optimizer=True)
    checker.compare(f"{prefix}, with an optimizer", folder, state, prefix)
    shutil.rmtree(folder)


def without_video(state, masks):
    video = ("memory_", "maskmem_", "no_mem_pos_enc", "no_obj_", "mask_downsample", "obj_ptr_")
    return {name: value for name, value in state.items() if not name.startswith(video)
            and (masks or ".mask_downscaling." not in name)}


def newest(size):
    return "nano" if size == "nano" else f"sam2.1_hiera_{size}"


def check_zeromodels(checker, size, version):
    if version > 2 and size != "nano":
        return  # its files hold nothing that distinguishes the versions
    state = weights_of(size, version)
    source, folder = checker.folder / "source.safetensors", checker.folder / "zeromodels"
    safetensors.torch.save_file({k: torch.from_numpy(v) for k, v in state.items()}, source)
    for dtype in FLOATS:
        keras.make(argparse.Namespace(
            config=size, source=source, out=folder, layout="zeromodels", variant=None, dtype=dtype,
            names=True, image_only=False, version=version, seed=0))
        checker.compare(f"zeromodels {size}, {dtype}", folder / "model.weights.h5",
                        without_video(state, masks=False), newest(size), dtype)
    shutil.rmtree(folder)
    source.unlink()


def check_npz(checker, size, version):
    state = weights_of(size, version)
    variant = newest(size) if version > 2 else f"sam2_hiera_{size}"
    path = checker.folder / "weights.npz"
    for dtype in FLOATS:
        kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
        # Every second matrix as NumPy keeps the transpose of another.
        arrays = {name: np.asfortranarray(value.astype(kind)) if index % 2 else value.astype(kind)
                  for index, (name, value) in enumerate(state.items())}
        np.savez(path, **arrays)
        checker.compare(f"npz {variant}, {dtype}", path, state, variant, dtype)
    np.savez_compressed(path, **state)
    checker.compare(f"npz {variant}, compressed", path, state, variant)
    path.unlink()


def ggml_name(name):
    """The renaming of sam3.cpp's converter, in its order."""
    pairs = [("image_encoder.trunk.", "hiera."), ("hiera.patch_embed.proj.", "hiera.patch_embed.")]
    for old, new in pairs:
        name = name.replace(old, new)
    if "hiera.blocks." in name:
        name = name.replace(".mlp.layers.0.", ".mlp.fc1.").replace(".mlp.layers.1.", ".mlp.fc2.")
    for old, new in [
            ("image_encoder.neck.convs.", "fpn.convs."), (".conv.weight", ".weight"),
            (".conv.bias", ".bias"), ("sam_prompt_encoder.", "sam_pe."),
            ("sam_pe.pe_layer.positional_encoding_gaussian_matrix", "sam_pe.pe_gaussian"),
            ("sam_pe.mask_downscaling.", "sam_pe.mask_ds."), ("sam_mask_decoder.", "sam_dec."),
            ("sam_dec.transformer.layers.", "sam_dec.twoway."),
            ("sam_dec.transformer.final_attn_token_to_image.", "sam_dec.final_attn."),
            ("sam_dec.transformer.norm_final_attn.", "sam_dec.final_norm."),
            ("sam_dec.output_upscaling.", "sam_dec.upscale."),
            ("sam_dec.output_hypernetworks_mlps.", "sam_dec.hyper."), (".self_attn.", ".sa.")]:
        name = name.replace(old, new)
    if "sam_dec.twoway." in name:
        name = name.replace(".mlp.layers.0.", ".mlp.lin1.").replace(".mlp.layers.1.", ".mlp.lin2.")
    for old, new in [
            ("memory_encoder.", "mem_enc."), ("mem_enc.mask_downsampler.encoder.", "mem_enc.ds."),
            ("mem_enc.fuser.layers.", "mem_enc.fuser."),
            ("memory_attention.layers.", "mem_attn.layers."),
            ("memory_attention.norm.", "mem_attn.norm."), (".cross_attn_image.", ".ca."),
            ("maskmem_tpos_enc", "mem_enc.tpos_enc"), ("mask_downsample.", "trk_mask_ds.")]:
        name = name.replace(old, new)
    return name


def write_ggml(path, state, half, settings):
    """A file of sam3.cpp; in float16 files, vectors and embeddings stay float32."""
    kept = ("embed", "tpos", "pe_gaussian", "token", "no_obj", "no_mem", "gamma")
    with open(path, "wb") as out:
        out.write(struct.pack("<IIII", 0x73616D32, 1, int(half), len(state)))
        out.write(struct.pack("<II", 1024, 1) + bytes(4 * (settings - 2)))
        for name, value in sorted((ggml_name(name), value) for name, value in state.items()):
            is_half = half and value.ndim >= 2 and not any(word in name for word in kept)
            out.write(struct.pack("<III", value.ndim, len(name), int(is_half)))
            out.write(struct.pack(f"<{value.ndim}I", *reversed(value.shape)) + name.encode())
            out.write(bytes(-out.tell() % 32))
            out.write(value.astype(np.float16 if is_half else np.float32).tobytes())


def check_ggml(checker, size, version):
    state = weights_of(size, version)
    variant = newest(size) if version > 2 else f"sam2_hiera_{size}"
    path = checker.folder / "weights.ggml"
    for half in (False, True):
        for settings in (56, 57):
            write_ggml(path, state, half, settings)
            dtype = "float16" if half else "float32"
            checker.compare(f"ggml {variant}, {dtype}, header of {settings}", path, state, variant,
                            dtype)
    path.unlink()


def check_wrappers(checker, size, version):
    state = {k: torch.from_numpy(v) for k, v in weights_of(size, version).items()}
    numbers = {k: v.numpy() for k, v in state.items()}
    variant = newest(size) if version > 2 else f"sam2_hiera_{size}"
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-5}]}
    other = {k: v + 1 for k, v in state.items()}

    def renamed(old, new):
        return {name.replace(old, new): value for name, value in state.items()}

    def prefixed(prefix):
        return {prefix + name: value for name, value in state.items()}

    forms = {
        "model_state_dict": {"epoch": 5, "model_state_dict": state, "optimizer_state_dict": optimizer},
        "DeepSpeed": {"module": state, "buffer_names": [], "optimizer": None, "ds_version": "0.14"},
        "Lightning": {"state_dict": prefixed("model.sam2."), "callbacks": {}, "loops": optimizer},
        "two levels": {"model": {"state_dict": state}, "epoch": 5},
        "in a list": {"models": [{"step": 1}, state]},
        "bare": state,
        "bare, a member": prefixed("sam2_model."),
        "a compiled encoder": {"model": renamed("image_encoder.", "image_encoder._orig_mod.")},
        "a checkpointed block": {
            "model": renamed("trunk.blocks.0.", "trunk.blocks.0._checkpoint_wrapped_module.")},
    }
    path = checker.folder / "weights.pt"
    for label, form in forms.items():
        torch.save(form, path)
        checker.compare(f"{variant}, {label}", path, numbers, variant)
    torch.save({"model": state, "ema": other}, path)
    checker.compare(f"{variant}, --weights model", path, numbers, variant, "float32",
                    "--weights", "model")
    checker.compare(f"{variant}, --weights ema", path, {k: v.numpy() for k, v in other.items()},
                    variant, "float32", "--weights", "ema")
    done = run(checker.convert, path, "--dry-run", "--json")
    code = json.loads(done.stdout)["error"]["code"]
    checker.report(f"{variant}, two models without a choice: {code}", code == "weights.several")
    path.unlink()


# Sam2Model of transformers


def check_sam2model(checker, size, version):
    """Random weights of the official code, in `Sam2Model`, and masks of both against ours."""
    if size == "nano" or version < 2.1:
        return
    from PIL import Image
    from transformers import Sam2Config, Sam2Model

    import official
    if size != "tiny":
        return
    torch.manual_seed(0)
    theirs = Sam2Model(Sam2Config()).eval()
    with torch.no_grad():  # initialised apart, the two are one in every trained model
        theirs.prompt_encoder.shared_embedding.positional_embedding.copy_(
            theirs.shared_image_embedding.positional_embedding)
    folder = checker.folder / "hf"
    theirs.save_pretrained(folder)
    report, tensors = checker.exported(folder)
    checker.report(f"Sam2Model {size}: {len(tensors)} tensors, {report.get('parts')}, "
                   f"{report['variant']}", report.get("parts") == "image-only")
    reference = official.build(official.config_path(f"sam2.1-{size}"))
    left = reference.load_state_dict(tensors, strict=False)
    checker.report("Sam2Model: the official model takes these tensors",
                   not left.unexpected_keys and not any(
                       name in without_video(dict.fromkeys(left.missing_keys), masks=True)
                       for name in left.missing_keys))
    side = 1024
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    picture = checker.folder / "picture.png"
    Image.fromarray(pixels).save(picture)
    predictor = official.image_predictor(reference)
    with torch.no_grad():
        predictor.set_image(pixels)
        _, _, expected = predictor.predict(np.array([[500, 400]]), np.array([1]),
                                           multimask_output=True, return_logits=True)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in
                     ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
        values = (torch.from_numpy(pixels).permute(2, 0, 1) / 255 - mean) / std
        other = theirs(pixel_values=values[None], input_points=torch.tensor([[[[500.0, 400.0]]]]),
                       input_labels=torch.tensor([[[1]]]), multimask_output=True)
    logits = checker.folder / "logits.npy"
    run(checker.sam2, "segment", picture, "--model", checker.folder / "model.sam2", "--point",
        "500,400", "--multimask", "--save-logits", logits, "-o", checker.folder / "masks",
        "-q").check_returncode()
    ours = np.load(logits)[0]
    for label, reference in (("the official code", expected),
                             ("transformers", other.pred_masks[0, 0].numpy())):
        error = np.linalg.norm(ours - reference) / np.linalg.norm(reference)
        checker.report(f"Sam2Model: logits differ from those of {label} by {error:.1e}",
                       error < 1e-4)
    done = run(checker.sam2, "track", checker.folder, "--model", checker.folder / "model.sam2",
               "--point", "5,5", "-o", checker.folder / "track")
    checker.report("Sam2Model: tracking is refused by name: " + done.stderr.strip(),
                   done.returncode == 65 and "cannot track" in done.stderr)


CHECKS = {"paz": check_paz, "zeromodels": check_zeromodels, "npz": check_npz, "ggml": check_ggml,
          "wrappers": check_wrappers, "sam2model": check_sam2model}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bin", required=True, type=Path, help="the folder of the built commands")
    parser.add_argument("--what", nargs="*", default=list(CHECKS), choices=list(CHECKS))
    parser.add_argument("--sizes", nargs="*", default=list(keras.CONFIGS), choices=list(keras.CONFIGS))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        checker = Checker(arguments.bin.resolve(), Path(temporary))
        for what in arguments.what:
            for size in arguments.sizes:
                for version in (2.1,) if size == "nano" else (2, 2.1):
                    CHECKS[what](checker, size, version)
    print(f"{checker.failures} failures")
    sys.exit(1 if checker.failures else 0)


if __name__ == "__main__":
    main()
