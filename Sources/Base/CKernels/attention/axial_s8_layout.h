// How axial int8 attention lays out its operands (Formats/operators.md, `axial_attention`).
//
// Keys are tokens times a projection that rotates with the cell of a grid: with x in the first half
// of the depth, with y in the second. So each query is projected once for each column and row of
// the grid, to as many numbers as a token has, and multiplied by the tokens themselves.

#ifndef SAM2_AXIAL_S8_LAYOUT_H
#define SAM2_AXIAL_S8_LAYOUT_H

#include "attention_s8_prepare.h"

/// Number of frames whose tokens of the same cell are stored side by side.
#define FRAMES_AT_ONCE 8

#ifdef MATRIX_TILES
/// Units of a token's channels and of a query's halves: whole tiles, else words.
#define WHOLE_CHANNELS MATRIX_DEPTH
#define WHOLE_HALF MATRIX_DEPTH
/// Places after the last tile of tokens: a product may begin at any token, and reads a whole tile.
#define SPARE_TOKENS MATRIX_ROWS
#else
#define WHOLE_CHANNELS FOLD
#define WHOLE_HALF FOLD
#define SPARE_TOKENS 0
#endif

/// Sizes of a problem, in the units of the level.
typedef struct {
  size_t half_steps;   // words of a query's half
  size_t token_steps;  // words of a token, padded
  size_t cells;
  size_t places;       // columns of the grid, then its rows
  size_t rows;         // of the projection: `channels` for each place, then biases
  size_t row_biases;   // where the biases of the grid's rows begin among the biases
  size_t tiles;        // of tokens, SAM2_KEY_TILE places each
} axial_sizes;

INLINE size_t axial_tile_cells(size_t frames) {
  size_t power = 1;
  while (power < frames) power *= 2;
  return SAM2_KEY_TILE / power;
}

INLINE size_t parts_of(size_t count, size_t unit) { return (count + unit - 1) / unit; }

INLINE axial_sizes axial_sizes_of(const sam2_axial_s8 *task) {
  axial_sizes s;
  s.half_steps = task->depth / 2 / FOLD;
  s.token_steps = whole(task->channels, WHOLE_CHANNELS) / FOLD;
  s.cells = task->height * task->width;
  s.places = task->width + task->height;
  s.row_biases = whole(task->width, WHOLE_ROWS);
  s.rows = s.places * task->channels;
  if (task->has_bias)
    s.rows += s.row_biases + whole(task->height, WHOLE_ROWS);
  const size_t blocks = task->frames / FRAMES_AT_ONCE, left = task->frames % FRAMES_AT_ONCE;
  s.tiles = blocks * parts_of(s.cells, axial_tile_cells(FRAMES_AT_ONCE)) +
            (left ? parts_of(s.cells, axial_tile_cells(left)) : 0) +
            parts_of(task->rest, SAM2_KEY_TILE);
  return s;
}

/// Tokens of a tile: some frames of some cells, or tokens without a cell.
typedef struct {
  size_t first;   // row of the first token
  size_t cell;    // its cell
  size_t cells;   // 1 for tokens without a cell, which are treated as in the first
  size_t frames;  // tokens per cell
  size_t stride;  // rows from one token of a cell to its next
  size_t keys;
} axial_tile;

INLINE axial_tile axial_tile_of(const sam2_axial_s8 *task, const axial_sizes *s, size_t index) {
  for (size_t frame = 0; frame < task->frames; frame += FRAMES_AT_ONCE) {
    const size_t frames = min_size(FRAMES_AT_ONCE, task->frames - frame);
    const size_t limit = axial_tile_cells(frames), tiles = parts_of(s->cells, limit);
    if (index < tiles) {
      const size_t cell = index * limit, cells = min_size(limit, s->cells - cell);
      return (axial_tile){frame * s->cells + cell, cell, cells, frames, s->cells, cells * frames};
    }
    index -= tiles;
  }
  const size_t first = index * SAM2_KEY_TILE;
  const size_t keys = min_size(SAM2_KEY_TILE, task->rest - first);
  return (axial_tile){task->frames * s->cells + first, 0, 1, keys, 1, keys};
}

// MARK: - The projection

/// Sizes of the projection, whose rows are laid out like the keys of attention_s8.
INLINE attention_sizes projection_sizes(const sam2_axial_s8 *task, const axial_sizes *s) {
  attention_sizes sizes = {0};
  sizes.depth = whole(task->depth / 2, WHOLE_HALF);
  sizes.steps = sizes.depth / FOLD;
  sizes.keys = whole(s->rows, WHOLE_ROWS);
  return sizes;
}

static size_t KERNEL(axial_s8_projection_bytes)(const sam2_axial_s8 *task) {
  const axial_sizes s = axial_sizes_of(task);
  const attention_sizes sizes = projection_sizes(task, &s);
  return split_prepared(&sizes, NULL, NULL);
}

/// Rounds `count` rows of `depth` numbers into the rows from `at` on, in quads.
static void prepare_rows(const attention_sizes *sizes, const float *rows, size_t count,
                         size_t depth, size_t at, const attention_prepared *parts) {
  const sam2_attention_s8 source = {
      .keys = rows, .ldk = depth, .head_depth = depth, .key_count = count};
  attention_prepared target = *parts;
  target.keys += at * sizes->steps;
  target.key_scale += at;
  target.key_offset += at;
  for (size_t row = 0; row < count; row += QUAD)
    prepare_quad(&source, sizes, row, min_size(QUAD, count - row), &target);
  pad_keys(sizes, 0, count, &target);
}

static void KERNEL(axial_s8_project)(const sam2_axial_s8 *task, const float *rows,
                                     void *projection) {
  const axial_sizes s = axial_sizes_of(task);
  const attention_sizes sizes = projection_sizes(task, &s);
  const size_t whole_rows = s.places * task->channels, depth = task->depth / 2;
  attention_prepared parts;
  split_prepared(&sizes, projection, &parts);
  prepare_rows(&sizes, rows, whole_rows, depth, 0, &parts);
  if (!task->has_bias)
    return;
  rows += whole_rows * depth;
  prepare_rows(&sizes, rows, task->width, depth, whole_rows, &parts);
  prepare_rows(&sizes, rows + task->width * depth, task->height, depth,
               whole_rows + s.row_biases, &parts);
}

// MARK: - Tokens and values

INLINE attention_sizes token_sizes(const sam2_axial_s8 *task, const axial_sizes *s) {
  attention_sizes sizes = {0};
  sizes.depth = task->depth;
  sizes.steps = task->depth / FOLD;
  sizes.tiles = s->tiles;
  sizes.tile_keys = SAM2_KEY_TILE;
  sizes.tile_steps = SAM2_KEY_TILE / FOLD;
  sizes.channels = whole(task->value_depth, WHOLE_ROWS);
  return sizes;
}

/// `keys` are the words of the tokens, one token after another, not in quads.
INLINE size_t split_tokens(const sam2_axial_s8 *task, const axial_sizes *s, void *start,
                           attention_prepared *parts) {
  attention_sizes sizes = token_sizes(task, s);
  sizes.keys = s->tiles * SAM2_KEY_TILE + SPARE_TOKENS;
  sizes.steps = s->token_steps;
  return split_prepared(&sizes, start, parts);
}

static size_t KERNEL(axial_s8_prepared_bytes)(const sam2_axial_s8 *task) {
  const axial_sizes s = axial_sizes_of(task);
  return split_tokens(task, &s, NULL, NULL);
}

static size_t KERNEL(axial_s8_tiles)(const sam2_axial_s8 *task) {
  return axial_sizes_of(task).tiles;
}

/// VF_WIDTH channels of the token in `row`, plus its code if there is one.
INLINE vf load_token(const sam2_axial_s8 *task, size_t row, size_t channel) {
  const vf token = vf_load(task->tokens + row * task->ldt + channel);
  return task->codes ? vf_add(token, vf_load(task->codes + row * task->ldc + channel)) : token;
}

/// Rounds the token in `row` into the words at place `key`.
static void prepare_token(const sam2_axial_s8 *task, const axial_sizes *s, size_t row, size_t key,
                          const attention_prepared *parts) {
  vf largest = vf_zero();
  for (size_t k = 0; k < task->channels; k += VF_WIDTH)
    largest = max_magnitude(load_token(task, row, k), largest);
  const float scale = scale_for(vf_largest(largest));
  const vf inverse = vf_set(1.0f / scale);
  vf sum = vf_zero();
  for (size_t k = 0; k < task->channels; k += VF_WIDTH) {
    const vf v = to_range(load_token(task, row, k), inverse);
    fold_store(parts->keys + key * s->token_steps + k / FOLD, v);
    sum = vf_add(vf_round(v), sum);
  }
  if (WHOLE_CHANNELS > FOLD)
    for (size_t k = task->channels; k < s->token_steps * FOLD; k += VF_WIDTH)
      fold_store(parts->keys + key * s->token_steps + k / FOLD, vf_zero());
  parts->key_scale[key] = scale;
  // Each of the two parts of the depth adds the offset of the unsigned side.
  parts->key_offset[key] = -2 * UNSIGNED_OFFSET * (int32_t)vf_sum(sum);
}

static void KERNEL(axial_s8_prepare)(const sam2_axial_s8 *task, size_t first_tile,
                                     size_t last_tile) {
  const axial_sizes s = axial_sizes_of(task);
  const attention_sizes sizes = token_sizes(task, &s);
  attention_prepared parts;
  split_tokens(task, &s, task->prepared, &parts);
  for (size_t index = first_tile; index < last_tile; ++index) {
    const axial_tile tile = axial_tile_of(task, &s, index);
    // Reads row by row, as stored; writes cell by cell, as needed.
    for (size_t frame = 0; frame < tile.frames; ++frame)
      for (size_t cell = 0; cell < tile.cells; ++cell)
        prepare_token(task, &s, tile.first + frame * tile.stride + cell,
                      index * SAM2_KEY_TILE + cell * tile.frames + frame, &parts);
    for (size_t channel = 0; channel < task->value_depth; channel += VF_WIDTH) {
      _Alignas(64) float values[SAM2_KEY_TILE * VF_WIDTH];
      const size_t lanes = min_size(VF_WIDTH, task->value_depth - channel);
      for (size_t frame = 0; frame < tile.frames; ++frame) {
        const size_t row = tile.first + frame * tile.stride;
        for (size_t cell = 0; cell < tile.cells; ++cell)
          vf_store(values + (cell * tile.frames + frame) * VF_WIDTH,
                   load_padded(task->values + (row + cell) * task->ldv + channel, 0, lanes));
      }
      const value_block source = {values, VF_WIDTH, tile.keys, lanes};
      prepare_channels(&source, &sizes, index, channel, &parts);
    }
  }
}

#endif
