/// How closely the masks of two models agree, over all masks in a set of pictures and clips.
public struct Accuracy: Sendable {
  /// One picture or clip.
  public struct Item: Sendable {
    public let name: String
    public let isClip: Bool
    /// IoU of each mask, in order of prompt for a picture, or of frame and object for a clip.
    public let ious: [Double]

    public var mean: Double { Self.mean(ious) }

    static func mean(_ values: [Double]) -> Double {
      values.isEmpty ? 1 : values.reduce(0, +) / Double(values.count)
    }
  }

  public let items: [Item]

  /// The IoU of all masks, either of pictures or of clips.
  public func ious(ofClips: Bool) -> [Double] {
    items.filter { $0.isClip == ofClips }.flatMap(\.ious)
  }

  /// Mean over the masks of pictures; nil without pictures.
  public var pictures: Double? { mean(ofClips: false) }
  /// Mean over the masks of clips; nil without clips.
  public var clips: Double? { mean(ofClips: true) }

  /// The lower of the two means, which a budget refers to.
  public var minimum: Double { min(pictures ?? 1, clips ?? 1) }

  private func mean(ofClips: Bool) -> Double? {
    let values = ious(ofClips: ofClips)
    return values.isEmpty ? nil : Item.mean(values)
  }

  /// The IoU below which the given share of masks falls, 0...1; nil without masks.
  public func percentile(_ share: Double, ofClips: Bool) -> Double? {
    let values = ious(ofClips: ofClips).sorted()
    guard !values.isEmpty else { return nil }
    return values[min(values.count - 1, Int(share * Double(values.count)))]
  }
}
