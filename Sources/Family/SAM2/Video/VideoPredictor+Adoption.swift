extension VideoPredictor {
  /// Puts what `other` knows of its objects in the place of what this predictor knows: memories,
  /// pointers, results.
  ///
  /// A frame tracked next is then seen by this model with the other's past, which tells what this
  /// model does on one frame from what its own earlier answers have led to. Both must be about one
  /// video, and their models of one configuration.
  package func adoptObjects(of other: VideoPredictor) { objects = other.objects }
}
