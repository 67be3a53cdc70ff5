extension VideoPredictor {
  /// Replaces what this predictor knows about its objects with what `other` knows: memories,
  /// pointers, results.
  ///
  /// The next frame is then tracked by this model with the other's past, which separates this
  /// model's error on one frame from the effect of its own earlier answers. Both must track the
  /// same video, with models of the same configuration.
  package func adoptObjects(of other: VideoPredictor) { objects = other.objects }
}
