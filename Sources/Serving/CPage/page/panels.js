// The list of objects, and long-running work below it.

import * as api from "./api.js";
import { colour, paint } from "./masks.js";
import { adopt, changes, chooseCandidate, page, removeObject, changed, setFact, shown } from "./document.js";
import { maskOf, pictureBitmap } from "./view.js";

const list = document.getElementById("objects");

function element(name, facts = {}, ...children) {
  const made = Object.assign(document.createElement(name), facts);
  made.append(...children);
  return made;
}

function button(text, label, action, pressed) {
  const made = element("button", { className: "small", textContent: text, title: label, type: "button" });
  made.setAttribute("aria-label", label);
  if (pressed !== undefined) made.setAttribute("aria-pressed", pressed);
  made.addEventListener("click", (event) => { event.stopPropagation(); action(); });
  return made;
}

function meter(label, value) {
  const made = element("meter", { min: 0, max: 1, value });
  made.setAttribute("aria-label", label);
  return [element("span", { textContent: label }), made, element("span", { textContent: value.toFixed(2) })];
}

function presence(logit) { return 1 / (1 + Math.exp(-logit)); }

function row(object) {
  const item = element("li", { className: "object" + (object.id === page.active ? " active" : "") });
  item.style.setProperty("--colour", colour(object.id));
  const name = element("input", { value: object.name, placeholder: `Object ${object.id}`, maxLength: 200 });
  name.setAttribute("aria-label", `Name of object ${object.id}`);
  name.addEventListener("change", () => setFact(object, "name", name.value));
  const number = element("button", { className: "number", textContent: object.id, type: "button" });
  number.setAttribute("aria-label", `Choose object ${object.id}`);
  number.setAttribute("aria-pressed", object.id === page.active);
  number.addEventListener("click", () => { page.active = object.id; changed(); });
  item.append(element("header", {}, number, name,
    button(object.hidden ? "◌" : "◉", object.hidden ? "Show" : "Hide", () => setFact(object, "hidden", !object.hidden), object.hidden),
    button(object.locked ? "locked" : "lock", object.locked ? "Unlock" : "Lock", () => setFact(object, "locked", !object.locked), object.locked),
    button("✕", `Remove object ${object.id}`, () => removeObject(object.id))));
  const facts = element("div", { className: "facts" });
  if (object.score != null) facts.append(...meter("IoU", Math.min(Math.max(object.score, 0), 1)));
  if (object.presence != null) facts.append(...meter("Present", presence(object.presence)));
  if (object.share != null) facts.append(...meter("Present", object.share));
  const { area } = object;
  if (area != null) facts.append(element("span", { textContent: "Area" }), element("span", { textContent: `${area.toLocaleString("en")} px` }), element("span"));
  item.append(element("div", { className: "body" }, thumbnail(object), facts));
  if (object.id === page.active && object.candidates.length > 1) item.append(candidates(object));
  return item;
}


/** The other readings of an ambiguous prompt, offered as choices. */
function candidates(object) {
  const group = element("div", { className: "candidates" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Other readings of the prompt");
  object.candidates.forEach((candidate, index) => {
    const canvas = element("canvas", { width: 96, height: 72 });
    const choice = element("button", { type: "button" }, canvas, element("span", { textContent: candidate.predicted_iou.toFixed(2) }));
    choice.setAttribute("aria-pressed", index === object.choice);
    choice.setAttribute("aria-label", `Reading ${index + 1}, predicted IoU ${candidate.predicted_iou.toFixed(2)}`);
    choice.addEventListener("click", () => chooseCandidate(object, index));
    group.append(choice);
    drawCandidate(canvas, candidate, object);
  });
  return group;
}

/** Masks of the candidates in the list, by candidate. */
const candidateMasks = new WeakMap();

/** The object's own mask is painted before any candidates, because people wait for it. */
async function candidateMask(candidate, object, { width, height }) {
  if (!maskOf(object)) await shown();
  if (index(object, candidate) === object.choice && maskOf(object)) return maskOf(object);
  if (!candidateMasks.has(candidate)) {
    candidateMasks.set(candidate, paint(candidate.counts, [height, width], colour(object.id)));
  }
  return candidateMasks.get(candidate);
}

async function drawCandidate(canvas, candidate, object) {
  const { picture } = page;
  const mask = await candidateMask(candidate, object, picture);
  if (page.picture !== picture || !canvas.isConnected) return;
  drawCrop(canvas, mask, candidate.box ?? [0, 0, picture.width - 1, picture.height - 1], colour(object.id));
}

/** The contents of a box of the picture and its surroundings, with a mask on top. */
function drawCrop(canvas, mask, [x0, y0, x1, y1], style) {
  const { picture } = page, bitmap = pictureBitmap(), context = canvas.getContext("2d");
  if (!bitmap) return;
  const margin = Math.max(x1 - x0, y1 - y0) * 0.2 + 4;
  const scale = Math.min(canvas.width / (x1 - x0 + 2 * margin), canvas.height / (y1 - y0 + 2 * margin));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.scale(scale, scale);
  context.translate(-(x0 + x1 + 1) / 2, -(y0 + y1 + 1) / 2);
  context.drawImage(bitmap, 0, 0, picture.width, picture.height);
  context.drawImage(mask.tint, 0, 0, picture.width, picture.height);
  context.strokeStyle = style;
  context.lineWidth = 2 / scale;
  context.stroke(mask.outline);
}

/** Thumbnails in the list, by object, each with the mask it shows. */
const thumbnails = new Map();

function thumbnail(object) {
  if (!thumbnails.has(object.id)) {
    const canvas = element("canvas", { className: "thumbnail", width: 80, height: 60 });
    // The name and the facts describe it in words.
    canvas.setAttribute("aria-hidden", "true");
    thumbnails.set(object.id, { canvas, mask: null });
  }
  drawThumbnail(object);
  return thumbnails.get(object.id).canvas;
}

function drawThumbnail(object) {
  const mask = maskOf(object), shown = thumbnails.get(object.id);
  if (!shown || !mask?.box || shown.mask === mask) return;
  shown.mask = mask;
  drawCrop(shown.canvas, mask, mask.box, colour(object.id));
}

function index(object, candidate) { return object.candidates.indexOf(candidate); }

function render() {
  // An answer from the server must not interrupt typing in a name.
  const focused = document.activeElement;
  if (focused?.tagName === "INPUT" && list.contains(focused) && focused.value !== focused.defaultValue) return;
  for (const id of thumbnails.keys()) if (!page.objects.some((o) => o.id === id)) thumbnails.delete(id);
  list.replaceChildren(...page.objects.map(row));
  document.getElementById("no-objects").hidden = page.objects.length > 0;
}

changes.addEventListener("objects", render);
changes.addEventListener("loaded", () => { thumbnails.clear(); render(); });
changes.addEventListener("painted", () => page.objects.forEach(drawThumbnail));

// Everything

const job = document.getElementById("job"), label = document.getElementById("job-label");
const bar = document.getElementById("job-progress");
let running = null;

document.getElementById("job-stop").addEventListener("click", () => {
  if (running) api.send("DELETE", `/api/jobs/${running}`);
});

/** Follows a job, including one started during an earlier visit to the page. */
export async function follow(id, title) {
  running = id;
  label.textContent = title;
  bar.value = 0;
  job.hidden = false;
  const end = await api.listen(id, (name, data) => {
    if (name === "progress") bar.value = data.total ? data.done / data.total : 0;
  });
  job.hidden = true;
  running = null;
  return end;
}

export async function findEverything(report) {
  const picture = page.picture;
  const started = await api.send("POST", `/api/images/${picture.id}/automatic`, { points_per_side: 16 });
  await followEverything(picture, started.id, report);
}

async function followEverything(picture, id, report) {
  const end = await follow(id, "Looking for everything…");
  if (page.picture !== picture) return;
  if (end.name === "failed") throw new api.Refusal(end.data, 0);
  if (end.name === "cancelled") { report("Stopped."); return; }
  const masks = end.data.masks;
  const before = page.objects.length;
  await adopt(masks, page.model.limits.objects);
  const added = page.objects.length - before;
  report(added < masks.length ? `${added} of ${masks.length} things are objects now: there can be ${page.model.limits.objects}.` : `${masks.length} things are objects now.`);
}

/** Resumes a search that was in progress when the page was left. */
export async function resumeEverything(report) {
  const picture = page.picture;
  const { jobs } = await api.get(`/api/jobs?subject=${picture.id}`);
  const active = jobs.find((j) => j.kind === "automatic" && ["waiting", "running"].includes(j.status));
  if (active) await followEverything(picture, active.id, report);
}
