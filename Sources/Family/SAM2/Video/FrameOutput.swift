import Tensors

/// The results kept for one object on one frame.
struct FrameOutput: Sendable {
  /// bfloat16 [h * w, Cm]; nil until the clicks on the frame are final.
  var memory: Tensor?
  /// [S/4, S/4], small holes filled; the placeholder score everywhere when the object is absent.
  var logits: Tensor
  /// Object pointer [1, C].
  var pointer: Tensor
  /// Logit of the object being present, and predicted IoU of the mask, which is 1 for a given mask.
  var scores: FrameScores

  var objectScore: Float { scores.objectScore }
  var isPresent: Bool { objectScore > 0 }

  /// `NO_OBJ_SCORE` of the reference: the logit of every pixel of an absent object.
  static let absentLogit: Float = -1024
}
