"""Look-alikes of trained weights: outliers of large checkpoints, added to a small one.

    python Scripts/lookalikes.py nano.pt --kind norms --factor 100 -o nano-norms.pt

Trained transformers have channels that are many times larger than the others, tokens with huge
values, weights with heavy tails. Each kind puts one of these into any SAM 2 checkpoint, from a seed.
Kinds marked with = leave the function as it is, up to float32: what one matrix gains the next loses.

  norms   =  channels after a LayerNorm are larger, and the weights that read them smaller
  values  =  channels of an attention's values, against its output projection
  keys    =  channels of queries, against those of keys; in pairs where positions rotate them
  relu    =  hidden channels of a ReLU MLP, against its second product
  scales  =  outputs of a product, against the vector that multiplies them (memory encoder)
  dead    =  as norms, with channels that are smaller
  tails      values and, where they are not rotated, queries and keys are mixed by matrices whose
             elements have heavy tails (Student's t, 2 degrees of freedom); the same function except
             for the blocks that pool queries, where the maximum of mixed channels differs
  tokens     cells of the position code have one huge channel
  fp16    =  all weights are rounded to float16 first, which is how some are published
  all        norms, values, keys, relu, scales, tails and dead channels together

GELU is not homogeneous: after it no channel can be scaled against the next product, and no kind
does so. The decoder adds its normalised tokens to one another, so of its norms only the last is used.
"""

import argparse
import re

import torch

# LayerNorms with the products that read their channels and nothing else does.
NORM_READERS = [
    (r"(image_encoder\.trunk\.blocks\.\d+\.)norm1", ["attn.qkv", "proj"]),
    (r"(image_encoder\.trunk\.blocks\.\d+\.)norm2", ["mlp.layers.0"]),
    (r"(memory_attention\.layers\.\d+\.)norm1",
     ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
    (r"(memory_attention\.layers\.\d+\.)norm2", ["cross_attn_image.q_proj"]),
    (r"(memory_attention\.layers\.\d+\.)norm3", ["linear1"]),
    (r"(memory_encoder\.fuser\.layers\.\d+\.)norm", ["pwconv1"]),
]
FINAL_NORM = "sam_mask_decoder.transformer.norm_final_attn"
FINAL_READERS = re.compile(
    r"(sam_mask_decoder\.(iou_prediction_head|pred_obj_score_head|output_hypernetworks_mlps\.\d+)"
    r"|obj_ptr_proj)\.layers\.0\.weight|sam_mask_decoder\.pred_obj_score_head\.weight")
# Products before and after a ReLU.
RELU_PAIRS = [
    (r"(memory_attention\.layers\.\d+\.)linear1", "linear2"),
    (r"(sam_mask_decoder\.transformer\.layers\.\d+\.mlp\.)layers\.0", "layers.1"),
    (r"(sam_mask_decoder\.output_hypernetworks_mlps\.\d+\.)layers\.0", "layers.1"),
    (r"(obj_ptr_proj\.)layers\.0", "layers.1"),
]


class Lookalike:
    def __init__(self, weights, factor, share, seed):
        self.weights = {name: value.float() for name, value in weights.items()}
        self.factor, self.share = factor, share
        self.random = torch.Generator().manual_seed(seed)

    def matches(self, pattern):
        """Matches of names of layers, in the order of the file."""
        names = [n.removesuffix(".weight") for n in self.weights if n.endswith(".weight")]
        return [m for m in (re.fullmatch(pattern, n) for n in names) if m]

    def some(self, count, share=None):
        """Indices of a share of `count` channels, one of them or more."""
        order = torch.randperm(count, generator=self.random)
        return order[:max(1, round(count * (self.share if share is None else share)))]

    # One channel gains what another loses

    def scale_rows(self, layer, rows, factor):
        for part in (layer + ".weight", layer + ".bias"):
            if part in self.weights:
                self.weights[part][rows] *= factor

    def scale_columns(self, layer, columns, factor):
        self.weights[layer + ".weight"][:, columns] *= factor

    # Kinds

    def norms(self, factor=None, share=None):
        factor = factor or self.factor
        for norm, readers in self.norm_readers():
            chosen = self.some(len(self.weights[norm + ".weight"]), share)
            self.scale_rows(norm, chosen, factor)
            for reader in readers:
                self.scale_columns(reader, chosen, 1 / factor)

    def norm_readers(self):
        for pattern, readers in NORM_READERS:
            for match in self.matches(pattern):
                layers = [match[1] + reader for reader in readers]
                yield match[0], [x for x in layers if x + ".weight" in self.weights]
        if FINAL_NORM + ".weight" in self.weights:
            names = [n for n in self.weights if FINAL_READERS.fullmatch(n)]
            yield FINAL_NORM, [n.removesuffix(".weight") for n in names]

    def dead(self):
        self.norms(1 / self.factor, 0.05)

    def values(self):
        for make, rows, use in self.value_pairs():
            chosen = self.some(len(rows))
            self.scale_rows(make, rows[chosen], self.factor)
            self.scale_columns(use, chosen, 1 / self.factor)

    def value_pairs(self):
        """Producers of values, their rows, and the projections of what attention computes from them."""
        for match in self.matches(r"(.*\.attn\.)qkv"):
            count = self.weights[match[0] + ".weight"].shape[0] // 3
            yield match[0], torch.arange(2 * count, 3 * count), match[1] + "proj"
        for match in self.matches(r"(.*\.)v_proj"):
            count = self.weights[match[0] + ".weight"].shape[0]
            yield match[0], torch.arange(count), match[1] + "out_proj"

    def keys(self):
        for (query, query_rows), (key, key_rows), rotates in self.score_pairs():
            if rotates:
                pairs = self.some(len(query_rows) // 2)
                chosen = torch.cat([2 * pairs, 2 * pairs + 1])
            else:
                chosen = self.some(len(query_rows))
            self.scale_rows(query, query_rows[chosen], self.factor)
            self.scale_rows(key, key_rows[chosen], 1 / self.factor)

    def score_pairs(self):
        """Producers of queries and of keys with their rows, and whether positions rotate them."""
        for match in self.matches(r"(.*\.attn\.)qkv"):
            count = self.weights[match[0] + ".weight"].shape[0] // 3
            rows = torch.arange(count)
            yield (match[0], rows), (match[0], rows + count), False
        for match in self.matches(r"(.*\.)q_proj"):
            rows = torch.arange(self.weights[match[0] + ".weight"].shape[0])
            rotates = match[0].startswith("memory_attention.")
            yield (match[0], rows), (match[1] + "k_proj", rows), rotates

    def relu(self):
        for pattern, reader in RELU_PAIRS:
            for match in self.matches(pattern):
                chosen = self.some(self.weights[match[0] + ".weight"].shape[0])
                self.scale_rows(match[0], chosen, self.factor)
                self.scale_columns(match[1] + reader, chosen, 1 / self.factor)

    def scales(self):
        for match in self.matches(r"(memory_encoder\.fuser\.layers\.\d+\.)pwconv2"):
            gamma = self.weights[match[1] + "gamma"]
            chosen = self.some(len(gamma))
            self.scale_rows(match[0], chosen, 1 / self.factor)
            gamma[chosen] *= self.factor

    def tails(self):
        # No head is narrower than 8 channels, so blocks of 8 stay within one.
        for make, rows, use in self.value_pairs():
            for block in rows.split(8):
                mixed, inverse = self.mixture(len(block))
                self.mix_rows(make, block, mixed)
                columns = block - rows[0]
                weight = self.weights[use + ".weight"]
                weight[:, columns] = (weight[:, columns].double() @ inverse).float()
        for (query, query_rows), (key, key_rows), rotates in self.score_pairs():
            if rotates:
                continue
            for a, b in zip(query_rows.split(8), key_rows.split(8)):
                mixed, inverse = self.mixture(len(a))
                self.mix_rows(query, a, mixed)
                self.mix_rows(key, b, inverse.T)

    def mix_rows(self, layer, rows, matrix):
        for part in (layer + ".weight", layer + ".bias"):
            if part in self.weights:
                value = self.weights[part]
                value[rows] = (matrix @ value[rows].double()).float()

    def mixture(self, count):
        """A matrix with elements of heavy tails off its diagonal of ones, and its inverse."""
        normal = torch.randn(count, count, generator=self.random, dtype=torch.float64)
        chi = torch.randn(2, count, count, generator=self.random, dtype=torch.float64)
        student = normal / (chi.square().mean(0)).sqrt()
        # Triangular, so that the inverse is as exact; bounded, so that it stays invertible in float.
        mixed = torch.eye(count, dtype=torch.float64) + 0.1 * student.clamp(-40, 40).triu(1)
        return mixed, torch.linalg.inv(mixed)

    def tokens(self):
        code = self.weights["image_encoder.trunk.pos_embed_window"]
        deviation = code.std()
        code = self.weights["image_encoder.trunk.pos_embed"]
        cells = self.some(code.shape[2] * code.shape[3], 0.04)
        channel = self.some(code.shape[1])[0]
        for cell in cells.tolist():
            code[0, channel, cell // code.shape[3], cell % code.shape[3]] += (
                self.factor * deviation)

    def fp16(self):
        self.weights = {name: value.half().float() for name, value in self.weights.items()}

    def all(self):
        for kind in (self.tails, self.norms, self.values, self.keys, self.relu, self.scales,
                     self.dead):
            kind()


KINDS = ["norms", "values", "keys", "relu", "scales", "dead", "tails", "tokens", "fp16", "all"]


def make(checkpoint, kinds, factor, seed, output, share=0.02):
    """Writes the look-alike of a checkpoint; kinds are applied in the given order."""
    file = torch.load(checkpoint, map_location="cpu", weights_only=True)
    lookalike = Lookalike(file["model"], factor, share, seed)
    for kind in kinds:
        getattr(lookalike, kind)()
    torch.save({"model": lookalike.weights}, output)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--kind", choices=KINDS, action="append", required=True, help="repeatable")
    parser.add_argument("--factor", type=float, default=100)
    parser.add_argument("--share", type=float, default=0.02, help="of the channels")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", required=True)
    o = parser.parse_args()
    make(o.checkpoint, o.kind, o.factor, o.seed, o.output, o.share)


if __name__ == "__main__":
    main()
