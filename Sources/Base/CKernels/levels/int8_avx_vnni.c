#if defined(__x86_64__)

#include "../simd/int8_avx_vnni.h"

#include "int8.h"

#endif
