/// The order in which waiting work is done: what a person waits for comes first.
public enum WorkPriority: Int, Sendable, CaseIterable {
  /// An answer about an encoded picture.
  case click
  /// A run of the image encoder that somebody waits for.
  case encode
  /// A frame of a propagation, a batch of automatic masks, an export.
  case long
  /// A picture that may be needed next.
  case ahead

  /// How metrics and logs call it.
  public var name: String {
    switch self {
    case .click: "click"
    case .encode: "encode"
    case .long: "long"
    case .ahead: "ahead"
    }
  }
}
