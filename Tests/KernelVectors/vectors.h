// Test vectors of the kernels, in C alone: the portable level writes them, every other level of any
// processor is held to them. See main.c.

#ifndef SAM2_VECTORS_H
#define SAM2_VECTORS_H

#include <CKernels.h>
#include <stdbool.h>

/// Float results may differ from those of the portable level by this much, relative to the largest
/// number of their record, or to 1: sums of at most a few hundred terms, in another order or fused.
#define FLOAT_TOLERANCE 3e-6

/// Results of one call. Those with equal bits on every level are integers, or floats noted as such.
typedef struct {
  char name[56];
  uint32_t is_exact, count;
} record_header;

typedef struct {
  record_header header;
  uint32_t *words;
} record;

typedef struct {
  record *records;
  size_t count, room;
} records;

/// Memory at a multiple of 64 bytes, filled with bytes that make no sense; ends the program when
/// there is none. Nothing is freed: a run is short.
void *take(size_t bytes);

void note_integers(records *to, const char *name, const int32_t *numbers, size_t count);
void note_bytes(records *to, const char *name, const uint8_t *numbers, size_t count);
void note_floats(records *to, const char *name, const float *numbers, size_t count);
/// Floats whose bits no level may change.
void note_exact(records *to, const char *name, const float *numbers, size_t count);

// MARK: - Numbers from a seed

typedef struct {
  uint64_t state;
} generator;

uint32_t next_number(generator *g);
float *random_floats(generator *g, size_t count, float low, float high);
int8_t *random_weights(generator *g, size_t count);
uint8_t *random_activations(generator *g, size_t count);

// MARK: - The cases

void run_products(const sam2_kernels *kernels, records *to);
void run_attention(const sam2_kernels *kernels, records *to);
void run_axial(const sam2_kernels *kernels, records *to);
void run_rows(const sam2_kernels *kernels, records *to);
void run_images(const sam2_kernels *kernels, records *to);

#endif
