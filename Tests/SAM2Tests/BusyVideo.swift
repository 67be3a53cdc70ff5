import Bytes
import Media

@testable import SAM2

/// Predictors of fake graphs over a video of few pixels, for states to be saved.
enum BusyVideo {
  static let click = [Prompt.Point(x: 10, y: 5)]

  static func predictor(
    frames: Int = 12, options: VideoOptions = .init(), width: Int = 40
  ) throws -> VideoPredictor {
    let graphs = FakeGraphs()
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    let pictures = (0..<frames).map { frame in
      let level = UInt8(frame + 1)
      return RGBImage(width: width, height: 20, filledWith: RGBColour(level, level, level))
    }
    return try VideoPredictor(model, frames: FrameList(pictures), options: options)
  }

  /// Two objects, tracked results, a correction that is not final, and a propagation under way.
  static func busyPredictor() throws -> (video: VideoPredictor, propagation: Propagation) {
    let video = try predictor()
    try video.addPoints(frame: 2, object: 7, points: click)
    try video.addPoints(frame: 0, object: -3, box: .init(x0: 1, y0: 2, x1: 9, y1: 12))
    try video.propagate(maxFrames: 3) { _, _ in true }
    try video.addMask(frame: 5, object: 7, mask: BinaryMask(width: 40, height: 20))
    var propagation = try video.propagation(start: 8, reverse: true)
    _ = try propagation.next()
    _ = try propagation.next()
    return (video, propagation)
  }
}
