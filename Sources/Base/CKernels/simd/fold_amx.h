// Operands of int8 attention for AMX: four signed bytes in a 32-bit word, and products of signed
// bytes. See attention/attention_s8_layout.h for the vocabulary.

#define UNSIGNED_OFFSET 0

#include "amx_level.h"

#ifdef EMULATED
#include "portable.h"

#include "bytes.h"

#include "fold_bytes.h"
#else
#include "fold_avx512_vnni.h"
#endif

#include "amx.h"
