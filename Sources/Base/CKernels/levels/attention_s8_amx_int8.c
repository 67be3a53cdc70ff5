#if defined(__x86_64__)

#include "../simd/fold_amx.h"

#include "attention_s8.h"

#endif
