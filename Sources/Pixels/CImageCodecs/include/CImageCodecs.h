// JPEG and PNG through libjpeg and libpng, shaped for Swift.
//
// Both libraries report errors by longjmp, which must not cross Swift frames: every jump here
// starts and ends inside one C function, and Swift sees a status and a message. Input comes as
// bytes in memory, because both libraries would otherwise need FILE or callbacks into Swift.
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

// Bytes allocated by an encoder (none when it fails); release them with `codec_bytes_free`.
typedef struct codec_bytes {
  uint8_t *data;
  size_t count;
  size_t capacity;
} codec_bytes;

void codec_bytes_free(codec_bytes *bytes);

// Reads the header only.
codec_size codec_jpeg_size(const uint8_t *input, size_t count, codec_report *report);

// Decodes to RGB8 rows without padding; `output` holds exactly 3 * width * height bytes.
// More than `scan_limit` scans count as damage (each scan may cost a whole pass over the image).
void codec_jpeg_decode(const uint8_t *input, size_t count, codec_size size, uint8_t *output,
                       int scan_limit, codec_report *report);

// Encodes RGB8 rows as baseline JPEG of the given quality (1...100).
void codec_jpeg_encode(const uint8_t *pixels, codec_size size, int quality, codec_bytes *output,
                       codec_report *report);

// Reads the header only.
codec_size codec_png_size(const uint8_t *input, size_t count, codec_report *report);

// The samples of a PNG that become 0 and 255; what is between is spread evenly. Only pictures with
// 16 bits a sample are read with it: {0, 65535} keeps the high byte.
typedef struct codec_range {
  uint16_t low;
  uint16_t high;
} codec_range;

// The samples that were found in a PNG.
typedef struct codec_samples {
  // Bits of a stored sample; for depths below 16 the other members about samples are 0.
  int depth;
  // Minimum and maximum sample of the colours.
  uint16_t low;
  uint16_t high;
  // Pixels that are not opaque.
  uint64_t transparent;
  // Whether there are more pictures than the one that is decoded.
  int is_animated;
} codec_samples;

// Decodes any PNG to RGB8 and drops alpha.
void codec_png_decode_rgb(const uint8_t *input, size_t count, codec_size size, codec_range range,
                          uint8_t *output, codec_samples *found, codec_report *report);

// How a PNG stores its pixels.
typedef struct codec_png_layout {
  codec_size size;
  // Bits of a sample, and samples of a pixel as `codec_png_decode_stored` gives them.
  int depth;
  int channels;
  int is_palette;
  // RGBA of each palette entry.
  int palette_count;
  uint8_t palette[256 * 4];
} codec_png_layout;

// Reads the header and the palette only.
codec_png_layout codec_png_read_layout(const uint8_t *input, size_t count, codec_report *report);

// Decodes the samples as they are stored, not scaled: `output` holds width * height * channels. Gray
// and colours with a transparent colour get an alpha channel; a palette gives indices.
void codec_png_decode_stored(const uint8_t *input, size_t count, const codec_png_layout *layout,
                             uint16_t *output, codec_report *report);

// Decodes a palette or gray PNG of at most 8 bits to one stored sample (index or gray level) a
// pixel, not scaled; `output` holds width * height bytes.
void codec_png_decode_samples(const uint8_t *input, size_t count, codec_size size, uint8_t *output,
                              codec_report *report);

// Encodes 8-bit samples: 1 channel is gray, or indices when `palette` (256 RGB triples) is given;
// 3 channels are RGB, 4 are RGB and alpha.
void codec_png_encode(const uint8_t *pixels, codec_size size, int channels,
                      const uint8_t *palette, codec_bytes *output, codec_report *report);

// Calls for decoding in a child process that Swift's Glibc does not offer.

// A file that only its descriptor leads to, holding `bytes`, open at its start; -1 with errno.
int codec_memory_file(const uint8_t *bytes, size_t count);

// Limits of a child process; UINT64_MAX means none.
typedef struct codec_limits {
  uint64_t address_space;
  uint64_t processor_seconds;
  // Largest file that it may write; pipes and sockets are not files.
  uint64_t file_bytes;
} codec_limits;

// Starts the program `arguments[0]`, looked up in PATH, with its limits in force, without core dumps,
// with signals as by default, and with no descriptors but `descriptors`, which become 0, 1 and so on.
// Returns an errno value when it cannot.
int codec_start_child(pid_t *child, char *const arguments[], char *const environment[],
                      const int *descriptors, int descriptor_count, const codec_limits *limits);

#endif
