public import Bytes

extension VideoPredictor {
  /// Writes everything known of the objects to `path`, all or nothing, and where `propagation`
  /// stands.
  ///
  /// `Formats/tracking-state.md` describes the file.
  /// - Throws: `track.changed` when annotations have changed since `propagation` started; what
  ///   `AtomicFile.write` throws.
  public func saveState(
    to path: String, propagation: Propagation? = nil, replaceExisting: Bool = true
  ) throws(Failure) {
    if let propagation { try propagation.checkCurrent() }
    let position = propagation?.statePosition
    do {
      try AtomicFile.write(path: path, replaceExisting: replaceExisting) { file in
        var writer = StateWriter()
        try writer.writeHead(
          TrackingState(of: self), frameCount: frameCount, position: position,
          objectCount: objects.count, to: &file)
        for object in objects { try writer.write(object, to: &file) }
        try writer.finish(&file)
      }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.internalError, code: "output.write", "writing failed: \(error)", file: path)
    }
  }

  /// Replaces all objects by those saved at `path`; nothing changes when that fails.
  ///
  /// Model, video and options must be those of the predictor that saved them.
  /// - Returns: the propagation that was under way, at the frame after its last one; nil when there
  ///   was none, or it was over.
  /// - Throws: `file.*`, `state.*`.
  public func restoreState(from path: String) throws(Failure) -> Propagation? {
    do throws(Failure) {
      var reader = try StateReader(MappedFile.open(path), expecting: TrackingState(of: self))
      let position = try reader.readHead()
      let restored = try reader.readObjects()
      objects = restored
      frameCount = reader.frameCount
      revision += 1
      return position.map { Propagation(self, goingOnAt: $0) }
    } catch {
      throw error.about(file: path)
    }
  }
}
