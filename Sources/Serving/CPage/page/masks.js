// Masks as pictures: run lengths are converted to a tint and an outline, off the main thread.

/** Colours that colour-blind people can distinguish (Okabe and Ito), for objects 1, 2 and so on. */
const palette = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#9a9a9a"];

export function colour(id) { return palette[(id - 1) % palette.length]; }

const worker = new Worker("/page/mask-worker.js", { type: "module" });
const waiting = new Map();
let next = 0;

worker.onmessage = ({ data }) => {
  waiting.get(data.id)?.(data);
  waiting.delete(data.id);
};

/**
 * Makes a mask drawable.
 * @param {string} counts COCO's run lengths
 * @param {number[]} size height and width
 * @returns {Promise<{tint: ImageBitmap, outline: Path2D, box: ?number[], width: number, height: number}>}
 */
export function paint(counts, [height, width], colour) {
  const id = next++;
  return new Promise((resolve) => {
    waiting.set(id, ({ tint, segments, box }) => {
      const outline = new Path2D();
      for (let i = 0; i < segments.length; i += 4) {
        outline.moveTo(segments[i], segments[i + 1]);
        outline.lineTo(segments[i + 2], segments[i + 3]);
      }
      resolve({ tint, outline, box, width, height });
    });
    worker.postMessage({ id, counts, height, width, colour });
  });
}
