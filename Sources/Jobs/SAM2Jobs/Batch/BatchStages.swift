import Bytes
import JSON
import JobSupport
import Media
import SAM2

/// The stages of an item before, during and after the model: reading on another thread, the model
/// on this one, writing on another one again.
struct BatchStages: Sendable {
  let manifest: BatchManifest
  let settings: BatchSettings
  let writer: BatchWriter
  let model: SegmentationModel
  let cancellation: Cancellation

  /// An item whose turn comes.
  struct Prepared: Sendable {
    let index: Int
    let id: String
    let digest: UInt64
    /// The work, or the reason why it cannot be done.
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

  /// Work that only writes.
  typealias Writing = @Sendable () throws(Failure) -> BatchMembers

  /// Work was given up as requested.
  struct Stopped: Error {}

  // MARK: - Before

  /// Reads item `index` and its picture.
  /// - Throws: `file.unreadable`, `batch.changed`: troubles with the manifest itself.
  func prepare(_ index: Int) throws(Failure) -> Prepared {
    let (id, json) = try manifest.item(index)
    let task: Result<Task, Failure>
    do throws(Failure) {
      let item = try BatchItem(id: id, json: json, folder: manifest.folder)
      let formats = try writer.formats(for: item)
      task = .success(
        Task(
          item: item, formats: formats,
          picture: item.isVideo ? nil : try ImageReader.read(item.path)))
    } catch {
      task = .failure(error)
    }
    return Prepared(index: index, id: id, digest: settings.digest(of: json), task: task)
  }

  // MARK: - The model

  /// Runs the model on an item.
  ///
  /// `heartbeat` is called now and then while it takes long.
  /// - Returns: what is left to do.
  /// - Throws: `Failure` for what is wrong with the item, `Stopped`.
  func run(_ prepared: Prepared, heartbeat: @escaping () -> Void) throws -> Writing {
    func checkWanted() throws {
      heartbeat()
      if cancellation.isRequested { throw Stopped() }
    }
    let task = try prepared.task.get()
    let (index, writer) = (prepared.index, writer)
    switch task.item.work {
    case .prompts(let prompts):
      let picture = try picture(task)
      let segmenter = PromptedSegmenter(
        model: model, prompts: prompts, choice: .single, finish: settings.finish)
      var clock = StageClock()
      let answers = try segmenter.answers(for: picture, clock: &clock)
      let facts = PictureFacts(picture)
      return { () throws(Failure) in
        try writer.write(answers, index, task, picture: facts)
      }
    case .automatic(let options):
      let picture = try picture(task)
      let generator = try AutomaticMaskGenerator(model, options: options)
      let masks = try generator.generate(picture) { _ in try checkWanted() }
      let facts = PictureFacts(picture)
      return { () throws(Failure) in
        try writer.write(masks, index, task, picture: facts)
      }
    case .track(let plan, let options):
      let video = try BatchVideo(plan, options, task, model, writer, settings, index)
      let members = try video.run(cancellation: cancellation, heartbeat: heartbeat)
      let folder = video.folder
      return { () throws(Failure) in
        try folder.commit()
        return members
      }
    }
  }

  private func picture(_ task: Task) throws(Failure) -> RGBImage {
    guard let picture = task.picture else {
      throw Failure(.internalError, code: "batch.picture", "the picture has not been read")
    }
    return picture
  }

  // MARK: - Results

  /// The result of an item that is done.
  func line(_ prepared: Prepared, _ members: BatchMembers) -> JSONValue {
    var head: BatchMembers = [
      ("id", .string(prepared.id)), ("status", "done"), ("digest", .string(prepared.digestText)),
    ]
    if let task = try? prepared.task.get() {
      head += [
        (task.item.isVideo ? "video" : "image", .string(task.item.input)),
        ("formats", .array(task.formats.names.map { .string($0) })),
      ]
    }
    return .object(head + members)
  }

  /// The result of an item that cannot be done.
  func line(_ prepared: Prepared, _ failure: Failure) -> JSONValue {
    var failure = failure
    // As the manifest has it: results shall not depend on the folder they were made from.
    let prefix = manifest.folder + "/"
    if let file = failure.file, file.hasPrefix(prefix) {
      failure.file = String(file.dropFirst(prefix.count))
    }
    return [
      "id": .string(prepared.id), "status": "failed", "digest": .string(prepared.digestText),
      "error": [
        "code": .string(failure.code), "exit": .init(Int(failure.kind.exitCode)),
        "message": .string(printable(failure.description, limit: 2000)),
      ],
    ]
  }
}
