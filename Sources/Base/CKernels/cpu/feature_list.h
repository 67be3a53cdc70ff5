// Processor features that levels need, one per row. Include with both macros defined.
//
//   X86_FEATURE(identifier, name, leaf, word, bit, state)
//     Bit in a word of a CPUID leaf (Intel SDM volume 2), and the register state (XCR0, volume 1
//     sections 13.3, 14.3 and 15.2) that the system must save for the feature.
//   ARM_FEATURE(identifier, name, word, bit)
//     Bit in a word of the capabilities that Linux passes to a process.
//
// Names are those of Linux, except NEON. The order determines the bits of SAM2_CPU_...

X86_FEATURE(PCLMULQDQ, "pclmulqdq", LEAF_1, ECX, 1, NO_STATE)
X86_FEATURE(AVX2, "avx2", LEAF_7, EBX, 5, YMM_STATE)
X86_FEATURE(FMA, "fma", LEAF_1, ECX, 12, YMM_STATE)
X86_FEATURE(F16C, "f16c", LEAF_1, ECX, 29, YMM_STATE)
X86_FEATURE(AVXVNNI, "avx_vnni", LEAF_7_1, EAX, 4, YMM_STATE)
X86_FEATURE(AVX512F, "avx512f", LEAF_7, EBX, 16, ZMM_STATE)
X86_FEATURE(AVX512BW, "avx512bw", LEAF_7, EBX, 30, ZMM_STATE)
X86_FEATURE(AVX512DQ, "avx512dq", LEAF_7, EBX, 17, ZMM_STATE)
X86_FEATURE(AVX512VL, "avx512vl", LEAF_7, EBX, 31, ZMM_STATE)
X86_FEATURE(AVX512VNNI, "avx512_vnni", LEAF_7, ECX, 11, ZMM_STATE)
X86_FEATURE(AVX512BF16, "avx512_bf16", LEAF_7_1, EAX, 5, ZMM_STATE)
X86_FEATURE(AMXTILE, "amx_tile", LEAF_7, EDX, 24, TILE_STATE)
X86_FEATURE(AMXINT8, "amx_int8", LEAF_7, EDX, 25, TILE_STATE)
X86_FEATURE(AMXBF16, "amx_bf16", LEAF_7, EDX, 22, TILE_STATE)

ARM_FEATURE(NEON, "neon", HWCAP, 1)
ARM_FEATURE(DOTPROD, "asimddp", HWCAP, 20)
ARM_FEATURE(I8MM, "i8mm", HWCAP2, 13)
ARM_FEATURE(BF16, "bf16", HWCAP2, 14)

#undef X86_FEATURE
#undef ARM_FEATURE
