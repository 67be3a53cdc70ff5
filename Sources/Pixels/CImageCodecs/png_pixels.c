#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "png_reader.h"

// MARK: RGB8

// Whether a chunk with this name precedes the pixels.
static int has_chunk(const uint8_t *bytes, size_t count, const char *name) {
  for (size_t offset = 8; offset + 8 <= count;) {
    const uint8_t *head = bytes + offset;
    if (memcmp(head + 4, name, 4) == 0) return 1;
    if (memcmp(head + 4, "IDAT", 4) == 0) return 0;
    size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (length > count - offset - 8) return 0;
    offset += length + 12;
  }
  return 0;
}

// Rows with alpha or 16 bits pass through a buffer: one row, or all rows of an interlaced image.
typedef struct row_buffer {
  uint16_t *rows;
  size_t count;
} row_buffer;

static void reserve(png_structp png, row_buffer *buffer, size_t rows, size_t samples) {
  if (samples > SIZE_MAX / sizeof(uint16_t) / rows) png_error(png, "out of memory");
  buffer->rows = malloc(rows * samples * sizeof(uint16_t));
  if (!buffer->rows) png_error(png, "out of memory");
  buffer->count = rows;
}

// Widens bytes in place, from the last to the first.
static void widen(uint16_t *row, size_t samples) {
  const uint8_t *bytes = (const uint8_t *)row;
  for (size_t i = samples; i-- > 0;) row[i] = bytes[i];
}

static uint8_t spread(uint16_t sample, codec_range range) {
  if (sample <= range.low) return 0;
  if (sample >= range.high) return 255;
  return (uint8_t)(((uint32_t)(sample - range.low) << 8) / ((uint32_t)(range.high - range.low) + 1));
}

// Converts one row of RGBA samples to RGB8.
static void finish_row(const uint16_t *row, uint32_t width, int depth, codec_range range,
                       uint8_t *output, codec_samples *found) {
  uint16_t opaque = depth == 16 ? 0xffff : 0xff;
  for (uint32_t x = 0; x < width; x++, row += 4, output += 3) {
    if (row[3] != opaque) found->transparent++;
    for (int i = 0; i < 3; i++) {
      if (depth == 16) {
        if (row[i] < found->low) found->low = row[i];
        if (row[i] > found->high) found->high = row[i];
      }
      output[i] = depth == 16 ? spread(row[i], range) : (uint8_t)row[i];
    }
  }
}

static void read_wide_rows(png_structp png, png_infop info, codec_size size, codec_range range,
                           row_buffer *buffer, uint8_t *output, codec_samples *found) {
  png_set_add_alpha(png, found->depth == 16 ? 0xffff : 0xff, PNG_FILLER_AFTER);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  png_set_swap(png);
#endif
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t samples = (size_t)size.width * 4;
  if (png_get_image_width(png, info) != size.width ||
      png_get_image_height(png, info) != size.height ||
      png_get_rowbytes(png, info) != samples * (found->depth == 16 ? 2 : 1))
    png_error(png, "rows do not have the length in the header");
  reserve(png, buffer, passes > 1 ? size.height : 1, samples);
  if (found->depth == 16) found->low = 0xffff;
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < size.height; y++) {
      uint16_t *row = buffer->rows + (passes > 1 ? y * samples : 0);
      png_read_row(png, (png_bytep)row, NULL);
      if (pass < passes - 1) continue;
      if (found->depth < 16) widen(row, samples);
      finish_row(row, size.width, found->depth, range, output + 3 * (size_t)size.width * y, found);
    }
  }
}

void codec_png_decode_rgb(const uint8_t *bytes, size_t count, codec_size size, codec_range range,
                          uint8_t *output, codec_samples *found, codec_report *report) {
  codec_png_input input = {bytes, count};
  png_infop info;
  *found = (codec_samples){0};
  png_structp png = codec_png_reader(&input, &info, report);
  if (!png) return;
  row_buffer buffer = {NULL, 0};
  // A jump may come after `buffer` has changed.
  row_buffer *volatile kept = &buffer;
  if (setjmp(png_jmpbuf(png))) {
    free(kept->rows);
    png_destroy_read_struct(&png, &info, NULL);
    return;
  }
  png_read_info(png, info);
  found->depth = png_get_bit_depth(png, info);
  found->is_animated = has_chunk(bytes, count, "acTL");
  int is_wide = found->depth == 16 || (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) ||
                png_get_valid(png, info, PNG_INFO_tRNS);
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_gray_to_rgb(png);
  if (is_wide) {
    if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    read_wide_rows(png, info, size, range, &buffer, output, found);
  } else {
    codec_png_read_rows(png, info, size, output, 3);
  }
  free(buffer.rows);
  png_destroy_read_struct(&png, &info, NULL);
}

// MARK: Stored samples

// Stored samples per pixel, for a reader that has read the header.
static int stored_channels(png_structp png, png_infop info) {
  int colour = png_get_color_type(png, info);
  if (colour == PNG_COLOR_TYPE_PALETTE) return 1;
  // Expanding a transparent level of fewer than 8 bits would scale the other levels.
  int has_alpha = (colour & PNG_COLOR_MASK_ALPHA) ||
                  (png_get_valid(png, info, PNG_INFO_tRNS) && png_get_bit_depth(png, info) >= 8);
  return (colour & PNG_COLOR_MASK_COLOR ? 3 : 1) + (has_alpha ? 1 : 0);
}

codec_png_layout codec_png_read_layout(const uint8_t *bytes, size_t count, codec_report *report) {
  codec_png_layout layout = {{0, 0}, 0, 0, 0, 0, {0}};
  codec_png_input input = {bytes, count};
  png_infop info;
  png_structp png = codec_png_reader(&input, &info, report);
  if (!png) return layout;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return layout;
  }
  png_read_info(png, info);
  layout.size = (codec_size){png_get_image_width(png, info), png_get_image_height(png, info)};
  layout.channels = stored_channels(png, info);
  layout.is_palette = png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE;
  layout.depth = png_get_bit_depth(png, info);
  png_colorp colours = NULL;
  png_bytep alphas = NULL;
  int alpha_count = 0;
  if (layout.is_palette && png_get_PLTE(png, info, &colours, &layout.palette_count)) {
    if (!png_get_valid(png, info, PNG_INFO_tRNS) ||
        !png_get_tRNS(png, info, &alphas, &alpha_count, NULL))
      alpha_count = 0;
    if (layout.palette_count > 256) layout.palette_count = 256;
    for (int i = 0; i < layout.palette_count; i++) {
      uint8_t *entry = layout.palette + 4 * i;
      entry[0] = colours[i].red;
      entry[1] = colours[i].green;
      entry[2] = colours[i].blue;
      entry[3] = i < alpha_count ? alphas[i] : 255;
    }
  }
  png_destroy_read_struct(&png, &info, NULL);
  return layout;
}

void codec_png_decode_stored(const uint8_t *bytes, size_t count, const codec_png_layout *layout,
                             uint16_t *output, codec_report *report) {
  codec_png_input input = {bytes, count};
  png_infop info;
  png_structp png = codec_png_reader(&input, &info, report);
  if (!png) return;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return;
  }
  png_read_info(png, info);
  png_set_packing(png);
  if (stored_channels(png, info) % 2 == 0 && png_get_valid(png, info, PNG_INFO_tRNS))
    png_set_tRNS_to_alpha(png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  png_set_swap(png);
#endif
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t samples = (size_t)layout->size.width * (size_t)layout->channels;
  if (png_get_image_width(png, info) != layout->size.width ||
      png_get_image_height(png, info) != layout->size.height ||
      png_get_rowbytes(png, info) != samples * (layout->depth == 16 ? 2 : 1))
    png_error(png, "rows do not have the length in the header");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < layout->size.height; y++) {
      png_read_row(png, (png_bytep)(output + y * samples), NULL);
      if (pass == passes - 1 && layout->depth < 16) widen(output + y * samples, samples);
    }
  }
  png_destroy_read_struct(&png, &info, NULL);
}
