import Bytes
import Glibc
import JSON
import JobSupport

/// Records the results of a shard: one line per item, appended as items are completed, and sorted
/// into manifest order once all are.
///
/// During the work the lines are in `results….jsonl.part`; `results….jsonl` appears at the end,
/// complete, by renaming. A lock on the former keeps a second process out.
final class BatchJournal {
  /// The position of an item's newest line.
  private struct Place {
    let offset: Int
    let byteCount: Int
    let state: State
  }

  /// The state of an item.
  enum State: Equatable {
    case failed
    case done
    /// Completed, with less than the input should have given.
    case incomplete
  }

  /// The file with all results.
  let path: String
  private let folder: OutputDirectory
  private let name: String
  private let partialName: String
  private let descriptor: Int32
  private var byteCount = 0
  /// Whether this object owns the file and may remove it.
  private var isLocked = false
  private var places: [Place?]

  private static let lineLimit = 256 << 20

  /// Opens the journal of a shard with `count` items in the folder `output`, already open as
  /// `folder`.
  /// - Throws: `output.exists`, `output.locked`; as `OutputDirectory.appendable`.
  init(
    _ output: OutputFolder, _ folder: OutputDirectory, shard: Shard?, count: Int,
    start: BatchJob.Start
  ) throws(Failure) {
    name = "results" + (shard.map { "-\($0.name)" } ?? "") + ".jsonl"
    partialName = name + ".part"
    path = output.file(name)
    self.folder = folder
    places = Array(repeating: nil, count: count)
    for old in [name, partialName] where start == .refuse && folder.entry(old) != nil {
      throw Failure(
        .outputExists, code: "output.exists", "there are results of an earlier run",
        hint: "--resume continues with them, --force starts again", file: output.file(old))
    }
    descriptor = try folder.appendable(partialName)
    // On file systems without locks, keeping a second process out is left to the user. A process
    // that has just finished may have removed the file in the meantime.
    var status = stat()
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK,
      fstat(descriptor, &status) == 0, status.st_nlink > 0
    else {
      throw Failure(
        .cannotCreate, code: "output.locked", "another process is at work on this shard",
        hint: "wait for it, or choose another folder with -o", file: path + ".part")
    }
    isLocked = true
    if start == .replace {
      folder.removeFile(name)
      guard ftruncate(descriptor, 0) == 0 else { throw writeFailure() }
    }
  }

  deinit {
    // Without any results there is nothing to resume.
    var status = stat()
    if isLocked, fstat(descriptor, &status) == 0, status.st_size == 0 {
      folder.removeFile(partialName)
    }
    close(descriptor)
  }

  // MARK: - Earlier results

  /// Whether there are any earlier results to take over.
  var hasEarlierResults: Bool {
    var status = stat()
    return folder.entry(name) != nil || (fstat(descriptor, &status) == 0 && status.st_size > 0)
  }

  /// Takes over the results that are still valid.
  ///
  /// `positions` maps a digest to its item; `isWhole` checks whether the files of a result exist.
  func load(positions: [UInt64: Int], isWhole: (JSONValue) -> Bool) throws(Failure) {
    try copyFinished()
    var end = 0
    try LineFile.forEachLine(of: descriptor, limit: Self.lineLimit) { (line) throws(Failure) in
      guard line.isComplete else { return }
      guard let bytes = line.bytes else {
        end = line.offset
        return
      }
      end = line.offset + bytes.count + 1
      guard let json = try? JSONValue(parsing: bytes),
        let digest = json["digest"]?.string.flatMap({ UInt64($0, radix: 16) }),
        let position = positions[digest]
      else { return }
      let isDone = json["status"]?.string == "done"
      if isDone && !isWhole(json) { return }
      let state: State = !isDone ? .failed : json["incomplete"]?.bool == true ? .incomplete : .done
      places[position] = Place(offset: line.offset, byteCount: bytes.count, state: state)
    }
    // A killed writer may have left a partial line.
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw writeFailure() }
    byteCount = end
  }

  /// Starts from the complete results of an earlier run, which may include failures.
  private func copyFinished() throws(Failure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size == 0 else { return }
    guard let finished = try folder.readable(name) else { return }
    defer { close(finished) }
    try LineFile.forEachLine(of: finished, limit: Self.lineLimit) { (line) throws(Failure) in
      if let bytes = line.bytes, line.isComplete { try put(bytes) }
    }
  }

  /// Positions of items that are not completed.
  var missing: [Int] { places.indices.filter { (places[$0]?.state ?? .failed) == .failed } }

  /// Number of completed items, including those with incomplete results.
  var doneCount: Int { places.count - missing.count }

  var incompleteCount: Int { places.count { $0?.state == .incomplete } }

  // MARK: - New results

  /// Adds the result of the item at `position`.
  /// - Throws: `output.write`.
  func append(_ line: JSONValue, at position: Int, _ state: State) throws(Failure) {
    let bytes = line.utf8()
    let start = byteCount
    try put(bytes)
    places[position] = Place(offset: start, byteCount: bytes.count, state: state)
  }

  private func put(_ bytes: [UInt8]) throws(Failure) {
    let line = bytes + [UInt8(ascii: "\n")]
    guard line.withUnsafeBytes({ LineFile.write(descriptor, $0[...]) }) else {
      throw writeFailure()
    }
    byteCount += line.count
  }

  /// Writes all results in manifest order, and removes the journal.
  /// - Throws: `output.*`.
  func publish() throws {
    try folder.write(name) { writer in
      for place in places {
        guard let place else {
          throw Failure(.internalError, code: "batch.incomplete", "an item has no result")
        }
        let range = place.offset..<(place.offset + place.byteCount)
        try writer.write(FileBytes.read(descriptor, range) + [UInt8(ascii: "\n")])
      }
    }
    folder.removeFile(partialName)
  }

  private func writeFailure() -> Failure {
    Failure(
      .writing, code: "output.write",
      "writing failed: \(String(cString: strerror(errno)))", file: path + ".part")
  }
}
