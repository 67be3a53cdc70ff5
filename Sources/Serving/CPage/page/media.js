// The list on the left: uploads, the media folder, and encoding states.

import * as api from "./api.js";
import { changed, changes, page, show } from "./document.js";
import { hideVideos, showVideo } from "./video.js";

const byId = (id) => document.getElementById(id);
const list = byId("items"), folderLine = byId("folder"), drop = byId("choose"), file = byId("file");
/** Entries: {kind, path?, id?, name, state}. */
let items = [];
let folder = "";
let report = () => {};
let fail = () => {};

export async function start(reportStatus, reportProblem) {
  [report, fail] = [reportStatus, reportProblem];
  await loadFolder("");
  const linked = location.hash.slice(1);
  const open = items.find((item) => item.id === linked);
  if (open) await choose(open);
}

async function loadFolder(path) {
  const [{ entries }, { images }, { videos }] = await Promise.all([
    api.get(`/api/media?folder=${encodeURIComponent(path)}`), api.get("/api/images"), api.get("/api/videos")]);
  folder = path;
  const openVideos = new Map(videos.filter((v) => v.path).map((v) => [v.path, v.id]));
  const open = new Map(images.filter((i) => i.path).map((i) => [i.path, i]));
  const uploads = [...images.filter((i) => !i.path).map(fromServer),
    ...videos.filter((v) => !v.path).map((v) => ({ kind: "video", id: v.id, name: v.name, state: "new" }))];
  const files = entries.flatMap((entry) => {
    const name = entry.path.split("/").at(-1), id = openVideos.get(entry.path);
    if (open.has(entry.path)) return [fromServer(open.get(entry.path))];
    const plain = { kind: entry.kind, path: entry.path, name, state: "new" };
    const video = { kind: "video", path: entry.path, id, name, state: "new" };
    // A folder stays listed as a folder even when it is also open as a video.
    if (entry.kind === "folder") return id ? [plain, video] : [plain];
    return [entry.kind === "video" ? video : plain];
  });
  byId("as-video").hidden = !entries.some((entry) => entry.kind === "picture") || !path || !page.model.tracks;
  const up = path ? [{ kind: "folder", path: path.split("/").slice(0, -1).join("/"), name: "..", state: "new" }] : [];
  items = [...uploads, ...up, ...files];
  folderLine.hidden = !page.model.has_media;
  folderLine.textContent = `/${path}`;
  render();
}

function fromServer(image) {
  return { kind: "picture", id: image.id, path: image.path, name: image.name,
    state: image.object_count ? "saved" : image.encoded ? "ready" : "new" };
}

const ready = "Ready: point at something, or click.";
const words = { new: "", encoding: "encoding…", ready: "ready", saved: "marked" };

function render() {
  list.replaceChildren(...items.map((item) => {
    const row = document.createElement("li");
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", item.id !== undefined && item.id === page.picture?.id);
    const address = item.id && item.kind === "picture" ? `/api/images/${item.id}/picture?side=192`
      : item.id && item.kind === "video" ? `/api/videos/${item.id}/frames/0?side=192`
      : item.kind === "picture" ? `/api/media/thumbnail?path=${encodeURIComponent(item.path)}` : null;
    if (address) row.append(Object.assign(new Image(), { src: address, alt: "", loading: "lazy" }));
    const name = ({ folder: "▸ ", video: "▶ " }[item.kind] ?? "") + item.name;
    row.append(Object.assign(document.createElement("span"), { className: "name", textContent: name, title: item.name }),
      Object.assign(document.createElement("span"), { className: "state", textContent: words[item.state] ?? "" }));
    row.addEventListener("click", () => choose(item).catch(fail));
    return row;
  }));
}

async function choose(item) {
  if (item.kind === "folder") return loadFolder(item.path);
  if (item.kind === "video") return chooseVideo(item);
  hideVideos();
  const picture = item.id ? await api.get(`/api/images/${item.id}`)
    : await api.send("POST", "/api/images", { path: item.path });
  Object.assign(item, { id: picture.id, name: picture.name });
  show(picture);
  history.replaceState(null, "", `#${picture.id}`);
  render();
  await encode(item);
  encodeNeighbours(item);
}

async function chooseVideo(item) {
  report("Opening the video…");
  const video = item.id ? await api.get(`/api/videos/${item.id}`) : await api.send("POST", "/api/videos", { path: item.path });
  item.id = video.id;
  history.replaceState(null, "", `#${video.id}`);
  await showVideo(video);
  render();
  report("Click on something, then track it.");
}

/** Encodes the displayed picture at once, before anybody clicks. */
async function encode(item) {
  if (page.picture.encoded) { setState(item); report(ready); return; }
  item.state = "encoding";
  render();
  report("Encoding the picture…");
  const picture = page.picture;
  try {
    await api.send("POST", `/api/images/${item.id}/encode`, {});
  } finally {
    item.state = "new";
    render();
  }
  if (page.picture === picture) { picture.encoded = true; report(ready); changed("encoded"); }
  setState(item);
}

function setState(item) {
  item.state = item.id === page.picture?.id && page.objects.length ? "saved" : "ready";
  render();
}

/** The neighbouring pictures are probably next. */
async function encodeNeighbours(item) {
  const pictures = items.filter((i) => i.kind === "picture");
  const place = pictures.indexOf(item);
  for (const neighbour of [pictures[place + 1], pictures[place - 1]]) {
    if (!neighbour || neighbour.state !== "new") continue;
    try {
      if (!neighbour.id) neighbour.id = (await api.send("POST", "/api/images", { path: neighbour.path })).id;
      await api.send("POST", `/api/images/${neighbour.id}/encode`, { ahead: true });
      neighbour.state = "ready";
      render();
    } catch { /* opening it reports the failure */ }
  }
}

/** Moves to the next or the previous picture. */
export function move(by) {
  const pictures = items.filter((i) => i.kind === "picture");
  const place = pictures.findIndex((i) => i.id && i.id === page.picture?.id);
  const next = pictures[place < 0 ? 0 : place + by];
  if (next) choose(next).catch(fail);
}

async function take(files) {
  for (const one of files) {
    try {
      const isVideo = one.type.startsWith("video/");
      const made = await api.upload(isVideo ? "/api/videos" : "/api/images", one);
      const item = isVideo ? { kind: "video", id: made.id, name: made.name, state: "new" } : fromServer(made);
      items.unshift(item);
      await choose(item);
    } catch (refusal) {
      refusal.message = `${one.name}: ${refusal.message}`;
      fail(refusal);
    }
  }
}

byId("as-video").addEventListener("click", () => chooseVideo({ kind: "video", path: folder }).catch(fail));
drop.addEventListener("click", () => file.click());
file.addEventListener("change", () => { take([...file.files]); file.value = ""; });
list.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowRight") move(1);
  else if (event.key === "ArrowUp" || event.key === "ArrowLeft") move(-1);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });
changes.addEventListener("saved", () => {
  const item = items.find((i) => i.id === page.picture?.id);
  if (item && !page.video) setState(item);
});
