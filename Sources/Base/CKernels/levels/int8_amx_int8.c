#if defined(__x86_64__)

#include "../simd/int8_amx.h"

#include "int8.h"

#endif
