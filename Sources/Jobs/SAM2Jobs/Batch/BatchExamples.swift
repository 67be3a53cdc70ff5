import Bytes
import SAM2

/// The examples of a batch, read and encoded once for consecutive items that use the same file.
///
/// Not for use from several threads at once.
final class BatchExamples {
  /// A file of examples, as named by an item.
  struct Source: Sendable {
    let file: String
    let examples: [RequestedExample]
  }

  private let model: SegmentationModel
  private let settings: BatchSettings
  private var last: (file: String, segmenter: ExampleSegmenter)?

  init(_ model: SegmentationModel, _ settings: BatchSettings) {
    (self.model, self.settings) = (model, settings)
  }

  /// - Throws: as `ExampleSegmenter`; `model.image_only` if the model has no memory.
  func segmenter(for source: Source) throws(Failure) -> ExampleSegmenter {
    if let last, last.file == source.file { return last.segmenter }
    last = nil
    try model.require(.tracking)
    let segmenter = try ExampleSegmenter(
      model: model, examples: source.examples, finish: settings.finish, reading: settings.reading)
    last = (source.file, segmenter)
    return segmenter
  }
}
