import Annotations
import Bytes
import JSON
import Media

/// The files of one item while they are being written; none if run lengths are the only format.
///
/// Returned paths are relative to the output folder, as in the results.
struct BatchItemFolder: Sendable {
  let formats: BatchFormats
  private let writer: BatchWriter
  private let index: Int
  private let id: String
  private let context: AnnotationContext
  private var annotations: [(kind: AnnotationKind, format: any AnnotationFormat)]
  /// Nil if there are no files.
  private let directory: OutputDirectory?

  /// Starts the folder.
  ///
  /// `context` holds the facts about the item that formats need; `hasOtherFiles` indicates whether
  /// there are files besides those of the formats.
  /// - Throws: `output.folder`.
  init(
    _ writer: BatchWriter, _ formats: BatchFormats, _ index: Int, id: String,
    context: AnnotationContext, hasOtherFiles: Bool = false
  ) throws(Failure) {
    self.formats = formats
    self.writer = writer
    self.index = index
    self.id = id
    self.context = context
    annotations = formats.kinds.map { ($0, $0.format(context)) }
    let isEmpty = formats.kinds.isEmpty && !hasOtherFiles
    directory = isEmpty ? nil : try writer.folder.begin(index)
  }

  /// A copy for a video about which more is now known.
  func about(_ video: VideoFacts) -> BatchItemFolder {
    var folder = self
    folder.annotations = formats.kinds.map { ($0, $0.format(context.about(video))) }
    return folder
  }

  /// Writes one picture's files in all formats except those in `handled`.
  func write(
    _ picture: AnnotatedPicture, except handled: Set<AnnotationKind> = []
  ) throws(Failure) -> [AnnotationKind: [String]] {
    var written: [AnnotationKind: [String]] = [:]
    for (kind, format) in annotations where !handled.contains(kind) {
      written[kind] = try write(format.files(of: picture), kind)
    }
    return written
  }

  /// Writes the files about all pictures, in all formats.
  func write(all pictures: [AnnotatedPicture]) throws(Failure) -> [String] {
    var written: [String] = []
    for (kind, format) in annotations {
      written += try write(format.files(ofAll: pictures), kind)
    }
    return written
  }

  /// Writes files of `kind`, whose names may include folders.
  func write(_ files: [AnnotationFile], _ kind: AnnotationKind) throws(Failure) -> [String] {
    var written: [String] = []
    for file in files {
      let path = AnnotationFolder.path(file.name, in: id, kind, of: formats.kinds.count)
      try directory?.write(pathBelow(path), file.bytes)
      written.append(path)
    }
    return written
  }

  /// Writes the file `name`, which belongs to no format.
  /// - Returns: its path.
  func write(_ name: String, _ bytes: [UInt8]) throws(Failure) -> String {
    try directory?.write(name, bytes)
    return path(name)
  }

  /// The path of the item's file `name`, as in the results.
  func path(_ name: String) -> String { "\(id)/\(name)" }

  /// The path of the file `name` while files are being written.
  func temporaryPath(_ name: String) -> String { directory?.file(name) ?? name }

  /// Removes a file that has been written.
  func remove(_ file: String) throws(Failure) { try directory?.removeFile(at: pathBelow(file)) }

  /// The part of a path after the item's own folder.
  private func pathBelow(_ path: String) -> String {
    String(path.dropFirst(id.count).drop { $0 == "/" })
  }

  /// Moves the files to their final place.
  func commit() throws(Failure) {
    guard directory != nil else { return }
    try writer.folder.commit(index, as: id, replacesExisting: writer.replacesExisting)
  }

  /// The members of a result that list files: palette PNGs as `labels`; files that no other member
  /// names, along with `others`, as `files`.
  static func members(
    _ written: [AnnotationKind: [String]] = [:], and others: [String] = []
  ) -> BatchMembers {
    var members: BatchMembers = []
    if let labels = written[.davis]?.first { members.append(("labels", .string(labels))) }
    let kinds = AnnotationKind.allCases.filter { $0 != .png && $0 != .davis }
    let files = kinds.flatMap { written[$0] ?? [] } + others
    if !files.isEmpty { members.append(("files", .array(files.map { .string($0) }))) }
    return members
  }
}

extension RunLengthMask {
  /// In COCO form: {"size": [height, width], "counts": "…"}.
  var json: JSONValue {
    ["size": [.init(height), .init(width)], "counts": .string(cocoCounts)]
  }
}
