#ifndef PNG_READER_H
#define PNG_READER_H

#include <png.h>

#include "report.h"

// The unread rest of a file in memory.
typedef struct codec_png_input {
  const uint8_t *next;
  size_t count;
} codec_png_input;

// A reader of `input` that reports its errors to `report` and skips chunks without pixels; NULL if
// out of memory.
png_structp codec_png_reader(codec_png_input *input, png_infop *info, codec_report *report);

// Reads all rows of 8-bit samples, `channels` per pixel, after the transformations have been set.
void codec_png_read_rows(png_structp png, png_infop info, codec_size size, uint8_t *output,
                         int channels);

#endif
