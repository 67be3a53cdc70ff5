"""Compares the tokens of `sam2-convert tokenize` with those of transformers and open_clip.

    python Scripts/check_tokenizer.py --convert .build/release/sam2-convert

More than 10,000 lines: words, punctuation, numbers, emoji, CJK, combining marks, control characters,
every scalar of the planes with letters, very long words, names of special tokens. transformers (`CLIPTokenizer`, which
`Owlv2Processor` and `OwlViTProcessor` use) must agree on every line. open_clip cleans its texts in
another way (ftfy, HTML entities, Python's `lower`, no NFC; "!" is a sign and not the padding), so lines on which the two Python
programs differ are counted, and it must agree on all others.

    python Scripts/check_tokenizer.py --write-fixtures Tests/TokenizerTests/Fixtures

writes the first merges of CLIP and the tokens that transformers makes with them, which the Swift
tests read. Needs transformers 5.24.0 and open-clip-torch 3.3.0 (with the merges inside).
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import open_clip
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode
from transformers import CLIPTokenizer

SEED = 20
CLIP_MERGES = 48894
FIXTURE_MERGES = 1500
FIXTURE_LINES = 260


def clip_merges():
    path = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    return gzip.open(path, "rt", encoding="utf-8").read().split("\n")[1 : CLIP_MERGES + 1]


def transformers_tokenizer(merges):
    letters = list(bytes_to_unicode().values())
    tokens = letters + [letter + "</w>" for letter in letters]
    tokens += ["".join(merge.split()) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    assert len(vocabulary) == len(tokens)
    pairs = [tuple(merge.split()) for merge in merges]
    return CLIPTokenizer(vocab=vocabulary, merges=pairs, pad_token="!")


# Inclusive ranges of scalars from which lines are composed.
RANGES = {
    "latin": [(0x20, 0x7E)],
    "accents": [(0xA0, 0x24F), (0x1E00, 0x1EFF)],
    "marks": [(0x41, 0x5A), (0x61, 0x7A), (0x300, 0x36F), (0x1AB0, 0x1ABE), (0x20D0, 0x20F0)],
    "greek and cyrillic": [(0x370, 0x52F)],
    "hebrew and arabic": [(0x590, 0x6FF)],
    "indic": [(0x900, 0xDFF)],
    "hangul": [(0x1100, 0x11FF), (0xAC00, 0xAC80), (0x20, 0x20)],
    "cjk": [(0x3000, 0x30FF), (0x4E00, 0x4FFF), (0xF900, 0xFA2D)],
    "emoji": [(0x1F300, 0x1F6FF), (0x1F900, 0x1F9FF), (0x200D, 0x200D), (0xFE0F, 0xFE0F)],
    "controls": [(0x00, 0x20), (0x7F, 0xA0), (0x2000, 0x206F), (0x61, 0x64), (0xFEFF, 0xFEFF)],
    "numbers": [(0x30, 0x39), (0xB2, 0xB3), (0xBC, 0xBE), (0x2150, 0x2189), (0x660, 0x669)],
    "anything": [(0x00, 0xD7FF), (0xE000, 0x10FFFF)],
}
# Letters that Unicode 17 added: known to Swift 6.3, and not yet to transformers' library of regular
# expressions (Oniguruma, Unicode 16), which takes them for signs. Lines are without them.
UNICODE_17 = [
    (0x088F, 0x088F), (0x0C5C, 0x0C5C), (0x0CDC, 0x0CDC), (0xA7CE, 0xA7CF), (0xA7F1, 0xA7F1),
    (0x10940, 0x10959), (0x10EC5, 0x10EC7), (0x11DB0, 0x11DDB), (0x16EA0, 0x16ED3),
    (0x16FF2, 0x16FF3), (0x187F8, 0x187FF), (0x18D09, 0x18D1E), (0x18D80, 0x18DF2),
    (0x1E6C0, 0x1E6FF), (0x2B73A, 0x2B73F), (0x2CEA2, 0x2CEAD), (0x323B0, 0x33479),
]  # fmt: skip
WORDS = (
    "a photo of the red hexagon Cat DOG don't I'LL we're 've it's 2nd 1,000 x-ray naïve CAFÉ Straße "
    "ǅungla İstanbul ΟΔΟΣ ﬁne e\u0301 \u1100\u1161\u11a8 <|endoftext|> <|startoftext|> "
    "<|ENDOFTEXT|> <|endoftext|>! &amp; &lt;b&gt; '' '' ... !!!'s supercalifragilistic 🦊 👩‍👩‍👧 🇩🇪"
).split(" ")


def scalar(generator, ranges):
    first, last = generator.choice(ranges)
    return chr(generator.randint(first, last))


def lines(seed):
    generator = random.Random(seed)
    found = ["", " ", "\n", "a", "'", "<", "<|", "<|endoftext|>", "<|endoftext|><|endoftext|>"]
    for ranges in RANGES.values():
        for _ in range(700):
            found.append("".join(scalar(generator, ranges) for _ in range(generator.randint(1, 40))))
    for _ in range(3000):
        words = [generator.choice(WORDS) for _ in range(generator.randint(1, 12))]
        found.append(generator.choice([" ", "  ", "\t", "", "\u00a0"]).join(words))
    for _ in range(40):
        letters = scalar(generator, RANGES["latin"]) + scalar(generator, RANGES["accents"])
        found.append("".join(generator.choice(letters + "abcde") for _ in range(3000)))
    every = [chr(code) for first, last in RANGES["anything"] for code in range(first, last + 1)]
    # Each scalar between letters, in lines of 64: categories, white space, case, composition.
    for start in range(0, 0x30000, 64):
        found.append("".join(f"a{c}b " for c in every[start : start + 64]))
    generator.shuffle(found)
    return ["".join(c for c in line if not is_new(c)) for line in found]


def is_new(character):
    return any(first <= ord(character) <= last for first, last in UNICODE_17)


def ours(command, merges, texts):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "texts.json")
        file.write_text(json.dumps(texts))
        arguments = [command, "tokenize", merges, "--texts", file]
        output = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def check(command):
    merges = clip_merges()
    texts = lines(SEED)
    tokenizer = transformers_tokenizer(merges)
    reference = [tokenizer(text)["input_ids"] for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "merges.txt")
        file.write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        found = ours(command, file, texts)
    wrong = [i for i in range(len(texts)) if found[i] != reference[i]]
    for index in wrong[:10]:
        first = next(i for i, (a, b) in enumerate(zip(found[index], reference[index])) if a != b)
        near = slice(max(0, first - 2), first + 6)
        print(ascii(texts[index])[:200], reference[index][near], found[index][near], sep="\n  ")
    clip = SimpleTokenizer()
    ends = [clip.sot_token_id], [clip.eot_token_id]
    other = [ends[0] + clip.encode(text) + ends[1] for text in texts]
    differing = sum(a != b for a, b in zip(other, reference))
    print(
        f"{len(texts)} lines: {len(wrong)} differ from transformers; "
        f"open_clip differs from transformers on {differing}, "
        f"from us on {sum(a != b for a, b in zip(other, found))}"
    )
    return not wrong


def write_fixtures(folder):
    merges = clip_merges()[:FIXTURE_MERGES]
    tokenizer = transformers_tokenizer(merges)
    # Scalars of new versions of Unicode are not in every library, and lines are to be short.
    texts = [t for t in lines(SEED) if len(t) < 60 and all(ord(c) < 0x20000 for c in t)]
    texts = [t for t in texts if all(stable(c) for c in t)][:FIXTURE_LINES]
    cases = [{"text": text, "tokens": tokenizer(text)["input_ids"]} for text in texts]
    Path(folder, "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    rows = ",\n".join(json.dumps(case) for case in cases)
    Path(folder, "tokens.json").write_text(f"[\n{rows}\n]\n")


def stable(character):
    return unicodedata.category(character) not in ("Cn", "Cs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--convert", default=".build/release/sam2-convert")
    parser.add_argument("--write-fixtures", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.write_fixtures:
        write_fixtures(arguments.write_fixtures)
        return 0
    return 0 if check(arguments.convert) else 1


if __name__ == "__main__":
    sys.exit(main())
