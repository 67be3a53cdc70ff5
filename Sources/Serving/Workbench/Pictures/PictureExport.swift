import Annotations
import Bytes
import JobSupport
import Media
import SAM2Jobs

/// The objects of a picture in the formats of other tools.
struct PictureExport {
  private let session: PictureSession

  init(_ session: PictureSession) { self.session = session }

  /// The files of `kinds`; if there are several formats, each is in a folder with its name, as
  /// written by `sam2 segment`.
  /// - Throws: `serve.nothing_to_export`, `serve.format` if there are no formats,
  ///   `format.unsuitable`, and any error from the formats.
  func files(
    _ kinds: [AnnotationKind], _ context: AnnotationContext
  ) throws(Failure) -> [AnnotationFile] {
    try ExportKinds.check(kinds, among: AnnotationKind.forPictures)
    let objects = session.objects
    guard !objects.isEmpty else {
      throw Failure(
        .usage, code: "serve.nothing_to_export", "no object is marked in the picture",
        hint: "click on something first")
    }
    var masks: [AnnotatedMask] = []
    for object in objects {
      let runs = try RunLengthMask(
        width: session.width, height: session.height, cocoCounts: object.counts)
      masks.append(AnnotatedMask(object: object.id, score: object.score, mask: runs.mask))
    }
    let picture = AnnotatedPicture(
      name: session.name, stem: fileStem(session.name), index: 0, width: session.width,
      height: session.height, masks: masks)
    return try ExportKinds.files(of: [picture], kinds, context)
  }
}

/// The formats of a server's exports.
enum ExportKinds {
  /// - Throws: `serve.format` for an empty list or a duplicate; `format.unsuitable`.
  static func check(
    _ kinds: [AnnotationKind], among suitable: [AnnotationKind]
  ) throws(Failure) {
    guard !kinds.isEmpty, Set(kinds).count == kinds.count else {
      throw Failure(
        .usage, code: "serve.format", "name the formats to export, each once",
        hint: "there are \(suitable.map(\.rawValue).joined(separator: ", "))")
    }
    try AnnotationKind.check(kinds, among: suitable)
  }

  /// All files about `pictures`, with paths relative to the export.
  static func files(
    of pictures: [AnnotatedPicture], _ kinds: [AnnotationKind], _ context: AnnotationContext
  ) throws(Failure) -> [AnnotationFile] {
    var files: [AnnotationFile] = []
    for kind in kinds {
      let format = kind.format(context)
      var made: [AnnotationFile] = []
      for picture in pictures { made += try format.files(of: picture) }
      made += try format.files(ofAll: pictures)
      files += made.map { file in
        AnnotationFile(
          name: (kinds.count > 1 ? "\(kind.rawValue)/" : "") + file.name, bytes: file.bytes)
      }
    }
    return files
  }
}
