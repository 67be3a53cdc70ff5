#define _GNU_SOURCE

#include "include/CLinux.h"

#include <fcntl.h>
#include <stdlib.h>

int sam2_temporary_file(char *path_template) { return mkostemp(path_template, O_CLOEXEC); }
