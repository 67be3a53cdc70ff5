// The objects of the open picture: prompts, masks, undo, and saving to the server.

import * as api from "./api.js";

/** Announces changes that people can see; the panels and the view listen. */
export const changes = new EventTarget();
export function changed(what = "objects") { changes.dispatchEvent(new CustomEvent(what)); }

/**
 * Where prompts are answered and results are kept: `pictures` below, or the equivalent for a video
 * (video.js). answer(object, refines) requests the mask for its prompts, which refine the previous
 * mask or replace it; preview(object, size) requests the mask without keeping anything;
 * changed(before) stores changes that involved no prompt; removed(id) forgets an object.
 */
let work;
export function setWork(newWork) { work = newWork ?? pictures; }

export const page = {
  /** The open video, as the server describes it; null for a picture. */
  video: null,
  /** The video frame that is shown. */
  frame: 0,
  /** Facts about the model, from the server. */
  model: null,
  /** The open picture: id, name, width, height, path, revision. */
  picture: null,
  objects: [],
  /** Number of the object that clicks apply to. */
  active: 1,
  /** Whether the next click adds. */
  adds: true,
};

const past = [], future = [];
const undoLimit = 200;

/** Copies everything that is changed in place; masks and candidates are large and are replaced as a whole. */
function copy(objects) { return objects.map((o) => ({ ...o, points: structuredClone(o.points), box: o.box && [...o.box] })); }

export function activeObject() { return page.objects.find((o) => o.id === page.active); }

/** Opens a picture from the server's description. */
export function show(picture) {
  setWork(pictures);
  page.video = null;
  page.picture = picture;
  page.objects = (picture.objects ?? []).map((stored) => ({
    id: stored.id, name: stored.name, counts: stored.counts, score: stored.score,
    points: stored.points.map(([x, y], i) => [x, y, stored.labels[i]]), box: stored.box,
    hidden: stored.hidden, locked: stored.locked, candidates: [], choice: stored.previous?.mask ?? 0,
    logits: stored.previous?.logits ?? null,
  }));
  page.active = page.objects[0]?.id ?? 1;
  forgetHistory();
  changed("picture");
  changed();
}

export function forgetHistory() { past.length = future.length = 0; }

// Undo

function snapshot() { return { objects: copy(page.objects), active: page.active, frame: page.frame }; }

/** Records the state before a change. */
function note() {
  past.push(snapshot());
  if (past.length > undoLimit) past.shift();
  future.length = 0;
}

export function canUndo() { return past.length > 0; }
export function canRedo() { return future.length > 0; }

async function step(from, to) {
  const state = from.pop();
  if (!state) return;
  const before = snapshot();
  to.push({ ...before, frame: state.frame });
  page.objects = state.objects;
  page.active = state.active;
  changed();
  await work.changed(before, state.frame).catch(report);
}

function report(refusal) { changes.dispatchEvent(new CustomEvent("problem", { detail: refusal })); }

export function undo() { step(past, future); }
export function redo() { step(future, past); }

// Prompts

function freeNumber() {
  const used = new Set(page.objects.map((o) => o.id));
  let id = 1;
  while (used.has(id)) id++;
  return id;
}

/** Makes the object that the next click applies to a new one. */
export function startObject() {
  page.active = freeNumber();
  changed();
}

function ensureObject() {
  let object = activeObject();
  if (object?.locked) { startObject(); object = undefined; }
  if (!object) {
    object = { id: page.active, name: "", counts: null, score: null, points: [], box: null,
      hidden: false, locked: false, candidates: [], choice: 0, logits: null };
    page.objects.push(object);
    page.objects.sort((a, b) => a.id - b.id);
  }
  object.hidden = false;
  return object;
}

/** An object's prompts in the form the server accepts. */
function promptOf(object) {
  const prompt = {
    points: object.points.map(([x, y]) => [x, y]), labels: object.points.map((p) => p[2]),
    box: object.box,
  };
  const isFirst = object.points.length + (object.box ? 1 : 0) === 1;
  // The first prompt of an object is ambiguous: the best of three readings is shown.
  prompt.multimask = isFirst;
  if (object.logits && !isFirst) prompt.previous = { logits: object.logits, mask: object.choice };
  return prompt;
}

async function ask(picture, prompt) {
  const path = `/api/images/${picture.id}/predict`;
  try {
    return await api.send("POST", path, prompt);
  } catch (refusal) {
    // The server no longer has the earlier answer, so the prompts are sent on their own.
    if (refusal.code !== "serve.logits") throw refusal;
    const { previous, ...rest } = prompt;
    return api.send("POST", path, rest);
  }
}

async function previewPicture(object, [width, height]) {
  const found = await ask(page.picture, { ...promptOf(object), keep: false, width, height });
  return { counts: found.masks[found.best].counts, size: found.size };
}

/** The mask that a click would give the active object, in at most `size` pixels; nothing is kept. */
export function preview([x, y], size) {
  const known = activeObject();
  const object = known && !known.locked ? known : { id: page.active, points: [], box: null, logits: null };
  return work.preview({ ...object, points: [...object.points, [x, y, page.adds ? 1 : 0]] }, size);
}

/** Requests the mask for the prompts on a picture, refining the mask chosen so far. */
async function answerPicture(object) {
  const { picture } = page;
  if (!object.points.length && !object.box) {
    page.objects = page.objects.filter((o) => o !== object);
    changed();
    await save();
    return;
  }
  const found = await ask(picture, promptOf(object));
  if (page.picture !== picture || !page.objects.includes(object)) return;
  object.candidates = found.masks;
  object.logits = found.logits;
  object.size = found.size;
  object.presence = found.object_score;
  choose(object, found.best);
  await shown();
  await save();
}

/** Waits until a mask is on the screen, or as long as that could take: it is the only thing people wait for. */
export function shown() {
  return new Promise((resolve) => {
    const afterFrame = () => requestAnimationFrame(() => setTimeout(resolve));
    changes.addEventListener("painted", afterFrame, { once: true });
    setTimeout(resolve, 300);
  });
}

function choose(object, index) {
  object.choice = index;
  object.counts = object.candidates[index].counts;
  object.score = object.candidates[index].predicted_iou;
  object.area = object.candidates[index].area;
  changed();
}

/** Switches to another candidate. */
export async function chooseCandidate(object, index) {
  note();
  choose(object, index);
  await save();
}

// One request after another, so that answers arrive in the order of the clicks.
let queue = Promise.resolve();
function inTurn(work) {
  const result = queue.then(work, work);
  queue = result.catch(() => {});
  return result;
}

async function edit(change, refines = false) {
  note();
  const before = past.at(-1);
  try {
    const object = change();
    changed();
    await inTurn(() => work.answer(object, refines));
  } catch (refusal) {
    // A prompt that the server refuses leaves no trace.
    if (past.at(-1) === before) past.pop();
    page.objects = before.objects;
    page.active = before.active;
    changed();
    throw refusal;
  }
}

export function addPoint(x, y, adds = page.adds) {
  return edit(() => {
    const object = ensureObject();
    object.points.push([x, y, adds ? 1 : 0]);
    return object;
  }, true);
}

export function setBox(box) {
  return edit(() => {
    const object = ensureObject();
    object.box = box;
    object.points = [];
    object.logits = null;
    return object;
  });
}

/** Moves point `index` of an object, or removes it if no place is given. */
export function changePoint(object, index, place) {
  return edit(() => {
    if (place) object.points[index] = [...place, object.points[index][2]];
    else object.points.splice(index, 1);
    object.logits = null;
    return object;
  });
}

// Objects

export async function removeObject(id) {
  note();
  page.objects = page.objects.filter((o) => o.id !== id);
  if (page.active === id) page.active = page.objects.at(-1)?.id ?? 1;
  changed();
  await work.removed(id);
}

export async function setFact(object, fact, value) {
  note();
  object[fact] = value;
  changed();
  await work.changed(null);
}

/** Adopts masks that the server found on its own as new objects, best first. */
export async function adopt(masks, limit) {
  note();
  for (const mask of masks) {
    if (page.objects.length >= limit) break;
    page.objects.push({
      id: freeNumber(), name: mask.name ?? "", counts: mask.segmentation.counts, score: mask.predicted_iou,
      area: mask.area, points: [], box: mask.prompt ?? null, hidden: false, locked: false, candidates: [],
      choice: 0, logits: null,
    });
  }
  page.objects.sort((a, b) => a.id - b.id);
  changed();
  await save();
}

/** Adds named objects from boxes, as if a person had drawn the boxes. */
export async function addBoxes(boxes, limit) {
  note();
  for (const { box, name } of boxes) {
    if (page.objects.length >= limit) break;
    startObject();
    const object = ensureObject();
    Object.assign(object, { box, name });
    await work.answer(object, true);
  }
  changed();
  await work.changed();
}

// Saving

/** Saves the objects on the server, so that nothing is lost if the page is. */
async function save() {
  const { picture } = page;
  const objects = page.objects.filter((o) => o.counts).map((o) => ({
    id: o.id, name: o.name, counts: o.counts, score: o.score,
    points: o.points.map(([x, y]) => [x, y]), labels: o.points.map((p) => p[2]), box: o.box,
    hidden: o.hidden, locked: o.locked, previous: o.logits ? { logits: o.logits, mask: o.choice } : null,
  }));
  try {
    const { revision } = await api.send("PUT", `/api/images/${picture.id}/objects`, { objects });
    picture.revision = revision;
    changed("saved");
  } catch (refusal) { report(refusal); }
}

const pictures = { answer: answerPicture, preview: previewPicture, changed: save, removed: save };
setWork(pictures);
