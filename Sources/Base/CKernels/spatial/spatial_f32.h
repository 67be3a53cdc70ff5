// Depthwise convolution and pooling, channels last, written once for all levels.

#ifndef SAM2_SPATIAL_F32_H
#define SAM2_SPATIAL_F32_H

/// Neighbouring outputs that share each weight load.
#define CONV_OUTPUTS 8

typedef struct {
  const float *x, *weight, *bias;
  size_t height, width, channels, kernel, stride, padding;
} conv;

INLINE vf load_lanes(const float *p, size_t lanes) {
  return lanes == VF_WIDTH ? vf_load(p) : vf_load_n(p, lanes);
}

INLINE void store_lanes(float *p, vf v, size_t lanes) {
  if (lanes == VF_WIDTH)
    vf_store(p, v);
  else
    vf_store_n(p, v, lanes);
}

/// Outputs [column, column + outputs) of row `row`, `lanes` channels from `channel` on. When
/// outputs > 1, all of their taps are horizontally inside the image; a single output is clipped.
INLINE void conv_outputs(const conv *t, const int outputs, size_t row, size_t column,
                         size_t channel, size_t lanes, float *y) {
  vf sum[CONV_OUTPUTS];
  const size_t between = t->stride * t->channels;  // distance of the taps of neighbouring outputs
  const vf bias = t->bias ? load_lanes(t->bias + channel, lanes) : vf_zero();
  UNROLLED for (int o = 0; o < outputs; ++o) sum[o] = bias;
  for (size_t ky = 0; ky < t->kernel; ++ky) {
    // Unsigned wrap-around makes rows above the image fail the same test as rows below it.
    const size_t from_row = row * t->stride + ky - t->padding;
    if (from_row >= t->height)
      continue;
    for (size_t kx = 0; kx < t->kernel; ++kx) {
      const size_t from_column = column * t->stride + kx - t->padding;
      if (outputs == 1 && from_column >= t->width)
        continue;
      const vf w = load_lanes(t->weight + (ky * t->kernel + kx) * t->channels + channel, lanes);
      const float *x = t->x + (from_row * t->width + from_column) * t->channels + channel;
      UNROLLED for (int o = 0; o < outputs; ++o)
        sum[o] = vf_fma(load_lanes(x + o * between, lanes), w, sum[o]);
    }
  }
  UNROLLED for (int o = 0; o < outputs; ++o)
    store_lanes(y + (column + o) * t->channels + channel, sum[o], lanes);
}

INLINE void conv_row(const conv *t, size_t row, size_t out_width, size_t channel, size_t lanes,
                     float *y) {
  for (size_t column = 0; column < out_width;) {
    // Are the first tap of this output and the last tap of the group inside the image?
    const size_t first = column * t->stride, last = (column + CONV_OUTPUTS - 1) * t->stride;
    if (first >= t->padding && last + t->kernel - t->padding <= t->width &&
        column + CONV_OUTPUTS <= out_width) {
      conv_outputs(t, CONV_OUTPUTS, row, column, channel, lanes, y);
      column += CONV_OUTPUTS;
    } else {
      conv_outputs(t, 1, row, column, channel, lanes, y);
      column += 1;
    }
  }
}

static void KERNEL(depthwise_conv_f32)(const float *x, size_t height, size_t width, size_t channels,
                                       const float *weight, const float *bias, size_t kernel,
                                       size_t stride, size_t padding, float *y, size_t first_row,
                                       size_t last_row) {
  if (width + 2 * padding < kernel)
    return;
  const size_t out_width = (width + 2 * padding - kernel) / stride + 1;
  const conv task = {x, weight, bias, height, width, channels, kernel, stride, padding};
  for (size_t row = first_row; row < last_row; ++row) {
    float *out = y + row * out_width * channels;
    size_t channel = 0;
    for (; channel + VF_WIDTH <= channels; channel += VF_WIDTH)
      conv_row(&task, row, out_width, channel, VF_WIDTH, out);
    if (channel < channels)
      conv_row(&task, row, out_width, channel, channels - channel, out);
  }
}

/// Computes one output cell: the maximum of window x window vectors, channel by channel.
INLINE void pool_cell(const float *x, size_t ldx, size_t row_stride, size_t channels,
                      size_t window, float *y) {
  for (size_t channel = 0; channel < channels; channel += VF_WIDTH) {
    const size_t lanes = min_size(channels - channel, VF_WIDTH);
    vf top = load_lanes(x + channel, lanes);
    for (size_t dy = 0; dy < window; ++dy)
      for (size_t dx = 0; dx < window; ++dx)
        top = vf_max(load_lanes(x + dy * row_stride + dx * ldx + channel, lanes), top);
    store_lanes(y + channel, top, lanes);
  }
}

static void KERNEL(max_pool_f32)(const float *x, size_t ldx, size_t height, size_t width,
                                 size_t channels, size_t window, float *y, size_t first_row,
                                 size_t last_row) {
  const size_t out_width = width / window, row_stride = width * ldx;
  const size_t out_height = height / window;
  for (size_t row = first_row; row < min_size(last_row, out_height); ++row)
    for (size_t column = 0; column < out_width; ++column)
      pool_cell(x + row * window * row_stride + column * window * ldx, ldx, row_stride, channels,
                window, y + (row * out_width + column) * channels);
}

/// Number of vectors of channels that are summed together.
#define SUM_VECTORS 4

/// Computes the sums of `vectors` vectors of channels; the last one has `lanes` channels.
INLINE void sum_channels(const float *x, size_t row_stride, size_t rows, size_t places,
                         size_t channels, const int vectors, size_t lanes, vf scale, float *y) {
  vf sum[SUM_VECTORS];
  UNROLLED for (int v = 0; v < vectors; ++v) sum[v] = vf_zero();
  for (size_t row = 0; row < rows; ++row) {
    const float *place = x + row * row_stride;
    for (size_t i = 0; i < places; ++i, place += channels)
      UNROLLED for (int v = 0; v < vectors; ++v)
        sum[v] = vf_add(sum[v], load_lanes(place + v * VF_WIDTH, v + 1 < vectors ? VF_WIDTH : lanes));
  }
  UNROLLED for (int v = 0; v < vectors; ++v)
    store_lanes(y + v * VF_WIDTH, vf_mul(sum[v], scale), v + 1 < vectors ? VF_WIDTH : lanes);
}

static void KERNEL(sum_places_f32)(const float *x, size_t row_stride, size_t rows, size_t places,
                                   size_t channels, float scale, float *y) {
  const vf factor = vf_set(scale);
  size_t channel = 0;
  for (; channel + SUM_VECTORS * VF_WIDTH <= channels; channel += SUM_VECTORS * VF_WIDTH)
    sum_channels(x + channel, row_stride, rows, places, channels, SUM_VECTORS, VF_WIDTH, factor,
                 y + channel);
  for (; channel < channels; channel += VF_WIDTH)
    sum_channels(x + channel, row_stride, rows, places, channels, 1,
                 min_size(channels - channel, VF_WIDTH), factor, y + channel);
}

#endif
