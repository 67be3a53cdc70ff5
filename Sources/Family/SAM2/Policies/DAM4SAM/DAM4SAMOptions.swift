/// Constants of the tracker DAM4SAM; the initial values are the published ones.
public struct DAM4SAMOptions: Sendable, Hashable {
  /// Frames between two recent memories that are kept, and between two frames with look-alikes:
  /// `update_delta`; at least 1.
  public var interval = 5
  /// Number of recent memories that are always kept: `max_ram`.
  public var recentMemories = 3
  /// Number of memories of frames with look-alikes: `max_drm`; 0 for none.
  public var distractorMemories = 3
  /// Predicted IoU that a frame with look-alikes must exceed.
  public var minimumIoU: Float = 0.8
  /// Minimum area of the mask on such a frame, as a fraction of the median area of recent ones.
  public var minimumArea = 0.8
  /// Maximum area of the mask on such a frame, likewise.
  public var maximumArea = 1.2
  /// A candidate is a look-alike when the box around it and the mask has at most this IoU with the
  /// box of the mask.
  public var distractorIoU = 0.7

  public init() {}
}
