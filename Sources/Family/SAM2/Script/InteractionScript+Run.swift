public import Media

extension InteractionScript {
  /// Plays the script on `predictor`.
  ///
  /// Results that no later action can touch are dropped as soon as possible, so that a script
  /// ending with one propagation runs in bounded memory.
  /// - Parameters:
  ///   - predictor: a predictor that has not been annotated yet
  ///   - loadMask: reads a mask file, given its name in the script
  ///   - handle: called for each result
  /// - Throws: `Failure`s that name their action; what `loadMask` and `handle` throw;
  ///   `CancellationError` when the task is cancelled.
  public func run(
    on predictor: VideoPredictor, loadMask: @escaping (String) throws -> BinaryMask,
    handle: (ScriptPlayer.Event) throws -> Void
  ) throws {
    let player = ScriptPlayer(self, on: predictor, loadMask: loadMask)
    while let event = try player.next() { try handle(event) }
  }
}
