#if defined(__aarch64__)

#include "../simd/fold_dotprod.h"

#include "attention_s8.h"

#endif
