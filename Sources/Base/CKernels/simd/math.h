// exp, sigmoid, GELU and ELU on the vectors of the level. Every level uses the same polynomials,
// except for the GELU of AVX-512 (gelu_avx512.h).

#ifndef SAM2_MATH_H
#define SAM2_MATH_H

/// e^x for x <= 0 (NaN stays NaN). Cephes expf: x = n ln 2 + r, |r| <= ln 2 / 2, degree-5
/// polynomial in r. Error below 2 ulp; results below the smallest normal float are 0.
INLINE vf vf_exp_nonpositive(vf x) {
  const vf n = vf_round(vf_mul(x, vf_set(1.44269504088896341f)));
  // ln 2 in two parts: n * 0.693359375 is exact.
  vf r = vf_fma(n, vf_set(-0.693359375f), x);
  r = vf_fma(n, vf_set(2.12194440e-4f), r);
  vf p = vf_set(1.9875691500e-4f);
  p = vf_fma(p, r, vf_set(1.3981999507e-3f));
  p = vf_fma(p, r, vf_set(8.3334519073e-3f));
  p = vf_fma(p, r, vf_set(4.1665795894e-2f));
  p = vf_fma(p, r, vf_set(1.6666665459e-1f));
  p = vf_fma(p, r, vf_set(5.0000001201e-1f));
  p = vf_add(vf_fma(p, vf_mul(r, r), r), vf_set(1.0f));
  return vf_select_less(x, vf_set(-87.3365448f), vf_zero(), vf_scale2(p, n));
}

/// 1 / (1 + e^-x), computed from the exponential of -|x| so that nothing overflows. Error below
/// 4 ulp where the result is a normal float.
INLINE vf vf_sigmoid(vf x) {
  const vf e = vf_exp_nonpositive(vf_sub(vf_zero(), vf_abs(x)));
  const vf numerator = vf_select_less(x, vf_zero(), e, vf_set(1.0f));
  return vf_div(numerator, vf_add(vf_set(1.0f), e));
}

/// x, or e^x - 1 below zero; absolute error below 1e-7 there.
INLINE vf vf_elu(vf x) {
  // -max(0, -x), with 0 first because vf_max returns its second operand for a NaN.
  const vf negative = vf_sub(vf_zero(), vf_max(vf_zero(), vf_sub(vf_zero(), x)));
  const vf below = vf_sub(vf_exp_nonpositive(negative), vf_set(1.0f));
  return vf_select_less(vf_zero(), x, x, below);
}

#ifndef OWN_GELU
/// x Phi(x) = x/2 (1 + erf(x / sqrt 2)), absolute error below 1e-6 (plus half an ulp of x).
///
/// erf(x / sqrt 2) = x R(v), v = 2 x^2 / 5.2^2 - 1 in [-1, 1], R of degree 13: minimax in the error
/// of the GELU itself (Lawson-iterated weighted least squares on a Chebyshev basis, fitted for
/// this library against a double erf; fit error 1.4e-7). From |x| = 5.2 on, erf is taken as +-1;
/// there, x erfc(x / sqrt 2) / 2 is below 5.2e-7.
///
/// Processes `count` vectors (a constant) at once: they share each coefficient's load and hide each
/// other's latency.
INLINE void vf_gelu(vf *x, const int count) {
  static const float coefficients[] = {
      -0.0007764867041260004f, 0.002377379685640335f, -0.0029375036247074604f,
      0.004010340198874474f,   -0.009084668941795826f, 0.016730211675167084f,
      -0.02523929998278618f,   0.03607753664255142f,   -0.04939768463373184f,
      0.06394783407449722f,    -0.07986397296190262f,  0.10005123168230057f,
      -0.13548724353313446f,   0.2718999683856964f};
  vf v[8], erf[8];
  UNROLLED for (int n = 0; n < count; ++n) {
    v[n] = vf_fma(vf_mul(x[n], x[n]), vf_set(0.0739645f), vf_set(-1.0f));
    erf[n] = vf_set(coefficients[0]);
  }
  UNROLLED for (int i = 1; i < 14; ++i) {
    const vf next = vf_set(coefficients[i]);
    UNROLLED for (int n = 0; n < count; ++n) erf[n] = vf_fma(erf[n], v[n], next);
  }
  UNROLLED for (int n = 0; n < count; ++n) {
    const vf one = vf_copysign(vf_set(1.0f), x[n]);
    // Compared this way round, a NaN takes the polynomial and stays NaN. Near the limit, the
    // polynomial may exceed 1 by an ulp, which is within the stated error.
    const vf whole = vf_select_less(vf_set(5.2f), vf_abs(x[n]), one, vf_mul(x[n], erf[n]));
    const vf half = vf_mul(vf_set(0.5f), x[n]);
    x[n] = vf_fma(half, whole, half);
  }
}
#endif

/// Applies `activation` to `count` <= 8 vectors; both are constants.
INLINE void vf_activate(vf *x, const int count, sam2_activation activation) {
  if (activation == SAM2_ACT_GELU) {
    vf_gelu(x, count);
    return;
  }
  UNROLLED for (int n = 0; n < count; ++n) {
    // 0 first: vf_max returns its second operand for a NaN, so NaN stays NaN as in PyTorch's relu.
    if (activation == SAM2_ACT_RELU)
      x[n] = vf_max(vf_zero(), x[n]);
    if (activation == SAM2_ACT_SIGMOID)
      x[n] = vf_sigmoid(x[n]);
    if (activation == SAM2_ACT_QUICK_GELU)
      x[n] = vf_mul(x[n], vf_sigmoid(vf_mul(x[n], vf_set(1.702f))));
    if (activation == SAM2_ACT_ELU)
      x[n] = vf_elu(x[n]);
  }
}

#endif
