#if defined(__aarch64__)

#include "../simd/int8_neon.h"

#include "int8.h"

#endif
