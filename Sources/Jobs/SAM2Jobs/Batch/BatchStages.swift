import Bytes
import Detector
import JSON
import JobSupport
import Media
import SAM2

/// The stages of an item before, during and after the model: reading on another thread, the model
/// on the current one, writing on a further one.
struct BatchStages: Sendable {
  let manifest: BatchManifest
  let settings: BatchSettings
  let writer: BatchWriter
  let model: SegmentationModel
  /// Nil if none was given.
  let detector: Detector?
  let cancellation: Cancellation

  /// An item that has been read.
  struct Prepared: Sendable {
    let index: Int
    let id: String
    let digest: UInt64
    /// The work, or the reason it cannot be done.
    let task: Result<Task, Failure>

    /// Sixteen hexadecimal digits.
    var digestText: String {
      let digits = String(digest, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  struct Task: Sendable {
    let item: BatchItem
    let formats: BatchFormats
    /// Nil for a video.
    let picture: RGBImage?
  }

  /// The outcome of an item.
  struct Outcome: Sendable {
    let members: BatchMembers
    var notices: [Notice] = []
    var skippedFrames = 0

    /// Whether the results lack anything that the input should have given.
    var isIncomplete: Bool { skippedFrames > 0 || notices.contains(where: \.isIncomplete) }
  }

  /// Work that only involves writing.
  typealias Writing = @Sendable () throws(Failure) -> Outcome

  /// The work was abandoned on request.
  struct Stopped: Error {}

  // MARK: - Before

  /// Reads item `index` and its picture.
  /// - Throws: `file.unreadable`, `batch.changed`: problems with the manifest itself.
  func prepare(_ index: Int) throws(Failure) -> Prepared {
    let (id, json) = try manifest.item(index)
    let task: Result<Task, Failure>
    do throws(Failure) {
      let item = try BatchItem(id: id, json: json, folder: manifest.folder)
      let formats = try writer.formats(for: item)
      task = .success(
        Task(
          item: item, formats: formats,
          picture: item.isVideo
            ? nil : try ImageReader.read(item.path, options: settings.reading.pictures)))
    } catch {
      task = .failure(error)
    }
    return Prepared(index: index, id: id, digest: settings.digest(of: json), task: task)
  }

  // MARK: - The model

  /// Runs the model on an item.
  ///
  /// `heartbeat` is called periodically during long work; `examples` holds those of earlier items.
  /// - Returns: the writing that remains to be done.
  /// - Throws: `Failure` for problems with the item, `Stopped`.
  func run(
    _ prepared: Prepared, examples: BatchExamples, heartbeat: @escaping () -> Void
  ) throws -> Writing {
    func checkCancellation() throws {
      heartbeat()
      if cancellation.isRequested { throw Stopped() }
    }
    let task = try prepared.task.get()
    let (index, writer) = (prepared.index, writer)
    switch task.item.work {
    case .prompts, .words, .examples:
      let picture = try picture(task)
      let segmenter = try segmenter(for: task.item.work, examples)
      var clock = StageClock()
      var notices = picture.notices + segmenter.notices
      let answers = try segmenter.answers(for: picture, clock: &clock, notices: &notices)
      let facts = PictureFacts(picture)
      return { [notices] () throws(Failure) in
        Outcome(
          members: try writer.write(answers, index, task, picture: facts), notices: notices)
      }
    case .automatic(let options):
      let picture = try picture(task)
      let generator = try AutomaticMaskGenerator(model, options: options)
      let masks = try generator.generate(picture) { _ in try checkCancellation() }
      let facts = PictureFacts(picture)
      return { [notices = picture.notices] () throws(Failure) in
        Outcome(members: try writer.write(masks, index, task, picture: facts), notices: notices)
      }
    case .track(let plan, let options):
      let video = try BatchVideo(
        plan, options, task, model, plan.hasSearches ? try requiredDetector() : nil, writer,
        settings, index)
      let members = try video.run(cancellation: cancellation, heartbeat: heartbeat)
      let folder = video.folder
      let outcome = Outcome(
        members: members, notices: video.notices, skippedFrames: video.skippedCount)
      return { () throws(Failure) in
        try folder.commit()
        return outcome
      }
    }
  }

  /// The segmenter for an item's picture.
  private func segmenter(
    for work: BatchItem.Work, _ examples: BatchExamples
  ) throws(Failure) -> PictureSegmenter {
    switch work {
    case .examples(let source): return .examples(try examples.segmenter(for: source))
    case .prompts(let prompts): return segmenter(.given(prompts))
    case .words(let texts):
      let detector = try requiredDetector()
      return segmenter(
        .words(
          WordPrompter(
            detector, queries: try detector.queries(for: texts), options: settings.detection)))
    case .automatic, .track: return segmenter(.given([]))
    }
  }

  private func segmenter(_ source: PromptSource) -> PictureSegmenter {
    .prompts(
      PromptedSegmenter(
        model: model, source: source, choice: .single, finish: settings.finish,
        reading: settings.reading))
  }

  private func requiredDetector() throws(Failure) -> Detector {
    guard let detector else {
      throw Failure(
        .usage, code: "detector.none", "finding things by words needs a detector",
        hint: "give a converted OWLv2 with --detector")
    }
    return detector
  }

  private func picture(_ task: Task) throws(Failure) -> RGBImage {
    guard let picture = task.picture else {
      throw Failure(.internalError, code: "batch.picture", "the picture has not been read")
    }
    return picture
  }

  // MARK: - Results

  /// The result of a completed item.
  func line(_ prepared: Prepared, _ outcome: Outcome) -> JSONValue {
    var head: BatchMembers = [
      ("id", .string(prepared.id)), ("status", "done"), ("digest", .string(prepared.digestText)),
    ]
    if let task = try? prepared.task.get() {
      head += [
        (task.item.isVideo ? "video" : "image", .string(task.item.input)),
        ("formats", .array(task.formats.names.map { .string($0) })),
      ]
    }
    if outcome.isIncomplete { head.append(("incomplete", true)) }
    if !outcome.notices.isEmpty {
      let notices = outcome.notices.map { $0.with(file: $0.file.map(asListed)).json }
      head.append(("notices", .array(notices)))
    }
    return .object(head + outcome.members)
  }

  /// A path as given in the manifest: results must not depend on the folder the batch was run from.
  private func asListed(_ path: String) -> String {
    let prefix = manifest.folder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// The result of an item that cannot be processed.
  func line(_ prepared: Prepared, _ failure: Failure) -> JSONValue {
    var failure = failure
    failure.file = failure.file.map(asListed)
    return [
      "id": .string(prepared.id), "status": "failed", "digest": .string(prepared.digestText),
      "error": [
        "code": .string(failure.code), "exit": .init(Int(failure.kind.exitCode)),
        "message": .string(printable(failure.description, limit: 2000)),
      ],
    ]
  }
}
