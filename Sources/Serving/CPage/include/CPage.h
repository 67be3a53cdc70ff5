// The files of the page that `sam2 serve` shows, exactly as in the folder `page`.
#ifndef SAM2_CPAGE_H
#define SAM2_CPAGE_H

#include <stddef.h>

typedef struct {
  const char *name;
  const char *type;
  const unsigned char *bytes;
  size_t byte_count;
} sam2_page_file;

size_t sam2_page_file_count(void);

// The file with number `index`, which must be below the count.
sam2_page_file sam2_page_file_at(size_t index);

#endif
