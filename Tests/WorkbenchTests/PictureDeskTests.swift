import Annotations
import Bytes
import JSON
import Media
import SAM2
import SAM2Jobs
import SampleScene
import TestSupport
import Testing

@testable import Workbench

@Suite("The desk for pictures")
struct PictureDeskTests {
  private static let click = PicturePrompt(points: [.init(x: 60, y: 50)])

  private func object(_ id: Int, _ counts: String) -> JSONValue {
    ["id": .init(id), "name": "thing", "counts": .string(counts), "score": 0.5]
  }

  @Test("gives the masks of a predictor, and refines them as the library does")
  func refinement() async throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let session = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    let first = try await workbench.pictures.answer(Self.click, on: session)
    let predictor = ImagePredictor(try Bench.model.get())
    try predictor.setImage(Bench.still.image)
    let expected = try predictor.predict(Prompt(points: Self.click.points))
    #expect(first.masks.map(\.runs) == (0..<3).map { RunLengthMask(expected.mask($0)) })
    #expect(first.best == expected.best)

    var second = PicturePrompt(points: Self.click.points + [.init(x: 10, y: 10, label: 0)])
    second.previous = PreviousAnswer(logits: try #require(first.logits), mask: first.best)
    let refined = try await workbench.pictures.answer(second, on: session)
    let again = try predictor.predict(
      Prompt(points: second.points, maskLogits: expected.maskPrompt(expected.best)),
      multimask: false)
    #expect(refined.masks.map(\.runs) == [RunLengthMask(again.mask(0))])
    #expect(workbench.pictures.embeddings.statistics.encodedCount == 1)
  }

  @Test("keeps the logits of one picture from another")
  func foreignLogits() async throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let first = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    let second = try workbench.pictures.open(upload: Bench.png(seed: 6), name: "b.png")
    var prompt = Self.click
    let answer = try await workbench.pictures.answer(Self.click, on: first)
    prompt.previous = PreviousAnswer(logits: try #require(answer.logits), mask: 0)
    await #expect(throws: Failure(.badInput, code: "serve.logits", "")) {
      try await workbench.pictures.answer(prompt, on: second)
    }
  }

  @Test("answers in a smaller size when asked to")
  func size() async throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let session = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    var prompt = Self.click
    prompt.size = (80, 60)
    let answer = try await workbench.pictures.answer(prompt, on: session)
    #expect(answer.masks.allSatisfy { $0.runs.width == 80 && $0.runs.height == 60 })
  }

  @Test("exports the bytes that the formats make of the same masks")
  func export() async throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let session = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    let answer = try await workbench.pictures.answer(Self.click, on: session)
    let runs = answer.masks[answer.best].runs
    try workbench.pictures.setObjects([object(1, runs.cocoCounts)], of: session, revision: 0)
    let files = try await workbench.pictures.export(session, [.coco, .davis])
    #expect(files.map(\.name) == ["coco/coco.json", "davis/a.png"])
    let picture = AnnotatedPicture(
      name: "a.png", stem: "a", index: 0, width: 160, height: 120,
      masks: [AnnotatedMask(object: 1, score: 0.5, mask: runs.mask)])
    let context = AnnotationContext()
    let expected = try AnnotationKind.coco.format(context).files(ofAll: [picture])
    #expect(files[0].bytes == expected[0].bytes)
    await #expect(throws: Failure(.usage, code: "format.unsuitable", "")) {
      try await workbench.pictures.export(session, [.savJSON])
    }
  }

  @Test(
    "refuses objects that cannot be",
    arguments: [
      ("[{\"id\": 0, \"counts\": \"PPYo1\"}]", "serve.object"),
      ("[{\"id\": 1, \"counts\": \"1\"}]", "rle.counts"),
      ("[{\"id\": 1, \"counts\": \"\\u007f\"}]", "rle.text"),
      ("[{\"id\": 1}]", "json.missing"), ("[{\"id\": 1, \"colour\": 2}]", "json.member"),
      ("[3]", "json.type"),
    ])
  func badObjects(_ text: String, _ code: String) throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let session = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    let list = try #require(JSONValue(parsing: text).array)
    #expect(throws: Failure(.badInput, code: code, "")) {
      try workbench.pictures.setObjects(list, of: session, revision: nil)
    }
    #expect(session.objects.isEmpty)
  }

  @Test("notices that somebody else has changed the objects")
  func conflict() throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let session = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    try workbench.pictures.setObjects([], of: session, revision: 0)
    #expect(throws: Failure(.usage, code: "serve.conflict", "")) {
      try workbench.pictures.setObjects([], of: session, revision: 0)
    }
  }

  @Test("has the sessions of an earlier server, also under another model")
  func restart() async throws {
    try await withFolder { folder in
      let counts = RunLengthMask(BinaryMask(width: 160, height: 120)).cocoCounts
      let first = try Bench.workbench(cache: folder)
      let session = try first.pictures.open(upload: Bench.png(), name: "../../a b.png")
      #expect(session.name == "a b.png")
      try first.pictures.setObjects([object(3, counts)], of: session, revision: nil)
      let expected = try await first.pictures.answer(Self.click, on: session)
      first.stop()
      for (identity, encodedCount) in [("nano identity", 1), ("another model", 1)] {
        let second = try Bench.workbench(cache: folder, identity: identity)
        let found = try second.pictures.session(session.id)
        #expect(found.objects.map(\.id) == [3])
        let answer = try await second.pictures.answer(Self.click, on: found)
        #expect(answer.masks.map(\.runs) == expected.masks.map(\.runs))
        let statistics = second.pictures.embeddings.statistics
        #expect(statistics.encodedCount + statistics.diskHits == encodedCount)
        second.stop()
      }
    }
  }

  @Test("finds an open media file again, and notices when it is another by then")
  func media() async throws {
    try await withFolder { folder in
      try PictureFile.write(Bench.png(), to: "\(folder)/a.png")
      let workbench = try Bench.workbench(media: folder)
      defer { workbench.stop() }
      let session = try workbench.pictures.open(media: "a.png")
      let found1 = try workbench.pictures.open(media: "a.png").id
      #expect(found1 == session.id)
      try PictureFile.write(Bench.png(seed: 9), to: "\(folder)/a.png")
      await #expect(throws: Failure(.usage, code: "serve.changed", "")) {
        try await workbench.pictures.answer(Self.click, on: session)
      }
      let found2 = try workbench.pictures.open(media: "a.png").id
      #expect(found2 != session.id)
    }
  }

  @Test("has room for as many pictures as allowed, and closes idle ones for others")
  func room() throws {
    var limits = WorkLimits()
    limits.pictures = 2
    let strict = try Bench.workbench(limits: limits)
    defer { strict.stop() }
    for _ in 0..<2 { _ = try strict.pictures.open(upload: Bench.png(), name: "a") }
    #expect(throws: Failure(.usage, code: "serve.sessions", "")) {
      try strict.pictures.open(upload: Bench.png(), name: "a")
    }
    limits.idleSeconds = 0
    let lax = try Bench.workbench(limits: limits)
    defer { lax.stop() }
    let sessions = try (0..<3).map { _ in try lax.pictures.open(upload: Bench.png(), name: "a") }
    #expect(lax.pictures.count == 2)
    #expect(throws: Failure(.missingInput, code: "serve.unknown_id", "")) {
      try lax.pictures.session(sessions[0].id)
    }
  }

  @Test("finds everything as a job, reports its progress, and can be stopped")
  func automatic() async throws {
    let workbench = try Bench.workbench()
    defer { workbench.stop() }
    let session = try workbench.pictures.open(upload: Bench.png(), name: "a.png")
    let options: JSONValue = ["points_per_side": 4]
    let job = try workbench.pictures.findAll(in: session, options: options)
    var names: [String] = []
    for await event in job.events(after: 0) { names.append(event.name) }
    #expect(names.last == "done" && names.dropLast().allSatisfy { $0 == "progress" })
    let expected = try AutomaticMaskGenerator(
      try Bench.model.get(), options: AutomaticMaskOptions(json: options)
    ).generate(Bench.still.image)
    #expect(job.json["result"]?["masks"]?.array?.count == expected.count)
    // A client that comes back later gets what it has missed.
    var late: [Int] = []
    for await event in job.events(after: names.count - 1) { late.append(event.number) }
    #expect(late == [names.count])

    let stopped = try workbench.pictures.findAll(in: session, options: ["points_per_side": 64])
    stopped.cancel()
    for await _ in stopped.events(after: 0) {}
    #expect(stopped.status == .cancelled)
  }

  /// A fresh folder for a body that waits.
  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try withTemporaryFolder { $0 }
    defer { _ = try? OutputDirectory("/").remove(String(folder.dropFirst())) }
    _ = try OutputDirectory(folder, creating: true)
    try await body(folder)
  }
}
