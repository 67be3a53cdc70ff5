#if defined(__x86_64__)

#include "../simd/int8_avx2.h"

#include "int8.h"

#endif
