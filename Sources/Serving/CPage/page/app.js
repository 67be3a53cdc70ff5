// Assembles the page: buttons, keys, messages.

import * as api from "./api.js";
import { activeObject, canRedo, canUndo, changed, changes, page, redo, removeObject, startObject, undo } from "./document.js";
import { open as openExport } from "./export.js";
import * as media from "./media.js";
import { findEverything, resumeEverything } from "./panels.js";
import { goTo, setRange, startVideos, togglePlaying, track } from "./video.js";
import { startWords } from "./words.js";
import { clickTimes, fit, hoverTimes, setBoxTool, setSpace } from "./view.js";

const by = (id) => document.getElementById(id);
const status = by("status"), problem = by("problem");

function report(text) { status.textContent = text; problem.hidden = true; }
function fail(refusal) { problem.textContent = refusal.message ?? String(refusal); problem.hidden = false; }
changes.addEventListener("problem", (event) => fail(event.detail));

// Actions

let boxIsOn = false;
const actions = {
  sign: () => { page.adds = !page.adds; render(); report(page.adds ? "Clicks add." : "Clicks take away."); },
  box: () => { boxIsOn = !boxIsOn; setBoxTool(boxIsOn); render(); },
  newObject: () => { startObject(); report(`The next click starts object ${page.active}.`); },
  track: () => { if (page.video) track("forth").catch(fail); },
  from: () => { if (page.video) setRange("from"); },
  to: () => { if (page.video) setRange("to"); },
  everything: () => { if (!page.video) findEverything(report).catch(fail); },
  undo, redo, fit,
  export: () => openExport(),
  help: () => by("help-card").showModal(),
  remove: () => { if (activeObject()) removeObject(page.active); },
};

const keys = [
  ["Click", "add to the object", null], ["Right or Alt click", "take away", null],
  ["Drag", "draw a box", null], ["Shift click", "start a new object", null],
  ["Wheel, pinch", "zoom", null], ["Space and drag", "move the picture", null],
  ["N", "new object", actions.newObject], ["1 – 9", "choose an object", null],
  ["X", "change between adding and taking away", actions.sign], ["B", "box tool", actions.box],
  ["A", "find everything", actions.everything], ["Delete", "remove the object", actions.remove],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo", null], ["Page Up, Page Down", "previous, next picture", null],
  ["T", "track forwards (videos)", actions.track], ["[", "track from here", actions.from], ["]", "track up to here", actions.to],
  ["Left, Right", "previous, next frame; with Shift ten", null], ["Space", "play (videos)", null],
  ["0", "fit the picture", actions.fit], ["E", "export", actions.export], ["?", "this card", actions.help],
  ["Arrows, Enter", "on the picture: move the cross, click", null],
];

for (const [name, what] of keys) {
  by("keys").append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: what }));
}

for (const [id, action] of [["sign", actions.sign], ["box-tool", actions.box], ["new-object", actions.newObject],
  ["everything", actions.everything], ["undo", undo], ["redo", redo], ["fit", fit], ["export", actions.export], ["help", actions.help]]) {
  by(id).addEventListener("click", action);
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input:not([type=checkbox]), textarea, dialog[open]");
  if (isTyping) return;
  if (event.ctrlKey || event.metaKey) {
    const key = event.key.toLowerCase();
    if (key === "z") { if (event.shiftKey) redo(); else undo(); event.preventDefault(); }
    if (key === "y") { redo(); event.preventDefault(); }
    return;
  }
  if (!page.picture) { if (event.key === "?") actions.help(); return; }
  if (event.key === " " && !["BUTTON", "INPUT"].includes(event.target.tagName)) {
    if (page.video) { if (!event.repeat) togglePlaying(); } else setSpace(true);
    event.preventDefault();
    return;
  }
  if (page.video && (event.key === "ArrowLeft" || event.key === "ArrowRight") && event.target.tagName !== "INPUT") {
    goTo(page.frame + (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 10 : 1)).catch(fail);
    event.preventDefault();
    return;
  }
  if (event.key === "PageDown" || event.key === "PageUp") { media.move(event.key === "PageDown" ? 1 : -1); event.preventDefault(); return; }
  if (event.key === "Delete" || event.key === "Backspace") { actions.remove(); return; }
  if (/^[1-9]$/.test(event.key)) { page.active = Number(event.key); changed(); return; }
  const found = keys.find(([name, , action]) => action && name.toLowerCase() === event.key.toLowerCase());
  if (found && !(found[0] === "E" && by("export").disabled)) { found[2](); event.preventDefault(); }
});
document.addEventListener("keyup", (event) => { if (event.key === " ") setSpace(false); });

// Display

function render() {
  const hasPicture = page.picture !== null;
  by("welcome").hidden = hasPicture;
  by("sign").textContent = page.adds ? "+ Add" : "− Remove";
  by("sign").setAttribute("aria-pressed", !page.adds);
  by("box-tool").setAttribute("aria-pressed", boxIsOn);
  for (const id of ["sign", "box-tool", "new-object", "everything", "fit"]) by(id).disabled = !hasPicture;
  by("undo").disabled = !canUndo();
  by("redo").disabled = !canRedo();
  by("export").disabled = !page.objects.some((o) => o.counts) && !page.video;
}
changes.addEventListener("objects", () => { problem.hidden = true; render(); });
changes.addEventListener("picture", () => {
  document.title = `${page.picture.name} – sam2`;
  by("everything").hidden = page.video !== null;
  if (!page.video) resumeEverything(report).catch(fail);
});

function describe(model) {
  const parts = [`${model.image_size} px`, model.quantization ? "int8" : "float"];
  by("model").replaceChildren(model.name.split("/").at(-1), " ", Object.assign(document.createElement("small"), { textContent: parts.join(", ") }));
}

// For tests: the state, and how quickly masks arrive.
window.sam2 = { page, hoverTimes, clickTimes };

try {
  page.model = await api.get("/api/model");
  describe(page.model);
  render();
  startVideos(report, fail);
  startWords(report, fail);
  await media.start(report, fail);
} catch (refusal) { fail(refusal); }
