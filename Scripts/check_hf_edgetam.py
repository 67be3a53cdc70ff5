"""Checks the import of EdgeTAM as Hugging Face transformers saves it.

    python Scripts/check_hf_edgetam.py --bin .build/release

A real `EdgeTamVideoModel` with random weights is saved by transformers and converted by
`sam2-convert`. Then both follow an object through drawn frames of the model's own size, where neither
has to resize: mask logits must agree, which they do only if every tensor has found its place. The
exported tensors must be theirs, bit by bit; keys and values of the perceiver are joined.
Needs, beside requirements.txt: transformers 5.24.0, timm.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from transformers import EdgeTamVideoConfig, EdgeTamVideoModel, EdgeTamVisionConfig
from transformers.models.edgetam_video.modeling_edgetam_video import EdgeTamVideoInferenceSession

import pictures

FRAMES = 4
CLICK = (340, 470)
# Largest relative L2 distance of mask logits: of the clicked frame, and of tracked ones.
LIMITS = (1e-4, 1e-3)


def random_model():
    """Their model with the sizes of the published one, and weights that hide no mistake."""
    torch.manual_seed(0)
    vision = EdgeTamVisionConfig()
    vision.backbone_config.architecture = "repvit_m1"
    vision.backbone_channel_list = [384, 192, 96, 48]
    model = EdgeTamVideoModel(
        EdgeTamVideoConfig(
            vision_config=vision,
            enable_occlusion_spatial_embedding=False,
            enable_temporal_pos_encoding_for_object_pointers=False,
        )
    ).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() > 1 and (parameter == parameter.flatten()[0]).all():
                parameter.add_(torch.randn_like(parameter) * 0.1)
        # One matrix, which they keep twice.
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(
            model.shared_image_embedding.positional_embedding)
        settle_norms(model)
    return model


def settle_norms(model):
    """Batch norms get the statistics of one drawn picture, then disturbed ones."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    model.vision_encoder(normalized(pictures.still(1024, 1024)[None]))
    for norm in norms:
        norm.eval()
        deviation = norm.running_var.sqrt()
        norm.running_mean.add_(torch.randn_like(deviation) * deviation * 0.3)
        norm.running_var.mul_(torch.empty_like(deviation).uniform_(0.6, 1.6))


def normalized(frames):
    """Frames [N, S, S, 3] as the models take them."""
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    return (pixels - mean) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def theirs(model, frames):
    """Mask logits of each frame by transformers."""
    side = frames.shape[1]
    session = EdgeTamVideoInferenceSession(
        video=normalized(frames), video_height=side, video_width=side,
        dtype=torch.float32)
    index = session.obj_id_to_idx(1)
    session.add_point_inputs(
        index, 0,
        {"point_coords": torch.tensor([[[list(map(float, CLICK))]]]),
         "point_labels": torch.tensor([[[1]]], dtype=torch.int32)})
    session.obj_with_new_inputs.append(1)
    with torch.no_grad():
        return [model(session, frame_idx=n).pred_masks[0, 0].numpy() for n in range(len(frames))]


def ours(bin, checkpoint, frames, folder):
    """The same by this project, and the exported tensors."""
    model, exported = folder / "model.sam2", folder / "out.safetensors"
    run = lambda *words: subprocess.run(list(map(str, words)), check=True, capture_output=True)  # noqa: E731
    report = json.loads(run(bin / "sam2-convert", checkpoint, "-o", model, "--json").stdout)
    run(bin / "sam2-convert", "export", model, "-o", exported, "-q")
    (folder / "frames").mkdir()
    for n, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"frames/{n:05}.png")
    run(bin / "sam2", "track", folder / "frames", "--model", model, "--point", "%d,%d" % CLICK,
        "-o", folder / "masks", "--save-logits", folder / "logits", "--fill-hole-area", "0", "-q")
    logits = [np.load(folder / f"logits/{n:05}_1.npy") for n in range(len(frames))]
    return report, logits, safetensors.torch.load_file(exported)


def same_tensors(model, exported):
    """How many exported tensors are theirs bit by bit, and of how many."""
    state = model.state_dict()
    bits = {value.numpy().tobytes() for value in state.values()}
    for name, value in state.items():
        if name.endswith(".k_proj.weight"):
            other = state[name.replace(".k_proj.", ".v_proj.")]
            if other.shape[1:] == value.shape[1:]:
                bits.add(torch.cat([value, other]).numpy().tobytes())
        if value.dim() > 1:
            # Point embeddings are one tensor, and single rows officially.
            bits |= {row.numpy().tobytes() for row in value[:4]}
    return sum(value.numpy().tobytes() in bits for value in exported.values()), len(exported)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built commands")
    options = parser.parse_args()
    frames = np.stack([np.asarray(Image.fromarray(frame).resize((1024, 1024)))
                       for frame in pictures.clip(FRAMES)])
    model = random_model()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model.save_pretrained(folder / "theirs")
        report, found, exported = ours(
            options.bin, folder / "theirs/model.safetensors", frames, folder)
    expected = theirs(model, frames)
    distances = [float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(found, expected)]
    same, count = same_tensors(model, exported)
    limits = [LIMITS[0], *[LIMITS[1]] * (FRAMES - 1)]
    good = same == count and all(d <= limit for d, limit in zip(distances, limits))
    print(f"recognised as {report['variant']} with names of {report['names']}: {same} of {count} "
          f"tensors bit-identical; distances of logits {', '.join(f'{d:.1e}' for d in distances)}: "
          f"{'ok' if good else 'FAILED'}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
