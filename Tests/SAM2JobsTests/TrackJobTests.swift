import Annotations
import Bytes
import JSON
import JobSupport
import Media
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Tracking as a library")
struct TrackJobTests {
  /// A job on the clip, whose files go to `folder`.
  private func job(
    _ folder: String, resuming: String? = nil, overlay: String? = nil, drawsAlong: Bool = false,
    frames: [Int] = [0]
  ) throws -> TrackJob {
    var builder = TrackPlanBuilder()
    for frame in frames {
      builder.frame = frame
      try builder.add(points: [SmallModel.click])
    }
    let source = try FrameSource(path: SmallModel.clip)
    let outputs = try TrackOutputs(
      video: SmallModel.clip, folder: folder,
      choices: TrackOutputChoices(kinds: [.davis, .coco], overlay: overlay))
    let decoded = DecodedFrames(source)
    return try TrackJob(
      builder.plan, on: VideoPredictor(SmallModel.model.get(), frames: decoded),
      resuming: resuming, outputs: outputs, keepsReport: true, video: SmallModel.clip,
      source: source, decoded: drawsAlong ? decoded : nil)
  }

  @Test("A job that is cancelled, saved and resumed writes the files of one that is not")
  func resumed() throws {
    try withTemporaryFolder { folder in
      let whole = try job("\(folder)/whole")
      try whole.track()
      #expect(whole.isOver && whole.trackedFrameCount == SmallModel.frameCount)
      _ = try whole.finish()

      let source = CancellationSource()
      let first = try job("\(folder)/parts")
      try first.track(
        cancellation: source.cancellation,
        progress: { if $0.done == 3 { source.cancel() } })
      #expect(!first.isOver && first.trackedFrameCount == 3)
      try first.saveState(to: "\(folder)/job.state")

      let second = try job("\(folder)/parts", resuming: "\(folder)/job.state")
      try second.track()
      #expect(second.isOver)
      _ = try second.finish()
      let isSame = fileTree("\(folder)/parts") == fileTree("\(folder)/whole")
      #expect(isSame)
      let frames = second.report.first { $0.key == "frames" }?.value.array
      #expect(frames?.count == SmallModel.frameCount)
    }
  }

  @Test(
    "An overlay drawn while frames are tracked is that of a second pass",
    arguments: [([0], true), ([0, 3], true), ([5, 0, 6, 2, 3, 7], false)])
  func drawnAlong(frames: [Int], isDrawn: Bool) throws {
    try withTemporaryFolder { folder in
      for name in ["along", "after"] {
        let job = try job(
          "\(folder)/masks-\(name)", overlay: "\(folder)/\(name)", drawsAlong: name == "along",
          frames: frames)
        try job.track()
        _ = try job.finish()
        // Of many frames that were annotated before, some are not at hand any more.
        #expect(job.isOverlayDrawn == (name == "along" && isDrawn))
        guard !job.isOverlayDrawn else { continue }
        try job.drawOverlay(on: FrameSource(path: SmallModel.clip)) { _, _ in }
      }
      let isSame = fileTree("\(folder)/along") == fileTree("\(folder)/after")
      #expect(isSame && fileTree("\(folder)/along").count == SmallModel.frameCount)
    }
  }

  @Test("A job that is stopped leaves its overlay to a second pass")
  func stoppedDrawing() throws {
    try withTemporaryFolder { folder in
      let job = try job("\(folder)/masks", overlay: "\(folder)/drawn", drawsAlong: true)
      try job.track(stopAfter: 3)
      _ = try job.finish()
      #expect(!job.isOverlayDrawn)
    }
  }

  @Test("A job that is cancelled before its start writes nothing")
  func never() throws {
    try withTemporaryFolder { folder in
      let source = CancellationSource()
      source.cancel()
      let job = try job("\(folder)/out")
      try job.track(cancellation: source.cancellation)
      #expect(!job.isOver && fileTree(folder).isEmpty)
    }
  }
}
