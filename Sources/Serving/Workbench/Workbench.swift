public import Bytes
import Glibc
import JobSupport
public import SAM2

/// One model serving many clients: their pictures and videos, the embeddings they share, and the
/// order in which their work is done.
///
/// It knows nothing about HTTP; every caller comes here.
public final class Workbench: Sendable {
  public let model: SegmentationModel
  public let facts: ModelFacts
  public let limits: WorkLimits
  public let scheduler: Scheduler
  /// Nil if there is no media folder.
  public let media: MediaFolder?
  public let pictures: PictureDesk
  public let videos: VideoDesk
  public let uploads: FrameUploads
  public let jobs: JobTable
  private let startTime = StageClock.now()
  /// The folder for a server without its own.
  private let scratch: ScratchFolder?

  /// Serves `model`, which `facts` describes to clients.
  ///
  /// They may open items in the folder `media` by path; embeddings and sessions in the folder
  /// `cache` outlive the server; `jobs` pieces of long work are done at the same time.
  /// - Throws: `model.encoder_only`; `file.*`, `serve.media_folder`; `output.*`.
  public init(
    _ model: SegmentationModel, _ facts: ModelFacts, media: String? = nil, cache: String? = nil,
    jobs jobCount: Int = 1, limits: WorkLimits = WorkLimits()
  ) throws(Failure) {
    try model.require(.prompting)
    (self.model, self.facts, self.limits) = (model, facts, limits)
    self.media = try media.map { path throws(Failure) in try MediaFolder(path) }
    let store = try cache.map { path throws(Failure) in try SessionStore("\(path)/sessions") }
    scratch = store == nil ? try ScratchFolder() : nil
    scheduler = Scheduler(jobs: jobCount)
    jobs = JobTable(limit: limits.jobs)
    uploads = FrameUploads(limits: limits)
    let embeddings = try EmbeddingCache(
      model, scheduler, budget: limits.memoryBytes,
      folder: cache.map { ("\($0)/embeddings", limits.diskBytes) })
    let parts = WorkbenchParts(
      model: model, facts: facts, limits: limits, scheduler: scheduler, media: self.media,
      store: store)
    pictures = PictureDesk(parts, embeddings: embeddings, jobs: jobs)
    let videoStore: SessionStore
    if let store { videoStore = store } else { videoStore = try SessionStore(scratch?.path ?? "") }
    videos = VideoDesk(parts, store: videoStore, isLasting: store != nil, jobs: jobs)
  }

  /// Seconds since the start.
  public var uptime: Double { StageClock.now() - startTime }

  /// Asks all jobs to stop, lets the work in progress finish, and refuses any later work.
  public func stop() {
    jobs.cancelAll()
    scheduler.stop()
    scratch?.remove()
  }
}

/// The parts shared by a workbench's desks.
struct WorkbenchParts: Sendable {
  let model: SegmentationModel
  let facts: ModelFacts
  let limits: WorkLimits
  let scheduler: Scheduler
  let media: MediaFolder?
  let store: SessionStore?
}
