/// The numbers that float products multiply.
///
/// Sums, normalisation, activations and softmax are float32 in both.
public enum FloatArithmetic: String, CaseIterable, Sendable {
  case float32 = "f32"
  /// Operands are rounded to bfloat16: products and attention on large maps, as the official code
  /// computes under autocast. The few tokens of the mask decoder keep float32.
  case bfloat16 = "bf16"
}
