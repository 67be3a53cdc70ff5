import Bytes
import Tensors

/// Weights saved by Keras 3, presented under the official names and in the official shapes.
struct KerasTensors {
  /// The packages whose layers are known.
  enum Package: Sendable, CaseIterable {
    case paz
    case zeroModels
  }

  let package: Package
  private(set) var tensors: RenamedTensors
  /// Omissions, additions and conclusions, for people.
  private(set) var notes: [String] = []

  /// The package whose layers `tensors` hold; nil if they are not from a known package.
  ///
  /// - Throws: `keras.variables`, `keras.names`.
  static func package(of tensors: any TensorCollection) throws(Failure) -> Package? {
    guard tensors.names.contains(where: KerasLayer.isVariable) else { return nil }
    let layers = try KerasLayer.all(in: tensors).layers
    if layers.contains(where: { $0.path.contains(ZeroModelsNames.sign) }) { return .zeroModels }
    let signs = Set(PazNames.parts.map(\.sign))
    if layers.contains(where: { $0.name.map(signs.contains) ?? false }) { return .paz }
    if layers.contains(where: { isOfPaz($0) && $0.name == nil }) {
      throw namesFailure("the layers of the file have no names")
    }
    return nil
  }

  /// Whether a nameless layer is of a class that only `paz` has.
  private static func isOfPaz(_ layer: KerasLayer) -> Bool {
    let parts = layer.path.split(separator: ".").map(String.init)
    return ["hiera_position_embedding", "random_fourier_embedding", "broadcast_tokens"]
      .contains(where: parts.contains)
  }

  /// The layers of `package` in `base`; others keep their names, so that the import reports them.
  ///
  /// - Throws: `keras.names` for a layer without a name, `keras.name_collision` for two with the
  ///   same name, `keras.variables` and `keras.shape` for variables that do not match the layer,
  ///   `keras.parts` when files of the model are missing; what reading three small tensors throws.
  init(_ base: any TensorCollection, _ package: Package) throws(Failure) {
    self.package = package
    tensors = RenamedTensors(base)
    let (layers, others) = try KerasLayer.all(in: base)
    for name in others { try add(name, .tensor(name)) }
    var optimizerCount = 0
    var derivedCount = 0
    for layer in layers {
      if KerasTensors.isOptimizer(layer.path) {
        optimizerCount += layer.variables.count
        continue
      }
      derivedCount += try add(layer, base)
    }
    if optimizerCount > 0 {
      notes.append("left out the state of the optimizer, \(optimizerCount) arrays")
    }
    if derivedCount > 0 {
      notes.append("left out \(derivedCount) table that is computed from other weights")
    }
    if package == .paz { try finishPaz(layers) }
  }

  private static func isOptimizer(_ path: String) -> Bool {
    path.split(separator: ".").contains { $0 == "optimizer" }
  }

  // MARK: - Layers

  private static func variables(
    of layer: KerasLayer, _ package: Package
  ) throws(Failure) -> [KerasRules.Variable]? {
    guard let name = layer.name else {
      throw namesFailure("a layer has no name", at: layer.path)
    }
    return switch package {
    case .paz: PazNames.rules.variables(named: name)
    case .zeroModels:
      ZeroModelsNames.named.variables(named: name)
        ?? ZeroModelsNames.placed.variables(at: layer.path)
    }
  }

  /// - Returns: How many of the variables are computed from others.
  private mutating func add(
    _ layer: KerasLayer, _ base: any TensorCollection
  ) throws(Failure) -> Int {
    guard let variables = try KerasTensors.variables(of: layer, package) else {
      for name in layer.variables { try add(name, .tensor(name)) }
      return 0
    }
    guard variables.count == layer.variables.count else {
      throw Failure(
        .badInput, code: "keras.variables",
        "a layer has \(layer.variables.count) variables instead of \(variables.count)",
        place: "layer \(printable(layer.label))")
    }
    var derivedCount = 0
    for (name, variable) in zip(layer.variables, variables) {
      switch variable {
      case .tensor(let transpose, let official):
        try checkShape(base, name, layer) { transpose.plan($0) != nil }
        try add(official, transpose == .same ? .tensor(name) : .transposed(name, transpose))
      case .rows(let officials):
        try checkShape(base, name, layer) { $0.count == 2 && $0[0] == officials.count }
        for (row, official) in officials.enumerated() { try add(official, .row(name, row)) }
      case .derived: derivedCount += 1
      }
    }
    return derivedCount
  }

  private func checkShape(
    _ base: any TensorCollection, _ name: String, _ layer: KerasLayer, _ fits: ([Int]) -> Bool
  ) throws(Failure) {
    let sizes = base.description(of: name)?.shape.dimensions ?? []
    guard fits(sizes) else {
      throw Failure(
        .badInput, code: "keras.shape",
        "a variable has the shape \(sizes), which no such layer has",
        place: "layer \(printable(layer.label))")
    }
  }

  private mutating func add(
    _ name: String, _ source: RenamedTensors.Source
  ) throws(Failure) {
    guard tensors.add(name, source) else {
      throw Failure(
        .badInput, code: "keras.name_collision",
        "two variables are officially called \(printable(name))")
    }
  }

  private static func namesFailure(_ message: String, at path: String? = nil) -> Failure {
    Failure(
      .badInput, code: "keras.names",
      "\(message): Keras writes names since version 3.6, and without them weights cannot be "
        + "distinguished",
      place: path.map { "layer \(printable($0))" },
      hint: "save the weights again with a newer Keras")
  }

  // MARK: - Omissions and additions of paz

  private mutating func finishPaz(_ layers: [KerasLayer]) throws(Failure) {
    let names = Set(layers.compactMap(\.name))
    let missing = PazNames.parts.filter { !names.contains($0.sign) }
    let isPictureOnly =
      !missing.isEmpty && missing.count == PazNames.parts.count { $0.isForVideo }
      && missing.allSatisfy(\.isForVideo)
    guard missing.isEmpty || isPictureOnly else {
      throw Failure(
        .badInput, code: "keras.parts",
        "this is a part of a SAM 2 of oarriaga/paz; missing are "
          + missing.map { "\($0.stem).weights.h5" }.joined(separator: ", "),
        hint: "pass the folder, or the .manifest.json, of all files of the model")
    }
    if isPictureOnly {
      notes.append(
        "these are the four files for pictures: with the five for video beside them "
          + "(release v0.34), the model could track")
      return
    }
    try dropZerosOfSAM2()
    // No released configuration computes with it, so the package does not keep it.
    if let like = tensors.description(of: "no_mem_embed"),
      tensors.add("no_mem_pos_enc", .zeros(like))
    {
      notes.append(
        "zeros replace no_mem_pos_enc, which these files do not have and nothing reads")
    }
  }

  private mutating func dropZerosOfSAM2() throws(Failure) {
    for name in PazNames.zerosOfSAM2 {
      guard tensors.description(of: name) != nil else { return }
      // Zeros have no bit set however their bytes are viewed, except for the sign of -0.
      guard try tensors.tensor(name).floats().allSatisfy({ $0 == 0 }) else { return }
    }
    tensors.remove(Set(PazNames.zerosOfSAM2))
    notes.append(
      "no_obj_embed_spatial and obj_ptr_tpos_proj are zeros, so this is a SAM 2, which has neither")
  }
}
