public import Media

/// How closely the answers to one prompt agree.
public struct MaskAgreement: Sendable {
  /// Description of the prompt: "click 120, 84" or "box 10, 20, 90, 80".
  public let prompt: String
  /// IoU of the two models' masks, at the decoder's resolution.
  public let iou: Double
  /// The reference's and the candidate's IoU with the true mask; nil if it is unknown.
  public let truth: TruthAgreement?
}

/// IoU with a true mask, or the mean of several.
public struct TruthAgreement: Sendable {
  public let reference: Double
  public let candidate: Double

  public init(reference: Double, candidate: Double) {
    self.reference = reference
    self.candidate = candidate
  }

  /// The mean, or nil if there are no values.
  public static func mean(_ values: [TruthAgreement]) -> TruthAgreement? {
    guard !values.isEmpty else { return nil }
    let count = Double(values.count)
    return TruthAgreement(
      reference: values.reduce(0) { $0 + $1.reference } / count,
      candidate: values.reduce(0) { $0 + $1.candidate } / count)
  }
}

/// Agreement of two models on one picture.
public struct PictureAgreement: Sendable {
  public let name: String
  public let width: Int
  public let height: Int
  /// Signal-to-noise ratio of the image features in decibels; infinite if they are equal.
  public let featureSQNR: Double
  /// Empty for models without a decoder.
  public let masks: [MaskAgreement]
}

/// Agreement of two models on one clip.
public struct ClipAgreement: Sendable {
  /// One object; each list has one value per frame.
  public struct Object: Sendable {
    public let id: Int
    /// IoU with the reference when each model continues from its own memory.
    public internal(set) var free: [Double] = []
    /// The same, but with the candidate given the reference's memory before each frame.
    public internal(set) var forced: [Double] = []
    /// IoU with the truth in the free run; empty if the truth is unknown.
    public internal(set) var truths: [TruthAgreement] = []
  }

  public let name: String
  public internal(set) var frameCount = 0
  public internal(set) var objects: [Object]

  /// Mean over objects for each frame.
  public func curve(_ values: KeyPath<Object, [Double]>) -> [Double] {
    (0..<frameCount).map { frame in
      let row = objects.compactMap { object in
        let list = object[keyPath: values]
        return frame < list.count ? list[frame] : nil
      }
      return row.isEmpty ? 1 : row.reduce(0, +) / Double(row.count)
    }
  }
}

/// A mask about which two models disagree, with everything needed to draw both versions.
public struct MaskExample: Sendable {
  /// The name of the picture or clip.
  public let name: String
  /// The prompt, or the frame and object.
  public let detail: String
  public let iou: Double
  /// The picture, scaled down.
  public let image: RGBImage
  public let reference: BinaryMask
  public let candidate: BinaryMask
  /// The prompts, in pixels of `image`.
  public let prompts: [Overlay.Prompt]
}
