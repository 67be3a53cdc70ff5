import Bytes
import Glibc
import JSON
import JobSupport

/// The list of items, in JSON Lines: checked in full before the work, then read line by line.
///
/// Only offsets are kept in memory, 16 bytes per item. The file is not mapped, because truncating a
/// mapped file would kill the process.
final class BatchManifest: Sendable {
  /// The position of a line.
  private struct Entry: Sendable {
    let offset: Int
    let byteCount: Int32
    let line: Int32
  }

  static let lineLimit = 16 << 20

  let path: String
  private let descriptor: Int32
  private let entries: [Entry]

  /// Number of items.
  var count: Int { entries.count }

  /// The folder from which relative paths of items start.
  var folder: String { path == "-" ? "." : folderName(path) }

  /// Opens the manifest at `path`, or standard input for "-", and checks all its lines.
  /// - Throws: `file.*`; `json.*`, `batch.line`, `batch.id`, `batch.duplicate_id`,
  ///   `batch.nested_id`, `batch.empty`; the place names the line.
  init(_ path: String) throws(Failure) {
    self.path = path
    descriptor = try LineFile.open(path)
    var identifiers = BatchIdentifierIndex()
    do {
      entries = try BatchManifest.entries(descriptor, &identifiers)
    } catch {
      close(descriptor)
      throw error.about(file: path)
    }
    // From here on `deinit` closes the descriptor.
    do {
      try identifiers.check(
        line: { self.line(of: $0) },
        identifier: { (index) throws(Failure) in try self.item(index).id })
    } catch {
      throw error.about(file: path)
    }
  }

  deinit { close(descriptor) }

  private static func entries(
    _ descriptor: Int32, _ identifiers: inout BatchIdentifierIndex
  ) throws(Failure) -> [Entry] {
    var entries: [Entry] = []
    var number: Int32 = 0
    try LineFile.forEachLine(of: descriptor, limit: lineLimit) { (line) throws(Failure) in
      number += 1
      do throws(Failure) {
        guard let bytes = line.bytes, number < Int32.max else {
          throw Failure(.badInput, code: "batch.line", "longer than \(lineLimit) bytes")
        }
        guard bytes.contains(where: { $0 > 0x20 }) else { return }
        identifiers.add(try identifier(of: JSONValue(parsing: bytes)), item: entries.count)
        entries.append(
          Entry(offset: line.offset, byteCount: Int32(bytes.count), line: number))
      } catch {
        var failure = error.inLine(Int(number))
        failure.hint = failure.hint ?? "a list has one JSON object on each line"
        throw failure
      }
    }
    guard !entries.isEmpty else {
      throw Failure(.badInput, code: "batch.empty", "there are no items")
    }
    return entries
  }

  private static func identifier(of json: JSONValue) throws(Failure) -> String {
    let text = try json.requiredString("id")
    try BatchIdentifier.check(text)
    return text
  }

  /// Item `index`, counted from 0.
  /// - Throws: `file.unreadable`; `batch.changed` if the line has changed.
  func item(_ index: Int) throws(Failure) -> (id: String, json: JSONValue) {
    let entry = entries[index]
    let bytes = try FileBytes.read(
      descriptor, entry.offset..<(entry.offset + Int(entry.byteCount)))
    guard let json = try? JSONValue(parsing: bytes), let id = json["id"]?.string,
      (try? BatchIdentifier.check(id)) != nil
    else {
      throw Failure(
        .inputOutput, code: "batch.changed", "the manifest was changed while it was in use",
        file: path
      ).inLine(line(of: index))
    }
    return (id, json)
  }

  /// The line number of item `index`, counted from 1.
  func line(of index: Int) -> Int { Int(entries[index].line) }
}

extension Failure {
  /// A copy of this failure that refers to a line of a manifest.
  func inLine(_ line: Int) -> Failure {
    var copy = self
    copy.place = "line \(line)" + (place.map { ", \($0)" } ?? "")
    return copy
  }
}
