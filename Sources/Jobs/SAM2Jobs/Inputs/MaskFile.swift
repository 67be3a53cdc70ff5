public import Bytes
public import Media
import SAM2
public import Tensors

/// Masks that people give as files.
public enum MaskFile {
  /// A palette or gray PNG as a mask for each label in it; 0 is background.
  /// - Throws: as `LabelMap.read`; `mask.empty` when nothing is marked.
  public static func labels(_ path: String) throws(Failure) -> LabelMap {
    let labels = try LabelMap.read(path)
    guard !labels.identifiers.isEmpty else {
      throw Failure(.badInput, code: "mask.empty", "the mask marks no pixel", file: path)
    }
    return labels
  }

  /// The pixels of a PNG that are not 0.
  public static func mask(_ path: String) throws(Failure) -> BinaryMask {
    let labels = try labels(path)
    return BinaryMask(
      width: labels.width, height: labels.height, bits: labels.labels.map { $0 != 0 })
  }

  /// A mask prompt [side, side] for the picture of `width` x `height`.
  ///
  /// Either low-resolution logits from an earlier run (.npy), or a PNG of the size of the picture,
  /// whose pixels become logits as the reference makes them of given masks: 10 inside, -10 outside.
  /// - Throws: `prompt.mask_size`, and what the readers refuse.
  public static func promptLogits(
    _ path: String, side: Int, width: Int, height: Int
  ) throws(Failure) -> Tensor {
    if let logits = try NPYReader.read(path) {
      let shape = logits.shape.dimensions
      guard shape.suffix(2) == [side, side], shape.dropLast(2).allSatisfy({ $0 == 1 }) else {
        throw Failure(
          .usage, code: "prompt.mask_shape",
          "the logits have shape \(logits.shape), not [\(side), \(side)]",
          hint: "give the logits of one mask, saved with this model by --save-logits", file: path)
      }
      return logits.reshaped(Shape([side, side]))
    }
    let mask = try mask(path)
    guard mask.width == width, mask.height == height else {
      throw Failure(
        .usage, code: "prompt.mask_size",
        "the mask is \(mask.width)x\(mask.height), the picture is \(width)x\(height)",
        hint: "give a mask of the size of the picture", file: path)
    }
    return logits(of: mask, side: side)
  }

  private static func logits(of mask: BinaryMask, side: Int) -> Tensor {
    // The resizer works on pictures, so the mask goes through as a gray one.
    let gray = RGBImage(
      width: mask.width, height: mask.height,
      pixels: mask.bits.flatMap { bit in repeatElement(bit ? 255 : 0, count: 3) })
    let shares = Resizer.antialiased(
      gray, width: side, height: side, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    let logits = stride(from: 0, to: shares.count, by: 3).map { 20 * shares[$0] - 10 }
    return Tensor(logits, shape: Shape([side, side]))
  }
}
