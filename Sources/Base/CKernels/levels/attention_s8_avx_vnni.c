#if defined(__x86_64__)

#include "../simd/fold_avx_vnni.h"

#include "attention_s8.h"

#endif
