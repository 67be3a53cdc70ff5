#if defined(__x86_64__)

#include "../simd/fold_avx512_vnni.h"

#include "attention_s8.h"

#endif
