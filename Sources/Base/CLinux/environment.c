#define _GNU_SOURCE

#include "include/CLinux.h"

#include <unistd.h>

char **sam2_environment(void) { return environ; }
