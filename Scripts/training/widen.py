"""Makes a wider nano to start training from: width 192 for 128, memory cells of 64 channels for 32.

    widen.py narrow.pt clips -o start.pt

narrow.pt has the widths of narrow.yaml, clips is a folder of draw_clips.py. The trunk is kept.
Elsewhere widths grow by half: of every two pairs of channels the second is repeated, and those that
read repeated channels share their weight among them, so that the model computes nearly the same
(sine position codes and rotary frequencies fit: the repeated pair serves for the two frequencies
around its own). The way into and out of the memory is set by least squares: 48 channels of a cell
hold the look of the pixels, 16 the mask within the cell, and queries look for cells that look like
themselves, near their own place.
"""

import argparse
import glob
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from train import CONFIG, DEVIATION, MEAN, build

NARROW = Path(__file__).resolve().parent / "narrow.yaml"
WIDTH, CHANNELS, LOOKS = 192, 64, 48
# Not made from the narrow model's weights.
FRESH = (
    "maskmem_tpos_enc", "no_obj_embed_spatial", "obj_ptr_tpos_proj", "memory_encoder.out_proj",
    "cross_attn_image.")  # fmt: skip
EMBEDDINGS = ("_embed", "_ptr", "token.weight", "tokens.weight", "embed.weight")

# Widths


def grown(count):
    """For each of 1.5 * count channels, the channel it repeats."""
    new = torch.arange(count * 3 // 2)
    pair, side = new // 2, new % 2
    return 2 * (2 * (pair // 3) + (pair % 3 > 0)) + side


class Widening:
    """Wider weights, with the same shares for all weights that read the same channels."""

    def __init__(self, generator):
        self.generator, self.known = generator, {}

    def shares(self, key, index):
        """Shares of the readers' weights: 1, or t and 1 - t for a repeated channel."""
        if key not in self.known:
            out = torch.ones(len(index))
            for channel in index.unique():
                places = (index == channel).nonzero()[:, 0]
                if len(places) == 2:
                    t = 0.25 + 0.5 * torch.rand(1, generator=self.generator).item()
                    out[places[0]], out[places[1]] = t, 1 - t
            self.known[key] = out
        return self.known[key]

    def weight(self, name, old, shape):
        """The wider weight `name` of `shape` for the narrow one."""
        owner = name.rsplit(".", 1)[0]
        is_embedding = name.endswith(EMBEDDINGS) or "embeddings" in name or "gaussian" in name
        # Transposed convolutions have their inputs first.
        inputs = 0 if "output_upscaling.0." in name or "output_upscaling.3." in name else 1
        x = old
        for dim in range(len(shape)):
            if x.shape[dim] == shape[dim]:
                continue
            index = grown(x.shape[dim])
            x = x.index_select(dim, index)
            if dim == inputs and len(shape) > 1 and not is_embedding:
                part = self.shares((len(index), owner), index)
                x = x * part.view([-1 if i == dim else 1 for i in range(len(shape))])
        rest = [1] * (x.ndim - 1)
        if ".q_proj." in name or ".k_proj." in name:
            block = name.split("q_proj")[0].split("k_proj")[0]
            x = x * self.shares(("head", block), grown(old.shape[0])).sqrt().view(-1, *rest)
            if ".q_proj." in name:
                x = x * 1.5**0.5
        if "output_hypernetworks" in name and "layers.2" in name:
            x = x * self.shares(("hyper", owner), grown(old.shape[0])).view(-1, *rest)
        if x.ndim > 1 and not is_embedding:
            x = x + 0.02 * x.std() * torch.randn(x.shape, generator=self.generator)
        return x


def widened(old, new, generator):
    """Weights for a wide model: fresh parts as in `new`, all others from the narrow one."""
    widening, weights = Widening(generator), {}
    for name, value in new.items():
        if any(part in name for part in FRESH):
            weights[name] = value
        elif old[name].shape == value.shape:
            weights[name] = old[name].float()
        else:
            weights[name] = widening.weight(name, old[name].float(), value.shape)
    return weights


# Memory


def samples(folder, count):
    """Pixels [N, 3, S, S] and masks [N, 1, S, S] of the first and a later frame of drawn clips."""
    frames, masks = [], []
    for path in sorted(glob.glob(f"{folder}/*_frames.npy")):
        clips = np.load(path, mmap_mode="r")
        bits = np.load(path.replace("_frames", "_masks"), mmap_mode="r")
        for i in range(0, len(clips), 2):
            for t in (0, 3):
                frames.append(np.array(clips[i, t]))
                masks.append(np.unpackbits(bits[i, t, 0], -1))
        if len(frames) >= count:
            break
    pixels = torch.from_numpy(np.stack(frames[:count])).permute(0, 3, 1, 2).float() / 255
    return (pixels - MEAN) / DEVIATION, torch.from_numpy(np.stack(masks[:count]))[:, None].float()


def rows(maps):
    """Maps [N, C, H, W] as rows [N * H * W, C]."""
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])


def ridge(x, y, strength=1e-3):
    """Weight [out, in] and bias that map rows of x to rows of y by least squares, and mean R²."""
    x_mean, y_mean = x.mean(0), y.mean(0)
    a = (x - x_mean).T @ (x - x_mean) / len(x)
    b = (x - x_mean).T @ (y - y_mean) / len(x)
    weight = torch.linalg.solve(a + strength * a.diagonal().mean() * torch.eye(len(a)), b).T
    rest = ((x - x_mean) @ weight.T - (y - y_mean)).pow(2).mean(0)
    fit = 1 - rest / (y - y_mean).pow(2).mean(0).clamp(min=1e-9)
    return weight, y_mean - weight @ x_mean, fit.mean().item()


def looks_of(features):
    """The first principal components of feature rows, whitened halfway: [rows, LOOKS]."""
    centred = features - features.mean(0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    values, vectors = values[-LOOKS:].flip(0), vectors[:, -LOOKS:].flip(1)
    looks = centred @ vectors / values**0.25
    return looks / looks.pow(2).mean().sqrt()


@torch.no_grad()
def design_memory(model, folder, generator):
    """Sets the memory encoder's output and the cross-attention of the memory by least squares."""
    pixels, masks = samples(folder, 192)
    out = model.image_encoder(pixels)
    features, position = out["backbone_fpn"][-1], out["vision_pos_enc"][-1]
    looks = looks_of(rows(features))
    parts = rows(F.pixel_unshuffle(F.avg_pool2d(masks, 4), 4)) * 2 - 1

    encoder = model.memory_encoder
    mask_maps = encoder.mask_downsampler(masks * 20 - 10)
    pixel_maps = encoder.pix_feat_proj(features)
    ratio = pixel_maps.std() / mask_maps.std()
    encoder.mask_downsampler.encoder[-1].weight.mul_(ratio)
    encoder.mask_downsampler.encoder[-1].bias.mul_(ratio)
    fused = rows(encoder.fuser(pixel_maps + mask_maps * ratio))
    mask_places = torch.cat([torch.arange(0, 8), torch.arange(32, 40)])
    look_places = torch.tensor([i for i in range(CHANNELS) if i not in mask_places.tolist()])
    target = torch.zeros(len(fused), CHANNELS)
    target[:, look_places], target[:, mask_places] = 1.5 * looks, 1.5 * parts
    weight, bias, fit = ridge(fused, target)
    print(f"cells: R² {fit:.3f}")
    encoder.out_proj.weight.copy_(weight[:, :, None, None])
    encoder.out_proj.bias.copy_(bias)
    codes = rows(encoder.position_encoding(torch.zeros(1, CHANNELS, 16, 16)))
    mean_key = (fused @ weight.T + bias + codes.repeat(len(pixels), 1)).mean(0)

    tokens = (features + 0.1 * position).flatten(2).transpose(1, 2)
    for layer in model.memory_attention.layers:
        tokens = layer._forward_sa(tokens, None)
        weight, bias, fit = ridge(layer.norm2(tokens).reshape(-1, WIDTH), looks)
        print(f"queries: R² {fit:.3f}")
        set_attention(
            layer.cross_attn_image, weight, bias, mean_key, look_places, mask_places, generator
        )
        tokens = tokens + layer.linear2(layer.linear1(layer.norm3(tokens)).relu())
    torch.nn.init.trunc_normal_(model.maskmem_tpos_enc, std=0.05)
    torch.nn.init.trunc_normal_(model.no_obj_embed_spatial, std=0.3)


def set_attention(attention, weight, bias, mean_key, look_places, mask_places, generator):
    """Queries and keys that compare looks near the same place; values that are chiefly masks."""
    basis = torch.linalg.qr(torch.randn(WIDTH, LOOKS, generator=generator))[0]
    gain = (0.125 * WIDTH**0.5) ** 0.5
    keys = torch.zeros(WIDTH, CHANNELS)
    keys[:, look_places] = basis / 1.5 * gain
    attention.k_proj.weight.copy_(keys)
    attention.k_proj.bias.copy_(-keys @ mean_key)
    attention.q_proj.weight.copy_(basis @ weight * gain)
    attention.q_proj.bias.copy_(basis @ bias * gain)
    # Nearness: equal biases on the fast rotations of both axes.
    near = torch.zeros(WIDTH)
    for half in (0, WIDTH // 2):
        near[half : half + 24 : 2] = (3.0 * WIDTH**0.5 / 24) ** 0.5
    attention.k_proj.bias.add_(near)
    attention.q_proj.bias.add_(near)
    torch.nn.init.normal_(attention.v_proj.weight, std=0.05)
    attention.v_proj.weight[:, mask_places] *= 4
    torch.nn.init.zeros_(attention.v_proj.bias)
    torch.nn.init.normal_(attention.out_proj.weight, std=0.5 * WIDTH**-0.5)
    torch.nn.init.zeros_(attention.out_proj.bias)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="checkpoint of the narrow model")
    parser.add_argument("clips", help="folder that draw_clips.py filled")
    parser.add_argument("-o", "--output", default="start.pt", help="checkpoint to write")
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    old = torch.load(options.checkpoint, weights_only=True)["model"]
    build(NARROW, 256).load_state_dict({name: value.float() for name, value in old.items()})
    model = build(CONFIG, 256)
    model.load_state_dict(widened(old, model.state_dict(), generator))
    design_memory(model, options.clips, generator)
    torch.save({"model": model.state_dict()}, options.output)


if __name__ == "__main__":
    main()
