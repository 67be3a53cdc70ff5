import Bytes
import Tensors

/// The tensors of several files as one collection.
struct JoinedTensors: TensorCollection {
  let names: [String]
  private let files: [any TensorCollection]
  private let places: [String: (file: Int, name: String)]

  /// The tensors of `files`, each prefixed with the label of its file where it has one.
  ///
  /// - Throws: `checkpoint.name_collision` when two files have a tensor of one name.
  init(_ files: [(label: String?, tensors: any TensorCollection)]) throws(Failure) {
    var names: [String] = []
    var places: [String: (file: Int, name: String)] = [:]
    for (index, file) in files.enumerated() {
      for original in file.tensors.names {
        let name = file.label.map { "\($0).\(original)" } ?? original
        guard places.updateValue((index, original), forKey: name) == nil else {
          throw Failure(
            .badInput, code: "checkpoint.name_collision",
            "two files have a tensor of the name \(printable(name))")
        }
        names.append(name)
      }
    }
    self.names = names
    self.places = places
    self.files = files.map(\.tensors)
  }

  func description(of name: String) -> TensorDescription? {
    places[name].flatMap { files[$0.file].description(of: $0.name) }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let place = places[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    return try files[place.file].tensor(place.name)
  }

  func verify() throws(Failure) {
    for file in files { try file.verify() }
  }
}
