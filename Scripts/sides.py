"""The two sides of a comparison: the official code, and this project's commands.

Both answer the same two questions. `image` gives, for each prompt, the decoder's `logits` (float32
[masks, S/4, S/4]), the guessed `ious` and the object `score`; `video` gives {(frame, object):
(logits, score)} for an interaction script.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import torch
from PIL import Image

import official

SEED = 0


class Reference:
    """The official code's answers for one model, computed once and kept in a folder.

    Without a checkpoint the model gets seeded random weights, which are kept there as well. With
    `autocast` it runs under bfloat16 autocast, as its examples do. `image_size` replaces that of
    the configuration.
    """

    def __init__(
        self, name, folder, config, checkpoint=None, autocast=False, image_size=None
    ):
        self.name, self.folder, self.config, self.checkpoint = name, folder, config, checkpoint
        self.autocast, self.image_size = autocast, image_size
        self.folder.mkdir(parents=True, exist_ok=True)
        self._model = None
        if checkpoint is None:
            self.checkpoint = self.folder / "checkpoint.pt"
            recipe = {"seed": SEED, "recipe": digest(official.__file__), "size": image_size}
            self._once("checkpoint", recipe, self._save_random, self.checkpoint)
        self.weights = digest(self.checkpoint)

    @property
    def model(self):
        """The official model, built when first needed."""
        if self._model is None:
            self._model = official.load(self.config, self.checkpoint, self.image_size)
        return self._model

    def _save_random(self):
        self._model = official.build_random(self.name, SEED, self.image_size)
        torch.save({"model": self._model.state_dict()}, self.checkpoint)

    def image(self, picture, prompts):
        """Answers to prompts on one picture: a list of logits, ious and score."""
        masks = "multi" if prompts[0]["multimask"] else "single"
        path = self.folder / f"{picture.stem}-{masks}.npz"
        key = {"weights": self.weights, "picture": digest(picture), "prompts": prompts}
        self._once(path.stem, key, lambda: self._run_image(picture, prompts, path), path)
        kept = np.load(path)
        return [
            {"logits": kept["logits"][i], "ious": kept["ious"][i], "score": kept["scores"][i]}
            for i in range(len(prompts))
        ]

    def _run_image(self, picture, prompts, path):
        image = np.array(Image.open(picture).convert("RGB"))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            answers = official.segment(self.model, image, prompts)
        np.savez(
            path,
            logits=np.stack([answer["logits"] for answer in answers]),
            ious=np.stack([answer["ious"] for answer in answers]),
            scores=np.array([answer["score"] for answer in answers]),
        )

    def video(self, frames, name, actions):
        """{(frame, object): (logits, score)} of the script `name` on a folder of frames."""
        path = self.folder / f"{name}.npz"
        content = [digest(frame) for frame in sorted(frames.iterdir())]
        key = {"weights": self.weights, "frames": content, "actions": actions}
        self._once(name, key, lambda: self._run_video(frames, actions, path), path)
        kept = np.load(path)
        places = map(tuple, kept["places"].tolist())
        return dict(zip(places, zip(kept["logits"], kept["scores"])))

    def _run_video(self, frames, actions, path):
        actions = [with_mask(action) for action in actions]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            answers = official.track(self.model, frames, actions)
        np.savez(
            path,
            places=np.array(list(answers)),
            logits=np.stack([answer["logits"] for answer in answers.values()]),
            scores=np.array([answer["score"] for answer in answers.values()]),
        )

    def _once(self, name, key, make, result):
        """Calls `make` unless `result` was made from the same things before."""
        key = json.dumps(key | {"sam2": version("sam2"), "torch": torch.__version__})
        note = self.folder / f"{name}.key.json"
        if result.exists() and note.exists() and note.read_text() == key:
            return
        print(f"{self.name}: official code, {name}", file=sys.stderr)
        make()
        note.write_text(key)


def with_mask(action):
    """An action whose mask file is replaced by what is in it: bool [H, W]."""
    if action["do"] != "add_mask":
        return action
    return action | {"mask": np.array(Image.open(action["mask"]).convert("L")) > 127}


def digest(path):
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Tools:
    """The built commands, and one converted model; `options` go to every run of it."""

    def __init__(self, binaries, folder, options=()):
        self.binaries, self.folder, self.options = binaries, folder, options
        self.model = folder / "model.sam2"
        self.folder.mkdir(parents=True, exist_ok=True)

    def convert(self, checkpoint, config, image_size=None):
        """Converts a checkpoint; `config` only where the shapes alone do not determine it."""
        extra = ["--config", config] if config else []
        extra += ["--image-size", image_size] if image_size else []
        self._run("sam2-convert", checkpoint, "-o", self.model, "--force", *extra)

    def image(self, picture, prompts):
        """Answers to prompts on one picture: a list of logits, ious and score."""
        request, logits = self.folder / "prompts.json", self.folder / "logits.npy"
        request.write_text(json.dumps({"prompts": prompts}))
        logits.unlink(missing_ok=True)
        output = self._run(
            *("sam2", "segment", picture, "--model", self.model, "--prompts", request),
            *("--save-logits", logits, "-o", self.folder / "masks", "--json"),
            *self.options,
        )
        answers = list(holding("object_score", json.loads(output)))
        return [
            {"logits": array, "ious": answer["predicted_iou"], "score": answer["object_score"]}
            for array, answer in zip(np.load(logits), answers, strict=True)
        ]

    def video(self, frames, name, actions):
        """{(frame, object): (logits, score)} of a script on a folder of frames.

        The score is `None` where a later answer on the frame no longer has the object.
        """
        script, logits = self.folder / "script.json", self.folder / "logits"
        script.write_text(json.dumps({"actions": actions}))
        for folder in (logits, self.folder / "track"):
            shutil.rmtree(folder, ignore_errors=True)
        output = self._run(
            *("sam2", "track", frames, "--model", self.model, "--script", script),
            *("--save-logits", logits, "-o", self.folder / "track"),
            *("--fill-hole-area", "0", "--json"),
            *self.options,
        )
        scores = {
            (answer["frame"], answer["object"]): answer["object_score"]
            for answer in holding("object_score", json.loads(output))
        }
        place = lambda path: tuple(int(part) for part in path.stem.split("_"))  # noqa: E731
        return {place(p): (np.load(p), scores.get(place(p))) for p in sorted(logits.glob("*.npy"))}

    def _run(self, command, *arguments):
        line = [str(self.binaries / command), *map(str, arguments)]
        try:
            done = subprocess.run(line, capture_output=True, text=True)
        except OSError as failure:
            raise ToolFailure(str(failure)) from failure
        if done.returncode != 0:
            raise ToolFailure(f"{' '.join(line)}\nexit {done.returncode}: {done.stderr.strip()}")
        return done.stdout


class ToolFailure(Exception):
    """A command of this project ended with an error."""


def holding(key, tree, context=None):
    """Every dictionary in a JSON tree that holds `key`, together with the values of its parents."""
    if isinstance(tree, list):
        for child in tree:
            yield from holding(key, child, context)
    elif isinstance(tree, dict):
        context = (context or {}) | {k: v for k, v in tree.items() if not isinstance(v, dict)}
        if key in tree:
            yield context
        else:
            for child in tree.values():
                yield from holding(key, child, context)
