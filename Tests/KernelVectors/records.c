// Records of results, and numbers from a seed.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

void *take(size_t bytes) {
  void *memory = aligned_alloc(64, bytes > 0 ? (bytes + 63) / 64 * 64 : 64);
  if (!memory) {
    fputs("no memory\n", stderr);
    exit(71);
  }
  return memset(memory, 0xa5, bytes);
}

static void note(records *to, const char *name, bool is_exact, const void *words, size_t count) {
  if (to->count == to->room) {
    to->room = to->room ? 2 * to->room : 64;
    to->records = realloc(to->records, to->room * sizeof(record));
    if (!to->records)
      exit(71);
  }
  record *next = &to->records[to->count++];
  memset(next, 0, sizeof *next);
  snprintf(next->header.name, sizeof next->header.name, "%s", name);
  next->header.is_exact = is_exact;
  next->header.count = (uint32_t)count;
  next->words = take(count * sizeof(uint32_t));
  memcpy(next->words, words, count * sizeof(uint32_t));
}

void note_integers(records *to, const char *name, const int32_t *numbers, size_t count) {
  note(to, name, true, numbers, count);
}

void note_bytes(records *to, const char *name, const uint8_t *numbers, size_t count) {
  uint32_t *words = take(count * sizeof(uint32_t));
  for (size_t i = 0; i < count; ++i) words[i] = numbers[i];
  note(to, name, true, words, count);
}

void note_floats(records *to, const char *name, const float *numbers, size_t count) {
  note(to, name, false, numbers, count);
}

void note_exact(records *to, const char *name, const float *numbers, size_t count) {
  note(to, name, true, numbers, count);
}

// MARK: - Numbers

/// SplitMix64 (Steele et al. 2014).
uint32_t next_number(generator *g) {
  uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)((z ^ z >> 31) >> 32);
}

float *random_floats(generator *g, size_t count, float low, float high) {
  float *numbers = take(count * sizeof(float));
  for (size_t i = 0; i < count; ++i)
    numbers[i] = low + (high - low) * (float)(next_number(g) >> 8) * 0x1p-24f;
  return numbers;
}

int8_t *random_weights(generator *g, size_t count) {
  int8_t *numbers = take(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = (int8_t)((int32_t)(next_number(g) % 255) - 127);
  return numbers;
}

uint8_t *random_activations(generator *g, size_t count) {
  uint8_t *numbers = take(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = (uint8_t)next_number(g);
  return numbers;
}
