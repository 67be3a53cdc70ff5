public import Bytes
public import Tensors

/// Finds the weights of a SAM 2 in a checkpoint by recognising tensors with known names, under any
/// keys that a trainer may use and inside any wrappers.
public struct WeightSearch: Sendable {
  /// The weights under their official names; unofficial ones keep their own.
  public let tensors: any TensorCollection
  public let layout: NameLayout
  /// The keys that they are under, joined by dots; nil when nothing in the checkpoint is known.
  public let key: String?
  /// Choices, renamings, additions and omissions, for people.
  public let notes: [String]

  /// Looks for the weights under `key`, or else anywhere.
  ///
  /// A checkpoint without the weights of a SAM 2 is returned whole, except for the keys that all
  /// its names begin with, so that the missing weights can be reported.
  /// - Throws: `weights.several` when there are weights of more than one model and no `key`,
  ///   `weights.unknown` for a key without weights, `model.adapter` for less than a whole model,
  ///   `weights.name_collision`; codes that start with `keras.` or `hf.`.
  public init(_ tensors: any TensorCollection, at key: String? = nil) throws(Failure) {
    if let package = try KerasTensors.package(of: tensors) {
      guard key == nil || key == "." else { throw WeightSearch.unknownFailure(key ?? "", []) }
      let keras = try KerasTensors(tensors, package)
      let layout: NameLayout = package == .paz ? .paz : .zeroModels
      self.init(
        tensors: keras.tensors, layout: layout, key: ".",
        notes: [WeightSearch.readingNote(tensors, layout)] + keras.notes)
      return
    }
    let places = WeightPlace.all(in: tensors.names)
    guard let place = try WeightSearch.choose(among: places, key) else {
      if let failure = AdapterReport.failure(tensors.names, hasWeights: false) { throw failure }
      let whole = WeightPlace(prefix: WeightSearch.commonPrefix(tensors.names), layout: .official)
      let selection = try WeightSelection(tensors, at: whole, besides: [])
      self.init(tensors: selection.tensors, layout: .official, key: nil, notes: selection.notes)
      return
    }
    let selection = try WeightSelection(
      tensors, at: place, besides: places.filter { place.encloses($0) })
    if let failure = AdapterReport.failure(selection.tensors.names, hasWeights: true) {
      throw failure
    }
    let (renamed, notes) = try WeightSearch.official(selection.tensors, place.layout)
    self.init(
      tensors: renamed, layout: place.layout, key: place.key, notes: selection.notes + notes)
  }

  private init(
    tensors: any TensorCollection, layout: NameLayout, key: String?, notes: [String]
  ) {
    self.tensors = tensors
    self.layout = layout
    self.key = key
    self.notes = notes
  }

  private static func official(
    _ tensors: any TensorCollection, _ layout: NameLayout
  ) throws(Failure) -> (tensors: any TensorCollection, notes: [String]) {
    switch layout {
    case .huggingFace:
      return (try HuggingFaceTensors(tensors), [readingNote(tensors, layout)])
    case .sam3Cpp:
      var renamed = RenamedTensors(tensors)
      for name in tensors.names {
        try renamed.addOrThrow(SAM3CppNames.rules.official(name) ?? name, .tensor(name))
      }
      return (renamed, [readingNote(tensors, layout)])
    case .official, .paz, .zeroModels: return (tensors, [])
    }
  }

  private static func readingNote(_ tensors: any TensorCollection, _ layout: NameLayout) -> String {
    "read \(tensors.names.count) names of \(layout.name) as official"
  }

  /// Names of the files in which oarriaga/paz keeps a model, without the model's name and the
  /// extension.
  public static var partNames: [String] { PazNames.parts.map(\.stem) }

  // MARK: - The place

  private static func choose(
    among places: [WeightPlace], _ key: String?
  ) throws(Failure) -> WeightPlace? {
    guard let key else {
      guard places.count > 1 else { return places.first }
      let keys = places.map { "\"\(printable($0.key))\"" }
      throw Failure(
        .badInput, code: "weights.several",
        "the checkpoint holds the weights of \(places.count) models, under "
          + keys.prefix(8).joined(separator: " and "),
        hint: "choose one with --weights KEY, for example --weights \(printable(places[0].key))")
    }
    let exact = places.filter { $0.key == key }
    let matching = exact.isEmpty ? places.filter { $0.prefix.hasPrefix(key + ".") } : exact
    guard matching.count == 1 else { throw unknownFailure(key, places) }
    return matching[0]
  }

  private static func unknownFailure(_ key: String, _ places: [WeightPlace]) -> Failure {
    let known = places.map { "\"\(printable($0.key))\"" }.prefix(8).joined(separator: ", ")
    return Failure(
      .badInput, code: "weights.unknown",
      "the checkpoint has no weights of one SAM 2 under \"\(printable(key))\"",
      hint: known.isEmpty ? "leave out --weights" : "there are weights under \(known)")
  }

  /// The keys that all names begin with.
  private static func commonPrefix(_ names: [String]) -> String {
    guard let first = names.first, names.count > 1 else { return "" }
    var common = nameParts(first).dropLast()
    for name in names {
      let parts = nameParts(name).dropLast()
      common = common.prefix(zip(common, parts).prefix { $0 == $1 }.count)
    }
    return common.joined(separator: ".")
  }
}

extension RenamedTensors {
  /// - Throws: `weights.name_collision` when there already is a tensor of that name.
  mutating func addOrThrow(_ name: String, _ source: Source) throws(Failure) {
    guard add(name, source) else {
      throw Failure(
        .badInput, code: "weights.name_collision",
        "two tensors have the name \(printable(name)) once keys and wrappers are removed")
    }
  }
}
