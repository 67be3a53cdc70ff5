public import Bytes
import Glibc
import JobSupport
public import SAM2

/// One model at the service of many clients: their pictures and videos, the embeddings they share, and
/// the order in which their work is done.
///
/// Knows nothing of HTTP: whatever asks, asks here.
public final class Workbench: Sendable {
  public let model: SegmentationModel
  public let facts: ModelFacts
  public let limits: WorkLimits
  public let scheduler: Scheduler
  /// Nil without a media folder.
  public let media: MediaFolder?
  public let pictures: PictureDesk
  public let videos: VideoDesk
  public let uploads: FrameUploads
  public let jobs: JobTable
  private let startTime = StageClock.now()
  /// The folder of a server without one of its own.
  private let scratch: ScratchFolder?

  /// Serves `model`, which the `facts` describe to clients.
  ///
  /// They may open what is in the folder `media` by its path; embeddings and sessions in the folder
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

  /// Asks all jobs to stop, lets the work at hand end, and refuses what comes later.
  public func stop() {
    jobs.cancelAll()
    scheduler.stop()
    scratch?.remove()
  }
}

/// The parts that the desks of a workbench share.
struct WorkbenchParts: Sendable {
  let model: SegmentationModel
  let facts: ModelFacts
  let limits: WorkLimits
  let scheduler: Scheduler
  let media: MediaFolder?
  let store: SessionStore?
}
