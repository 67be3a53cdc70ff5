#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "png_reader.h"

// Maximum number of rows or columns when writing.
#define DIMENSION_LIMIT 1000000u
// Chunks that carry no pixels, skipped so that a small file cannot inflate into a large profile.
#define SKIPPED_CHUNKS 9
static const png_byte skipped_chunks[] = "iCCP\0iTXt\0tEXt\0zTXt\0sPLT\0hIST\0eXIf\0pCAL\0sCAL";

// MARK: Callbacks

static void fail(png_structp png, png_const_charp text) {
  codec_report *report = png_get_error_ptr(png);
  int is_memory = strstr(text, "emory") != NULL;
  codec_fail(report, is_memory ? CODEC_OUT_OF_MEMORY : CODEC_DAMAGED, text);
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  codec_png_input *input = png_get_io_ptr(png);
  if (count > input->count) png_error(png, "the file ends too early");
  memcpy(target, input->next, count);
  input->next += count;
  input->count -= count;
}

static void append_bytes(png_structp png, png_bytep source, size_t count) {
  codec_bytes *bytes = png_get_io_ptr(png);
  if (count > bytes->capacity - bytes->count) {
    size_t capacity = 2 * bytes->capacity + count + 4096;
    uint8_t *data = realloc(bytes->data, capacity);
    if (!data) png_error(png, "out of memory");
    bytes->data = data;
    bytes->capacity = capacity;
  }
  memcpy(bytes->data + bytes->count, source, count);
  bytes->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

// MARK: Decoding

png_structp codec_png_reader(codec_png_input *input, png_infop *info, codec_report *report) {
  report->status = CODEC_OK;
  report->text[0] = 0;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, report, fail, ignore_warning);
  *info = png ? png_create_info_struct(png) : NULL;
  if (!*info) {
    png_destroy_read_struct(&png, NULL, NULL);
    codec_fail(report, CODEC_OUT_OF_MEMORY, "out of memory");
    return NULL;
  }
  png_set_read_fn(png, input, read_bytes);
  // Any side length the format allows: the caller caps the product before it allocates.
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, skipped_chunks, SKIPPED_CHUNKS);
  return png;
}

codec_size codec_png_size(const uint8_t *bytes, size_t count, codec_report *report) {
  codec_png_input input = {bytes, count};
  png_infop info;
  png_structp png = codec_png_reader(&input, &info, report);
  if (!png) return (codec_size){0, 0};
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return (codec_size){0, 0};
  }
  png_read_info(png, info);
  codec_size size = {png_get_image_width(png, info), png_get_image_height(png, info)};
  png_destroy_read_struct(&png, &info, NULL);
  return size;
}

// Needs no array of row pointers: an interlaced image is refined in place, pass by pass.
void codec_png_read_rows(png_structp png, png_infop info, codec_size size, uint8_t *output,
                         int channels) {
  int passes = png_set_interlace_handling(png);
  size_t stride = (size_t)size.width * (size_t)channels;
  png_read_update_info(png, info);
  if (png_get_image_width(png, info) != size.width ||
      png_get_image_height(png, info) != size.height || png_get_rowbytes(png, info) != stride)
    png_error(png, "rows do not have the length in the header");
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < size.height; y++) png_read_row(png, output + y * stride, NULL);
}

void codec_png_decode_samples(const uint8_t *bytes, size_t count, codec_size size, uint8_t *output,
                              codec_report *report) {
  codec_png_input input = {bytes, count};
  png_infop info;
  png_structp png = codec_png_reader(&input, &info, report);
  if (!png) return;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return;
  }
  png_read_info(png, info);
  int colour = png_get_color_type(png, info);
  int is_single = colour == PNG_COLOR_TYPE_PALETTE || colour == PNG_COLOR_TYPE_GRAY;
  if (is_single && png_get_bit_depth(png, info) <= 8) {
    png_set_packing(png);
    codec_png_read_rows(png, info, size, output, 1);
  } else {
    codec_fail(report, CODEC_UNSUPPORTED, "not a palette or gray PNG of at most 8 bits a pixel");
  }
  png_destroy_read_struct(&png, &info, NULL);
}

// MARK: Encoding

static void write_image(png_structp png, png_infop info, const uint8_t *pixels, codec_size size,
                        int channels, const uint8_t *palette) {
  int colour = channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA
               : channels == 3 ? PNG_COLOR_TYPE_RGB
               : palette     ? PNG_COLOR_TYPE_PALETTE
                             : PNG_COLOR_TYPE_GRAY;
  png_set_IHDR(png, info, size.width, size.height, 8, colour, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_color colours[256];
  if (colour == PNG_COLOR_TYPE_PALETTE) {
    for (int i = 0; i < 256; i++)
      colours[i] = (png_color){palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]};
    png_set_PLTE(png, info, colours, 256);
  }
  // Masks consist of flat areas, which without filters are long runs of one value: looking for
  // matches other than runs takes three to seven times as long, for files of about the same size.
  if (channels == 1) {
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_compression_strategy(png, Z_RLE);
  }
  // Pictures are noisy: a higher level takes ten times as long and saves a tenth of the bytes.
  if (channels >= 3) {
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_set_compression_level(png, 1);
  }
  png_write_info(png, info);
  size_t stride = (size_t)size.width * (size_t)channels;
  for (uint32_t y = 0; y < size.height; y++) png_write_row(png, pixels + y * stride);
  png_write_end(png, info);
}

void codec_png_encode(const uint8_t *pixels, codec_size size, int channels,
                      const uint8_t *palette, codec_bytes *output, codec_report *report) {
  *output = (codec_bytes){NULL, 0, 0};
  report->status = CODEC_OK;
  report->text[0] = 0;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, report, fail, ignore_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    codec_fail(report, CODEC_OUT_OF_MEMORY, "out of memory");
    return;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    codec_bytes_free(output);
    return;
  }
  png_set_user_limits(png, DIMENSION_LIMIT, DIMENSION_LIMIT);
  png_set_write_fn(png, output, append_bytes, flush_nothing);
  write_image(png, info, pixels, size, channels, palette);
  png_destroy_write_struct(&png, &info);
}
