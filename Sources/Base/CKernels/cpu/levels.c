// The levels of this machine: the rows of level_list.h, and what each of them lacks.

#include <pthread.h>
#include <stddef.h>

#include "../include/CKernels.h"

// MARK: - The rows

#define FLOATS(family) void use_floats__##family(sam2_kernels *table);
#define BF16(family) void use_bf16__##family(sam2_kernels *table);
#define INT8(family) void use_int8__##family(sam2_kernels *table);
#define ATTENTION_S8(family) void use_attention_s8__##family(sam2_kernels *table);
#define LEVEL(identifier, name, needs, permission, kernels) int permission(void); kernels
#define EMULATED(identifier, name, needs, kernels) kernels
#include "level_list.h"

#define NEEDS(identifier) needs__##identifier
enum {
#define LEVEL(identifier, name, needs, permission, kernels) NEEDS(identifier) = (needs),
#define EMULATED(identifier, name, needs, kernels) NEEDS(identifier) = (needs),
#include "level_list.h"
};

#define FLOATS(family) use_floats__##family(table);
#define BF16(family) use_bf16__##family(table);
#define INT8(family) use_int8__##family(table);
#define ATTENTION_S8(family) use_attention_s8__##family(table);
#define USE(identifier, kernels)                                                                   \
  static void use__##identifier(sam2_kernels *table) { kernels }
#define LEVEL(identifier, name, needs, permission, kernels) USE(identifier, kernels)
#define EMULATED(identifier, name, needs, kernels) USE(identifier, kernels)
#include "level_list.h"

static const sam2_level_row rows[] = {
#define LEVEL(identifier, name, needs, permission, kernels)                                        \
  {name, NEEDS(identifier), permission, use__##identifier},
#define EMULATED(...)
#include "level_list.h"
};

static const sam2_level_row emulated_rows[] = {
#define LEVEL(...)
#define EMULATED(identifier, name, needs, kernels)                                                 \
  {name, NEEDS(identifier), NULL, use__##identifier},
#include "level_list.h"
};

enum { ROWS = sizeof rows / sizeof rows[0] };
enum { EMULATED_ROWS = sizeof emulated_rows / sizeof emulated_rows[0] };

// MARK: - Tables

/// Fills the table of `own`, which can run, from the rows before it and from itself.
static void fill_table(const sam2_level_row *list, const sam2_level *levels, size_t count,
                       const sam2_level_row *own, sam2_kernels *table) {
  *table = (sam2_kernels){0};
  for (size_t row = 0; row < count; ++row)
    if (!(list[row].needs & ~own->needs) && !levels[row].refusal)
      list[row].use(table);
  own->use(table);
  table->name = own->name;
}

void sam2_find_levels(const sam2_level_row *list, size_t count, uint32_t features,
                      sam2_level *levels, sam2_kernels *tables) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t lacks = list[i].needs & ~features;
    const int refusal = lacks ? 0 : list[i].permission();
    levels[i] = (sam2_level){list[i].name, list[i].needs, lacks, refusal, NULL};
    if (lacks || refusal)
      continue;
    fill_table(list, levels, i, &list[i], &tables[i]);
    levels[i].kernels = &tables[i];
  }
}

static sam2_level found[ROWS], emulated[EMULATED_ROWS];
static sam2_kernels tables[ROWS], emulated_tables[EMULATED_ROWS];

static void find(void) {
  const uint32_t features = sam2_cpu_features();
  sam2_find_levels(rows, ROWS, features, found, tables);
  for (size_t i = 0; i < EMULATED_ROWS; ++i) {
    const sam2_level_row *row = &emulated_rows[i];
    const uint32_t lacks = row->needs & ~features;
    emulated[i] = (sam2_level){row->name, row->needs, lacks, 0, NULL};
    if (lacks)
      continue;
    fill_table(rows, found, ROWS, row, &emulated_tables[i]);
    emulated[i].kernels = &emulated_tables[i];
  }
}

static void find_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find);
}

const sam2_level *sam2_levels(size_t *count) {
  find_once();
  *count = ROWS;
  return found;
}

const sam2_level *sam2_emulated_levels(size_t *count) {
  find_once();
  *count = EMULATED_ROWS;
  return emulated;
}

const sam2_level_row *sam2_level_rows(size_t *count) {
  *count = ROWS;
  return rows;
}
