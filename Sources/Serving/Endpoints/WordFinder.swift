import Bytes
public import Detector
public import Media
public import Workbench

/// Finds objects in pictures by words, for every protocol that supports it.
public struct WordFinder: Sendable {
  private let workbench: Workbench
  /// Nil if the server has none.
  private let detector: Detector?

  /// Maximum number of texts in one request.
  private static let textLimit = 256

  public init(_ workbench: Workbench, _ detector: Detector?) {
    (self.workbench, self.detector) = (workbench, detector)
  }

  /// Whether the server has a detector.
  public var isAvailable: Bool { detector != nil }

  /// Objects named by `texts`, best first, and the number of those beyond the limit in `options`.
  ///
  /// `picture` is called only once everything else has been checked.
  /// - Throws: `detector.none`, `serve.text`, `detect.*`.
  public func find(
    _ texts: [String], options: DetectionOptions, in picture: () async throws -> RGBImage
  ) async throws -> (found: [Detection], leftOut: Int) {
    guard let detector else {
      throw Failure(
        .usage, code: "detector.none", "the server has no detector",
        hint: "start it with --detector")
    }
    guard (1...Self.textLimit).contains(texts.count), Set(texts).count == texts.count else {
      throw Failure(
        .badInput, code: "serve.text",
        "\"text\" must be an array of 1 to \(Self.textLimit) different words or phrases")
    }
    do {
      try options.validate()
    } catch {
      throw Failure(.badInput, code: error.code, error.message)
    }
    let picture = try await picture()
    return try await workbench.scheduler.run(.encode) { _ in
      let queries = try detector.queries(for: texts)
      return try detector.detections(queries, in: detector.look(at: picture), options: options)
    }
  }
}
