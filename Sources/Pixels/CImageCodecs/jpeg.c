// jpeglib.h needs size_t and FILE declared before it.
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>

#include "report.h"

// State for the callbacks; the library's structures come first so that casts can reach the rest.
struct errors {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  codec_report *report;
};

struct progress {
  struct jpeg_progress_mgr base;
  int scan_limit;
};

// MARK: Errors

static codec_status status_of(int message_code) {
  switch (message_code) {
  case JERR_OUT_OF_MEMORY:
    return CODEC_OUT_OF_MEMORY;
  case JERR_IMAGE_TOO_BIG:
    return CODEC_TOO_LARGE;
  case JERR_BAD_PRECISION:
  case JERR_SOF_UNSUPPORTED:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_BAD_J_COLORSPACE:
  case JERR_COMPONENT_COUNT:
  case JERR_NOT_COMPILED:
  case JERR_NOTIMPL:
  case JERR_ARITH_NOTIMPL:
  case JERR_CCIR601_NOTIMPL:
  case JERR_FRACT_SAMPLE_NOTIMPL:
    return CODEC_UNSUPPORTED;
  default:
    return CODEC_DAMAGED;
  }
}

static void fail(j_common_ptr info, codec_status status) {
  struct errors *errors = (struct errors *)info->err;
  char text[JMSG_LENGTH_MAX];
  (*info->err->format_message)(info, text);
  codec_fail(errors->report, status, text);
  longjmp(errors->escape, 1);
}

static void error_exit(j_common_ptr info) { fail(info, status_of(info->err->msg_code)); }

// After these warnings, the library would carry on with grey blocks. A mask of half a picture is
// worse than an error. Other warnings (such as stray bytes between segments) are harmless.
static void emit_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_ARITH_BAD_CODE:
  case JWRN_BOGUS_PROGRESSION:
  case JWRN_MUST_RESYNC:
  case JWRN_JPEG_EOF:
    fail(info, CODEC_DAMAGED);
  default:
    break;
  }
}

static void output_message(j_common_ptr info) { (void)info; }

static void set_up_errors(struct errors *errors, codec_report *report) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = error_exit;
  errors->base.emit_message = emit_message;
  errors->base.output_message = output_message;
  errors->report = report;
  report->status = CODEC_OK;
  report->text[0] = 0;
}

// MARK: Input from memory

static void source_start_or_end(j_decompress_ptr info) { (void)info; }

static boolean source_is_exhausted(j_decompress_ptr info) {
  info->err->msg_code = JERR_INPUT_EOF;
  error_exit((j_common_ptr)info);
  return FALSE;
}

static void skip_input(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) source_is_exhausted(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= (size_t)count;
}

static void set_source(j_decompress_ptr info, struct jpeg_source_mgr *source, const uint8_t *input,
                       size_t count) {
  source->init_source = source_start_or_end;
  source->fill_input_buffer = source_is_exhausted;
  source->skip_input_data = skip_input;
  source->resync_to_restart = jpeg_resync_to_restart;
  source->term_source = source_start_or_end;
  source->next_input_byte = input;
  source->bytes_in_buffer = count;
  info->src = source;
}

// MARK: Decoding

codec_size codec_jpeg_size(const uint8_t *input, size_t count, codec_report *report) {
  struct jpeg_decompress_struct info;
  struct jpeg_source_mgr source;
  struct errors errors;
  codec_size size = {0, 0};
  set_up_errors(&errors, report);
  info.err = &errors.base;
  jpeg_create_decompress(&info);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    return (codec_size){0, 0};
  }
  set_source(&info, &source, input, count);
  jpeg_read_header(&info, TRUE);
  size.width = info.image_width;
  size.height = info.image_height;
  jpeg_destroy_decompress(&info);
  return size;
}

static void monitor(j_common_ptr common) {
  struct progress *progress = (struct progress *)common->progress;
  j_decompress_ptr info = (j_decompress_ptr)common;
  if (info->input_scan_number <= progress->scan_limit) return;
  struct errors *errors = (struct errors *)common->err;
  codec_fail(errors->report, CODEC_DAMAGED, "more scans than any real picture has");
  longjmp(errors->escape, 1);
}

// Adobe stores ink values inverted. The product is rounded as in Pillow's CMYK conversion.
static void rgb_from_inverted_cmyk(const uint8_t *cmyk, uint8_t *rgb, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
    uint32_t light = cmyk[3];
    for (int c = 0; c < 3; c++) {
      uint32_t product = (255u - cmyk[c]) * light + 128;
      uint32_t ink = ((product >> 8) + product) >> 8;
      rgb[c] = (uint8_t)(light > ink ? light - ink : 0);
    }
  }
}

static void decode_rows(j_decompress_ptr info, uint8_t *output) {
  size_t stride = (size_t)info->output_width * 3;
  JSAMPARRAY ink = NULL;
  if (info->out_color_space == JCS_CMYK)
    ink = (*info->mem->alloc_sarray)((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = output + info->output_scanline * stride;
    if (ink) {
      jpeg_read_scanlines(info, ink, 1);
      rgb_from_inverted_cmyk(ink[0], row, info->output_width);
    } else {
      jpeg_read_scanlines(info, &row, 1);
    }
  }
}

void codec_jpeg_decode(const uint8_t *input, size_t count, codec_size size, uint8_t *output,
                       int scan_limit, codec_report *report) {
  struct jpeg_decompress_struct info;
  struct jpeg_source_mgr source;
  struct errors errors;
  struct progress progress = {.base = {.progress_monitor = monitor}, .scan_limit = scan_limit};
  set_up_errors(&errors, report);
  info.err = &errors.base;
  jpeg_create_decompress(&info);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    return;
  }
  info.progress = &progress.base;
  set_source(&info, &source, input, count);
  jpeg_read_header(&info, TRUE);
  int is_ink = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  if (info.output_width == size.width && info.output_height == size.height)
    decode_rows(&info, output);
  else
    codec_fail(report, CODEC_DAMAGED, "the size changed between two readings of the header");
  // Not jpeg_finish_decompress: every row has been read, and the data after them does not matter.
  jpeg_destroy_decompress(&info);
}

// MARK: Encoding

// The library's own memory destination leaves a dangling pointer when it fails after growing.
struct destination {
  struct jpeg_destination_mgr base;
  codec_bytes *bytes;
};

static void grow(j_compress_ptr info) {
  struct destination *destination = (struct destination *)info->dest;
  codec_bytes *bytes = destination->bytes;
  size_t capacity = 2 * bytes->capacity + 16384;
  uint8_t *data = realloc(bytes->data, capacity);
  if (!data) {
    info->err->msg_code = JERR_OUT_OF_MEMORY;
    error_exit((j_common_ptr)info);
  }
  info->dest->next_output_byte = data + bytes->capacity;
  info->dest->free_in_buffer = capacity - bytes->capacity;
  bytes->data = data;
  bytes->capacity = capacity;
}

// Called when the buffer is full, regardless of the value of `free_in_buffer`.
static boolean grow_output(j_compress_ptr info) {
  grow(info);
  return TRUE;
}

static void finish_output(j_compress_ptr info) {
  codec_bytes *bytes = ((struct destination *)info->dest)->bytes;
  bytes->count = bytes->capacity - info->dest->free_in_buffer;
}

void codec_jpeg_encode(const uint8_t *pixels, codec_size size, int quality, codec_bytes *output,
                       codec_report *report) {
  struct jpeg_compress_struct info;
  struct errors errors;
  struct destination destination = {.base = {.init_destination = grow,
                                             .empty_output_buffer = grow_output,
                                             .term_destination = finish_output},
                                    .bytes = output};
  *output = (codec_bytes){NULL, 0, 0};
  set_up_errors(&errors, report);
  info.err = &errors.base;
  jpeg_create_compress(&info);
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&info);
    codec_bytes_free(output);
    return;
  }
  info.dest = &destination.base;
  info.image_width = size.width;
  info.image_height = size.height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)info.next_scanline * size.width * 3);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
}
