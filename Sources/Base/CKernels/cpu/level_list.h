// The levels of this architecture, one per row. Include with the macros defined.
//
//   LEVEL(identifier, name, needs, permission, kernels)
//     needs       features of the CPU (feature_list.h); NEEDS(identifier) are those of a row above
//     permission  a function that asks the system, once for the process, for whatever the kernels
//                 need besides features: returns 0, or the error number if the system refuses
//     kernels     families of kernels that the level has of its own: FLOATS, BF16 (products and
//                 attention), INT8 (products), ATTENTION_S8; FLOATS(x) is in levels/floats_x.c
//   EMULATED(identifier, name, needs, kernels)
//     The kernels of a level with other code in place of its instructions, so that they can be
//     tested on CPUs that lack them. Chosen only when asked for by name.
//
// A level also has the kernels of each row above whose needs are a subset of its own; if several of
// them have a family, the last one counts. If several levels can run, the last is chosen. So levels
// need not form a chain: a level takes nothing from a row that needs features it does not need
// itself. Emulated levels take kernels from real levels only.

LEVEL(scalar, "scalar", 0, nothing_to_ask, FLOATS(scalar) BF16(scalar)
      INT8(scalar) ATTENTION_S8(scalar))

#if defined(__x86_64__)
LEVEL(avx2, "avx2", SAM2_CPU_AVX2 | SAM2_CPU_FMA | SAM2_CPU_F16C, nothing_to_ask,
      FLOATS(avx2) BF16(avx2) INT8(avx2) ATTENTION_S8(avx2))
LEVEL(avx_vnni, "avx-vnni", NEEDS(avx2) | SAM2_CPU_AVXVNNI, nothing_to_ask,
      INT8(avx_vnni) ATTENTION_S8(avx_vnni))
LEVEL(avx512, "avx512",
      NEEDS(avx2) | SAM2_CPU_AVX512F | SAM2_CPU_AVX512BW | SAM2_CPU_AVX512DQ | SAM2_CPU_AVX512VL,
      nothing_to_ask, FLOATS(avx512) BF16(avx512) INT8(avx512) ATTENTION_S8(avx512))
LEVEL(avx512_vnni, "avx512-vnni", NEEDS(avx512) | SAM2_CPU_AVX512VNNI, nothing_to_ask,
      INT8(avx512_vnni) ATTENTION_S8(avx512_vnni))
LEVEL(avx512_bf16, "avx512-bf16", NEEDS(avx512_vnni) | SAM2_CPU_AVX512BF16, nothing_to_ask,
      BF16(avx512_bf16))
LEVEL(amx_int8, "amx-int8", NEEDS(avx512_vnni) | SAM2_CPU_AMXTILE | SAM2_CPU_AMXINT8, ask_for_tiles,
      INT8(amx_int8) ATTENTION_S8(amx_int8))
LEVEL(amx_bf16, "amx-bf16", NEEDS(amx_int8) | SAM2_CPU_AVX512BF16 | SAM2_CPU_AMXBF16, ask_for_tiles,
      BF16(amx_bf16))

EMULATED(avx_vnni_emulated, "avx-vnni-emulated", NEEDS(avx2),
         INT8(avx_vnni_emulated) ATTENTION_S8(avx_vnni_emulated))
EMULATED(amx_emulated_tiles, "amx-emulated-tiles", NEEDS(avx512_vnni),
         BF16(amx_emulated_tiles) INT8(amx_emulated_tiles) ATTENTION_S8(amx_emulated_tiles))
#endif

#if defined(__aarch64__)
LEVEL(neon, "neon", SAM2_CPU_NEON, nothing_to_ask, FLOATS(neon) BF16(neon) INT8(neon)
      ATTENTION_S8(neon))
LEVEL(dotprod, "dotprod", NEEDS(neon) | SAM2_CPU_DOTPROD, nothing_to_ask,
      INT8(dotprod) ATTENTION_S8(dotprod))
LEVEL(i8mm, "i8mm", NEEDS(dotprod) | SAM2_CPU_I8MM, nothing_to_ask, INT8(i8mm) ATTENTION_S8(i8mm))
#endif

EMULATED(amx_emulated, "amx-emulated", 0, BF16(amx_emulated) INT8(amx_emulated)
         ATTENTION_S8(amx_emulated))

#undef LEVEL
#undef EMULATED
#undef FLOATS
#undef BF16
#undef INT8
#undef ATTENTION_S8
