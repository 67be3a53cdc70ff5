"""Kills sam2-convert at random moments, fills its disk, locks its folder and changes its input.

    kill_converter.py --bin .build/release --checkpoint FILE.pt --work WORK [--moments 50]
        [--changes 20]

After each SIGKILL there must be no output, or one that `verify` accepts; every second run replaces
an older output, which must then still be there or be replaced whole. Counts the temporaries that
killed runs left (where the file system can hold a file without a name, as ext4, XFS, Btrfs and
tmpfs can, there are none) and checks that the next run works beside them. As root, it also runs
on a full disk and in a read-only folder (two small mounts), else only under a limit of file size.
Then other conversions have their checkpoint cut short or touched while they read it: they must
refuse it (65) or report that it changed (74) and leave nothing, or have ended before.
Exits with 1 if anything is not as it should be. Needs Python only.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import verdict


class Converter:
    def __init__(self, program, checkpoint):
        self.program, self.checkpoint = program, checkpoint

    def command(self, output):
        return [self.program, self.checkpoint, "-q", "--no-golden", "--force", "-o", output]

    def accepts(self, model):
        return subprocess.run([self.program, "verify", "-q", model]).returncode == 0

    def killed(self, output, delay):
        """Kills a conversion after `delay` seconds; whether it had ended before."""
        process = subprocess.Popen(self.command(output), stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        return process.wait() == 0

    def run(self, output, **keywords):
        return subprocess.run(self.command(output), capture_output=True, text=True, **keywords)


def kill(converter, folder, moments):
    """Kills conversions; returns what went wrong."""
    output = folder / "model.sam2"
    start = time.monotonic()
    if converter.run(output).returncode != 0:
        return ["the conversion fails even when nobody kills it"]
    duration = time.monotonic() - start
    print(f"a conversion takes {duration:.2f} s; killing {moments}")
    problems, counts = [], Counter()
    for moment in range(moments):
        replaces = moment % 2 == 1
        if not replaces:
            output.unlink(missing_ok=True)
        elif not output.exists():
            converter.run(output)
        delay = random.uniform(0, 1.1 * duration)
        ended = converter.killed(output, delay)
        if not output.exists():
            state = "no output"
            if replaces or ended:
                problems.append(f"killed after {delay:.3f} s: the output is missing")
        elif converter.accepts(output):
            state = "whole output"
        else:
            state = "broken output"
            problems.append(f"killed after {delay:.3f} s: the output is broken")
        counts[("ended before" if ended else "killed", "old" if replaces else "new", state)] += 1
    for (end, kind, state), count in sorted(counts.items()):
        print(f"  {count:3} {end}, {kind} name: {state}")
    left = [path.name for path in folder.iterdir() if path != output]
    print(f"  {len(left)} temporaries left in the folder {left[:3] if left else ''}".rstrip())
    if converter.run(output).returncode != 0 or not converter.accepts(output):
        problems.append("the run after the killed ones fails")
    return problems


@contextmanager
def mounted(folder, *options):
    folder.mkdir()
    subprocess.run(["mount", *options, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def expect(converter, what, folder, code, **keywords):
    """Runs a conversion into `folder`, which must end with `code` and leave nothing."""
    done = converter.run(folder / "model.sam2", **keywords)
    print(f"{what}: exit {done.returncode}: {done.stderr.strip()}")
    problems = []
    if done.returncode != code or not done.stderr:
        problems.append(f"{what}: exit {done.returncode} instead of {code}")
    if list(folder.iterdir()):
        problems.append(f"{what}: {os.listdir(folder)} left")
    return problems


def refuse(converter, work):
    """Runs where no output can be written; returns what went wrong."""
    folder = work / "limited"
    folder.mkdir()
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # noqa: E731
    problems = expect(converter, "limit of file size", folder, 74, preexec_fn=limit)
    folder.rmdir()
    if os.geteuid() != 0:
        print("not root: no full disk and no read-only folder")
        return problems
    size = converter.checkpoint.stat().st_size // 3
    with mounted(work / "full", "-t", "tmpfs", "-o", f"size={size}", "none") as folder:
        problems += expect(converter, "full disk", folder, 74)
    # Root may write anywhere that is not mounted read-only.
    with mounted(work / "locked", "-t", "tmpfs", "-o", "ro,size=1m", "none") as folder:
        problems += expect(converter, "read-only folder", folder, 73)
    return problems


def cut(path, size):
    os.truncate(path, random.randrange(size))


def touch(path, size):
    os.utime(path)


def extend(path, size):
    with open(path, "ab") as file:
        file.write(b"more")


def change(converter, work, count):
    """Changes checkpoints that are being converted; returns what went wrong."""
    folder = work / "changed"
    folder.mkdir()
    copy, output = work / "changing.pt", folder / "model.sam2"
    size = converter.checkpoint.stat().st_size
    shutil.copy(converter.checkpoint, copy)
    start = time.monotonic()
    subprocess.run([converter.program, copy, "-q", "-o", output], check=True)
    duration = time.monotonic() - start
    problems, counts = [], Counter()
    for number in range(count):
        output.unlink(missing_ok=True)
        shutil.copy(converter.checkpoint, copy)
        process = subprocess.Popen(
            [converter.program, copy, "-q", "-o", output], stderr=subprocess.PIPE, text=True)
        time.sleep(random.uniform(0.02, duration))
        way = (cut, touch, extend)[number % 3]
        way(copy, size)
        _, errors = process.communicate()
        code = process.returncode
        counts[(way.__name__, code)] += 1
        if code not in (0, 65, 74) or (code != 0 and errors.count("\n") != 1):
            problems.append(f"{way.__name__}: exit {code}: {errors}")
        if code == 0 and not converter.accepts(output):
            problems.append(f"{way.__name__}: exit 0 and a broken output")
        if code != 0 and list(folder.iterdir()):
            problems.append(f"{way.__name__}: {os.listdir(folder)} left")
    print(f"{count} checkpoints changed while they were read")
    for (way, code), times in sorted(counts.items()):
        print(f"  {times:3} {way}: exit {code}")
    if not any(code == 74 for _, code in counts):
        problems.append("no change was met while reading: nothing was tested")
    copy.unlink()
    shutil.rmtree(folder)
    return problems


def main():
    parser = verdict.parser(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    folder = arguments.work / "killed"
    folder.mkdir(parents=True)
    converter = Converter(arguments.bin.resolve() / "sam2-convert", arguments.checkpoint)
    try:
        problems = kill(converter, folder, arguments.moments)
        problems += refuse(converter, arguments.work)
        problems += change(converter, arguments.work, arguments.changes)
    finally:
        shutil.rmtree(folder)
    verdict.conclude(problems)


if __name__ == "__main__":
    main()
