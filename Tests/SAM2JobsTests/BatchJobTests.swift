import Annotations
import Bytes
import JSON
import JobSupport
import Media
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Batches as a library")
struct BatchJobTests {
  private static let settings = BatchSettings(
    formats: BatchFormats(list: "png") ?? BatchFormats([]), model: "small")

  private func job(_ folder: String, start: BatchJob.Start = .refuse) throws -> BatchJob {
    try BatchJob(
      list: "\(folder)/items.jsonl", output: OutputFolder("\(folder)/out"),
      settings: Self.settings, start: start)
  }

  private func results(_ folder: String) throws -> [JSONValue] {
    let text = String(decoding: fileBytes("\(folder)/out/results.jsonl") ?? [], as: UTF8.self)
    return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
  }

  @Test("A cancelled batch resumes to the results of one that is not cancelled")
  func cancelled() throws {
    let model = try SmallModel.model.get()
    let item = "\"image\": \"\(SmallModel.picture)\", \"prompts\": [{\"points\": [[64, 63]]}]"
    let lines =
      (0..<5).map { "{\"id\": \"\($0)\", \(item)}\n" }.joined()
      + "{\"id\": \"missing\", \"image\": \"missing.png\", \"auto\": {}}\n"
    try withTemporaryFolder { whole in
      try write(lines, to: "\(whole)/items.jsonl")
      var failures: [Failure] = []
      let all = try job(whole).run(model: { model }, events: .init(failed: { failures.append($0) }))
      #expect(all.isFinished && all.itemCount == 6 && all.failedCount == 1)
      #expect(failures.map(\.code) == ["file.missing"] && failures[0].place == "line 6")
      try withTemporaryFolder { folder in
        try write(lines, to: "\(folder)/items.jsonl")
        let source = CancellationSource()
        let first = try job(folder).run(
          model: { model }, cancellation: source.cancellation,
          events: .init(progress: { done, _, _ in if done == 2 { source.cancel() } }))
        #expect(!first.isFinished && (2..<5).contains(first.doneCount))
        #expect(!fileTree("\(folder)/out").keys.contains("results.jsonl"))
        let second = try job(folder, start: .resume).run(model: { model })
        #expect(second.isFinished && second.earlierCount == first.doneCount)
        let isSame = fileTree("\(folder)/out") == fileTree("\(whole)/out")
        #expect(isSame)
      }
    }
  }

  @Test("A batch without anything to do loads no model")
  func nothingToDo() throws {
    let model = try SmallModel.model.get()
    try withTemporaryFolder { folder in
      let item =
        "{\"id\": \"a\", \"image\": \"\(SmallModel.picture)\", "
        + "\"prompts\": [{\"box\": [40, 40, 90, 90]}]}\n"
      try write(item, to: "\(folder)/items.jsonl")
      _ = try job(folder).run(model: { model })
      let again = try job(folder, start: .resume).run(model: {
        Issue.record("loaded")
        return model
      })
      #expect(again.earlierCount == 1 && again.isFinished)
    }
  }

  @Test("A video of a batch takes the options of a tracking job, and gets its masks")
  func video() throws {
    let model = try SmallModel.model.get()
    try withTemporaryFolder { folder in
      let script =
        "\"actions\": [{\"do\": \"add_points\", \"frame\": 0, \"object\": 1, "
        + "\"points\": [[42, 58]], \"labels\": [1]}, {\"do\": \"propagate\"}]"
      let item =
        "{\"id\": \"v\", \"video\": \"\(SmallModel.clip)\", \(script), "
        + "\"format\": \"davis\", \"fill_hole_area\": 0, \"memory_temporal_stride_for_eval\": 2, "
        + "\"stop_after\": 6, \"save_logits\": true, \"overlay\": \"jpg\", "
        + "\"overlay_parts\": \"fill\", \"contact_sheet\": \"jpg\"}\n"
      try write(item, to: "\(folder)/items.jsonl")
      let summary = try job(folder).run(model: { model })
      #expect(summary.failedCount == 0)
      let result = try results(folder)[0]
      #expect(result["finished"]?.bool == false && result["frames"]?.array?.count == 6)
      #expect(result["overlay"]?.string == "v/overlay")
      #expect(result["contact_sheet"]?.string == "v/contact_sheet.jpg")
      #expect(result["logits"]?.string == "v/logits")

      try track(into: "\(folder)/track", model)
      let (batch, single) = (fileTree("\(folder)/out/v"), fileTree("\(folder)/track"))
      #expect(batch.keys.sorted() == single.keys.sorted())
      #expect(batch.keys.count { $0.hasSuffix(".npy") } == 6)
      for (name, bytes) in batch {
        let isSame = single[name] == bytes
        #expect(isSame, "\(name)")
      }
      // A second run may replace it all.
      #expect(try job(folder, start: .replace).run(model: { model }).failedCount == 0)
    }
  }

  /// Tracks the same with `TrackJob`.
  private func track(into folder: String, _ model: SegmentationModel) throws {
    var builder = TrackPlanBuilder()
    try builder.add(points: [SmallModel.click])
    var options = VideoOptions()
    options.fillHoleArea = 0
    options.memoryStride = 2
    let source = try FrameSource(path: SmallModel.clip)
    try OutputFolder(folder).create()
    let outputs = try TrackOutputs(
      video: SmallModel.clip, folder: folder,
      choices: TrackOutputChoices(
        logitsFolder: "\(folder)/logits", overlay: "\(folder)/overlay",
        contactSheet: "\(folder)/contact_sheet.jpg", overlayParts: .fill))
    let job = try TrackJob(
      builder.plan, on: VideoPredictor(model, frames: source, options: options),
      outputs: outputs, keepsReport: false, video: SmallModel.clip, source: source)
    try job.track(stopAfter: 6)
    #expect(!job.isOver && job.trackedFrameCount == 6)
    _ = try job.finish()
    try job.drawOverlay(on: FrameSource(path: SmallModel.clip)) { _, _ in }
  }

  @Test("A video that is cancelled leaves nothing")
  func cancelledVideo() throws {
    let model = try SmallModel.model.get()
    try withTemporaryFolder { folder in
      try write(
        "{\"id\": \"v\", \"video\": \"\(SmallModel.clip)\", \"actions\": [{\"do\": "
          + "\"add_points\", \"frame\": 0, \"object\": 1, \"points\": [[42, 58]], "
          + "\"labels\": [1]}, {\"do\": \"propagate\"}]}\n", to: "\(folder)/items.jsonl")
      let source = CancellationSource()
      var beats = 0
      let summary = try job(folder).run(
        model: { model }, cancellation: source.cancellation,
        events: .init(progress: { _, _, _ in
          beats += 1
          if beats == 3 { source.cancel() }
        }))
      #expect(!summary.isFinished && summary.doneCount == 0)
      #expect(folderNames("\(folder)/out").isEmpty)
    }
  }
}
