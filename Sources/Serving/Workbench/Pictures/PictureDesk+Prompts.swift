import Bytes
import JobSupport
import Media
public import SAM2
import SAM2Jobs
import Tensors

// Prompts on open pictures, and on pictures that come with the request.

extension PictureDesk {
  /// Whether the picture has been encoded and the result is in memory.
  public func isEncoded(_ session: PictureSession) -> Bool {
    embeddings.holds(key(session.source.contents))
  }

  private func key(_ contents: ContentHash) -> EmbeddingKey {
    EmbeddingKey(model: facts.identity, contents: contents)
  }

  /// The encoded picture, which is encoded now if it was not before.
  public func embedding(
    of session: PictureSession, priority: WorkPriority = .encode
  ) async throws -> ImageEmbedding {
    try await embeddings.embedding(key(session.source.contents), priority: priority) {
      () throws(Failure) in try self.decoded(session)
    }
  }

  /// The masks for a prompt on an open picture.
  public func answer(
    _ prompt: PicturePrompt, on session: PictureSession
  ) async throws -> PictureAnswer {
    let embedding = try await embedding(of: session)
    return try await answer(prompt, embedding, owner: session.id)
  }

  /// The masks for prompts on a picture that is not kept open, all using one embedding.
  public func answers(
    _ prompts: [PicturePrompt], on bytes: [UInt8]
  ) async throws -> [PictureAnswer] {
    let options = options
    let embedding = try await embeddings.embedding(key(ContentHash(of: bytes))) {
      () throws(Failure) in
      try ImageReader.decode(bytes, options: options)
    }
    var answers: [PictureAnswer] = []
    for prompt in prompts { answers.append(try await answer(prompt, embedding, owner: "")) }
    return answers
  }

  private func answer(
    _ prompt: PicturePrompt, _ embedding: ImageEmbedding, owner: String
  ) async throws -> PictureAnswer {
    let previous = try prompt.previous.map { previous throws(Failure) in
      try shelf.prompt(previous, of: owner)
    }
    return try await scheduler.run(.click) { _ in
      let start = StageClock.now()
      let predictor = ImagePredictor(self.model)
      predictor.setImage(embedding)
      let given = try prompt.maskCounts.map { counts throws(Failure) in
        try MaskFile.logits(
          of: RunLengthMask(
            width: embedding.width, height: embedding.height, cocoCounts: counts
          ).mask, side: self.model.imageSize / 4)
      }
      let prediction = try predictor.predict(
        Prompt(points: prompt.points, box: prompt.box, maskLogits: previous ?? given),
        multimask: prompt.asksForCandidates)
      let logits =
        prompt.keepsLogits ? self.shelf.keep(prediction.lowResolutionLogits, of: owner) : nil
      return PictureAnswer(
        prediction, prompt, logits: logits,
        milliseconds: { (StageClock.now() - start) * 1000 })
    }
  }
}
