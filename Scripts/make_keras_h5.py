#!/usr/bin/env python3
"""Makes HDF5 files as Keras 3 saves SAM 2 weights, and reads them back to the official names.

Two layouts are published:
  paz         oarriaga/paz: a folder of nine .weights.h5 (four for pictures, five for video)
  zeromodels  Hugging Face zeromodels/*, kerasformers/*: one model.weights.h5, pictures only

    make_keras_h5.py make OUT --layout paz --config nano            # random weights
    make_keras_h5.py make OUT --layout paz --source official.h5     # .h5 or .safetensors with official names
    make_keras_h5.py back FOLDER_OR_FILE OUT.h5                     # flat HDF5 with official names
    make_keras_h5.py compare A.h5 B.h5                              # names, shapes, bits

Needs numpy and h5py; ml_dtypes for --dtype bfloat16, safetensors for sources of that kind.
"""
import argparse
import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np

# ---------------------------------------------------------------- configurations

DEFAULT = dict(width=96, stages=(1, 2, 7, 2), window=8, background=7, d=256, mem=64, layers=4, ff=2048,
               side=1024)
CONFIGS = {
    "nano": dict(width=32, stages=(1, 2, 4, 1), d=128, mem=32, layers=2, ff=512, side=256),
    "tiny": {},
    "small": dict(stages=(1, 2, 11, 2)),
    "base_plus": dict(width=112, stages=(2, 3, 16, 3), background=14),
    "large": dict(width=144, stages=(2, 6, 36, 4)),
}


def configuration(name):
    return {**DEFAULT, **CONFIGS[name]}


def trunk_widths(c):
    """(input, output) of each block."""
    widths, width = [], c["width"]
    for stage, count in enumerate(c["stages"]):
        for index in range(count):
            out = width * 2 if stage and not index else width
            widths.append((width, out))
            width = out
    return widths


def official_shapes(c, version):
    """Names and shapes of an official checkpoint; version is 2 or 2.1."""
    s, d, mem = {}, c["d"], c["mem"]

    def linear(p, i, o):
        s[p + ".weight"], s[p + ".bias"] = (o, i), (o,)

    def conv(p, i, o, k=1):
        s[p + ".weight"], s[p + ".bias"] = (o, i, k, k), (o,)

    def norm(p, n):
        s[p + ".weight"] = s[p + ".bias"] = (n,)

    def attention(p, inner, key=None):
        linear(p + ".q_proj", d, inner)
        linear(p + ".k_proj", key or d, inner)
        linear(p + ".v_proj", key or d, inner)
        linear(p + ".out_proj", inner, d)

    def mlp(p, *w):
        for i in range(len(w) - 1):
            linear(f"{p}.layers.{i}", w[i], w[i + 1])

    s["maskmem_tpos_enc"] = (7, 1, 1, mem)
    s["no_mem_embed"] = s["no_mem_pos_enc"] = (1, 1, d)
    s["no_obj_ptr"] = (1, d)
    if version > 2:
        s["no_obj_embed_spatial"] = (1, mem)
    t, w = "image_encoder.trunk", c["width"]
    s[t + ".pos_embed"] = (1, w, c["background"], c["background"])
    s[t + ".pos_embed_window"] = (1, w, c["window"], c["window"])
    conv(t + ".patch_embed.proj", 3, w, 7)
    for i, (a, b) in enumerate(trunk_widths(c)):
        p = f"{t}.blocks.{i}"
        norm(p + ".norm1", a)
        linear(p + ".attn.qkv", a, 3 * b)
        linear(p + ".attn.proj", b, b)
        norm(p + ".norm2", b)
        mlp(p + ".mlp", b, 4 * b, b)
        if a != b:
            linear(p + ".proj", a, b)
    for i in range(4):
        conv(f"image_encoder.neck.convs.{i}.conv", w << (3 - i), d)
    conv("mask_downsample", 1, 1, 4)
    for i in range(c["layers"]):
        p = f"memory_attention.layers.{i}"
        attention(p + ".self_attn", d)
        attention(p + ".cross_attn_image", d, mem)
        linear(p + ".linear1", d, c["ff"])
        linear(p + ".linear2", c["ff"], d)
        for n in (1, 2, 3):
            norm(f"{p}.norm{n}", d)
    norm("memory_attention.norm", d)
    p = "memory_encoder.mask_downsampler.encoder"
    for i, (a, b) in enumerate([(1, 4), (4, 16), (16, 64), (64, 256)]):
        conv(f"{p}.{3 * i}", a, b, 3)
        norm(f"{p}.{3 * i + 1}", b)
    conv(p + ".12", 256, d)
    conv("memory_encoder.pix_feat_proj", d, d)
    for i in range(2):
        p = f"memory_encoder.fuser.layers.{i}"
        s[p + ".gamma"] = (d,)
        conv(p + ".dwconv", 1, d, 7)
        norm(p + ".norm", d)
        linear(p + ".pwconv1", d, 4 * d)
        linear(p + ".pwconv2", 4 * d, d)
    conv("memory_encoder.out_proj", d, mem)
    p = "sam_prompt_encoder"
    s[p + ".pe_layer.positional_encoding_gaussian_matrix"] = (2, d // 2)
    for i in range(4):
        s[f"{p}.point_embeddings.{i}.weight"] = (1, d)
    s[p + ".not_a_point_embed.weight"] = s[p + ".no_mask_embed.weight"] = (1, d)
    conv(p + ".mask_downscaling.0", 1, 4, 2)
    norm(p + ".mask_downscaling.1", 4)
    conv(p + ".mask_downscaling.3", 4, 16, 2)
    norm(p + ".mask_downscaling.4", 16)
    conv(p + ".mask_downscaling.6", 16, d)
    p = "sam_mask_decoder"
    for i in range(2):
        q = f"{p}.transformer.layers.{i}"
        attention(q + ".self_attn", d)
        attention(q + ".cross_attn_token_to_image", d // 2)
        attention(q + ".cross_attn_image_to_token", d // 2)
        mlp(q + ".mlp", d, 2048, d)
        for n in (1, 2, 3, 4):
            norm(f"{q}.norm{n}", d)
    attention(p + ".transformer.final_attn_token_to_image", d // 2)
    norm(p + ".transformer.norm_final_attn", d)
    s[p + ".iou_token.weight"] = s[p + ".obj_score_token.weight"] = (1, d)
    s[p + ".mask_tokens.weight"] = (4, d)
    s[p + ".output_upscaling.0.weight"], s[p + ".output_upscaling.0.bias"] = (d, d // 4, 2, 2), (d // 4,)
    norm(p + ".output_upscaling.1", d // 4)
    s[p + ".output_upscaling.3.weight"], s[p + ".output_upscaling.3.bias"] = (d // 4, d // 8, 2, 2), (d // 8,)
    conv(p + ".conv_s0", d, d // 8)
    conv(p + ".conv_s1", d, d // 4)
    for i in range(4):
        mlp(f"{p}.output_hypernetworks_mlps.{i}", d, d, d, d // 8)
    mlp(p + ".iou_prediction_head", d, 256, 256, 4)
    mlp(p + ".pred_obj_score_head", d, d, d, 1)
    mlp("obj_ptr_proj", d, d, d, d)
    if version > 2:
        linear("obj_ptr_tpos_proj", d, mem)
    return s


# ---------------------------------------------------------------- how a tensor is converted

# kind: (official -> Keras, Keras -> official)
CONVERSIONS = {
    "same": (lambda a: a, lambda a: a),
    "dense": (lambda a: a.T, lambda a: a.T),
    "conv": (lambda a: a.transpose(2, 3, 1, 0), lambda a: a.transpose(3, 2, 0, 1)),  # also transposed ones
    "depthwise": (lambda a: a.transpose(2, 3, 0, 1), lambda a: a.transpose(2, 3, 0, 1)),
    "hwc": (lambda a: a[0].transpose(1, 2, 0), lambda a: a.transpose(2, 0, 1)[None]),
    "nhwc": (lambda a: a.transpose(0, 2, 3, 1), lambda a: a.transpose(0, 3, 1, 2)),
    "vector": (lambda a: a.reshape(-1), lambda a: a.reshape(1, -1)),
    "vector3": (lambda a: a.reshape(-1), lambda a: a.reshape(1, 1, -1)),
    "table": (lambda a: a.reshape(a.shape[0], -1), lambda a: a.reshape(a.shape[0], 1, 1, -1)),
}


class Layer:
    """A Keras layer: path of its class, its name, and its variables as (kind, official names)."""

    def __init__(self, group, name, *variables):
        self.group, self.name, self.variables = group, name, variables


def pair(kind, path):
    return (kind, [path + ".weight"]), ("same", [path + ".bias"])


def dense(name, path):
    return Layer("dense", name, *pair("dense", path))


def conv(name, path, group="conv2d", kind="conv"):
    return Layer(group, name, *pair(kind, path))


def norm(name, path):
    return Layer("layer_normalization", name, *pair("same", path))


def empty(group, *names):
    return [Layer(group, name) for name in names]


# ---------------------------------------------------------------- paz

VIDEO_FILES = ["mask_downsample", "memory_encoder", "memory_attention", "pointer", "pointer_time"]


def paz_files(c):
    """File stem -> (model name, layers in the order in which Keras 3 numbers them).

    Keras numbers layers of a class by depth in the graph, so the order within a class is that of
    no list in the code; readers should go by the attribute `name`.
    """
    files = {}
    changes = [i for i, (a, b) in enumerate(trunk_widths(c)) if a != b]
    layers = empty("input_layer", "pixels") + empty("zero_padding2d", "patch_embed_pad")
    layers += empty("max_pooling2d", *(f"max_pooling2d_{i}" for i in range(2 * len(changes))))
    layers += empty("up_sampling2d", "up_sampling2d") + empty("add", "add")
    layers.append(conv("patch_embed_proj", "image_encoder.trunk.patch_embed.proj"))
    layers.append(Layer("hiera_position_embedding", "trunk_pos_embed",
                        ("hwc", ["image_encoder.trunk.pos_embed"]),
                        ("hwc", ["image_encoder.trunk.pos_embed_window"])))
    for i, (a, b) in enumerate(trunk_widths(c)):
        n, p = f"trunk_block_{i}", f"image_encoder.trunk.blocks.{i}"
        layers += [norm(n + "_norm1", p + ".norm1"), dense(n + "_attn_qkv", p + ".attn.qkv"),
                   dense(n + "_attn_proj", p + ".attn.proj")]
        if a != b:
            layers.append(dense(n + "_proj", p + ".proj"))
        layers += [norm(n + "_norm2", p + ".norm2"), dense(n + "_mlp_fc1", p + ".mlp.layers.0"),
                   dense(n + "_mlp_fc2", p + ".mlp.layers.1")]
    for i in (0, 1, 3, 2):
        layers.append(conv(f"neck_conv_{i}", f"image_encoder.neck.convs.{i}.conv"))
    for part in ("conv_s0", "conv_s1"):
        layers.append(conv("sam_mask_decoder_" + part, "sam_mask_decoder." + part))
    layers.append(Layer("channel_bias", "no_mem_embed", ("vector3", ["no_mem_embed"])))
    files["image_encoder"] = ("sam2_image_encoder", layers)

    p = "sam_prompt_encoder."
    files["point_encoder"] = ("sam2_prompt_encoder", empty("input_layer", "point_coords", "point_labels") + [
        Layer("random_fourier_embedding", "prompt_pe",
              ("same", [p + "pe_layer.positional_encoding_gaussian_matrix"])),
        Layer("point_label_embedding", "point_label_embed",
              ("same", [f"{p}point_embeddings.{i}.weight" for i in range(4)]),
              ("same", [p + "not_a_point_embed.weight"]))])
    files["mask_downscaling"] = ("sam2_mask_downscaling", empty("input_layer", "mask_input") + [
        conv("mask_down_0", p + "mask_downscaling.0"), norm("mask_down_ln0", p + "mask_downscaling.1"),
        conv("mask_down_3", p + "mask_downscaling.3"), norm("mask_down_ln3", p + "mask_downscaling.4"),
        conv("mask_down_6", p + "mask_downscaling.6"),
        Layer("channel_bias", "no_mask_embed", ("vector", [p + "no_mask_embed.weight"]))])
    files["mask_decoder"] = ("sam2_mask_decoder", paz_decoder())
    files["mask_downsample"] = ("sam2_mask_downsample", empty("input_layer", "mask") + [
        conv("mask_downsample", "mask_downsample")])

    p = "memory_encoder."
    layers = empty("input_layer", "pix_feat", "mask", "absent")
    layers += empty("zero_padding2d", *(f"mask_ds_pad_{3 * i}" for i in range(4)))
    for i in range(4):
        layers += [conv(f"mask_ds_conv_{3 * i}", f"{p}mask_downsampler.encoder.{3 * i}"),
                   norm(f"mask_ds_ln_{3 * i + 1}", f"{p}mask_downsampler.encoder.{3 * i + 1}")]
    layers += [conv("mem_pix_proj", p + "pix_feat_proj"),
               conv("mask_ds_final", p + "mask_downsampler.encoder.12")]
    for i in range(2):
        n, q = f"fuser_{i}", f"{p}fuser.layers.{i}"
        layers += [conv(n + "_dw", q + ".dwconv", "depthwise_conv2d", "depthwise"), norm(n + "_norm", q + ".norm"),
                   dense(n + "_pw1", q + ".pwconv1"), dense(n + "_pw2", q + ".pwconv2"),
                   Layer("channel_scale", n + "_gamma", ("same", [q + ".gamma"]))]
    layers += [conv("mem_out_proj", p + "out_proj"),
               Layer("dense", "no_obj_embed_spatial", ("same", ["no_obj_embed_spatial"]))]
    files["memory_encoder"] = ("sam2_memory_encoder", layers)

    layers = empty("input_layer", "curr", "curr_pos", "memory", "memory_pos", "memory_time", "memory_mask",
                   "curr_cos", "curr_sin", "memory_cos", "memory_sin")
    layers += empty("reshape", *(f"reshape_{i}" for i in range(4 * c["layers"])))
    for i in range(c["layers"]):
        n, q = f"mematt_{i}", f"memory_attention.layers.{i}"
        for ours, theirs in (("self", "self_attn"), ("cross", "cross_attn_image")):
            for part in "kqv":
                layers.append(dense(f"{n}_{ours}_{part}", f"{q}.{theirs}.{part}_proj"))
            if i == 0 and ours == "self":
                layers.append(Layer("dense", "maskmem_tpos_enc", ("table", ["maskmem_tpos_enc"])))
            layers.append(dense(f"{n}_{ours}_out", f"{q}.{theirs}.out_proj"))
        layers += [dense(n + "_mlp1", q + ".linear1"), dense(n + "_mlp2", q + ".linear2")]
        layers += [norm(f"{n}_norm{k}", f"{q}.norm{k}") for k in (1, 2, 3)]
    layers.append(norm("mematt_norm", "memory_attention.norm"))
    files["memory_attention"] = ("sam2_memory_attention", layers)

    files["pointer"] = ("sam2_pointer", empty("input_layer", "token", "absent")
                        + [dense(f"obj_ptr_proj_layers_{i}", f"obj_ptr_proj.layers.{i}") for i in range(3)]
                        + [Layer("dense", "no_obj_ptr", ("same", ["no_obj_ptr"]))])
    files["pointer_time"] = ("sam2_pointer_time", empty("input_layer", "distance") + [
        dense("obj_ptr_tpos_proj", "obj_ptr_tpos_proj")])
    return files


def paz_decoder():
    p = "sam_mask_decoder."
    layers = empty("input_layer", "image_embed", "high_res_0", "high_res_1", "sparse", "dense", "image_pe")
    layers += empty("reshape", *(f"reshape_{i}" for i in range(28)))
    for token in ("obj_score_token", "iou_token", "mask_tokens"):
        layers.append(Layer("broadcast_tokens", token, ("same", [p + token + ".weight"])))
    t = p + "transformer."

    def attention(name, path):
        return [dense(f"{name}_{part}", f"{path}.{part}_proj") for part in ("k", "q", "v", "out")]

    def parts(i):
        n, q = f"twoway_{i}", f"{t}layers.{i}"
        return (attention(n + "_self", q + ".self_attn"),
                attention(n + "_cross_t2i", q + ".cross_attn_token_to_image"),
                [dense(f"{n}_mlp_layers_{k}", f"{q}.mlp.layers.{k}") for k in (0, 1)],
                attention(n + "_cross_i2t", q + ".cross_attn_image_to_token"))

    first, second = parts(0), parts(1)
    layers += first[0] + first[1] + first[2]
    for a, b in zip(first[3], second[0]):  # run beside each other
        layers += [a, b]
    layers += second[1] + second[2] + second[3]
    layers += attention("twoway_final_attn", t + "final_attn_token_to_image")
    heads = [[dense(f"output_hypernetworks_mlps_{i}_layers_{k}",
                    f"{p}output_hypernetworks_mlps.{i}.layers.{k}") for i in range(4)] for k in range(3)]
    iou, score = ([dense(f"{head}_layers_{k}", f"{p}{head}.layers.{k}") for k in range(3)]
                  for head in ("iou_prediction_head", "pred_obj_score_head"))
    layers += heads[0] + heads[1] + [iou[0]] + heads[2] + [iou[1], score[0], iou[2], score[1], score[2]]
    for i in range(2):
        layers += [norm(f"twoway_{i}_norm{k}", f"{t}layers.{i}.norm{k}") for k in (1, 2, 3, 4)]
    layers += [norm("twoway_norm_final", t + "norm_final_attn"), norm("output_upscaling_1", p + "output_upscaling.1")]
    for k in (0, 3):
        layers.append(conv(f"output_upscaling_{k}", f"{p}output_upscaling.{k}", "conv2d_transpose"))
    return layers


# ---------------------------------------------------------------- zeromodels

def zeromodels_layers(c):
    """(full path below the root, layer name, variables): here paths identify everything but the neck."""
    out = []

    def add(path, name, *variables):
        out.append(Layer(path, name, *variables))

    def numbered(base, i):
        return f"{base}_{i}" if i else base

    add("", "SAM2PromptableSegment")
    for i, name in enumerate(("pixel_values", "input_points", "input_labels")):
        add("layers/" + numbered("input_layer", i), name)
    t = "image_encoder.trunk."
    add("layers/conv2d", "backbone_patch_embed_projection", *pair("conv", t + "patch_embed.proj"))
    for number, i in enumerate((0, 1, 3, 2), 1):
        add(f"layers/conv2d_{number}", f"neck_convs_{i}", *pair("conv", f"image_encoder.neck.convs.{i}.conv"))
    add("layers/sam2_hiera_position_embedding", "backbone_pos_embed", ("nhwc", [t + "pos_embed"]),
        ("nhwc", [t + "pos_embed_window"]), ("derived", []))
    for i, (a, b) in enumerate(trunk_widths(c)):
        base, q = "layers/" + numbered("sam2_multi_scale_block", i), f"{t}blocks.{i}"
        add(base, f"backbone_blocks_{i}")
        add(base + "/attn", "attn")
        for path, name, official, kind in (
                ("attn/qkv", "qkv", "attn.qkv", "dense"), ("attn/proj", "proj", "attn.proj", "dense"),
                ("layer_norm1", "layer_norm1", "norm1", "same"), ("layer_norm2", "layer_norm2", "norm2", "same"),
                ("mlp_lin1", "mlp_proj_in", "mlp.layers.0", "dense"),
                ("mlp_lin2", "mlp_proj_out", "mlp.layers.1", "dense"), ("proj", "proj", "proj", "dense")):
            if official != "proj" or a != b:
                add(f"{base}/{path}", name, *pair(kind, f"{q}.{official}"))
    add("layers/sam2_no_memory_embedding", "no_memory_embedding", ("vector3", ["no_mem_embed"]))
    p = "sam_prompt_encoder."
    add("layers/sam2_image_positional_embeddings/shared_embedding", "shared_image_embedding",
        ("same", [p + "pe_layer.positional_encoding_gaussian_matrix"]))
    add("layers/sam2_prompt_encoder_layer", "prompt_encoder",
        *(("same", [f"{p}point_embeddings.{i}.weight"]) for i in range(4)),
        ("same", [p + "not_a_point_embed.weight"]), ("same", [p + "no_mask_embed.weight"]))
    m, p = "layers/sam2_mask_decoder_layer", "sam_mask_decoder."
    add(m, "mask_decoder", *(("same", [f"{p}{token}.weight"]) for token in
                             ("obj_score_token", "iou_token", "mask_tokens")))
    for part in ("conv_s0", "conv_s1"):
        add(f"{m}/{part}", part, *pair("conv", p + part))
    for ours, theirs in (("upscale_conv1", "output_upscaling.0"), ("upscale_conv2", "output_upscaling.3")):
        add(f"{m}/{ours}", ours, *pair("conv", p + theirs))
    add(m + "/upscale_layer_norm", "upscale_layer_norm", *pair("same", p + "output_upscaling.1"))
    u = p + "transformer."
    add(m + "/layer_norm_final_attn", "layer_norm_final_attn", *pair("same", u + "norm_final_attn"))

    def attention(path, official):
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            add(f"{path}/{part}", part, *pair("dense", f"{official}.{part}"))

    attention(m + "/final_attn_token_to_image", u + "final_attn_token_to_image")
    for i in range(2):
        q = f"{u}layers.{i}"
        for ours, theirs in (("self_attns", "self_attn"),
                             ("cross_attn_token_to_images", "cross_attn_token_to_image"),
                             ("cross_attn_image_to_tokens", "cross_attn_image_to_token")):
            path = f"{m}/transformer_{ours}/" + numbered("sam2_two_way_attention", i)
            add(path, f"transformer_{ours}_{i}")
            attention(path, f"{q}.{theirs}")
        for k in (1, 2, 3, 4):
            add(f"{m}/transformer_layer_norm{k}s/" + numbered("layer_normalization", i),
                f"transformer_layer_norm{k}s_{i}", *pair("same", f"{q}.norm{k}"))
        for k in (1, 2):
            add(f"{m}/transformer_mlp_lin{k}s/" + numbered("dense", i), f"transformer_mlp_lin{k}s_{i}",
                *pair("dense", f"{q}.mlp.layers.{k - 1}"))
    for i in range(4):
        for k, (ours, name) in enumerate((("proj_ins", "proj_ins"), ("hidden_layers", "layers"),
                                          ("proj_outs", "proj_outs"))):
            add(f"{m}/output_hypernetworks_mlps_{ours}/" + numbered("dense", i),
                f"output_hypernetworks_mlps_{name}_{i}",
                *pair("dense", f"{p}output_hypernetworks_mlps.{i}.layers.{k}"))
    for ours, theirs in (("iou_head", "iou_prediction_head"), ("obj_score", "pred_obj_score_head")):
        add(f"{m}/{ours}_proj_in", ours + "_proj_in", *pair("dense", f"{p}{theirs}.layers.0"))
        add(f"{m}/{ours}_hidden_layers/dense", ours + "_hidden_layers_0", *pair("dense", f"{p}{theirs}.layers.1"))
        add(f"{m}/{ours}_proj_out", ours + "_proj_out", *pair("dense", f"{p}{theirs}.layers.2"))
    return out


def full_position(state, c):
    """The third code that zeromodels stores: the sum of the other two on the grid of the patches."""
    def cubic(x, a=-0.75):
        x = abs(x)
        return ((a + 2) * x - (a + 3)) * x * x + 1 if x <= 1 else (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0

    side, source = c["side"] // 4, c["background"]
    matrix = np.zeros((side, source), np.float32)
    for row in range(side):
        centre = (row + 0.5) * source / side - 0.5
        for k in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            matrix[row, min(max(k, 0), source - 1)] += cubic(centre - k)
    background = state["image_encoder.trunk.pos_embed"][0].transpose(1, 2, 0)
    window = state["image_encoder.trunk.pos_embed_window"][0].transpose(1, 2, 0)
    grid = np.einsum("yh,xw,hwc->yxc", matrix, matrix, background)
    times = side // c["window"]
    return (grid + np.tile(window, (times, times, 1)))[None].astype(np.float32)


# ---------------------------------------------------------------- writing

def keras_values(layer, state, c):
    for kind, names in layer.variables:
        if kind == "derived":
            yield full_position(state, c)
        elif names[0] in state:
            parts = [CONVERSIONS[kind][0](state[n]) for n in names]
            yield np.concatenate(parts, 0) if len(parts) > 1 else parts[0]
        else:  # what SAM 2 does not have, paz writes as zeros
            yield np.zeros(c["zeros"][names[0]], np.float32)


def write(path, layers, state, c, dtype, named):
    with h5py.File(path, "w") as f:
        for place, layer in layers:
            group = f.create_group(f"{place}/vars" if place else "vars")
            if named:  # Keras 3.6 and later
                group.attrs["name"] = layer.name
            for i, value in enumerate(keras_values(layer, state, c)):
                value = np.ascontiguousarray(value)
                if dtype == "bfloat16":
                    import ml_dtypes
                    data = group.create_dataset(str(i), data=value.astype(ml_dtypes.bfloat16))
                    data.attrs["dtype"] = "bfloat16"
                else:
                    group[str(i)] = value.astype(dtype)


def placed(model, layers):
    """Adds Keras's numbers: dense, dense_1, ... within each class."""
    yield "", Layer("", model)
    count = {}
    for layer in layers:
        number = count.get(layer.group, 0)
        count[layer.group] = number + 1
        yield "layers/" + (f"{layer.group}_{number}" if number else layer.group), layer


def make(arguments):
    c = configuration(arguments.config)
    if arguments.source:
        state = load(arguments.source)
        c = recognised(state)
        version = 2.1 if "no_obj_embed_spatial" in state else 2
    else:
        version = arguments.version
        random = np.random.default_rng(arguments.seed)
        state = {name: (random.standard_normal(shape) * 0.02).astype(np.float32)
                 for name, shape in official_shapes(c, version).items()}
    shapes = official_shapes(c, 2.1)
    wrong = [n for n in official_shapes(c, version) if n not in state or state[n].shape != shapes[n]]
    if wrong:
        sys.exit(f"not the tensors of this configuration: {wrong[:3]}")
    c["zeros"] = {"no_obj_embed_spatial": (1, c["mem"]), "obj_ptr_tpos_proj.weight": (c["d"], c["mem"]),
                  "obj_ptr_tpos_proj.bias": (c["mem"],)}
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    if arguments.layout == "zeromodels":
        layers = [(layer.group, layer) for layer in zeromodels_layers(c)]
        write(out / "model.weights.h5", layers, state, c, arguments.dtype, arguments.names)
        return
    # The nine files of paz, named as in its releases when a variant is given.
    prefix = f"{arguments.variant}_" if arguments.variant else ""
    manifests = {"manifest.json": {}, "video.manifest.json": {}}
    for stem, (model, layers) in paz_files(c).items():
        if arguments.image_only and stem in VIDEO_FILES:
            continue
        path = out / f"{prefix}{stem}.weights.h5"
        write(path, list(placed(model, layers)), state, c, arguments.dtype, arguments.names)
        manifest = manifests["video.manifest.json" if stem in VIDEO_FILES else "manifest.json"]
        manifest[f"{stem}.weights.h5"] = hashlib.sha256(path.read_bytes()).hexdigest()
    for name, content in manifests.items():
        if arguments.variant and content:
            (out / f"{arguments.variant}.{name}").write_text(json.dumps(content, indent=1))


# ---------------------------------------------------------------- reading

def load(path):
    if str(path).endswith(".safetensors"):
        from safetensors.numpy import load_file
        return load_file(path)
    with h5py.File(path) as f:
        found = {}
        f.visititems(lambda n, o: found.update({n.replace("/", "."): o[()]}) if isinstance(o, h5py.Dataset) else None)
    return found


def recognised(state):
    width = state["image_encoder.trunk.patch_embed.proj.weight"].shape[0]
    blocks = 1 + max(int(n.split(".")[3]) for n in state if n.startswith("image_encoder.trunk.blocks."))
    for name in CONFIGS:
        c = configuration(name)
        if (c["width"], sum(c["stages"])) == (width, blocks):
            return c
    sys.exit("no known configuration")


def variables(path):
    """{place: (layer name or None, [arrays])} of a Keras file."""
    found = {}

    def visit(name, node):
        if isinstance(node, h5py.Group) and (name == "vars" or name.endswith("/vars")) and len(node):
            arrays = []
            for key in sorted(node, key=int):
                data, marked = node[key], node[key].attrs.get("dtype") == "bfloat16"
                bits = data[()]
                arrays.append((bits.view(np.uint16).astype(np.uint32) << 16).view(np.float32) if marked else bits)
            found[name[:-5]] = (node.attrs.get("name"), arrays)

    with h5py.File(path) as f:
        f.visititems(visit)
    return found


def unturn(layer, arrays, state):
    if len(arrays) != len(layer.variables):
        sys.exit(f"{layer.name}: {len(arrays)} variables, not {len(layer.variables)}")
    for (kind, names), array in zip(layer.variables, arrays):
        if kind == "derived":
            continue
        if len(names) > 1:
            state.update({n: array[i:i + 1] for i, n in enumerate(names)})
        else:
            state[names[0]] = np.ascontiguousarray(CONVERSIONS[kind][1](array))


def read_paz(folder):
    """Layers by the attribute `name`, which the place in the file does not determine."""
    state, files, by_name = {}, {}, {}
    for path in sorted(folder.glob("*.weights.h5")):
        stem = next((s for s in paz_files(configuration("tiny"))
                     if path.name == f"{s}.weights.h5" or path.name.endswith(f"_{s}.weights.h5")), None)
        if stem:
            files[stem] = path
    for path in files.values():
        for place, (name, arrays) in variables(path).items():
            if name is None:
                sys.exit(f"{path.name}: {place} has no name (Keras before 3.6)")
            by_name[name] = arrays
    blocks = 1 + max(int(n.split("_")[2]) for n in by_name if n.startswith("trunk_block_"))
    width = by_name["patch_embed_proj"][1].shape[0]
    c = next(c for c in map(configuration, CONFIGS) if (c["width"], sum(c["stages"])) == (width, blocks))
    for stem, (_, layers) in paz_files(c).items():
        for layer in layers if stem in files else []:
            if layer.variables:
                unturn(layer, by_name.pop(layer.name), state)
    if by_name:
        sys.exit(f"unknown layers: {sorted(by_name)[:3]}")
    absent = ["no_obj_embed_spatial", "obj_ptr_tpos_proj.weight", "obj_ptr_tpos_proj.bias"]
    if all(n in state and not state[n].any() for n in absent):  # a SAM 2, to which paz adds zeros
        for n in absent:
            del state[n]
    if "pointer" in files:  # read by no released configuration, and not in these files
        state["no_mem_pos_enc"] = np.zeros_like(state["no_mem_embed"])
    return state


def read_zeromodels(path):
    found, state = variables(path), {}
    blocks = sum(p.startswith("layers/sam2_multi_scale_block") and p.endswith("/attn/qkv") for p in found)
    width = found["layers/sam2_hiera_position_embedding"][1][0].shape[-1]
    c = next(c for c in map(configuration, CONFIGS) if (c["width"], sum(c["stages"])) == (width, blocks))
    necks = {v[0]: k for k, v in found.items() if v[0] and v[0].startswith("neck_convs_")}
    for layer in zeromodels_layers(c):
        if layer.variables:
            unturn(layer, found[necks.get(layer.name, layer.group)][1], state)
    return state


def back(arguments):
    source = Path(arguments.source)
    state = read_paz(source) if source.is_dir() else read_zeromodels(source)
    with h5py.File(arguments.out, "w") as f:
        for name in sorted(state):
            f[name] = state[name]
    print(f"{len(state)} tensors")


def compare(arguments):
    a, b = load(arguments.a), load(arguments.b)
    bad = [n for n in a.keys() & b.keys() if a[n].shape != b[n].shape or a[n].tobytes() != b[n].tobytes()]
    print(f"equal {len(a.keys() & b.keys()) - len(bad)}, different {sorted(bad)[:5]}, "
          f"only in A {len(a.keys() - b.keys())} {sorted(a.keys() - b.keys())[:5]}, "
          f"only in B {len(b.keys() - a.keys())} {sorted(b.keys() - a.keys())[:5]}")
    sys.exit(1 if bad else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("make")
    p.add_argument("out")
    p.add_argument("--layout", choices=["paz", "zeromodels"], default="paz")
    p.add_argument("--config", choices=list(CONFIGS), default="nano")
    p.add_argument("--version", type=float, choices=[2, 2.1], default=2.1)
    p.add_argument("--source", help="official names; determines configuration and version")
    p.add_argument("--variant", help="sam2.1_hiera_tiny: names files as in the releases, and writes manifests")
    p.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    p.add_argument("--image-only", action="store_true", help="paz: the four files for pictures")
    p.add_argument("--no-names", dest="names", action="store_false", help="as Keras 3.0 to 3.5 wrote")
    p.add_argument("--seed", type=int, default=0)
    p.set_defaults(run=make)
    p = commands.add_parser("back")
    p.add_argument("source")
    p.add_argument("out")
    p.set_defaults(run=back)
    p = commands.add_parser("compare")
    p.add_argument("a")
    p.add_argument("b")
    p.set_defaults(run=compare)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
