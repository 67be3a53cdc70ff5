public import Bytes

extension VideoPredictor {
  /// Writes everything known about the objects, and the position of `propagation`, to `path`, all
  /// or nothing.
  ///
  /// `Formats/tracking-state.md` describes the file.
  /// - Throws: `track.changed` when annotations have changed since `propagation` started; what
  ///   `AtomicFile.write` throws.
  public func saveState(
    to path: String, propagation: Propagation? = nil, replaceExisting: Bool = true
  ) throws(Failure) {
    if let propagation { try propagation.checkCurrent() }
    try save(
      to: path, position: propagation?.statePosition, place: nil, replaceExisting: replaceExisting)
  }

  /// Replaces all objects with those saved at `path`; if that fails, nothing changes.
  ///
  /// Model, video and options must be those of the predictor that saved them.
  /// - Returns: the unfinished propagation, at the frame after its last one; nil if there is none.
  /// - Throws: `file.*`, `state.*`.
  public func restoreState(from path: String) throws(Failure) -> Propagation? {
    let (position, _) = try restore(from: path) { _ throws(Failure) in }
    return position.map { Propagation(self, resumingAt: $0) }
  }

  func save(
    to path: String, position: TrackingState.Position?, place: TrackingState.ScriptPlace?,
    notes: [UInt8] = [], replaceExisting: Bool
  ) throws(Failure) {
    do {
      try AtomicFile.write(path: path, replaceExisting: replaceExisting) { file in
        var writer = StateWriter()
        try writer.writeHead(
          TrackingState(of: self), frameCount: frameCount, position: position, place: place,
          objectCount: objects.count, to: &file)
        for object in objects { try writer.write(object, to: &file) }
        try writer.finish(notes, &file)
      }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.internalError, code: "output.write", "writing failed: \(error)", file: path)
    }
  }

  /// Restores the state at `path` if `accepts` does not throw for its place in a script.
  /// - Returns: where a propagation was under way, and the notes.
  func restore(
    from path: String, accepts: (TrackingState.ScriptPlace?) throws(Failure) -> Void
  ) throws(Failure) -> (position: TrackingState.Position?, notes: [UInt8]) {
    do throws(Failure) {
      var reader = try StateReader(MappedFile.open(path), expecting: TrackingState(of: self))
      let position = try reader.readHead()
      try accepts(reader.place)
      let restored = try reader.readObjects()
      let notes = try reader.readNotes()
      objects = restored
      frameCount = reader.frameCount
      revision += 1
      return (position, notes)
    } catch {
      throw error.about(file: path)
    }
  }
}
