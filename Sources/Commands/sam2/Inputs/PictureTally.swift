import Annotations
import Bytes
import CLISupport
import JSON
import JobSupport

/// The outcome of a command for each picture: results, and failures that did not end the command.
struct PictureTally {
  /// Number of pictures.
  let count: Int
  private var reports: [JSONValue] = []
  /// Pictures for the files that cover all pictures.
  private(set) var annotated: [AnnotatedPicture] = []
  private var failed = 0
  /// Omissions and choices.
  private let log: NoticeLog

  init(count: Int, _ log: NoticeLog) { (self.count, self.log) = (count, log) }

  mutating func add(
    _ report: JSONValue, notices: [Notice], annotations: AnnotatedPicture?
  ) {
    reports.append(report)
    log.add(notices)
    annotated += [annotations].compactMap(\.self)
  }

  /// Reports that a picture failed, so that the others continue.
  /// - Throws: `failure` itself if there is only one picture.
  mutating func add(_ failure: Failure, image: String) throws(Failure) {
    let failure = failure.about(file: image)
    if count == 1 { throw failure }
    Tool.report(failure)
    reports.append([
      "image": .string(image),
      "error": ["code": .string(failure.code), "message": .string(failure.description)],
    ])
    failed += 1
  }

  /// Prints the results, as JSON or as the names of `files`, and the number of failed pictures.
  /// - Throws: `Tool.someItemsFailed` if any failed.
  func finish(model: String, files: [String], json: Bool, _ common: CommonOptions) throws {
    if json {
      let report: JSONValue = [
        "model": .string(model), "images": .array(reports),
        "annotations": .array(files.map { .string($0) }), "notices": log.all.json,
      ]
      Console.data(report.text(.pretty))
    } else {
      for file in files { common.note(file) }
    }
    if failed > 0 {
      common.note("\(failed) of \(count) pictures failed")
      throw Tool.someItemsFailed
    }
    if log.isIncomplete { throw Tool.someItemsFailed }
  }
}
