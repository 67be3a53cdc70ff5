#!/usr/bin/env python3
"""Drives the page of `sam2 serve` in a real browser, and compares what it exports with the commands.

    Scripts/check_page.py [--bin FOLDER] [--model FILE] [--chromium PROGRAM] [--shots FOLDER] [--measure]

Needs playwright (PyPI) and Chromium; Debian's is enough: apt-get install chromium. Serves a sample
scene on a free port, clicks, draws a box, refines, undoes, exports COCO and compares it with
`sam2 segment`; then opens the clip, prompts, tracks, corrects, tracks again, exports DAVIS and compares
it with `sam2 track`. Reports the rate of masks under the pointer and the time from a click to its mask
on the canvas, both with the picture encoded; with --measure that is all it does.

Exit codes: 0 all as it should be, 1 not.
"""
import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from serving import environment, serving

SIZES = {"desktop": (1280, 800), "wide": (1680, 1050), "phone": (390, 844)}
# Masks under the pointer that the page should show in a second.
HOVER_RATE = 15
# Milliseconds from a click to its mask on the canvas that tiny int8 may take (median).
CLICK_TIME = 60
problems = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        problems.append(what)


class Page:
    """The page in a browser, by what a person does."""

    def __init__(self, page, shots):
        self.page, self.shots = page, shots

    def shot(self, name):
        if self.shots:
            self.page.screenshot(path=str(self.shots / f"{name}.png"))

    def wait(self, condition, argument=None, seconds=60):
        """Waits until an expression holds; the page's own policy forbids Playwright's way."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition, argument):
            if time.monotonic() > end:
                self.shot("stuck")
                problem = self.page.locator("#problem").text_content()
                raise RuntimeError(f"waited too long for {condition} {argument or ''} {problem}")
            self.page.wait_for_timeout(20)

    def status(self, text, seconds=60):
        self.wait("text => document.getElementById('status').textContent.includes(text)", text, seconds)

    def objects(self):
        return self.page.evaluate("sam2.page.objects.map(o => ({...o, candidates: o.candidates.length}))")

    def place(self, x, y):
        """Where pixel x, y of the picture is in the window."""
        box = self.page.locator("#view").bounding_box()
        size = self.page.evaluate("[sam2.page.picture.width, sam2.page.picture.height]")
        scale = min((box["width"] - 16) / size[0], (box["height"] - 16) / size[1])
        left = box["x"] + (box["width"] - size[0] * scale) / 2
        top = box["y"] + (box["height"] - size[1] * scale) / 2
        return left + x * scale, top + y * scale

    def settle(self, condition):
        self.wait(condition)
        self.page.wait_for_timeout(150)

    def click(self, x, y, button="left"):
        at = self.place(x, y)
        self.page.mouse.click(*at, button=button)

    def drag(self, x0, y0, x1, y1):
        self.page.mouse.move(*self.place(x0, y0))
        self.page.mouse.down()
        self.page.mouse.move(*self.place((x0 + x1) / 2, (y0 + y1) / 2))
        self.page.mouse.move(*self.place(x1, y1))
        self.page.mouse.up()

    def export(self, formats):
        """The files of an export, by name."""
        self.page.click("#export")
        for box in self.page.locator("#formats label:not([hidden]) input").all():
            box.set_checked(box.get_attribute("value") in formats)
        self.shot("export")
        with self.page.expect_download() as waiting:
            self.page.click("#download")
        archive = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
        return {name: archive.read(name) for name in archive.namelist()}

    def saved(self, button):
        """The JSON that a button of the export card saves."""
        self.page.click("#export")
        with self.page.expect_download() as waiting:
            self.page.click(button)
        self.page.keyboard.press("Escape")
        return json.loads(Path(waiting.value.path()).read_text())


def middle(mask):
    """A pixel well inside of a label picture's object: the middle of its widest run in the middle row."""
    height, width = len(mask), len(mask[0])
    rows = [y for y in range(height) if any(mask[y])]
    y = rows[len(rows) // 2]
    best, start = (0, 0), None
    for x in range(width + 1):
        inside = x < width and mask[y][x]
        if inside and start is None:
            start = x
        if not inside and start is not None:
            if x - start > best[0]:
                best = (x - start, (x + start) // 2)
            start = None
    return best[1], y


def labels(path):
    from PIL import Image
    import numpy
    return numpy.array(Image.open(path))


def masks_of(path):
    found = labels(path)
    return {int(i): (found == i).tolist() for i in sorted(set(found.flatten().tolist())) if i}


def counts(coco):
    document = json.loads(coco)
    return {a["object_id"]: a["segmentation"]["counts"] for a in document["annotations"]}


def hover_rate(page, place, seconds=3):
    """Masks per second while the pointer moves around `place`."""
    view, step = page.page, 0
    view.mouse.move(*page.place(*place))
    view.wait_for_timeout(300)
    before, start = view.evaluate("sam2.hoverTimes.length = 0"), time.monotonic()
    while time.monotonic() - start < seconds:
        view.mouse.move(*page.place(place[0] + step % 12, place[1] + step // 12 % 12))
        view.wait_for_timeout(10)
        step += 1
    return (view.evaluate("sam2.hoverTimes.length") - before) / (time.monotonic() - start)


def percentile(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(page, scene):
    """The rate of masks under the pointer, and the time from clicks to their masks on the canvas."""
    view = page.page
    view.locator("#items li", has_text="picture.png").click()
    page.status("Ready")
    truth = masks_of(scene / "picture_truth.png")
    places = [middle(truth[i]) for i in sorted(truth)]
    rate = hover_rate(page, places[0], seconds=10)
    times = view.evaluate("sam2.hoverTimes")
    check(rate >= HOVER_RATE,
          f"{rate:.1f} masks per second under the pointer, {HOVER_RATE} or more expected; "
          f"each took {percentile(times, .5):.1f} ms (p95 {percentile(times, .95):.1f})")
    view.uncheck("#hover")
    for index in range(30):
        view.keyboard.press("n")
        x, y = places[index % len(places)]
        page.click(x + index // len(places), y)
        page.wait("n => sam2.clickTimes.length === n", index + 1)
    times = view.evaluate("sam2.clickTimes")
    middle_time = percentile(times, .5)
    check(middle_time <= CLICK_TIME, f"from click to mask {middle_time:.1f} ms (p95 "
          f"{percentile(times, .95):.1f}), {CLICK_TIME} or less expected")


def check_picture(page, scene, run):
    view = page.page
    view.locator("#items li", has_text="picture.png").click()
    page.status("Ready")
    truth = masks_of(scene / "picture_truth.png")
    first, second = [middle(truth[i]) for i in sorted(truth)[:2]]

    hover = hover_rate(page, first)
    check(hover >= HOVER_RATE,
          f"{hover:.1f} masks per second under the pointer, {HOVER_RATE} or more expected")
    page.shot("hover")

    page.click(*first)
    page.wait("Boolean(sam2.page.objects[0]?.counts)")
    page.settle("sam2.page.objects.length === 1")
    page.shot("one-object")
    view.click("#new-object")
    ys = [y for y, row in enumerate(truth[sorted(truth)[1]]) if any(row)]
    xs = [x for row in truth[sorted(truth)[1]] for x, v in enumerate(row) if v]
    page.drag(min(xs), min(ys), max(xs), max(ys))
    page.settle("sam2.page.objects.length === 2 && sam2.page.objects[1].counts")
    check(len(page.objects()) == 2, "two objects, by a click and by a box")

    exported = counts(page.export(["coco"])["coco.json"])
    prompts = page.saved("#download-prompts")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "prompts.json").write_text(json.dumps(prompts))
        run("segment", str(scene / "picture.png"), "--prompts", f"{folder}/prompts.json", "--best",
            "--format", "coco", "-o", f"{folder}/masks")
        expected = counts(Path(folder, "masks", "coco.json").read_text())
    check(exported == expected, "COCO equals that of sam2 segment")

    before = page.objects()[1]["counts"]
    page.click(*second, button="right")
    page.settle("sam2.page.objects[1].points.length === 1")
    page.wait("c => sam2.page.objects[1].counts !== c", before)
    check(True, "a right click refines")
    view.keyboard.press("Control+z")
    page.settle("sam2.page.objects[1].points.length === 0")
    check(page.objects()[1]["counts"] == before, "undo brings the earlier mask back")
    view.keyboard.press("Control+Shift+z")
    page.settle("sam2.page.objects[1].points.length === 1")
    third = middle(truth[sorted(truth)[2]])
    view.keyboard.press("n")
    page.click(*third)
    page.settle("sam2.page.objects.length === 3 && sam2.page.objects[2].counts")
    page.shot("three-objects")

    view.reload()
    page.status("Ready")
    check(len(page.objects()) == 3, "after a reload all is as it was")
    check(all(o["logits"] for o in page.objects()), "and a further click refines the mask before it")
    view.keyboard.press("a")
    page.status("objects now")
    check(len(page.objects()) > 3, "everything is found")
    view.keyboard.press("Control+z")
    page.settle("sam2.page.objects.length === 3")
    check_words(page, "teal hexagon, red star", 3)

    # The keyboard alone.
    view.locator("#view").focus()
    view.keyboard.press("n")
    view.keyboard.press("ArrowRight")
    view.keyboard.press("Enter")
    page.settle("sam2.page.objects.length === 4 && sam2.page.objects[3].counts")
    check(True, "the keyboard alone marks an object")
    view.keyboard.press("Delete")
    page.settle("sam2.page.objects.length === 3")


def find(page, words, count):
    """Types words, waits for `count` objects in all, and returns the name of the last."""
    page.page.fill("#words-field", words)
    page.page.click("#words-find")
    page.status("objects now")
    page.settle(f"sam2.page.objects.length === {count} && sam2.page.objects.every(o => o.counts)")
    return page.objects()[-1]["name"]


def check_words(page, words, count):
    """One of the things that words name is there; it becomes an object, and undo takes it back."""
    name = find(page, words, count + 1)
    check(name == "teal hexagon", f"words find an object and name it: {name!r}")
    page.shot("words")
    page.page.locator("#view").focus()
    page.page.keyboard.press("Control+z")
    page.settle(f"sam2.page.objects.length === {count}")


def check_video(page, scene, run):
    view = page.page
    view.locator("#items li", has_text="frames").click()
    view.click("#as-video")
    page.status("Click on something")
    check_words(page, "teal hexagon", 0)
    first = sorted((scene / "frames").iterdir())[0].stem
    truth = masks_of(scene / "truth" / f"{first}.png")
    page.wait("sam2.page.picture.encoded")
    hover = hover_rate(page, middle(truth[1]))
    check(hover >= HOVER_RATE, f"{hover:.1f} masks per second under the pointer on a frame")
    page.click(*middle(truth[1]))
    page.settle("sam2.page.objects[0]?.counts")
    alone = page.objects()[0]["counts"]
    page.click(*middle(truth[2]), button="right")
    page.settle("sam2.page.objects[0].points.length === 2")
    view.keyboard.press("Control+z")
    page.settle("sam2.page.objects[0].points.length === 1")
    page.wait("c => sam2.page.objects[0].counts === c", alone)
    check(True, "undo brings back the mask of the clicks before, bit for bit")
    view.keyboard.press("n")
    page.click(*middle(truth[2]))
    page.settle("sam2.page.objects[1]?.counts")
    view.fill("#objects li:first-child input", "ball")
    view.keyboard.press("Tab")
    view.locator("#view").focus()
    view.keyboard.press("t")
    page.status("Tracked", 300)
    frames = view.evaluate("sam2.page.video.frames")
    page.shot("tracked")
    view.evaluate("document.getElementById('frame-number').value = 10")
    view.locator("#frame-number").dispatch_event("change")
    page.settle("sam2.page.frame === 10")
    view.keyboard.press("1")
    mask = masks_of(scene / "truth" / "00010.png")
    before = page.objects()[0]["counts"]
    page.click(*middle(mask[1]))
    page.wait("c => sam2.page.objects[0].counts !== c", before)
    check(True, "a tracked frame is corrected")
    corrected = page.objects()[0]["counts"]
    view.keyboard.press("t")
    page.status("Tracking")
    page.status("Tracked", 300)
    view.evaluate("document.getElementById('frame-number').value = 10")
    view.locator("#frame-number").dispatch_event("change")
    page.settle("sam2.page.frame === 10")
    check(page.objects()[0]["counts"] == corrected, "the correction survives tracking again")
    lanes = view.locator("#lanes canvas").count()
    check(lanes == 2, "a lane for each object")

    exported = page.export(["davis"])
    script = page.saved("#download-prompts")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "script.json").write_text(json.dumps(script))
        run("track", str(scene / "frames"), "--script", f"{folder}/script.json",
            "--add-all-frames-to-correct-as-cond", "--format", "davis", "-o", f"{folder}/masks")
        expected = {p.name: p.read_bytes() for p in Path(folder, "masks").glob("*.png")}
    check(len(exported) == frames and exported == expected, "DAVIS equals that of sam2 track")
    view.reload()
    page.settle("sam2.page.video && sam2.page.objects.length === 2")
    check(page.objects()[0]["name"] == "ball", "after a reload the video is as it was, with its names")


def check_errors(page):
    view = page.page
    view.set_input_files("#file", {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.wait("!document.getElementById('problem').hidden")
    text = view.locator("#problem").text_content()
    check("no.png" in text and "picture" in text, f"an error names the problem: {text!r}")
    page.shot("error")


def accessible(page):
    """Controls without a name, which a screen reader could not announce."""
    unnamed = page.page.evaluate("""() => [...document.querySelectorAll('button, input:not([type=file]), canvas, meter, progress')]
      .filter(e => e.offsetParent !== null && !e.closest('dialog') && !e.hasAttribute('aria-hidden'))
      .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length || e.closest('button')))
      .map(e => e.outerHTML.slice(0, 80))""")
    check(unnamed == [], f"all controls have names {unnamed or ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--model")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    tool = str(Path(options.bin, "sam2").resolve())
    environ = environment(options.model)
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)

    def run(*arguments):
        subprocess.run([tool, *arguments, "-q"], check=True, env=environ)

    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder, "scene")
        run("sample", "-o", str(scene), "--frames", "24")
        arguments = ["--media", scene, "--detector", "built-in"]
        with serving(tool, *arguments, environment=environ) as (server, address):
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=options.chromium, args=["--no-sandbox"])
                sizes = {"desktop": SIZES["desktop"]} if options.measure else SIZES
                for name, (width, height) in sizes.items():
                    context = browser.new_context(viewport={"width": width, "height": height})
                    view = context.new_page()
                    errors = []
                    view.on("pageerror", lambda e: errors.append(str(e)))
                    view.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
                    view.goto(address)
                    view.wait_for_selector("#items li")
                    page = Page(view, options.shots)
                    page.shot(f"empty-{name}")
                    if options.measure:
                        measure(page, scene)
                    elif name == "desktop":
                        check_picture(page, scene, run)
                        accessible(page)
                        view.goto(address)
                        view.wait_for_selector("#items li")
                        check_video(page, scene, run)
                        accessible(page)
                        check(errors == [], f"nothing in the console {errors or ''}")
                        check_errors(page)
                    else:
                        view.locator("#items li", has_text="picture.png").click()
                        page.status("Ready")
                        page.settle("sam2.page.objects.length === 3")
                        page.shot(f"picture-{name}")
                        wide = view.evaluate(
                            "[document.documentElement, document.getElementById('side')]"
                            ".some(e => e.scrollWidth > e.clientWidth)")
                        check(not wide, f"nothing sticks out at {width}x{height}")
                    context.close()
                if not options.measure:
                    context = browser.new_context(
                        viewport={"width": 1280, "height": 800}, color_scheme="dark")
                    view = context.new_page()
                    view.goto(address)
                    view.locator("#items li", has_text="picture.png").click()
                    page = Page(view, options.shots)
                    page.status("Ready")
                    page.settle("sam2.page.objects.length === 3")
                    page.shot("dark")
                browser.close()
        check(server.returncode == 0, "the server ends well")
    print(f"{len(problems)} problems" if problems else "all as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
