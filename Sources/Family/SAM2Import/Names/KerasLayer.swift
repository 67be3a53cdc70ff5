import Bytes
import Tensors

/// A layer in a Keras file, with its variables.
struct KerasLayer {
  /// Its path in the file, with dots; empty for the model itself.
  let path: String
  /// The name given by its author or Keras; nil before Keras 3.6.
  let name: String?
  /// Names of the tensors that hold its variables.
  private(set) var variables: [String] = []

  /// A label for messages.
  var label: String { name.map { "\($0), \(path)" } ?? path }

  private static let group = "vars"

  /// The layers in `tensors`, in order, and the names of tensors that belong to none.
  ///
  /// - Throws: `keras.variables` for a layer whose variables are not numbered from 0.
  static func all(
    in tensors: any TensorCollection
  ) throws(Failure) -> (layers: [KerasLayer], others: [String]) {
    var order: [String] = []
    var found: [String: (name: String?, variables: [Int: String])] = [:]
    var others: [String] = []
    for name in tensors.names {
      guard let (path, tail) = split(name) else {
        others.append(name)
        continue
      }
      guard let index = canonicalNumber(tail) else {
        throw numberingFailure(name)
      }
      if found[path] == nil {
        order.append(path)
        found[path] = (tensors.description(of: name)?.layer, [:])
      }
      found[path]?.variables[index] = name
    }
    var layers: [KerasLayer] = []
    for path in order {
      guard let entry = found[path] else { continue }
      var layer = KerasLayer(path: path, name: entry.name)
      for index in 0..<entry.variables.count {
        guard let variable = entry.variables[index] else { throw numberingFailure(path) }
        layer.variables.append(variable)
      }
      layers.append(layer)
    }
    return (layers, others)
  }

  /// Whether a tensor is a variable of a layer.
  static func isVariable(_ name: String) -> Bool { split(name) != nil }

  /// Path of the layer and number of the variable.
  private static func split(_ name: String) -> (path: String, index: Substring)? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let head = name[..<dot]
    guard head == group || head.hasSuffix(".\(group)") else { return nil }
    return (
      String(head.dropLast(group.count + (head == group ? 0 : 1))), name[name.index(after: dot)...]
    )
  }

  private static func numberingFailure(_ place: String) -> Failure {
    Failure(
      .badInput, code: "keras.variables",
      "the variables of a layer are not numbered 0, 1 and so on", place: printable(place))
  }
}
