// Replays test vectors on the kernel levels of a processor.
//
//   vectors write FILE    results of the portable level
//   vectors check FILE    holds every level that runs here, and every emulated one, to FILE
//
// Where results are integers their bits must be equal, others may differ by FLOAT_TOLERANCE.
// Exit code 0, 1 when a level differs, 65 when FILE has other cases.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vectors.h"

static records run(const sam2_kernels *kernels) {
  records all = {0};
  run_products(kernels, &all);
  run_attention(kernels, &all);
  run_axial(kernels, &all);
  run_rows(kernels, &all);
  run_images(kernels, &all);
  return all;
}

static int write_all(const records *all, FILE *file) {
  for (size_t i = 0; i < all->count; ++i) {
    const record *one = &all->records[i];
    if (fwrite(&one->header, sizeof one->header, 1, file) != 1 ||
        fwrite(one->words, 4, one->header.count, file) != one->header.count)
      return 74;
  }
  return 0;
}

/// Largest difference relative to the largest number, or to 1; infinite if only one is a number.
static double difference(const record *expected, const record *actual) {
  double largest = 1, worst = 0;
  for (uint32_t i = 0; i < expected->header.count; ++i) {
    float e, a;
    memcpy(&e, &expected->words[i], 4);
    memcpy(&a, &actual->words[i], 4);
    if (isnan(e) != isnan(a))
      return INFINITY;
    if (isnan(e) || e == a)
      continue;
    largest = fmax(largest, fabs((double)e));
    worst = fmax(worst, fabs((double)e - a));
  }
  return worst / largest;
}

/// Number of records in which a level differs.
static int compare(const char *name, const records *expected, const records *actual) {
  int faults = 0;
  uint64_t exact = 0, floats = 0;
  double worst = 0;
  for (size_t i = 0; i < expected->count; ++i) {
    const record *e = &expected->records[i], *a = &actual->records[i];
    const uint32_t count = e->header.count;
    double off = 0;
    if (e->header.is_exact) {
      off = memcmp(e->words, a->words, count * 4) ? INFINITY : 0;
      exact += count;
    } else {
      off = difference(e, a);
      floats += count;
      worst = fmax(worst, off);
    }
    if (!(off <= FLOAT_TOLERANCE)) {
      printf("%s: differs in \"%s\" by %g\n", name, e->header.name, off);
      ++faults;
    }
  }
  printf("%-18s %zu results, %llu numbers bit-equal, %llu floats within %.1e of the largest: %s\n",
         name, expected->count, (unsigned long long)exact, (unsigned long long)floats, worst,
         faults ? "FAILED" : "passed");
  return faults;
}

/// Reads the results for the cases that `like` has; 0 if the file has others.
static int read_all(FILE *file, const records *like, records *all) {
  for (size_t i = 0; i < like->count; ++i) {
    record_header header;
    if (fread(&header, sizeof header, 1, file) != 1 ||
        memcmp(&header, &like->records[i].header, sizeof header))
      return 0;
    uint32_t *words = take(header.count * 4u);
    if (fread(words, 4, header.count, file) != header.count)
      return 0;
    note_integers(all, header.name, (const int32_t *)words, header.count);
    all->records[i].header = header;
  }
  return fgetc(file) == EOF;
}

static int check_levels(const sam2_level *levels, size_t count, const records *expected) {
  int faults = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!levels[i].kernels) {
      printf("%-18s does not run here\n", levels[i].name);
      continue;
    }
    const records actual = run(levels[i].kernels);
    faults += compare(levels[i].name, expected, &actual);
  }
  return faults;
}

static int check(FILE *file) {
  size_t count, emulated_count;
  const sam2_level *levels = sam2_levels(&count);
  const sam2_level *emulated = sam2_emulated_levels(&emulated_count);
  const records like = run(levels[0].kernels);
  records expected = {0};
  if (!read_all(file, &like, &expected)) {
    fputs("the file has other cases\n", stderr);
    return 65;
  }
  const int faults = check_levels(levels, count, &expected) +
                     check_levels(emulated, emulated_count, &expected);
  return faults ? 1 : 0;
}

int main(int argc, char **argv) {
  const int writes = argc == 3 && !strcmp(argv[1], "write");
  if (!writes && (argc != 3 || strcmp(argv[1], "check"))) {
    fputs("usage: vectors write|check FILE\n", stderr);
    return 64;
  }
  FILE *file = fopen(argv[2], writes ? "wb" : "rb");
  if (!file) {
    perror(argv[2]);
    return writes ? 73 : 66;
  }
  if (!writes)
    return check(file);
  size_t count;
  const records all = run(sam2_levels(&count)[0].kernels);
  const int status = write_all(&all, file);
  return fclose(file) ? 74 : status;
}
