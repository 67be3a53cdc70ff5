internal import Bytes
internal import Graph
internal import Media
internal import ModelFile
internal import Runtime
internal import SAM2
internal import Tensors

/// Runs the pipeline in floating point on the calibration inputs, observed by a recorder, and holds
/// some out for measuring the result.
struct CalibrationRun {
  /// One input in this many is held out for measuring, if there are at least that many.
  private static let heldOutInterval = 4
  /// Maximum number of pictures to pan over if there is no clip.
  private static let pannedLimit = 4
  private static let pannedFrames = 4

  let recorder: PipelineRecorder
  private(set) var inputs = CalibrationInputs()
  private(set) var heldOut: [(item: CalibrationInputs.Item, probe: Probe)] = []
  private(set) var isHeldOut = true
  private let model: SegmentationModel
  private let options: Calibrator.Options

  init(
    _ model: Model, weights: Set<String>, _ options: Calibrator.Options
  ) throws(Failure) {
    // A large model's calls are large, and a few suffice.
    let encoder = model.graph("encode_image")
    let pixels = encoder?.inputs.first.map { encoder?[$0.value].type.shape } ?? nil
    let side = pixels?.dropFirst().first?.fixed ?? 0
    recorder = PipelineRecorder(model, weights: weights, callLimit: side > 512 ? 4 : 16)
    self.model = try SegmentationModel(model, options: options.runtime, tap: recorder.tap)
    try self.model.require(.prompting)
    self.options = options
  }

  mutating func run(
    _ inputs: CalibrationInputs, progress: (String, Int, Int) -> Void
  ) throws(Failure) {
    self.inputs = inputs
    let usesPans = inputs.clips.isEmpty && model.parts.allows(.tracking)
    var done = 0
    var panned = 0
    for items in [inputs.pictures, inputs.clips] {
      let keepsSome = items.count >= Self.heldOutInterval
      if !keepsSome, !items.isEmpty { isHeldOut = false }
      for (index, item) in items.enumerated() {
        progress("calibrating", done, inputs.items.count)
        done += 1
        let isMeasure = !keepsSome || index % Self.heldOutInterval == Self.heldOutInterval - 1
        let isLooked = !keepsSome || !isMeasure
        let pans = usesPans && panned < 2 * Self.pannedLimit
        do {
          let probes = try probes(item, isPanned: pans)
          if pans { panned += 1 }
          if isMeasure { heldOut += probes.map { (item, $0) } }
          if isLooked { for probe in probes { try watch(probe, index: index, of: items.count) } }
        } catch {
          guard [.badInput, .missingInput].contains(error.kind) else { throw error }
          self.inputs.skip(item, because: error)
        }
      }
    }
    guard !self.inputs.items.isEmpty else {
      throw Failure(
        .badInput, code: "calibrate.unreadable",
        "none of the \(self.inputs.skipped.count) files for calibration can be decoded",
        place: self.inputs.skipped.first?.description,
        hint: "give JPEG or PNG pictures, or videos")
    }
  }

  /// Prompts for an item, based on the objects the model finds in it.
  private func probes(
    _ item: CalibrationInputs.Item, isPanned: Bool
  ) throws(Failure) -> [Probe] {
    recorder.set(isWatching: false, keepsCalls: false)
    let name = item.path.split(separator: "/").last.map(String.init) ?? item.path
    switch item.kind {
    case .picture:
      let picture = try ImageReader.read(item.path)
      let objects = try objects(in: picture, limit: 4)
      let prompts = objects.flatMap { object in
        [Prompt(points: [object.click])] + (object.box.map { [Prompt(box: $0)] } ?? [])
      }
      var probes = [Probe(name: name, material: .picture(path: item.path, prompts: prompts))]
      if isPanned {
        let panned = PannedPicture(picture, frameCount: Self.pannedFrames)
        let clicks = try self.objects(in: panned.frame(at: 0), limit: 1).map(\.click)
        probes.append(
          Probe(
            name: name + " panned",
            material: .panned(path: item.path, clicks: clicks, frameCount: Self.pannedFrames)))
      }
      return probes
    case .clip:
      var frames = try FrameSource(path: item.path)
      let clicks = try objects(in: frames.frame(at: 0), limit: 2).map(\.click)
      return [
        Probe(
          name: name,
          material: .clip(path: item.path, clicks: clicks, frameCount: options.frameLimit))
      ]
    }
  }

  private func objects(
    in picture: RGBImage, limit: Int
  ) throws(Failure) -> [ProbePrompts.Object] {
    let predictor = ImagePredictor(model)
    try predictor.setImage(picture)
    return try ProbePrompts(
      predictor, width: picture.width, height: picture.height, limit: limit
    ).objects
  }

  /// Runs a probe while the recorder watches; calls are kept for some pictures and frames.
  private func watch(_ probe: Probe, index: Int, of count: Int) throws(Failure) {
    let isKept = index % max(1, count / recorder.callLimit) == 0
    recorder.set(isWatching: true, keepsCalls: isKept && !probe.isClip)
    _ = try probe.masks(by: model) { frame in
      // The memory fills within the first few frames; later ones are similar.
      recorder.set(isWatching: true, keepsCalls: frame == 1 || frame == 3 || frame % 8 == 0)
    }
    recorder.set(isWatching: false, keepsCalls: false)
  }

  // MARK: Provenance

  func sources() throws(Failure) -> [CalibratedModel.Source] {
    var sources: [CalibratedModel.Source] = []
    for item in inputs.items {
      sources.append(
        CalibratedModel.Source(
          path: item.path,
          name: item.path.split(separator: "/").last.map(String.init) ?? item.path,
          kind: item.kind, sha256: try Self.hash(of: item, frameLimit: options.frameLimit),
          isHeldOut: heldOut.contains { $0.item == item }))
    }
    return sources
  }

  static func hash(
    of item: CalibrationInputs.Item, frameLimit: Int
  ) throws(Failure) -> String {
    guard item.kind == .clip else { return try ModelFile.sha256(ofFile: item.path) }
    let paths = try FrameSource(path: item.path).framePaths
    if paths.isEmpty { return try ModelFile.sha256(ofFile: item.path) }
    var hashes = ""
    for path in paths.prefix(frameLimit) {
      hashes += try ModelFile.sha256(ofFile: path) + "\n"
    }
    let bytes = Array(hashes.utf8)
    return ModelFile.sha256(of: ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
  }
}
