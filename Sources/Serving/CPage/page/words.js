// Finding objects by words, if the server has a detector.

import * as api from "./api.js";
import { addBoxes, changes, page } from "./document.js";

const form = document.getElementById("words"), field = document.getElementById("words-field");
const minimum = document.getElementById("words-threshold"), button = document.getElementById("words-find");

export function startWords(report, fail) {
  form.hidden = !page.model.detects;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find(report).catch(fail);
  });
  changes.addEventListener("picture", render);
  render();
}

function render() { button.disabled = page.picture === null; }

/** Finds objects for all words, separated by commas; each becomes an object named after its word. */
async function find(report) {
  const text = [...new Set(field.value.split(",").map((words) => words.trim()).filter(Boolean))];
  if (!text.length) { report("Type words first, with commas between several."); return; }
  const { picture, video, frame } = page, request = { text, threshold: minimum.valueAsNumber };
  button.disabled = true;
  report("Looking…");
  try {
    const { detections, left_out } = video
      ? await api.send("POST", `/api/videos/${video.id}/detect`, { ...request, frame })
      : await api.send("POST", `/api/images/${picture.id}/detect`, request);
    if (page.picture !== picture || page.frame !== frame) return;
    const before = page.objects.length;
    await addBoxes(detections.map(({ box, label }) => ({ box, name: label })), page.model.limits.objects);
    const added = page.objects.length - before, found = detections.length + left_out;
    report(found ? `Found ${found}, of which ${added} are objects now.` : "Nothing of that was found; a lower minimum score finds more.");
  } finally { render(); }
}
