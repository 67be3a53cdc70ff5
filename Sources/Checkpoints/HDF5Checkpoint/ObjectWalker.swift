import Bytes
import CHDF5

/// Finds the datasets of a file, by hard links only.
struct ObjectWalker {
  /// Names of links from the root group down to each dataset, in the order of their bytes.
  private(set) var datasetPaths: [[String]] = []
  private var path: [String] = []
  private var visitedGroups: Set<ObjectIdentity> = []
  private var linkCount = 0

  static let maximumDepth = 32
  static let maximumLinkCount = 200_000
  static let maximumTensorCount = 100_000
  static let maximumNameByteCount = 512

  private struct ObjectIdentity: Hashable {
    let parts: [UInt64]
  }

  /// Walks everything below `file`, also what holds no weights: a file that is bad anywhere is bad.
  ///
  /// - Throws: `h5.link_refused`, `h5.name`, `h5.cycle`, `h5.depth`, `h5.datatype`,
  ///   `h5.object_header`, `model.too_many_tensors`.
  static func datasetPaths(in file: borrowing HDF5Handle) throws(Failure) -> [[String]] {
    var walker = ObjectWalker()
    let root = try HDF5Handle(
      chdf5_open_object(file.id, "/"),
      orThrow: refusal("h5.object_header", "the root group cannot be opened"))
    try walker.visit(group: root)
    return walker.datasetPaths
  }

  private mutating func visit(group: borrowing HDF5Handle) throws(Failure) {
    var parts: [UInt64] = [0, 0]
    guard chdf5_object_identity(group.id, &parts) >= 0 else {
      throw unreadable().withLibraryMessage()
    }
    guard visitedGroups.insert(ObjectIdentity(parts: parts)).inserted else {
      throw refusal("h5.cycle", "a group can be reached in two ways", at: place)
    }
    guard path.count < ObjectWalker.maximumDepth else {
      throw refusal(
        "h5.depth", "groups are nested more than \(ObjectWalker.maximumDepth) deep", at: place)
    }
    for link in try links(of: group) {
      path.append(try name(of: link))
      try follow(link, in: group)
      path.removeLast()
    }
  }

  private mutating func follow(_ link: Link, in group: borrowing HDF5Handle) throws(Failure) {
    guard link.isHard else {
      throw refusal(
        "h5.link_refused", "a soft, external or user-defined link", at: place,
        hint: "copy the data into a plain dataset")
    }
    let name = path.last ?? ""
    let object = try HDF5Handle(chdf5_open_object(group.id, name), orThrow: unreadable())
    switch H5Iget_type(object.id) {
    case H5I_GROUP: try visit(group: object)
    case H5I_DATASET:
      guard datasetPaths.count < ObjectWalker.maximumTensorCount else {
        throw refusal(
          "model.too_many_tensors",
          "the file holds more than \(ObjectWalker.maximumTensorCount) datasets")
      }
      datasetPaths.append(path)
    default: throw refusal("h5.datatype", "neither a group nor a dataset", at: place)
    }
  }

  // MARK: - Links

  private struct Link {
    let name: [UInt8]
    let isHard: Bool
  }

  /// Collects links while the library iterates over them, up to a limit.
  private final class LinkList {
    var links: [Link] = []
    var room: Int
    init(room: Int) { self.room = room }
  }

  private mutating func links(of group: borrowing HDF5Handle) throws(Failure) -> [Link] {
    let list = LinkList(room: ObjectWalker.maximumLinkCount - linkCount)
    let result = chdf5_iterate_links(
      group.id,
      { name, isHard, context in
        guard let name, let context else { return 1 }
        let list = Unmanaged<LinkList>.fromOpaque(context).takeUnretainedValue()
        guard list.links.count < list.room else { return 1 }
        // One byte over the limit is enough to refuse a name, however long it is.
        let length = strnlen(name, ObjectWalker.maximumNameByteCount + 1)
        let bytes = UnsafeRawBufferPointer(start: name, count: length)
        list.links.append(Link(name: Array(bytes), isHard: isHard))
        return 0
      }, Unmanaged.passUnretained(list).toOpaque())
    guard result >= 0 else { throw unreadable().withLibraryMessage() }
    guard result == 0 else {
      throw refusal(
        "model.too_many_tensors",
        "the file holds more than \(ObjectWalker.maximumLinkCount) links")
    }
    linkCount += list.links.count
    return list.links
  }

  /// The name of `link` if the library can take it for nothing else, such as a path.
  private func name(of link: Link) throws(Failure) -> String {
    guard link.name.count <= ObjectWalker.maximumNameByteCount,
      let name = String(validating: link.name, as: UTF8.self),
      printable(name, limit: link.name.count) == name, !name.isEmpty, name != ".", name != "..",
      !name.utf8.contains(UInt8(ascii: "/"))
    else {
      throw refusal(
        "h5.name", "a name is empty, too long, unprintable or a path",
        at: (path.isEmpty ? "" : place) + "/" + String(decoding: link.name, as: UTF8.self))
    }
    return name
  }

  private var place: String { "/" + path.joined(separator: "/") }

  private func unreadable() -> Failure {
    refusal("h5.object_header", "a group or a header cannot be read", at: place)
  }
}
