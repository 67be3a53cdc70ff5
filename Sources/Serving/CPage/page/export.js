// The export card.

import * as api from "./api.js";
import { page } from "./document.js";
import { follow } from "./panels.js";

const by = (id) => document.getElementById(id);
const card = by("export-card"), list = by("formats"), problem = by("export-problem"), category = by("category");

/** Identifier, name, readers, files, and whether it is for videos only. */
const formats = [
  ["png", "PNG", "black and white, a file for each object", (stem) => `001/${stem}.png`],
  ["davis", "DAVIS", "palette PNG with object numbers", (stem) => `${stem}.png`],
  ["sav", "SA-V", "a PNG for each object and frame", (stem) => `000/${stem}.png`, true],
  ["sav-json", "SA-V JSON", "masklets of the data set", (stem) => `${stem}_manual.json`, true],
  ["coco", "COCO", "run lengths: pycocotools, Detectron2, FiftyOne", () => "coco.json"],
  ["coco-polygons", "COCO polygons", "trainers that want outlines", () => "coco-polygons.json"],
  ["yolo", "YOLO", "Ultralytics segmentation", (stem) => `labels/${stem}.txt, data.yaml`],
  ["label-studio", "Label Studio", "brush masks as predictions", () => "label-studio.json"],
  ["cvat", "CVAT", "CVAT for images 1.1", () => "annotations.xml"],
];

for (const [id, name, readers, , isForVideos] of formats) {
  const label = document.createElement("label");
  label.classList.toggle("for-videos", Boolean(isForVideos));
  const box = Object.assign(document.createElement("input"), { type: "checkbox", value: id, checked: id === "coco" });
  label.append(box, name, Object.assign(document.createElement("small"), { textContent: readers }));
  list.append(label);
}

function chosen() { return [...list.querySelectorAll("label:not([hidden]) input:checked")].map((box) => box.value); }
function stem() { return page.picture.name.replace(/\.[^.]*$/, ""); }

/** The prompts in the form that `sam2 segment --prompts` reads; objects without prompts are left out. */
function prompts() {
  return {
    prompts: page.objects.filter((o) => o.points.length || o.box).map((o) => ({
      object: o.id, points: o.points.map(([x, y]) => [x, y]), labels: o.points.map((p) => p[2]),
      ...(o.box ? { box: o.box } : {}),
    })),
  };
}

function quoted(text) { return /^[\w.,/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`; }

/** The command that does the same without the page. */
function commandLine(kinds) {
  const options = `--format ${kinds.join(",") || "coco"}`
    + (category.value !== "object" ? ` --category ${quoted(category.value)}` : "") + " -o masks";
  const name = quoted(page.picture.path ?? page.picture.name);
  return page.video
    ? `sam2 track ${name} --script script.json --add-all-frames-to-correct-as-cond ${options}`
    : `sam2 segment ${name} --prompts prompts.json --best ${options}`;
}

function render() {
  const kinds = chosen();
  const example = page.video ? "00000" : stem();
  const names = formats.filter(([id]) => kinds.includes(id))
    .map(([id, , , files]) => (kinds.length > 1 ? `${id}/` : "") + files(id === "sav-json" ? stem() : example));
  by("export-names").textContent = names.join(", ") || "none";
  by("download").disabled = !kinds.length;
  by("refined").hidden = Boolean(page.video) || !page.objects.some((o) => o.points.length + (o.box ? 1 : 0) > 1);
  by("command").textContent = commandLine(kinds);
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function open() {
  problem.hidden = true;
  for (const label of list.querySelectorAll(".for-videos")) label.hidden = !page.video;
  by("download-overlay").hidden = !page.video;
  by("download-prompts").textContent = page.video ? "Script as JSON" : "Prompts as JSON";
  render();
  card.showModal();
}

/** Runs the action of one of the card's buttons; failures are shown on the card. */
function onClick(id, action) {
  by(id).addEventListener("click", async () => {
    problem.hidden = true;
    try {
      await action();
    } catch (refusal) {
      problem.textContent = refusal.message;
      problem.hidden = false;
    }
  });
}

list.addEventListener("change", render);
category.addEventListener("input", render);
onClick("download-prompts", async () => {
  const content = page.video ? await api.get(`/api/videos/${page.video.id}/script`) : prompts();
  save(new Blob([JSON.stringify(content, null, 2) + "\n"], { type: "application/json" }), page.video ? "script.json" : "prompts.json");
});
onClick("download-overlay", async () => {
  const { id } = await api.send("POST", `/api/videos/${page.video.id}/overlay`);
  const end = await follow(id, "Drawing the overlay…");
  if (end.name === "failed") throw new api.Refusal(end.data, 0);
  if (end.name === "done") save(await (await fetch(end.data.path)).blob(), `${stem()}_overlay.mp4`);
});
onClick("download", async () => {
  const kind = page.video ? "videos" : "images";
  const archive = await api.blob("POST", `/api/${kind}/${page.picture.id}/export`, { formats: chosen(), category: category.value });
  save(archive, `${stem()}_masks.zip`);
  card.close();
});
