import Bytes
import Glibc
import SAM2Config
import Tensors

extension FrameTracker {
  // MARK: - By the decoder

  /// Sparse embeddings [1, N, C] of an object's clicks.
  func encodeClicks(_ points: [ModelPoint]?) throws(Failure) -> Tensor {
    guard let points else { return stages.noClicks }
    return try stages.encodePoints([points + [.padding]], width: configuration.dModel)
  }

  /// Runs the decoder and the pointer projection for one object; `selection` chooses the mask.
  ///
  /// `features` are [1, h, w, C]; `maskPrompt` holds S/4 x S/4 logits and may have any rank.
  func decode(
    _ request: Request, features: Tensor, image: ImageFeatures, clicks: Tensor,
    maskPrompt: Tensor? = nil, selection: inout MaskSelection
  ) throws(Failure) -> Head {
    var dense: Tensor?
    if let maskPrompt {
      let side = configuration.maskSide
      dense = try stages.encodeMaskPrompt(maskPrompt.reshaped(Shape([1, side, side, 1])))
    }
    let prepared = try stages.prepareDecoder(features: features, dense: dense)
    let decoded = try stages.decode(prepared, image: image, sparse: clicks)
    let score = decoded.objectScores.floats()[0]
    let selected = selection.select(
      MaskCandidates(
        frame: request.frame, masks: decoded.masks[0],
        predictedIoUs: decoded.predictedIoUs.floats(), objectScore: score,
        isMultimask: usesMultimask(request), refinement: decoded.refinement?[0]),
      rule: configuration.stabilityRule)
    let token = decoded.tokens[0][pointerToken(of: selected)]
    let threshold = selection.presenceThreshold
    let isAbsent = configuration.decoder.predObjScores && score <= threshold
    return Head(
      selected: selected, logits: isAbsent ? absentLogits : selected.copyLogits(),
      pointer: try stages.pointer(
        token: token.asBatch, present: presence(of: score, threshold: threshold)),
      scores: selected.scores)
  }

  /// The mask token that becomes the object pointer.
  private func pointerToken(of selected: SelectedMask) -> Int {
    let usesOwnToken =
      selected.candidates.isMultimask && configuration.tracking.useMultimaskTokenForObjPtr
    return usesOwnToken ? selected.index : 0
  }

  /// Weight of the object pointer relative to the "no object" pointer.
  private func presence(of score: Float, threshold: Float) -> Float {
    guard configuration.decoder.predObjScores else { return 1 }
    if configuration.pointers.softNoObjPtr { return 1 / (1 + expf(-score)) }
    return score > threshold ? 1 : 0
  }

  private var absentLogits: Tensor {
    let side = configuration.maskSide
    return Tensor(
      [Float](repeating: FrameOutput.absentLogit, count: side * side), shape: Shape([side, side]))
  }

  // MARK: - By a given mask

  /// Takes the mask [1, S, S, 1] as the answer, and asks the decoder only for the pointer.
  ///
  /// `selection` does not learn from the decoder's masks, which are never shown.
  func takeMask(
    _ mask: Tensor, _ request: Request, image: ImageFeatures, selection: MaskSelection
  ) throws(Failure) -> Head {
    let (prompt, logits) = try stages.maskAsOutput(mask)
    var unchanged = selection
    var head = try decode(
      request, features: image.features, image: image, clicks: stages.noClicks,
      maskPrompt: prompt, selection: &unchanged)
    let isPresent = mask.floats().contains { $0 > 0 }
    head.logits = logits.reshaped(Shape([configuration.maskSide, configuration.maskSide]))
    head.scores = FrameScores(predictedIoU: 1, objectScore: isPresent ? 10 : -10)
    if configuration.decoder.predObjScores, !isPresent {
      head.pointer = try withoutObject(head.pointer)
    }
    return head
  }

  /// The pointer after "no object" is mixed in once more.
  private func withoutObject(_ pointer: Tensor) throws(Failure) -> Tensor {
    let token = Tensor(dtype: .float32, shape: pointer.shape) { _ in }
    let absent = try stages.pointer(token: token, present: 0)
    if configuration.pointers.fixedNoObjPtr { return absent }
    // Without the fixed pointer the graph gives projection + embedding: subtract the projection.
    let present = try stages.pointer(token: token, present: 1).floats()
    let embedding = zip(absent.floats(), present).map { $0 - $1 }
    return Tensor(zip(pointer.floats(), embedding).map { $0 + $1 }, shape: pointer.shape)
  }
}
