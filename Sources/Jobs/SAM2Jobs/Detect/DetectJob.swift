import Annotations
public import Bytes
public import Detector
import JobSupport
import Media

/// The target of a search in pictures: words or an example.
public enum DetectTarget: Sendable {
  case texts([String])
  /// A picture and the box of interest in it; without a box, the most prominent object.
  case example(path: String, box: Detection.Box?)

  /// The queries for `detector`.
  /// - Throws: anything thrown by reading the example, `detect.*`.
  public func queries(
    _ detector: Detector, reading: InputReading = InputReading()
  ) throws(Failure) -> DetectorQueries {
    switch self {
    case .texts(let texts): return try detector.queries(for: texts)
    case .example(let path, let box):
      do throws(Failure) {
        let picture = try ImageReader.read(path, options: reading.pictures)
        return try detector.query(like: picture, box: box, label: fileStem(path))
      } catch {
        throw error.about(file: path)
      }
    }
  }
}

/// Finds objects in pictures, one picture at a time, and writes boxes around them.
public struct DetectJob {
  public let outputs: DetectOutputs
  private let detector: Detector
  private let queries: DetectorQueries
  private let options: DetectionOptions
  private let reading: InputReading

  public init(
    _ detector: Detector, queries: DetectorQueries, options: DetectionOptions,
    reading: InputReading = InputReading(), outputs: DetectOutputs
  ) {
    (self.detector, self.queries, self.options) = (detector, queries, options)
    (self.reading, self.outputs) = (reading, outputs)
  }

  /// Finds the boxes in the picture at `path`; nothing is written if an earlier stage fails.
  public func detect(_ path: String) throws(Failure) -> DetectResult {
    var clock = StageClock()
    let picture = try clock.time("decode") { () throws(Failure) in
      try ImageReader.read(path, options: reading.pictures)
    }
    let boxes = try clock.time("look") { () throws(Failure) in try detector.look(at: picture) }
    let (found, leftOut) = try clock.time("match") { () throws(Failure) in
      try detector.detections(queries, in: boxes, options: options)
    }
    var notices = picture.notices
    if leftOut > 0 { notices.append(.detectionLimit(leftOut, kept: found.count)) }
    let boxed = BoxedPicture(
      name: fileName(path), width: picture.width, height: picture.height,
      boxes: found.map(AnnotatedBox.init))
    let files = try clock.time("write") { () throws(Failure) in
      var files = try outputs.write(boxed, of: path, picture: picture)
      files += try outputs.writeLogits(try detector.logits(queries, for: boxes), boxes)
      return files
    }
    return DetectResult(
      image: path, boxed: boxed, labels: queries.labels, detections: found, files: files,
      clock: clock, notices: notices.map { $0.about(file: path) })
  }
}

extension AnnotatedBox {
  init(_ found: Detection) {
    self.init(
      category: found.query, score: Double(found.score), x0: Double(found.box.x0),
      y0: Double(found.box.y0), x1: Double(found.box.x1), y1: Double(found.box.y1))
  }
}

extension Notice {
  /// More objects were found than requested.
  static func detectionLimit(_ leftOut: Int, kept: Int) -> Notice {
    Notice(
      .leftOut, code: "detect.limit",
      "\(leftOut) detections beyond the best \(kept) are left out",
      hint: "--max-detections takes more")
  }
}
