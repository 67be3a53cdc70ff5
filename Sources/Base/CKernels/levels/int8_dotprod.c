#if defined(__aarch64__)

#include "../simd/int8_dotprod.h"

#include "int8.h"

#endif
