#if defined(__x86_64__)

#include "../simd/int8_avx512.h"

#include "int8.h"

#endif
