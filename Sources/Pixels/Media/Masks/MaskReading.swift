/// The meaning of the values in a mask file.
public enum MaskReading: String, Sendable, Hashable, CaseIterable {
  /// As the values suggest: labels if levels form areas, a soft mask if they form ramps.
  case auto
  /// Each value except 0 is an object number.
  case labels
  /// One object: the pixels with at least half of the greatest value that the file can hold.
  case soft
  /// One object: the pixels that are not 0.
  case nonzero
}
