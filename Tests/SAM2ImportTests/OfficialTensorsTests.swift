import SAM2Config
import Testing

@testable import SAM2Import

/// Counts and hashes of names and shapes that the official package's `state_dict` has, taken from
/// models it built from its configuration files (and from `nano.yaml`).
struct OfficialTensorsTests {
  struct Truth: Sendable, CustomTestStringConvertible {
    var variant: String
    var tensors: Int
    var parameters: Int
    /// FNV-1a of the lines "name [sizes]" in order.
    var hash: UInt64
    var testDescription: String { variant }
  }

  static let truths: [Truth] = [
    Truth(
      variant: "sam2_hiera_tiny", tensors: 468, parameters: 38_946_242, hash: 0xa9de_32b7_77c1_b3a1),
    Truth(
      variant: "sam2_hiera_small", tensors: 516, parameters: 46_044_098,
      hash: 0xf571_fce2_271a_7d69),
    Truth(
      variant: "sam2_hiera_base_plus", tensors: 612, parameters: 80_833_922,
      hash: 0x6e9c_e976_9a6f_7628),
    Truth(
      variant: "sam2_hiera_large", tensors: 900, parameters: 224_430_386,
      hash: 0x3117_ad66_861b_47f3),
    Truth(
      variant: "sam2.1_hiera_tiny", tensors: 471, parameters: 38_962_754,
      hash: 0xc598_2168_4dbb_e250),
    Truth(
      variant: "sam2.1_hiera_small", tensors: 519, parameters: 46_060_610,
      hash: 0xceef_d546_8676_c038),
    Truth(
      variant: "sam2.1_hiera_base_plus", tensors: 615, parameters: 80_850_434,
      hash: 0x0112_5e9c_434c_24e7),
    Truth(
      variant: "sam2.1_hiera_large", tensors: 903, parameters: 224_446_898,
      hash: 0x52e0_7144_2463_83e8),
    Truth(
      variant: "sam2.1_hq_hiera_large", tensors: 916, parameters: 224_624_050,
      hash: 0x57aa_7680_6f13_56d3),
    Truth(
      variant: "edgetam", tensors: 982, parameters: 13_943_148, hash: 0xb4a8_2223_130b_d616),
    Truth(
      variant: "efficienttam_ti", tensors: 455, parameters: 17_866_274,
      hash: 0x124e_d1f2_28ca_1f55),
    Truth(
      variant: "efficienttam_s", tensors: 455, parameters: 34_056_098,
      hash: 0x4bee_c244_047b_1b11),
    Truth(variant: "nano", tensors: 371, parameters: 6_411_890, hash: 0x72fd_4f6d_8a51_e55e),
  ]

  @Test(arguments: truths)
  func namesShapesAndOrderAreThoseOfTheReference(truth: Truth) throws {
    let configuration = try #require(KnownVariants.named(truth.variant))
    let tensors = OfficialTensors(configuration)
    let lines = tensors.names.map { name in "\(name) \(tensors.shapes[name] ?? [])" }
    let parameters = tensors.shapes.values.reduce(0) { $0 + $1.reduce(1, *) }
    #expect(lines.count == truth.tensors)
    #expect(parameters == truth.parameters)
    #expect(fnv1a(lines.joined(separator: "\n")) == truth.hash)
  }

  @Test
  func everyKnownVariantHasATruth() {
    #expect(KnownVariants.all.map(\.variant) == Self.truths.map(\.variant))
  }

  private func fnv1a(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
