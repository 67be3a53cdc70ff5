#if defined(__x86_64__)

#include "../simd/int8_avx512_vnni.h"

#include "int8.h"

#endif
