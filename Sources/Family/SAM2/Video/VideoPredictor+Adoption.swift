extension VideoPredictor {
  /// Puts what `other` knows of its objects in place of what this predictor knows: memories,
  /// pointers, results.
  ///
  /// The next frame is then tracked by this model with the other's past, which separates this
  /// model's error on one frame from the effect of its own earlier answers. Both must be about one
  /// video, and their models of one configuration.
  package func adoptObjects(of other: VideoPredictor) { objects = other.objects }
}
