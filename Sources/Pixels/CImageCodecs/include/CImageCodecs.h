// JPEG and PNG through libjpeg and libpng, with an interface suited to Swift.
//
// Both libraries report errors with longjmp, which must not cross Swift frames: every jump here
// starts and ends within one C function call, and Swift sees a status and a message. Input is
// passed as bytes in memory, because both libraries would otherwise need FILE or callbacks into
// Swift.
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum codec_status {
  CODEC_OK = 0,
  CODEC_DAMAGED,
  CODEC_UNSUPPORTED,
  CODEC_OUT_OF_MEMORY,
  CODEC_TOO_LARGE,
} codec_status;

typedef struct codec_report {
  codec_status status;
  char text[256];
} codec_report;

// The message of a failed call, NUL-terminated.
const char *codec_report_text(const codec_report *report);

typedef struct codec_size {
  uint32_t width;
  uint32_t height;
} codec_size;

// Bytes allocated by an encoder (none if it fails); release them with `codec_bytes_free`.
typedef struct codec_bytes {
  uint8_t *data;
  size_t count;
  size_t capacity;
} codec_bytes;

void codec_bytes_free(codec_bytes *bytes);

// Reads the header only.
codec_size codec_jpeg_size(const uint8_t *input, size_t count, codec_report *report);

// Decodes to RGB8 rows without padding; `output` holds exactly 3 * width * height bytes.
// More than `scan_limit` scans count as damage (each scan may cost a full pass over the image).
void codec_jpeg_decode(const uint8_t *input, size_t count, codec_size size, uint8_t *output,
                       int scan_limit, codec_report *report);

// Encodes RGB8 rows as baseline JPEG of the given quality (1...100).
void codec_jpeg_encode(const uint8_t *pixels, codec_size size, int quality, codec_bytes *output,
                       codec_report *report);

// Reads the header only.
codec_size codec_png_size(const uint8_t *input, size_t count, codec_report *report);

// The PNG sample values that become 0 and 255; values in between are spread evenly. Used only for
// pictures with 16 bits per sample: {0, 65535} keeps the high byte.
typedef struct codec_range {
  uint16_t low;
  uint16_t high;
} codec_range;

// Information about the samples found in a PNG.
typedef struct codec_samples {
  // Bits per stored sample; for depths below 16, `low` and `high` are 0.
  int depth;
  // Minimum and maximum colour sample.
  uint16_t low;
  uint16_t high;
  // Number of pixels that are not opaque.
  uint64_t transparent;
  // Whether the file holds more pictures than the one decoded.
  int is_animated;
} codec_samples;

// Decodes any PNG to RGB8 and drops alpha.
void codec_png_decode_rgb(const uint8_t *input, size_t count, codec_size size, codec_range range,
                          uint8_t *output, codec_samples *found, codec_report *report);

// How a PNG stores its pixels.
typedef struct codec_png_layout {
  codec_size size;
  // Bits per sample, and samples per pixel, as `codec_png_decode_stored` returns them.
  int depth;
  int channels;
  int is_palette;
  // RGBA of each palette entry.
  int palette_count;
  uint8_t palette[256 * 4];
} codec_png_layout;

// Reads only the header and the palette.
codec_png_layout codec_png_read_layout(const uint8_t *input, size_t count, codec_report *report);

// Decodes the samples as stored, without scaling: `output` holds width * height * channels. Gray
// and colour images with a transparent colour get an alpha channel; palette images give indices.
void codec_png_decode_stored(const uint8_t *input, size_t count, const codec_png_layout *layout,
                             uint16_t *output, codec_report *report);

// Decodes a palette or gray PNG of at most 8 bits to one stored sample (index or gray level) per
// pixel, without scaling; `output` holds width * height bytes.
void codec_png_decode_samples(const uint8_t *input, size_t count, codec_size size, uint8_t *output,
                              codec_report *report);

// Encodes 8-bit samples: 1 channel is gray, or indices when `palette` (256 RGB triples) is given;
// 3 channels are RGB, 4 are RGB and alpha.
void codec_png_encode(const uint8_t *pixels, codec_size size, int channels,
                      const uint8_t *palette, codec_bytes *output, codec_report *report);

// Calls needed to decode in a child process, which Swift's Glibc does not offer.

// A file reachable only through its descriptor, holding `bytes`, positioned at its start; returns
// -1 and sets errno on failure.
int codec_memory_file(const uint8_t *bytes, size_t count);

// Limits of a child process; UINT64_MAX means none.
typedef struct codec_limits {
  uint64_t address_space;
  uint64_t processor_seconds;
  // Size of the largest file it may write; pipes and sockets do not count as files.
  uint64_t file_bytes;
} codec_limits;

// Starts the program `arguments[0]`, looked up in PATH, with `limits` in force, without core dumps,
// with default signal handling, and with only the descriptors `descriptors`, which become 0, 1 and
// so on. Returns 0, or an errno value on failure.
int codec_start_child(pid_t *child, char *const arguments[], char *const environment[],
                      const int *descriptors, int descriptor_count, const codec_limits *limits);

#endif
