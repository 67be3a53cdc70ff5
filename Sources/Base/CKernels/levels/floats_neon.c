#if defined(__aarch64__)

#include "../simd/neon.h"

#include "floats.h"

#endif
