import Bytes
import CHDF5

/// Names that Keras gave the layers of a file.
///
/// Keras stores the variables of a layer as `…/vars/0`, `…/vars/1` and so on. Its paths number the
/// layers of a class by their depth in a graph; what a layer is called, it keeps in the attribute
/// `name` of the group `vars`.
struct LayerNames {
  private static let group = "vars"
  private static let attributeName = "name"
  static let maximumByteCount = 255

  private var names: [[String]: String?] = [:]

  /// The name of the layer to which the dataset at `path` belongs; nil when the file has none.
  ///
  /// - Throws: `h5.attribute` for a name that is not a short, printable string.
  mutating func name(
    ofDataset path: [String], in file: borrowing HDF5Handle
  ) throws(Failure) -> String? {
    let parent = Array(path.dropLast())
    guard parent.last == LayerNames.group else { return nil }
    if let known = names[parent] { return known }
    let found = try LayerNames.read("/" + parent.joined(separator: "/"), in: file)
    names[parent] = found
    return found
  }

  private static func read(
    _ place: String, in file: borrowing HDF5Handle
  ) throws(Failure) -> String? {
    let group = try HDF5Handle(
      chdf5_open_object(file.id, place),
      orThrow: refusal("h5.object_header", "a group cannot be opened", at: place))
    let name = try TextAttribute.text(
      attributeName, of: group, limit: maximumByteCount, place: place)
    guard let name else { return nil }
    guard !name.isEmpty, printable(name, limit: maximumByteCount) == name else {
      throw refusal("h5.attribute", "the name of a layer is empty or unprintable", at: place)
    }
    return name
  }
}
