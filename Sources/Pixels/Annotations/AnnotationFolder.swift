public import Bytes

/// Writes the files of several formats to one folder.
///
/// A single format writes to the folder itself; several each get a subfolder with their name.
public struct AnnotationFolder: Sendable {
  private let path: String
  private let count: Int
  private let formats: [(kind: AnnotationKind, format: any AnnotationFormat)]

  /// The formats `kinds`; those in `handled` count towards the layout but are written elsewhere.
  ///
  /// Nothing is created until the first file is written.
  public init(
    path: String, kinds: [AnnotationKind], except handled: Set<AnnotationKind> = [],
    context: AnnotationContext
  ) {
    self.path = path
    count = kinds.count
    formats = kinds.filter { !handled.contains($0) }.map { ($0, $0.format(context)) }
  }

  /// Path of the `kind` file `name` when `count` formats are written to `folder`.
  public static func path(
    _ name: String, in folder: String, _ kind: AnnotationKind, of count: Int
  ) -> String {
    (folder.hasSuffix("/") ? folder : folder + "/") + (count > 1 ? kind.rawValue + "/" : "") + name
  }

  /// The files about one picture, with full paths; nothing is written yet.
  ///
  /// Failures: those of the formats.
  public func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile] {
    var files: [AnnotationFile] = []
    for (kind, format) in formats { files += placed(try format.files(of: picture), kind) }
    return files
  }

  /// The files about all pictures, with full paths; nothing is written yet.
  ///
  /// Failures: those of the formats.
  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] {
    var files: [AnnotationFile] = []
    for (kind, format) in formats { files += placed(try format.files(ofAll: pictures), kind) }
    return files
  }

  /// Writes the files about all pictures, after the last picture; without pictures, writes nothing.
  ///
  /// Failures: those of the formats and of `write`.
  /// - Returns: the paths of the files.
  public func finish(_ pictures: [AnnotatedPicture]) throws(Failure) -> [String] {
    guard !pictures.isEmpty else { return [] }
    let files = try files(ofAll: pictures)
    try AnnotationFolder.write(files, below: path)
    return files.map(\.name)
  }

  private func placed(_ files: [AnnotationFile], _ kind: AnnotationKind) -> [AnnotationFile] {
    files.map { file in
      AnnotationFile(
        name: AnnotationFolder.path(file.name, in: path, kind, of: count), bytes: file.bytes)
    }
  }

  /// Writes `files`, whose names are paths below `folder`, and creates their folders; each file is
  /// written completely or not at all.
  ///
  /// Links below `folder` are not followed. Failures: those of `OutputDirectory`.
  public static func write(
    _ files: [AnnotationFile], below folder: String
  ) throws(Failure) {
    guard !files.isEmpty else { return }
    let root = folder.hasSuffix("/") ? folder : folder + "/"
    let directory = try OutputDirectory(folder, creating: true)
    for file in files {
      guard file.name.hasPrefix(root) else {
        throw Failure(
          .internalError, code: "output.place", "is not below \(folder)", file: file.name)
      }
      try directory.write(String(file.name.dropFirst(root.count)), file.bytes)
    }
  }
}
