#if defined(__aarch64__)

#include "../simd/int8_i8mm.h"

#include "int8.h"

#endif
