import Bytes

/// Options of an `ExamplePredictor`, with the defaults of a video predictor.
///
/// Options left nil are taken from the model.
public struct ExampleOptions: Sendable, Hashable {
  /// Background specks of at most this many low-resolution pixels inside a mask are filled; 0
  /// leaves them.
  public var fillHoleArea = 8
  /// Number of examples that a picture looks back at: at least 2, or -1 for all
  /// (`max_cond_frames_in_attn`).
  public var maxConditioningFrames: Int?
  /// Whether the model chooses among three candidates: `multimask_output_for_tracking`.
  public var usesMultimask: Bool?

  public init() {}

  /// The equivalent video options.
  var video: VideoOptions {
    var options = VideoOptions()
    options.fillHoleArea = fillHoleArea
    options.maxConditioningFrames = maxConditioningFrames
    options.tracksWithMultimask = usesMultimask
    return options
  }
}
