// Operands of int8 attention for NEON. See attention/attention_s8_layout.h for the vocabulary.

#include "int8_neon.h"

#define UNSIGNED_OFFSET 0  // queries stay signed
#include "fold_bytes.h"
