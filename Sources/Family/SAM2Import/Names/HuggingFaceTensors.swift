import Bytes
import Tensors

/// A checkpoint with Hugging Face names, presented under the official ones.
///
/// Nothing is copied: renamed tensors are the originals, and split ones are views of the fused one.
/// Names that no rule covers are kept, so that the import reports them.
struct HuggingFaceTensors: TensorCollection {
  private let renamed: RenamedTensors

  var names: [String] { renamed.names }

  /// Whether the checkpoint has these names.
  static func recognizes(_ tensors: any TensorCollection) -> Bool {
    HuggingFaceNames.signs.contains { tensors.description(of: $0) != nil }
  }

  /// - Throws: `hf.position_code` when the two copies of the image position code differ,
  ///   `hf.name_collision` when two names have the same official name, and what reading the two
  ///   copies throws.
  init(_ base: any TensorCollection) throws(Failure) {
    var renamed = RenamedTensors(base)
    let present = HuggingFaceNames.positionCodes.filter { base.description(of: $0) != nil }
    let final = HuggingFaceTensors.finalMaskConvolution(base)
    try HuggingFaceTensors.checkEqual(present, base)
    for name in base.names {
      var found: [(official: String, source: RenamedTensors.Source)] = []
      if name == HuggingFaceNames.pointEmbeddings, HuggingFaceTensors.isSplittable(name, base) {
        for row in 0..<HuggingFaceNames.pointEmbeddingCount {
          found.append((HuggingFaceNames.officialPointEmbedding(row), .row(name, row)))
        }
      } else if HuggingFaceNames.positionCodes.contains(name) {
        if name == present.first {
          found.append((HuggingFaceNames.officialPositionCode, .tensor(name)))
        }
      } else if name.hasPrefix(HuggingFaceNames.finalMaskConvolution) {
        let tail = name.dropFirst(HuggingFaceNames.finalMaskConvolution.count)
        found.append(("\(final).\(tail)", .tensor(name)))
      } else if let both = HuggingFaceTensors.joined(name, base) {
        found.append(both)
      } else if HuggingFaceTensors.isJoined(name, base) {
        continue
      } else {
        found.append((HuggingFaceNames.official(name) ?? name, .tensor(name)))
      }
      for (official, source) in found {
        guard renamed.add(official, source) else {
          throw Failure(
            .badInput, code: "hf.name_collision",
            "two tensors are officially called \(printable(official))", place: "tensor \(name)")
        }
      }
    }
    self.renamed = renamed
  }

  /// Whether the tensor can be split; one of another shape keeps its name and is then reported as
  /// unexpected.
  private static func isSplittable(_ name: String, _ base: any TensorCollection) -> Bool {
    guard let shape = base.description(of: name)?.shape else { return false }
    return shape.rank == 2 && shape[0] == HuggingFaceNames.pointEmbeddingCount
  }

  /// Keys of the perceiver with their values, which officially form one tensor.
  private static func joined(
    _ keys: String, _ base: any TensorCollection
  ) -> (official: String, source: RenamedTensors.Source)? {
    guard keys.hasSuffix(HuggingFaceNames.keySuffix),
      let official = HuggingFaceNames.keysOfPerceiver.official(keys)
    else { return nil }
    let values = String(
      keys.dropLast(HuggingFaceNames.keySuffix.count) + HuggingFaceNames.valueSuffix)
    guard let a = base.description(of: keys), let b = base.description(of: values), a == b,
      a.shape.rank == 2
    else { return nil }
    return (official, .stacked([keys, values]))
  }

  /// Whether the tensor holds the values that belong to such keys.
  private static func isJoined(_ values: String, _ base: any TensorCollection) -> Bool {
    guard values.hasSuffix(HuggingFaceNames.valueSuffix) else { return false }
    let keys = values.dropLast(HuggingFaceNames.valueSuffix.count) + HuggingFaceNames.keySuffix
    return joined(String(keys), base) != nil
  }

  private static func finalMaskConvolution(_ base: any TensorCollection) -> String {
    var count = 0
    while base.description(of: "memory_encoder.mask_downsampler.layers.\(count).conv.weight") != nil
    {
      count += 1
    }
    return "\(HuggingFaceNames.officialMaskDownsampler).\(3 * count)"
  }

  private static func checkEqual(
    _ names: [String], _ base: any TensorCollection
  ) throws(Failure) {
    guard names.count == 2 else { return }
    let (first, second) = (try base.tensor(names[0]), try base.tensor(names[1]))
    let isEqual =
      unsafe first.dtype == second.dtype && first.shape == second.shape
      && first.withUnsafeBytes { a in unsafe second.withUnsafeBytes { unsafe a.elementsEqual($0) } }
    guard isEqual else {
      throw Failure(
        .badInput, code: "hf.position_code",
        "\(names[0]) and \(names[1]) differ; SAM 2 has one such matrix")
    }
  }

  // MARK: - Tensors

  func description(of name: String) -> TensorDescription? { renamed.description(of: name) }

  func tensor(_ name: String) throws(Failure) -> Tensor { try renamed.tensor(name) }

  func verify() throws(Failure) { try renamed.verify() }
}
