// Videos: frames, prompts on them, tracking, lanes.

import * as api from "./api.js";
import { colour } from "./masks.js";
import { changed, changes, forgetHistory, page, setWork } from "./document.js";

const by = (id) => document.getElementById(id);
const strip = by("strip"), scrubber = by("scrubber"), lanes = by("lanes"), bar = by("track-progress");
const displaySide = 1600, stripSide = 96;
/** Milliseconds for which a frame must be shown before it is encoded. */
const prepareDelay = 120;
/** Points and boxes by frame and object: "frame/object" → {points, box}. */
let prompts = new Map();
/** Known frames of each object: object → Map(frame → presence). */
let presence = new Map();
let report = () => {}, fail = () => {};
let job = null, playing = null;
/** Whether frames are being tracked, or are about to be: the server accepts no prompts then. */
let isTracking = false;

const key = (frame, object) => `${frame}/${object}`;
const address = () => `/api/videos/${page.video.id}`;

export function startVideos(reportStatus, reportProblem) { [report, fail] = [reportStatus, reportProblem]; }

/** Shows a video from the server's description. */
export async function showVideo(video) {
  setWork(videoWork);
  stopPlaying();
  clearTimeout(preparing);
  page.video = video;
  page.picture = { id: video.id, name: video.name, path: video.path, width: video.width, height: video.height, encoded: false };
  presence = new Map(video.lanes.map(({ object, frames }) => [object, new Map(frames.map(([frame, share]) => [frame, share]))]));
  prompts = await storedPrompts(video);
  page.objects = video.objects.map((id) => emptyObject(id));
  page.active = page.objects[0]?.id ?? 1;
  page.frame = -1;
  prepared = null;
  forgetHistory();
  const last = video.frames - 1;
  for (const id of ["scrubber", "frame-number", "range-from", "range-to"]) by(id).max = last;
  by("range-from").value = 0;
  by("range-to").value = last;
  by("timeline").hidden = false;
  changed("picture");
  await goTo(video.prompts[0]?.frame ?? 0);
  drawStrip();
  resume();
}

export function hideVideos() {
  stopPlaying();
  clearTimeout(preparing);
  by("timeline").hidden = true;
}

function emptyObject(id) {
  const name = page.video.names.find((known) => known.object === id)?.name ?? "";
  return { id, name, counts: null, score: null, points: [], box: null, hidden: false, locked: false, candidates: [], choice: 0, logits: null };
}

/** The prompts from an earlier visit, taken from the script of all actions. */
async function storedPrompts(video) {
  const found = new Map();
  const { actions } = await api.get(`/api/videos/${video.id}/script`);
  for (const action of actions) {
    const place = key(action.frame, action.object);
    if (action.do === "add_points") {
      const points = action.points.map(([x, y], i) => [x, y, action.labels[i]]);
      const earlier = action.clear ? [] : found.get(place)?.points ?? [];
      found.set(place, { points: [...earlier, ...points], box: action.box });
    } else if (action.do === "add_mask") {
      found.set(place, { points: [], box: null });
    } else if (action.do === "clear_frame") {
      found.delete(place);
    } else if (action.do === "remove_object") {
      for (const other of [...found.keys()]) if (other.endsWith(`/${action.object}`)) found.delete(other);
    }
  }
  return found;
}

// Frames

let preparing = null, prepared = null;
/** Encodes the shown frame while a person looks at it, so that clicks and masks under the pointer are quick. */
function prepare() {
  const { video, frame, active, picture } = page;
  if (isTracking || playing || frame < 0 || prepared === key(frame, active)) return;
  clearTimeout(preparing);
  picture.encoded = false;
  prepared = key(frame, active);
  preparing = setTimeout(async () => {
    // If this fails, a prompt will report the frame's failure.
    try { await api.send("POST", `/api/videos/${video.id}/encode`, { frame, object: active }); } catch { return; }
    if (page.picture === picture && prepared === key(frame, active) && !isTracking) picture.encoded = true;
  }, prepareDelay);
}

/** Marks the frame as needing to be encoded again, or as not to be encoded. */
function unprepare() {
  clearTimeout(preparing);
  prepared = null;
  if (page.picture) page.picture.encoded = false;
}

let latest = 0;
/** Shows a frame with its masks; if called repeatedly, the last call wins. */
export async function goTo(frame) {
  const video = page.video;
  frame = Math.min(Math.max(Math.round(frame) || 0, 0), video.frames - 1);
  const call = ++latest;
  scrubber.value = frame;
  by("frame-number").value = frame;
  const [bitmap, masks] = await Promise.all([frameBitmap(video, frame), api.get(`/api/videos/${video.id}/masks/${frame}`)]);
  if (call !== latest || page.video !== video) return;
  page.frame = frame;
  takeMasks(masks);
  changes.dispatchEvent(new CustomEvent("frame", { detail: bitmap }));
  changed();
  readAhead(video, frame);
}

/** Bitmaps around the play head; the oldest are dropped. */
const bitmaps = new Map();
const bitmapLimit = 48;

function frameBitmap(video, frame) {
  const name = `/api/videos/${video.id}/frames/${frame}?side=${displaySide}`;
  const known = bitmaps.get(name);
  if (known) { bitmaps.delete(name); bitmaps.set(name, known); return known; }
  const loading = fetch(name).then(async (response) => {
    if (!response.ok) throw new api.Refusal((await response.json()).error, response.status);
    return createImageBitmap(await response.blob());
  });
  loading.catch(() => bitmaps.delete(name));
  bitmaps.set(name, loading);
  while (bitmaps.size > bitmapLimit) bitmaps.delete(bitmaps.keys().next().value);
  return loading;
}

function readAhead(video, frame) {
  for (let next = frame + 1; next <= Math.min(frame + 3, video.frames - 1); next++) frameBitmap(video, next).catch(() => {});
}

/** Copies the masks of the shown frame into the objects. */
function takeMasks(masks) {
  if (masks.frame !== page.frame) return;
  const found = new Map(masks.objects.map((o) => [o.object, o]));
  for (const id of found.keys()) if (!page.objects.some((o) => o.id === id)) page.objects.push(emptyObject(id));
  page.objects.sort((a, b) => a.id - b.id);
  for (const object of page.objects) {
    const entry = found.get(object.id);
    const prompt = prompts.get(key(page.frame, object.id));
    Object.assign(object, { counts: entry?.area ? entry.counts : null, area: entry?.area, share: entry?.presence ?? null,
      points: structuredClone(prompt?.points ?? []), box: prompt?.box ?? null });
  }
}

// Prompts

const videoWork = {
  async answer(object, refines) {
    if (refines) await put(page.frame, object); else await replay(page.frame, object);
  },
  async preview(object, [width, height]) {
    const { objects, size } = await api.send("POST", `${address()}/preview`, { ...promptOf(page.frame, object), width, height });
    return { counts: objects[0].counts, size };
  },
  /** After undo: brings the server in line with the current prompts. */
  async changed(before, frame = page.frame) {
    await saveNames();
    if (!before) return;
    const now = new Map(page.objects.map((o) => [o.id, o])), then = new Map(before.objects.map((o) => [o.id, o]));
    const touched = [...now.values()].filter((o) => JSON.stringify([o.points, o.box]) !== JSON.stringify([then.get(o.id)?.points ?? [], then.get(o.id)?.box ?? null]));
    page.frame = frame;
    for (const object of touched) await replay(frame, object);
    for (const id of then.keys()) if (!now.has(id)) await videoWork.removed(id);
    await goTo(frame);
  },
  async removed(id) {
    for (const place of [...prompts.keys()]) if (place.endsWith(`/${id}`)) prompts.delete(place);
    presence.delete(id);
    page.video.names = page.video.names.filter((known) => known.object !== id);
    await api.send("DELETE", `${address()}/objects/${id}`).catch((refusal) => { if (refusal.code !== "track.object") throw refusal; });
    drawLanes();
    changed();
  },
};

function promptOf(frame, object) {
  return { frame, object: object.id, points: object.points.map(([x, y]) => [x, y]), labels: object.points.map((p) => p[2]), box: object.box, clear: true };
}

/**
 * Replays the prompts of an object on a frame as if they had just been entered one after another:
 * each refines the previous mask, so traces of a later prompt would otherwise remain in it.
 */
async function replay(frame, { id, points, box }) {
  if (prompts.has(key(frame, id))) await clear(frame, id);
  if (box) await put(frame, { id, points: [], box });
  for (let count = 1; count <= points.length; count++) await put(frame, { id, points: points.slice(0, count), box });
}

async function saveNames() {
  const names = page.objects.filter((o) => o.name).map((o) => ({ object: o.id, name: o.name }));
  if (JSON.stringify(names) === JSON.stringify(page.video.names)) return;
  await api.send("PUT", `${address()}/names`, { names });
  page.video.names = names;
}

async function put(frame, object) {
  const masks = await api.send("POST", `${address()}/prompts`, promptOf(frame, object));
  prompts.set(key(frame, object.id), { points: structuredClone(object.points), box: object.box });
  learn(masks);
  if (frame === page.frame) takeMasks(masks);
  changed();
}

async function clear(frame, id) {
  const masks = await api.send("DELETE", `${address()}/prompts/${frame}/${id}`);
  prompts.delete(key(frame, id));
  learn(masks);
  if (frame === page.frame) takeMasks(masks);
  changed();
}

/** Records the presence found in a frame's masks. */
function learn(masks) {
  for (const { object, presence: share, area } of masks.objects) {
    if (!presence.has(object)) presence.set(object, new Map());
    presence.get(object).set(masks.frame, area ? share : 0);
  }
  drawLanes();
}

// Tracking

const promptedFrames = () => [...prompts.keys()].map((place) => Number(place.split("/")[0]));
const range = () => [Number(by("range-from").value), Number(by("range-to").value)].sort((a, b) => a - b);

export async function track(direction) {
  const [from, to] = range(), marked = promptedFrames();
  if (!marked.length) { report("Click on something first."); return; }
  if (direction !== "back") {
    const start = Math.max(from, Math.min(...marked));
    if (start <= to && !(await run({ start, frames: to - start, reverse: false }))) return;
  }
  if (direction !== "forth") {
    const start = Math.min(to, direction === "both" ? Math.max(from, Math.min(...marked)) : Math.max(...marked));
    if (start >= from) await run({ start, frames: start - from, reverse: true });
  }
}

async function run(body) {
  isTracking = true;
  unprepare();
  try {
    const started = await api.send("POST", `${address()}/propagate`, body);
    return await followJob(started.id);
  } finally { isTracking = false; }
}

/** Shows a job while it runs; true if it completed. */
async function followJob(id) {
  job = id;
  isTracking = true;
  unprepare();
  setTracking(true);
  report("Tracking…");
  const video = page.video;
  const end = await api.listen(id, (name, data) => {
    if (page.video !== video) return;
    if (name === "progress") bar.value = data.total ? data.done / data.total : 0;
    if (name !== "frame") return;
    learn(data);
    if (by("follow").checked) goTo(data.frame).catch(fail);
  });
  job = null;
  isTracking = false;
  setTracking(false);
  if (page.video === video) await goTo(page.frame).catch(fail);
  if (end.name === "failed") fail(new api.Refusal(end.data, 0));
  else report(end.name === "cancelled" ? "Stopped; what was tracked stays." : `Tracked ${end.data.frames} frames.`);
  return end.name === "done";
}

function setTracking(isOn) {
  bar.hidden = !isOn;
  bar.value = 0;
  by("track-stop").disabled = !isOn;
  for (const id of ["track", "track-back", "track-both"]) by(id).disabled = isOn;
}

/** Resumes the job that was in progress when the page was left. */
async function resume() {
  setTracking(false);
  const { jobs } = await api.get(`/api/jobs?subject=${page.video.id}`);
  const active = jobs.find((j) => j.kind === "propagate" && ["waiting", "running"].includes(j.status));
  if (active) await followJob(active.id);
}

export async function stopTracking() { if (job) await api.send("DELETE", `/api/jobs/${job}`); }

// Playing

export function togglePlaying() {
  if (playing) { stopPlaying(); return; }
  by("play").setAttribute("aria-pressed", true);
  const step = 1000 / (page.video.fps ?? 24);
  const run = async () => {
    const start = performance.now();
    if (page.frame >= page.video.frames - 1) { stopPlaying(); return; }
    await goTo(page.frame + 1).catch((refusal) => { fail(refusal); stopPlaying(); });
    if (playing) playing = setTimeout(run, Math.max(0, step - (performance.now() - start)));
  };
  playing = setTimeout(run, 0);
}

function stopPlaying() {
  clearTimeout(playing);
  playing = null;
  by("play").setAttribute("aria-pressed", false);
  if (page.video) prepare();
}

// The film strip and the lanes

async function drawStrip() {
  const video = page.video, ratio = window.devicePixelRatio || 1;
  const { width, height } = strip.getBoundingClientRect();
  strip.width = width * ratio;
  strip.height = height * ratio;
  const context = strip.getContext("2d");
  const each = height * ratio * video.width / video.height;
  const count = Math.max(1, Math.min(video.frames, Math.floor(strip.width / each)));
  for (let i = 0; i < count; i++) {
    const frame = Math.round(i * (video.frames - 1) / Math.max(count - 1, 1));
    try {
      const response = await fetch(`/api/videos/${video.id}/frames/${frame}?side=${stripSide}`);
      if (!response.ok || page.video !== video) return;
      context.drawImage(await createImageBitmap(await response.blob()), i * strip.width / count, 0, each, strip.height);
    } catch { return; }
  }
}

/** The frames where an object that was present before has probably disappeared. */
function drops(known) {
  const frames = [...known.keys()].sort((a, b) => a - b);
  return frames.filter((frame, i) => i > 0 && known.get(frames[i - 1]) >= 0.5 && known.get(frame) < 0.5);
}

/** Shaded by presence, empty where nothing is known, a dot at each prompted frame, a mark where presence drops. */
function drawLanes() {
  const video = page.video;
  lanes.replaceChildren(...page.objects.map((object) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(lanes.clientWidth - 40, 100), height: 18 });
    const context = canvas.getContext("2d"), unit = canvas.width / video.frames;
    const known = presence.get(object.id) ?? new Map();
    context.fillStyle = colour(object.id);
    for (const [frame, share] of known) {
      if (!share) continue;
      context.globalAlpha = 0.15 + 0.75 * share;
      context.fillRect(frame * unit, 3, Math.max(unit, 1), 12);
    }
    context.globalAlpha = 1;
    for (const frame of drops(known)) {
      const x = frame * unit;
      context.beginPath();
      context.moveTo(x - 4, 0); context.lineTo(x + 4, 0); context.lineTo(x, 6);
      context.fillStyle = getComputedStyle(document.body).color;
      context.fill();
    }
    const marked = promptedFrames().filter((frame) => prompts.has(key(frame, object.id)));
    for (const frame of marked) {
      context.beginPath();
      context.arc((frame + 0.5) * unit, 9, 5, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
      context.lineWidth = 2.5;
      context.strokeStyle = colour(object.id);
      context.stroke();
    }
    context.strokeStyle = getComputedStyle(document.body).color;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo((page.frame + 0.5) * unit, 0);
    context.lineTo((page.frame + 0.5) * unit, 18);
    context.stroke();
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Object ${object.id}: seen on ${[...known.values()].filter((s) => s > 0.5).length} of ${video.frames} frames, prompted on ${marked.sort((a, b) => a - b).join(", ") || "none"}, lost on ${drops(known).join(", ") || "none"}`);
    canvas.addEventListener("click", (event) => {
      const place = event.offsetX / canvas.clientWidth * video.frames;
      // A click near a dot is meant for the dot.
      const near = marked.find((frame) => Math.abs(frame + 0.5 - place) * canvas.clientWidth / video.frames < 8);
      page.active = object.id;
      goTo(near ?? Math.floor(place)).catch(fail);
    });
    const row = Object.assign(document.createElement("div"), { className: "lane" });
    row.append(String(object.id), canvas);
    return row;
  }));
}

changes.addEventListener("objects", () => { if (page.video) { drawLanes(); prepare(); } });

scrubber.addEventListener("input", () => goTo(Number(scrubber.value)).catch(fail));
by("frame-number").addEventListener("change", () => goTo(Number(by("frame-number").value)).catch(fail));
by("play").addEventListener("click", togglePlaying);
by("track").addEventListener("click", () => track("forth").catch(fail));
by("track-back").addEventListener("click", () => track("back").catch(fail));
by("track-both").addEventListener("click", () => track("both").catch(fail));
by("track-stop").addEventListener("click", () => stopTracking().catch(fail));

/** Sets one end of the range to the shown frame. */
export function setRange(end) { by(end === "from" ? "range-from" : "range-to").value = page.frame; }
