#if defined(__aarch64__)

#include "../simd/fold_i8mm.h"

#include "attention_s8.h"

#endif
