"""Checks the import of checkpoints with the names of Hugging Face transformers.

For each configuration: official random weights, renamed by transformers' own conversion logic,
loaded strictly into its `Sam2VideoModel`, saved by it (one file, then shards), converted by
`sam2-convert`, exported with official names, and compared with the official weights bit by bit.

    python Scripts/check_hf_names.py --convert .build/release/sam2-convert \\
        --converter convert_sam2_video_to_hf.py [sam2.1-tiny ...]

transformers ships its conversion script in its repository but not in its package: download
`src/transformers/models/sam2_video/convert_sam2_video_to_hf.py` and name it as --converter.
Needs, beside requirements.txt: transformers 5.23.0.

    python Scripts/check_hf_names.py --write-names FILE

writes the names and shapes of their SAM 2.1 Tiny, which the Swift tests read.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import safetensors.torch
import torch
from transformers import (
    Sam2HieraDetConfig,
    Sam2VideoConfig,
    Sam2VideoMaskDecoderConfig,
    Sam2VideoModel,
    Sam2VideoPromptEncoderConfig,
    Sam2VisionConfig,
)

import official

# Their names for our sizes.
SIZES = {"tiny": "tiny", "small": "small", "base+": "base_plus", "large": "large"}


def trunk_config(**settings):
    """Their script gives tuples where their newer configuration class asks for lists."""
    lists = {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}
    return Sam2HieraDetConfig(**lists)


def conversion_logic(path):
    """`get_config` and `replace_keys` of their script, without the imports of its command line."""
    kept = ("get_config", "replace_keys", "KEYS_TO_MODIFY_MAPPING")
    tree = ast.parse(Path(path).read_text())

    def is_kept(node):
        if isinstance(node, ast.FunctionDef):
            return node.name in kept
        return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in kept

    tree.body = [node for node in tree.body if is_kept(node)]
    names = {
        "re": re,
        "torch": torch,
        "Sam2HieraDetConfig": trunk_config,
        "Sam2VideoConfig": Sam2VideoConfig,
        "Sam2VideoMaskDecoderConfig": Sam2VideoMaskDecoderConfig,
        "Sam2VideoPromptEncoderConfig": Sam2VideoPromptEncoderConfig,
        "Sam2VisionConfig": Sam2VisionConfig,
    }
    exec(compile(tree, path, "exec"), names)
    return names["get_config"], names["replace_keys"]


def official_weights(name):
    """Random weights in every tensor; constants would hide that two of them were exchanged."""
    torch.manual_seed(0)
    weights = official.build(official.config_path(name)).state_dict()
    return {key: torch.randn_like(value) for key, value in weights.items()}


def exported(convert, checkpoint, folder):
    """The weights of a checkpoint that `sam2-convert` has converted and exported, and its report."""
    model, output = folder / "model.sam2", folder / "out.safetensors"
    arguments = [convert, checkpoint, "-o", model, "--force", "--json"]
    report = json.loads(subprocess.run(arguments, check=True, capture_output=True).stdout)
    subprocess.run([convert, "export", model, "-o", output, "--force", "-q"], check=True)
    return safetensors.torch.load_file(output), report


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()


def check(name, convert, get_config, replace_keys):
    weights = official_weights(name)
    version, size = name.split("-", 1)
    config = get_config(f"{version}_hiera_{SIZES[size]}")
    model = Sam2VideoModel(config)
    model.load_state_dict(replace_keys(dict(weights), config), strict=True)
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model.save_pretrained(folder / "whole")
        model.save_pretrained(folder / "shards", max_shard_size="40MB")
        bare = folder / "official.safetensors"
        safetensors.torch.save_file(weights, bare)
        sources = {
            "transformers": folder / "whole/model.safetensors",
            "transformers, shards": folder / "shards/model.safetensors.index.json",
            "official names": bare,
        }
        for kind, checkpoint in sources.items():
            tensors, report = exported(convert, checkpoint, folder)
            same = sum(key in tensors and same_bits(weights[key], tensors[key]) for key in weights)
            good = same == len(weights) == len(tensors)
            failures += not good
            shards = len(list((folder / "shards").glob("*.safetensors")))
            extra = f" in {shards} files" if "shards" in kind else ""
            print(
                f"{name}, {kind}{extra}: {same} of {len(weights)} tensors bit-identical, "
                f"recognised as {report['variant']}: {'ok' if good else 'FAILED'}",
                flush=True,
            )
    return failures


def write_names(path):
    with torch.device("meta"):
        state = Sam2VideoModel(Sam2VideoConfig()).state_dict()
    rows = [" ".join([name, *map(str, value.shape)]) for name, value in state.items()]
    Path(path).write_text("\n".join(rows) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", default=["sam2.1-tiny", "sam2-tiny"])
    parser.add_argument("--convert", help="the built sam2-convert")
    parser.add_argument("--converter", help="their convert_sam2_video_to_hf.py")
    parser.add_argument("--write-names", metavar="FILE", help="write their names and shapes")
    arguments = parser.parse_args()
    if arguments.write_names:
        write_names(arguments.write_names)
        return
    if not arguments.convert or not arguments.converter:
        parser.error("give --convert and --converter")
    logic = conversion_logic(arguments.converter)
    convert = Path(arguments.convert).resolve()
    failures = sum(check(name, convert, *logic) for name in arguments.names)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
