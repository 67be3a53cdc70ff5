"""The words that the small detector learns: phrases for coloured shapes, and a tokenizer for them."""

from collections import Counter

# Names of each colour and shape; the first one is the usual one.
COLOURS = {
    "red": ["red"],
    "orange": ["orange"],
    "yellow": ["yellow"],
    "green": ["green"],
    "teal": ["teal", "cyan", "turquoise"],
    "blue": ["blue"],
    "purple": ["purple", "violet"],
    "pink": ["pink", "magenta"],
    "white": ["white"],
    "black": ["black"],
}
SHAPES = {
    "disc": ["disc", "circle"],
    "ellipse": ["ellipse", "oval"],
    "triangle": ["triangle"],
    "square": ["square", "box"],
    "hexagon": ["hexagon"],
    "star": ["star"],
    "cross": ["cross", "plus"],
    "blob": ["blob", "patch"],
}
ANYTHING = ["object", "thing", "shape"]
FRAMES = ["{}", "{}", "{}", "a {}", "the {}", "a photo of a {}", "a picture of the {}"]
# Things that no scene shows. Others are spelt with random letters.
ELSEWHERE = (
    "cat dog person man woman child car truck bus bicycle train boat plane horse cow sheep bird fish "
    "tree flower grass house door window road sign lamp chair table bed book cup bottle phone shoe "
    "hat face hand apple banana bread cake cloud sun mountain river beach"
).split()

MERGES = 250


def phrase(random, colour, shape):
    """A phrase for things of that colour and shape, each None for any."""
    colour_name = random.choice(COLOURS[colour]) if colour else ""
    shape_name = random.choice(SHAPES[shape] if shape else ANYTHING)
    words = f"{colour_name} {shape_name}".strip()
    if random.random() < 0.1:
        return f"all {words}{'es' if words.endswith(('s', 'x', 'ch')) else 's'}"
    return random.choice(FRAMES).format(words)


def stranger(random):
    """A phrase for something that no scene shows, now and then of a known colour."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    word = random.choice(ELSEWHERE)
    if random.random() < 0.3:
        word = "".join(random.choice(letters) for _ in range(random.randint(2, 8)))
    if random.random() < 0.15:
        word = f"{random.choice(list(COLOURS))} {word}"
    return random.choice(FRAMES).format(word)


def query(random, known):
    """A phrase and the colour and shape that it asks for: names, None for any; "" for neither.

    `known` are colours and shapes that are shown; half of the phrases ask for one of them, or for
    its colour in another shape.
    """
    kind = random.random()
    if kind < 0.15:
        return stranger(random), "", ""
    colour, shape = random.choice(list(COLOURS)), random.choice(list(SHAPES))
    if known and kind < 0.8:
        colour, shown = random.choice(known)
        shape = shown if kind < 0.45 else shape
    elif kind > 0.97:
        colour = shape = None
    return phrase(random, colour, shape), colour, shape


def every_word(random):
    """A phrase for each shape, then one for each colour, as `query` returns them."""
    found = [(phrase(random, None, shape), None, shape) for shape in SHAPES]
    return found + [(phrase(random, colour, None), colour, None) for colour in COLOURS]


# The tokenizer


def alphabet():
    """The characters for the 256 bytes in byte-level BPE, in the order of their tokens."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(0x100 + i) for i in range(len(others))]


def learnt_merges(count=MERGES):
    """The commonest pairs of the words above, in the file format of CLIP."""
    words = Counter()
    for names, weight in [(COLOURS, 40), (SHAPES, 40)]:
        for name in (name for group in names.values() for name in group):
            words[name] += weight
            words[name + ("es" if name.endswith(("s", "x", "ch")) else "s")] += weight // 4
    words.update({"a": 40, "the": 40, "of": 40, "photo": 30, "picture": 30, "all": 20})
    words.update({name: 20 for name in ANYTHING} | {name: 1 for name in ELSEWHERE})
    spelt = {word: (*word[:-1], word[-1] + "</w>") for word in words}
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, parts in spelt.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(" ".join(best))
        spelt = {word: joined(parts, best) for word, parts in spelt.items()}
    return merges


def joined(parts, pair):
    result = []
    for part in parts:
        if result and (result[-1], part) == pair:
            result[-1] += part
        else:
            result.append(part)
    return tuple(result)


class Tokenizer:
    """Tokens of lower-case words, as CLIP's tokenizer makes them of these merges."""

    def __init__(self, merges, length=16):
        letters = alphabet()
        tokens = letters + [letter + "</w>" for letter in letters]
        tokens += ["".join(merge.split()) for merge in merges]
        self.tokens = {token: index for index, token in enumerate(tokens)}
        self.ranks = {tuple(merge.split()): rank for rank, merge in enumerate(merges)}
        self.start, self.end = len(tokens), len(tokens) + 1
        self.length, self.known = length, {}

    @property
    def count(self):
        return self.end + 1

    def __call__(self, text):
        """Tokens of `text`, filled up with zeros, or cut before its end."""
        found = [token for word in text.split() for token in self.word(word)]
        found = [self.start, *found[: self.length - 2], self.end]
        return found + [0] * (self.length - len(found))

    def word(self, word):
        if word not in self.known:
            parts = (*word[:-1], word[-1] + "</w>")
            while True:
                pairs = [pair for pair in zip(parts, parts[1:]) if pair in self.ranks]
                if not pairs:
                    break
                parts = joined(parts, min(pairs, key=self.ranks.get))
            self.known[word] = [self.tokens[part] for part in parts]
        return self.known[word]
