// What follows the sums of a matrix product: bias, activation, residual, store.

/// c[0..n) = act(v + bias) + residual for one vector of one row.
INLINE void finish_vector(vf v, float *c, const float *bias, const float *residual,
                          sam2_activation activation, size_t n) {
  const int whole = n >= VF_WIDTH;
  if (bias)
    v = vf_add(v, whole ? vf_load(bias) : vf_load_n(bias, n));
  v = vf_activate(v, activation);
  if (residual)
    v = vf_add(v, whole ? vf_load(residual) : vf_load_n(residual, n));
  if (whole)
    vf_store(c, v);
  else
    vf_store_n(c, v, n);
}
