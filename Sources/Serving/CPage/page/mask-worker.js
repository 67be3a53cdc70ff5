// Converts COCO's run lengths to a tinted picture and its edges.

/** Reads COCO's string form: column after column, runs outside and inside alternating. */
function lengths(text) {
  const counts = [];
  let value = 0, shift = 0;
  for (let i = 0; i < text.length; i++) {
    const group = text.charCodeAt(i) - 48;
    value |= (group & 31) << shift;
    shift += 5;
    if (group & 32) continue;
    if (group & 16 && shift < 32) value |= -1 << shift;
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
    value = shift = 0;
  }
  return counts;
}

/** [height, width], 1 inside; and the inclusive bounding box of the inside, null if it is empty. */
function pixels(text, width, height) {
  const mask = new Uint8Array(width * height);
  let [x0, y0, x1, y1] = [width, height, -1, -1], position = 0, inside = false;
  for (const count of lengths(text)) {
    if (inside && count) {
      const last = position + count - 1, lastX = Math.floor(last / height);
      let x = Math.floor(position / height), y = position % height;
      const isWhole = lastX > x;
      [x0, x1] = [Math.min(x0, x), Math.max(x1, lastX)];
      [y0, y1] = [Math.min(y0, isWhole ? 0 : y), Math.max(y1, isWhole ? height - 1 : last % height)];
      for (let p = position; p <= last; p++) {
        mask[y * width + x] = 1;
        if (++y === height) { y = 0; x++; }
      }
    }
    position += count;
    inside = !inside;
  }
  return { mask, box: x1 < 0 ? null : [x0, y0, x1, y1] };
}

/** Maximum number of lines that are drawn one by one; masks that consist of specks have more. */
const lineLimit = 3000;

/**
 * The edges between inside and outside, as lines x0, y0, x1, y1 along rows and columns; null if
 * there are too many. Nothing outside `box` is inside the mask.
 */
function edges(mask, width, height, [x0, y0, x1, y1]) {
  const lines = [];
  for (let y = y0; y <= y1 + 1; y++) {
    const above = y > y0 ? (y - 1) * width : -1, below = y <= y1 ? y * width : -1;
    let start = -1;
    for (let x = x0; x <= x1; x++) {
      const isEdge = (above < 0 ? 0 : mask[above + x]) !== (below < 0 ? 0 : mask[below + x]);
      if (isEdge === start >= 0) continue;
      if (isEdge) start = x;
      else { lines.push(start, y, x, y); start = -1; }
    }
    if (start >= 0) lines.push(start, y, x1 + 1, y);
    if (lines.length > 4 * lineLimit) return null;
  }
  // Edges along columns, found row by row to follow the memory layout.
  const starts = new Int32Array(x1 - x0 + 2).fill(-1);
  for (let y = y0; y <= y1 + 1; y++) {
    const row = y <= y1 ? y * width : -1;
    let left = 0;
    for (let x = x0; x <= x1 + 1; x++) {
      const right = row >= 0 && x <= x1 ? mask[row + x] : 0, start = starts[x - x0];
      if ((left !== right) !== start >= 0) {
        if (start < 0) starts[x - x0] = y;
        else { lines.push(x, start, x, y); starts[x - x0] = -1; }
      }
      left = right;
    }
    if (lines.length > 4 * lineLimit) return null;
  }
  return new Float32Array(lines);
}

/** With `hasEdges`, the pixels along the edges are opaque. */
function tinted(mask, width, height, [x0, y0, x1, y1], colour, hasEdges) {
  const number = parseInt(colour.slice(1), 16);
  // One word per pixel, in the order of the bytes in memory: red first.
  const word = (0x66 << 24 | (number & 255) << 16 | (number >> 8 & 255) << 8 | number >> 16) >>> 0;
  const opaque = (word | 0xff << 24) >>> 0;
  const words = new Uint32Array(width * height);
  for (let y = y0; y <= y1; y++) {
    for (let i = y * width + x0, end = y * width + x1; i <= end; i++) {
      if (!mask[i]) continue;
      // At the ends of a row, the neighbour is in an adjacent row, which is good enough for specks.
      const isEdge = hasEdges && !(mask[i - 1] && mask[i + 1] && mask[i - width] && mask[i + width]);
      words[i] = isEdge ? opaque : word;
    }
  }
  return createImageBitmap(new ImageData(new Uint8ClampedArray(words.buffer), width, height));
}

/** Masks are painted one after another: someone is waiting for the first, and later ones would slow it down. */
let last = Promise.resolve();
self.onmessage = ({ data }) => { last = last.then(() => answer(data)); };

async function answer({ id, counts, width, height, colour }) {
  const { mask, box } = pixels(counts, width, height), inside = box ?? [0, 0, -1, -1];
  const lines = edges(mask, width, height, inside), segments = lines ?? new Float32Array(0);
  const tint = await tinted(mask, width, height, inside, colour, lines === null);
  self.postMessage({ id, tint, segments, box }, [tint, segments.buffer]);
}
