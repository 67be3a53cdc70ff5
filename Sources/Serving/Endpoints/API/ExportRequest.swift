import Annotations
import Bytes
import JSON
import JobSupport
import Workbench
import Zip

/// The formats that a client requests, and the archive it receives.
struct ExportRequest {
  let kinds: [AnnotationKind]
  let context: AnnotationContext

  private static let members: Set<String> = [
    "formats", "category", "image_prefix", "polygon_tolerance",
  ]

  /// - Throws: `json.*`, `serve.format` for an unknown format.
  init(_ json: JSONValue) throws(Failure) {
    let request = try RequestObject(json, members: ExportRequest.members)
    var kinds: [AnnotationKind] = []
    for name in try request.strings("formats") {
      guard let kind = AnnotationKind(rawValue: name) else {
        throw Failure(
          .badInput, code: "serve.format", "there is no format \"\(printable(name, limit: 40))\"",
          hint: "there are \(AnnotationKind.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      kinds.append(kind)
    }
    self.kinds = kinds
    var context = AnnotationContext()
    if let category = try request.optionalString("category") { context.category = category }
    if let prefix = try request.optionalString("image_prefix") { context.imagePrefix = prefix }
    if let tolerance = try request.optionalNumber("polygon_tolerance") {
      guard (0...100).contains(tolerance) else {
        throw Failure(
          .badInput, code: "serve.format", "\"polygon_tolerance\" must be between 0 and 100")
      }
      context.polygonTolerance = tolerance
    }
    self.context = context
  }

  /// A zip archive of `files`, named after the picture or video `name`.
  func answer(_ files: [AnnotationFile], name: String) throws(Failure) -> Answer {
    var zip = StoredZip()
    for file in files { try zip.add(file.name, file.bytes) }
    let stem = fileStem(name).unicodeScalars.map { scalar -> Character in
      let isPlain =
        scalar.isASCII && scalar.value > 0x20 && !"\"\\/%;".unicodeScalars.contains(scalar)
      return isPlain ? Character(scalar) : "_"
    }
    return Answer(
      contentType: "application/zip",
      headers: [("Content-Disposition", "attachment; filename=\"\(String(stem))_masks.zip\"")],
      bytes: zip.archive)
  }
}
