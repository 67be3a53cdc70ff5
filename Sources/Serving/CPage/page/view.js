// The picture with its masks and prompts: zoom, pan, hover, clicks, boxes.

import { colour, paint } from "./masks.js";
import { activeObject, addPoint, changed, changePoint, changes, page, preview, setBox, startObject } from "./document.js";

const canvas = document.getElementById("view");
const context = canvas.getContext("2d");
const grabRadius = 10, boxThreshold = 6, hoverSide = 512;

let bitmap = null;
/** Screen pixels per picture pixel, and the screen position of the picture's corner. */
const place = { scale: 1, x: 0, y: 0 };
/** Painted masks by object, and the run lengths they were painted from. */
const painted = new Map();
let hover = null;
/** What the pointer is doing: {kind: "box" | "pan" | "point", …}. */
let gesture = null;
/** Position of the keyboard's cross in picture pixels; null while it is not in use. */
let cross = null;
let boxTool = false, spaceIsDown = false;
const fingers = new Map();

// Places

function toPicture(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return [(event.clientX - left - place.x) / place.scale, (event.clientY - top - place.y) / place.scale];
}

function isInside([x, y]) {
  return x >= 0 && y >= 0 && x < page.picture.width && y < page.picture.height;
}

function clamped([x, y]) {
  const { width, height } = page.picture;
  return [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
}

function rounded([x, y]) { return [Math.round(x * 10) / 10, Math.round(y * 10) / 10]; }

export function fit() {
  if (!page.picture) return;
  const { width, height } = canvas.getBoundingClientRect();
  const margin = 16;
  place.scale = Math.min((width - margin) / page.picture.width, (height - margin) / page.picture.height);
  place.x = (width - page.picture.width * place.scale) / 2;
  place.y = (height - page.picture.height * place.scale) / 2;
  draw();
}

function zoom(factor, x, y) {
  const scale = Math.min(Math.max(place.scale * factor, 0.02), 64);
  place.x = x - (x - place.x) * scale / place.scale;
  place.y = y - (y - place.y) * scale / place.scale;
  place.scale = scale;
  draw();
}

// Drawing

let isDrawing = false;
export function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => { isDrawing = false; paintAll(); });
}

function paintAll() {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!bitmap || !page.picture) return;
  context.translate(place.x, place.y);
  context.scale(place.scale, place.scale);
  context.imageSmoothingEnabled = place.scale < 4;
  context.drawImage(bitmap, 0, 0, page.picture.width, page.picture.height);
  drawOthers();
  const active = activeObject();
  if (active && !active.hidden) drawMask(context, painted.get(active.id)?.mask, colour(active.id), 1);
  if (hover) drawMask(context, hover.mask, colour(page.active), 0.7, true);
  if (place.scale >= 12) drawGrid();
  for (const object of page.objects) if (!object.hidden) drawPrompts(object);
  if (gesture?.kind === "box") drawBox(gesture.box, colour(page.active), true);
  if (cross) drawCross(cross);
  if (isMaskNew && clickStart !== null) { noteTime(clickTimes, clickStart); clickStart = null; }
  isMaskNew = false;
}

/** The masks of all objects except the active one, which do not change while that one does. */
const others = { canvas: new OffscreenCanvas(1, 1), drawn: [], view: "" };

/** Draws them from a separate canvas, to which new ones are added; it is redrawn when the view or a mask changes. */
function drawOthers() {
  const target = others.canvas.getContext("2d"), transform = context.getTransform();
  const masks = page.objects.filter((o) => !o.hidden && o.id !== page.active)
    .map((o) => ({ id: o.id, mask: painted.get(o.id)?.mask })).filter((o) => o.mask);
  const view = [canvas.width, canvas.height, transform.a, transform.e, transform.f].join();
  if (view !== others.view || !others.drawn.every((o, i) => o.id === masks[i]?.id && o.mask === masks[i].mask)) {
    Object.assign(others.canvas, { width: canvas.width, height: canvas.height });
    Object.assign(others, { drawn: [], view });
  }
  target.setTransform(transform);
  for (const { id, mask } of masks.slice(others.drawn.length)) drawMask(target, mask, colour(id), 0.85);
  others.drawn = masks;
  context.save();
  context.resetTransform();
  context.drawImage(others.canvas, 0, 0);
  context.restore();
}

function drawMask(context, mask, colour, alpha, isDashed = false) {
  if (!mask) return;
  context.save();
  // A mask may be smaller than the picture.
  context.scale(page.picture.width / mask.width, page.picture.height / mask.height);
  context.globalAlpha = alpha;
  context.imageSmoothingEnabled = false;
  context.drawImage(mask.tint, 0, 0);
  const unit = mask.width / page.picture.width / place.scale;
  context.globalAlpha = 1;
  if (isDashed) context.setLineDash([6 * unit, 4 * unit]);
  for (const [style, width] of [["rgb(0 0 0 / .55)", 3.5], [colour, 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width * unit;
    context.stroke(mask.outline);
  }
  context.restore();
}

function drawGrid() {
  context.strokeStyle = "rgb(128 128 128 / .35)";
  context.lineWidth = 1 / place.scale;
  context.beginPath();
  const { width, height } = canvas.getBoundingClientRect();
  const [x0, y0] = clamped([Math.floor(-place.x / place.scale), Math.floor(-place.y / place.scale)]);
  const [x1, y1] = [Math.min(page.picture.width, (width - place.x) / place.scale), Math.min(page.picture.height, (height - place.y) / place.scale)];
  for (let x = Math.floor(x0); x <= x1; x++) { context.moveTo(x, y0); context.lineTo(x, y1); }
  for (let y = Math.floor(y0); y <= y1; y++) { context.moveTo(x0, y); context.lineTo(x1, y); }
  context.stroke();
}

function drawBox([x0, y0, x1, y1], style, isDashed) {
  context.save();
  context.lineWidth = 2 / place.scale;
  if (isDashed) context.setLineDash([6 / place.scale, 4 / place.scale]);
  context.strokeStyle = style;
  context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
  context.restore();
}

/** Marks differ in shape as well as colour, because not everybody can distinguish the colours. */
function drawPrompts(object) {
  if (object.box) drawBox(object.box, colour(object.id), false);
  if (object.id !== page.active) return;
  const radius = 7 / place.scale;
  for (const [x, y, label] of object.points) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = label ? "#0063a0" : "#b3261e";
    context.fill();
    context.lineWidth = 2 / place.scale;
    context.strokeStyle = "#fff";
    context.stroke();
    context.beginPath();
    context.moveTo(x - radius / 2, y);
    context.lineTo(x + radius / 2, y);
    if (label) { context.moveTo(x, y - radius / 2); context.lineTo(x, y + radius / 2); }
    context.stroke();
  }
}

function drawCross([x, y]) {
  const arm = 12 / place.scale;
  for (const [style, width] of [["#000", 4], ["#fff", 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width / place.scale;
    context.beginPath();
    context.moveTo(x - arm, y); context.lineTo(x + arm, y);
    context.moveTo(x, y - arm); context.lineTo(x, y + arm);
    context.stroke();
  }
}

// Masks

async function paintObjects() {
  for (const id of painted.keys()) if (!page.objects.some((o) => o.id === id && o.counts)) painted.delete(id);
  await Promise.all(page.objects.map(async (object) => {
    const { id, counts } = object;
    if (!counts || painted.get(id)?.counts === counts) return;
    const picture = page.picture;
    const mask = await paint(counts, [picture.height, picture.width], colour(id));
    if (page.picture !== picture || !page.objects.some((o) => o.id === id && o.counts === counts)) return;
    painted.set(id, { counts, mask });
    isMaskNew = true;
    changed("painted");
  }));
  draw();
}

/** The painted mask of an object, for its thumbnail. */
export function maskOf(object) { return painted.get(object.id)?.counts === object.counts ? painted.get(object.id).mask : null; }
export function pictureBitmap() { return bitmap; }

// Hover: only the newest position is requested, and only one request is in progress at a time.

const hoverBox = document.getElementById("hover");
let pendingPlace = null, isAsking = false;
/** Milliseconds taken by the latest masks under the pointer, and from clicks to their masks on the canvas. */
export const hoverTimes = [], clickTimes = [];
const timesLimit = 500;
/** Time of the click whose mask is not drawn yet; null if there is none. */
let clickStart = null, isMaskNew = false;

function noteTime(times, start) {
  times.push(performance.now() - start);
  if (times.length > timesLimit) times.shift();
}

function wantHover(place) {
  pendingPlace = place;
  if (!place) { hover = null; draw(); return; }
  if (!isAsking) askHover();
}

async function askHover() {
  isAsking = true;
  while (pendingPlace) {
    const asked = pendingPlace, { picture, frame } = page;
    pendingPlace = null;
    const shrink = Math.min(1, hoverSide / Math.max(picture.width, picture.height));
    try {
      const start = performance.now();
      const size = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * shrink)));
      const found = await preview(asked, size);
      const mask = await paint(found.counts, found.size, colour(page.active));
      noteTime(hoverTimes, start);
      if (page.picture === picture && page.frame === frame && isHovering) { hover = { mask }; draw(); }
    } catch { pendingPlace = null; }
  }
  isAsking = false;
}

let isHovering = false;
function stopHover() { isHovering = false; wantHover(null); }

function mayHover(event) {
  return hoverBox.checked && event.pointerType !== "touch" && page.picture?.encoded && !gesture && isInside(toPicture(event));
}

// Pointers

function pointAt(event) {
  const object = activeObject();
  if (!object || object.hidden) return -1;
  const [x, y] = toPicture(event);
  return object.points.findIndex(([px, py]) => Math.hypot(px - x, py - y) * place.scale < grabRadius);
}

canvas.addEventListener("pointerdown", (event) => {
  if (!page.picture) return;
  canvas.setPointerCapture(event.pointerId);
  canvas.focus({ preventScroll: true });
  cross = null;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (fingers.size === 2) { gesture = { kind: "pinch", last: pinch() }; return; }
  if (event.button === 1 || spaceIsDown) { gesture = { kind: "pan", last: [event.clientX, event.clientY] }; return; }
  const index = event.button === 0 ? pointAt(event) : -1;
  const start = toPicture(event);
  gesture = index >= 0
    ? { kind: "point", object: activeObject(), index, start, original: activeObject().points[index], moved: false }
    : { kind: "click", start, screen: [event.clientX, event.clientY], removes: event.button === 2 || event.altKey, isNew: event.shiftKey };
  stopHover();
});

canvas.addEventListener("pointermove", (event) => {
  if (!page.picture) return;
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (!gesture) {
    isHovering = mayHover(event);
    if (isHovering) wantHover(rounded(toPicture(event))); else if (hover) wantHover(null);
    return;
  }
  const here = toPicture(event);
  if (gesture.kind === "pinch") {
    const now = pinch();
    if (!now) return;
    const { left, top } = canvas.getBoundingClientRect();
    place.x += now.x - gesture.last.x;
    place.y += now.y - gesture.last.y;
    zoom(now.distance / gesture.last.distance, now.x - left, now.y - top);
    gesture.last = now;
  } else if (gesture.kind === "pan") {
    place.x += event.clientX - gesture.last[0];
    place.y += event.clientY - gesture.last[1];
    gesture.last = [event.clientX, event.clientY];
    draw();
  } else if (gesture.kind === "point") {
    gesture.moved = true;
    gesture.place = rounded(clamped(here));
    gesture.object.points[gesture.index] = [...gesture.place, gesture.object.points[gesture.index][2]];
    draw();
  } else if (gesture.kind === "click" && !gesture.removes) {
    const distance = Math.hypot(event.clientX - gesture.screen[0], event.clientY - gesture.screen[1]);
    if (boxTool || distance > boxThreshold) gesture = { ...gesture, kind: "box", box: [...clamped(gesture.start), ...clamped(here)] };
    draw();
  } else if (gesture.kind === "box") {
    gesture.box = [...clamped(gesture.start), ...clamped(here)];
    draw();
  }
});

canvas.addEventListener("pointerup", (event) => {
  fingers.delete(event.pointerId);
  const done = gesture;
  if (done?.kind === "pinch" && fingers.size) return;
  gesture = null;
  if (!done || !page.picture) return;
  if (done.kind === "box") {
    const [x0, y0, x1, y1] = done.box;
    if (done.isNew) startObject();
    if (Math.abs(x1 - x0) >= 1 && Math.abs(y1 - y0) >= 1) {
      act(setBox([...rounded([Math.min(x0, x1), Math.min(y0, y1)]), ...rounded([Math.max(x0, x1), Math.max(y0, y1)])]));
    }
  } else if (done.kind === "click" && isInside(done.start)) {
    if (done.isNew) startObject();
    clickStart = performance.now();
    act(addPoint(...rounded(done.start), done.removes ? false : page.adds));
  } else if (done.kind === "point") {
    // Clicking a point removes it, dragging moves it; undo restores the original position.
    done.object.points[done.index] = done.original;
    act(changePoint(done.object, done.index, done.moved ? done.place : null));
  }
  draw();
});

canvas.addEventListener("pointercancel", (event) => { fingers.delete(event.pointerId); gesture = null; draw(); });
canvas.addEventListener("pointerleave", stopHover);
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - left, event.clientY - top);
}, { passive: false });

function pinch() {
  const [a, b] = [...fingers.values()];
  return b && { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, distance: Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1])) };
}

/** Waits for an action and reports any failure. */
function act(promise) {
  promise.catch((refusal) => changes.dispatchEvent(new CustomEvent("problem", { detail: refusal })));
}

// The keyboard on the picture

canvas.addEventListener("keydown", (event) => {
  if (!page.picture || event.ctrlKey || event.metaKey) return;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  // In a video, the arrows move from frame to frame.
  if (event.key in moves && !page.video) {
    const step = (event.shiftKey ? 1 : 12) / Math.min(place.scale, 12);
    cross ??= [page.picture.width / 2, page.picture.height / 2];
    cross = clamped([cross[0] + moves[event.key][0] * step, cross[1] + moves[event.key][1] * step]);
    if (hoverBox.checked && page.picture.encoded) { isHovering = true; wantHover(rounded(cross)); }
    draw();
  } else if (event.key === "Enter" && cross) {
    act(addPoint(...rounded(cross)));
  } else if (event.key === "+" || event.key === "-") {
    const { width, height } = canvas.getBoundingClientRect();
    zoom(event.key === "+" ? 1.25 : 0.8, width / 2, height / 2);
  } else { return; }
  event.preventDefault();
  event.stopPropagation();
});

export function setBoxTool(isOn) { boxTool = isOn; }
export function setSpace(isDown) { spaceIsDown = isDown; canvas.classList.toggle("panning", isDown); }

// Changes

changes.addEventListener("objects", paintObjects);
changes.addEventListener("frame", (event) => {
  bitmap = event.detail;
  hover = null;
  changed("loaded");
  draw();
});
changes.addEventListener("picture", async () => {
  const picture = page.picture;
  painted.clear();
  hover = cross = bitmap = null;
  fit();
  // The frames of a video arrive one at a time.
  if (page.video) return;
  const response = await fetch(`/api/images/${picture.id}/picture?side=2560`);
  if (!response.ok) return;
  const loaded = await createImageBitmap(await response.blob());
  if (page.picture !== picture) return;
  bitmap = loaded;
  changed("loaded");
  draw();
});
new ResizeObserver(() => fit()).observe(canvas);
