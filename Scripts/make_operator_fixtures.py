#!/usr/bin/env python3
"""Writes Tests/ReferenceTests/Fixtures/operators.json: operands and results of every operator
sample (Tests/TestSupport/OperatorSample.swift), computed by PyTorch.

Products, rows, space: PyTorch in float64 on float32 operands. Position codes: the official SAM 2
package, which computes them in float32. Quantised products and
attention: NumPy, integers in float32 arithmetic.

Needs: torch, numpy, the official `sam2` package. Usage: make_operator_fixtures.py [OUTPUT]
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from sam2.modeling.backbones.utils import window_partition, window_unpartition
from sam2.modeling.position_encoding import (
    PositionEmbeddingRandom,
    PositionEmbeddingSine,
    apply_rotary_enc,
    compute_axial_cis,
)
from sam2.modeling.sam2_utils import get_1d_sine_pe

SEED = 20240729
random = np.random.default_rng(SEED)
cases = {}


def operand(*shape, low=-2.0, high=2.0):
    """Multiples of 1/1024: short in JSON, exact in float32."""
    return torch.from_numpy(np.round(random.uniform(low, high, shape) * 1024) / 1024)


def entry(tensor):
    values = [float(f"{v:.10g}") for v in np.asarray(tensor, dtype=np.float64).ravel()]
    values = [int(v) if v == int(v) else v for v in values]
    return {"shape": list(tensor.shape), "values": values}


def case(name, operands, result):
    cases[name] = {"operands": [entry(x) for x in operands], "result": entry(result)}


def first(x):
    return x.permute(0, 3, 1, 2)  # channels-last to PyTorch's order


def last(x):
    return x.permute(0, 2, 3, 1)


def products():
    x, w, b, r = operand(2, 3, 5), operand(4, 5), operand(4), operand(2, 3, 4)
    case("linear", [x, w], F.linear(x, w))
    case("linear_gelu_residual", [x, w, b, r], F.gelu(F.linear(x, w, b)) + r)
    x, w = operand(1, 2, 3, 5), operand(4, 5, 1, 1)
    case("linear_1x1_relu", [x, w, b], last(F.relu(F.conv2d(first(x), w, b))))
    a, b = operand(2, 3, 4), operand(2, 5, 4)
    case("matmul_transposed", [a, b], a @ b.mT)
    x, w, b = operand(2, 6, 5, 3), operand(4, 3, 3, 3), operand(4)
    case("conv2d", [x, w, b], last(F.conv2d(first(x), w, b, stride=2, padding=1)))
    x, w = operand(2, 5, 4, 4), operand(4, 1, 3, 3)
    case("conv2d_depthwise", [x, w], last(F.conv2d(first(x), w, padding=1, groups=4)))
    x, w, b = operand(2, 2, 3, 4), operand(4, 3, 2, 2), operand(3)
    case("conv_transpose2d", [x, w, b], last(F.conv_transpose2d(first(x), w, b, stride=2)))
    q, k, v = operand(2, 3, 8), operand(2, 5, 8), operand(2, 5, 6)
    split = [t.unflatten(2, (2, -1)).transpose(1, 2) for t in (q, k, v)]
    out = F.scaled_dot_product_attention(*split, scale=0.5)
    case("attention", [q, k, v], out.transpose(1, 2).flatten(2))


def quantized(x, w, scale):
    """The product as CKernels.h defines it, for x [..., K], integer w [N, K], scale [N]."""
    rows = x.numpy().reshape(-1, x.shape[-1]).astype(np.float32)
    w = w.numpy().astype(np.int64)
    result = []
    for row in rows:
        low, high = min(row.min(), np.float32(0)), max(row.max(), np.float32(0))
        step = np.float32(1) if low == high else (high - low) / np.float32(255)
        inverse = np.float32(1) / step
        zero = np.rint(-low * inverse)
        integers = np.clip(np.rint(row * inverse) + zero, 0, 255).astype(np.int64)
        sums = (integers - int(zero)) @ w.T
        result.append(float(step) * scale.numpy() * sums)
    return torch.from_numpy(np.stack(result)).reshape(*x.shape[:-1], -1)


def quantized_products():
    x = operand(5, 8)
    x[1] = 0  # nothing to scale
    x[2] = x[2].abs() + 1  # zero is not inside the values
    x[3] = -x[3].abs()
    w = torch.from_numpy(random.integers(-127, 128, (4, 8)).astype(np.float64))
    scale = operand(4, low=0.01, high=0.1)
    case("quantized_linear", [x, w, scale], quantized(x, w, scale))
    x, b, r = operand(2, 2, 70, low=-1, high=3), operand(3), operand(2, 2, 3)
    w = torch.from_numpy(random.integers(-127, 128, (3, 70)).astype(np.float64))
    scale = operand(3, low=0.01, high=0.1)
    out = F.relu(quantized(x, w, scale) + b) + r
    case("quantized_linear_relu_residual", [x, w, scale, b, r], out)


def integers(x):
    """Rows of float32 as integers in -127...127, and the steps."""
    scale = np.abs(x).max(-1, keepdims=True) / np.float32(127)
    scale = np.where(scale > 0, scale, np.float32(1))
    return np.rint(x * (np.float32(1) / scale)), scale


def weights(distances):
    """255 * 2^(-distance / 64) in integers, as Formats/operators.md defines them: [queries, keys]."""
    e = 16372 - 32 * np.rint(np.minimum(distances, np.float32(1024))).astype(np.int64)
    f = (e & 2047) << 4
    g = (f * 2526 + 0x4000) >> 15
    g = (f * (g + 7458) + 0x4000) >> 15
    g = (f * (g + 22778) + 0x4000) >> 15
    powers = 0x8000 + g >> 7 - (e >> 11)
    result = np.zeros_like(powers)
    carry = np.full((2, len(powers)), 128)
    for key in range(powers.shape[1]):
        total = powers[:, key] + carry[key % 2]
        result[:, key], carry[key % 2] = total >> 8, total & 255
    return result


def quantized_head(q, k, v, scale, tile=128):
    q, k, v = (t.numpy().astype(np.float32) for t in (q, k, v))
    q, q_scale = integers(q * (np.float32(scale) * np.float32(1.44269504)))
    k, k_scale = integers(k)
    scores = (q @ k.T).astype(np.float32) * k_scale.T
    tiles = [np.arange(first, min(first + tile, len(k))) for first in range(0, len(k), tile)]
    return mean(scores, q_scale, v, tiles)


def mean(scores, step, v, tiles):
    """Values weighted by 2^(scores * step), where tiles are the positions of their keys."""
    unit = step * np.float32(64)
    maximum = scores.max(-1, keepdims=True)
    total = sums = 0
    for tile in tiles:
        part = scores[:, tile]
        top = part.max(-1, keepdims=True)
        p = weights((top - part) * unit)
        values, v_scale = integers(v[tile].T)
        factor = np.exp2((top - maximum).astype(np.float64) * unit / 64)
        total = total + factor * p.sum(-1, keepdims=True)
        sums = sums + factor * (p @ values.T) * v_scale.T.astype(np.float64)
    return torch.from_numpy(sums / total)


def quantized_attention(name, shapes, heads, scale):
    q, k, v = (operand(*shape) for shape in shapes)
    split = [t.unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1) for t in (q, k, v)]
    out = torch.stack([quantized_head(*head, scale) for head in zip(*split)])
    out = out.unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)
    case(name, [q, k, v], out)


def quantized_attentions():
    quantized_attention("quantized_attention", [(2, 3, 8), (2, 5, 8), (2, 5, 6)], 2, 0.5)
    shapes = [(1, 2, 4), (1, 135, 4), (1, 135, 1)]
    quantized_attention("quantized_attention_tiles", shapes, 1, 0.5)


def rotate_pairs(x, angles):
    """Pairs of neighbours in x [..., 2 P] rotated by angles [..., P], in float64."""
    pair = x[..., 0::2] + 1j * x[..., 1::2]
    pair = pair * np.exp(1j * angles)
    return np.stack([pair.real, pair.imag], -1).reshape(x.shape)


def axial_order(height, width, rotated, keys):
    """Positions of the keys of each tile, as Formats/operators.md defines them."""
    tiles = []
    frames = np.arange(rotated).reshape(-1, height * width)
    for first in range(0, len(frames), 8):
        block = frames[first : first + 8].T
        cells = 128 >> (block.shape[1] - 1).bit_length()
        tiles += [block[i : i + cells].ravel() for i in range(0, len(block), cells)]
    return tiles + [np.arange(i, min(i + 128, keys)) for i in range(rotated, keys, 128)]


def axial_head(q, m, v, w, b, scale, grid, rotated, theta):
    """One image of axial_attention, as Formats/operators.md defines it; b may be None."""
    height, width = grid
    depth, channels = w.shape
    frequencies = theta ** (-np.arange(depth // 4) / (depth // 4))
    columns = w if b is None else np.concatenate([w, b[:, None]], 1)
    q, m, v = (x.astype(np.float32) for x in (q, m, v))
    q, u = integers(q * (np.float32(scale) * np.float32(1.44269504)))
    projected = []
    for part, places in ((0, width), (1, height)):
        half = slice(part * depth // 2, (part + 1) * depth // 2)
        angles = np.arange(places)[:, None, None] * frequencies
        g, h = integers(rotate_pairs(np.tile(columns[half].T, (places, 1, 1)), angles).astype(np.float32))
        sums = np.einsum("qd,ncd->qnc", q[:, half].astype(np.int64), g.astype(np.int64))
        projected.append(sums.astype(np.float32) * h[..., 0])
    z, w_step = integers(
        np.concatenate([t[..., :channels].reshape(len(q), -1) for t in projected], 1))
    z = z.astype(np.int64).reshape(len(q), -1, channels)
    m, s = integers(m)
    cell = np.arange(len(m)) % (height * width)
    cell[rotated:] = 0
    x, y = cell % width, cell // width
    sums = np.einsum("qkc,kc->qk", z[:, x] + z[:, width + y], m.astype(np.int64))
    scores = sums.astype(np.float32) * s.T
    if b is not None:
        offset = projected[0][:, x, channels] + projected[1][:, y, channels]
        scores = scores + offset * (np.float32(1) / w_step)
    assert scores.dtype == np.float32
    return mean(scores, u * w_step, v, axial_order(height, width, rotated, len(m)))


def axial_float(q, m, v, w, b, scale, grid, rotated, theta):
    """The same in float64, with keys that are computed and rotated."""
    height, width = grid
    depth = len(w)
    frequencies = theta ** (-np.arange(depth // 4) / (depth // 4))
    keys = m @ w.T + (0 if b is None else b)
    cell = np.arange(rotated) % (height * width)
    angles = np.stack([cell % width, cell // width], 1)[:, :, None] * frequencies
    keys[:rotated] = rotate_pairs(keys[:rotated], angles.reshape(rotated, -1))
    return torch.softmax(torch.from_numpy(q @ keys.T * scale), -1).numpy() @ v


def axial_attention(name, batch, queries, grid, frames, tail, depth, channels, values, bias):
    rotated = frames * grid[0] * grid[1]
    q = operand(batch, queries, depth)
    m, v = (operand(batch, rotated + tail, size) for size in (channels, values))
    w = torch.from_numpy(random.integers(-127, 128, (depth, channels)).astype(np.float64))
    scale = operand(depth, low=0.004, high=0.02)
    b = operand(depth) if bias else None
    matrix = w.numpy() * scale.numpy()[:, None]
    vector = b.numpy() if bias else None
    result = []
    for image in range(batch):
        operands = [x[image].numpy() for x in (q, m, v)] + [matrix, vector]
        arguments = (*operands, 0.1, grid, rotated, 10_000.0)
        result.append(axial_head(*arguments))
        plain = axial_float(*arguments)
        error = np.linalg.norm(result[-1].numpy() - plain) / np.linalg.norm(plain)
        print(f"{name}: {error:.4f} beside attention in float64")
        assert error < 0.03, "int8 is far from attention to computed keys"
    case(name, [q, m, v, w, scale] + ([b] if bias else []), torch.stack(result))


def axial_attentions():
    axial_attention("axial_attention", 2, 3, (2, 3), 2, 3, 32, 16, 5, True)
    axial_attention("axial_attention_blocks", 1, 2, (4, 4), 9, 0, 64, 16, 4, False)
    axial_attention("axial_attention_tail", 1, 2, (4, 5), 7, 130, 32, 16, 3, True)


def strides():
    x, w, b = operand(2, 7, 6, 4), operand(4, 1, 3, 3), operand(4)
    y = F.conv2d(first(x), w, b, stride=3, padding=2, groups=4)
    case("conv2d_depthwise_stride", [x, w, b], last(y))


def statistics():
    x, w, b, m, v = operand(2, 3, 6), operand(6), operand(6), operand(6), operand(6, low=0.1)
    y = F.batch_norm(x.reshape(6, 6), m, v, w, b, eps=1e-5)
    case("batch_norm", [x, w, b, m, v], y.reshape(2, 3, 6))
    x = operand(2, 3, 6, 4)
    case("average_pool", [x], last(F.avg_pool2d(first(x), 3)))


def rows():
    x, w, b = operand(2, 3, 6), operand(6), operand(6)
    case("layer_norm", [x, w, b], F.layer_norm(x, (6,), w, b, eps=1e-6))
    x = operand(3, 7, low=-6, high=6)
    case("activation_none", [x], x)
    case("activation_relu", [x], F.relu(x))
    case("activation_gelu", [x], F.gelu(x))
    case("activation_sigmoid", [x], torch.sigmoid(x))
    case("activation_quick_gelu", [x], x * torch.sigmoid(1.702 * x))
    case("activation_elu", [x], F.elu(x))
    a, b = operand(2, 3, 4), operand(4)
    case("add_row", [a, b], a + b)
    a, b = operand(2, 1, 4), operand(1, 3, 1)
    case("add_outer", [a, b], a + b)
    a, b = operand(2, 3, 4), operand(3, 1)
    case("multiply", [a, b], a * b)
    x = operand(2, 5)
    case("affine", [x], x * 20 - 10)
    rotation()


def rotation():
    x, angles = operand(2, 7, 8), operand(3, 4)
    # Rounded like the operands are when they are read back as float32.
    table = torch.complex(angles.cos().float(), angles.sin().float())
    keys = x[:, None, :6]
    _, rotated = apply_rotary_enc(keys[:, :, :3], keys, table, repeat_freqs_k=True)
    result = torch.cat([rotated[:, 0].double(), x[:, 6:]], dim=1)
    case("rotate_pairs", [x, table.real.double(), table.imag.double()], result)


def resize(name, shape, size, mode, **options):
    x = operand(*shape)
    case(name, [x], last(F.interpolate(first(x), size=size, mode=mode, **options)))


def space():
    x = operand(2, 4, 6, 3)
    case("max_pool", [x], last(F.max_pool2d(first(x), 2)))
    smooth = {"align_corners": False}
    resize("resize_nearest", (1, 3, 4, 2), (6, 8), "nearest")
    resize("resize_nearest_down", (1, 5, 7, 2), (3, 4), "nearest")
    resize("resize_bilinear", (1, 3, 4, 2), (7, 12), "bilinear", **smooth)
    resize("resize_bilinear_down", (2, 8, 9, 1), (3, 4), "bilinear", **smooth)
    resize("resize_bicubic", (1, 7, 7, 2), (16, 9), "bicubic", **smooth)
    resize("resize_bicubic_down", (1, 9, 8, 1), (5, 3), "bicubic", **smooth)
    smooth["antialias"] = True
    resize("resize_antialiased", (1, 16, 12, 2), (4, 5), "bilinear", **smooth)
    resize("resize_antialiased_up", (1, 3, 4, 1), (5, 7), "bilinear", **smooth)
    x = operand(2, 5, 7, 3)
    case("window_partition", [x], window_partition(x, 4)[0])
    x = operand(8, 4, 4, 3)
    case("window_merge", [x], window_unpartition(x, 4, (8, 8), (5, 7)))


def movement():
    x = operand(2, 6)
    case("reshape", [x], x.reshape(3, 4))
    x = operand(2, 3, 4)
    case("transpose", [x], x.permute(2, 0, 1))
    parts = [operand(2, 3, 2), operand(2, 1, 2), operand(2, 2, 2)]
    case("concat", parts, torch.cat(parts, dim=1))
    x = operand(3, 6, 2)
    case("slice", [x], x[:, 2:5])
    x = operand(3, 1)
    case("broadcast", [x], x.expand(2, 3, 4))
    table, indices = operand(5, 3), torch.from_numpy(random.integers(0, 5, (2, 4)))
    case("gather", [table, indices], F.embedding(indices, table))


def positions():
    x, matrix = operand(2, 3, 2, low=0, high=1), operand(2, 4)
    code = PositionEmbeddingRandom(4)
    code.positional_encoding_gaussian_matrix = matrix
    case("fourier_features", [x, matrix], code._pe_encoding(x))
    x = operand(5, 1, low=-1, high=1)
    case("sine_features", [x], get_1d_sine_pe(x[:, 0].float(), 12))
    # The grid as the official code feeds it to its Fourier code.
    code._pe_encoding = lambda grid: grid
    case("pixel_grid", [], code((3, 4)).permute(1, 2, 0))
    grid = PositionEmbeddingSine(12, warmup_cache=False)(torch.zeros(1, 12, 3, 4))
    case("sine_grid", [], last(grid)[0])
    table = compute_axial_cis(dim=12, end_x=4, end_y=3)
    case("rotary_table_cosine", [], table.real)
    case("rotary_table_sine", [], table.imag)
    case("fill", [], torch.full((2, 3), 2.5))


def stored_weights():
    w = torch.from_numpy(random.integers(-127, 128, (3, 4, 2)).astype(np.float64))
    scale = operand(3, low=0.01, high=0.1)
    case("dequantize", [w, scale], w * scale[:, None, None])


def main():
    products()
    quantized_products()
    rows()
    space()
    movement()
    positions()
    stored_weights()
    quantized_attentions()
    axial_attentions()
    strides()
    statistics()  # last: each case draws from the numbers after those of the cases before it
    root = pathlib.Path(__file__).resolve().parent.parent
    default = root / "Tests/ReferenceTests/Fixtures/operators.json"
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    lines = [f'  "{name}": {json.dumps(data)}' for name, data in sorted(cases.items())]
    output.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(cases)} cases with seed {SEED}: {output}")


if __name__ == "__main__":
    main()
