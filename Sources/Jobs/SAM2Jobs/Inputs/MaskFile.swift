public import Bytes
public import Media
import SAM2
public import Tensors

/// A mask that a person supplies as a file, read the same way by all jobs.
public struct MaskFile: Sendable {
  private let path: String
  private let reading: InputReading

  public init(_ path: String, _ reading: InputReading = InputReading()) {
    (self.path, self.reading) = (path, reading)
  }

  /// The numbers of all objects in the file.
  /// - Throws: as `MaskPicture.read`.
  public func labels() throws(Failure) -> MaskPicture {
    try MaskPicture.read(path, as: reading.masks, options: reading.pictures)
  }

  /// A mask, and any choices made in obtaining it.
  public struct Reading: Sendable {
    public let mask: BinaryMask
    public let notices: [Notice]
  }

  /// The mask of one object.
  ///
  /// If the file marks a single object, its mask; otherwise the pixels numbered `object`, or all
  /// marked pixels if no number is given.
  /// - Throws: as `MaskPicture.read`; `mask.label` if several objects are marked and none of them
  ///   is `object`.
  public func mask(of object: Int? = nil) throws(Failure) -> Reading {
    let picture = try labels()
    let numbers = picture.identifiers
    guard numbers.count > 1 else { return Reading(mask: picture.union, notices: picture.notices) }
    guard let object else {
      let notice = Notice(
        .reinterpreted, code: "mask.union",
        "the mask marks \(numbers.count) objects (\(MaskFile.list(numbers))), which are taken as one",
        hint: "give the number of one of them", file: path)
      return Reading(mask: picture.union, notices: picture.notices + [notice])
    }
    guard numbers.contains(object) else {
      throw Failure(
        .badInput, code: "mask.label",
        "no pixel has the label \(object); there are \(MaskFile.list(numbers))",
        hint: "--mask-reading nonzero takes them as one object", file: path)
    }
    let notice = Notice(
      .leftOut, code: "mask.others",
      "of the \(numbers.count) objects in the mask only \(object) is taken, not "
        + MaskFile.list(numbers.filter { $0 != object }), file: path)
    return Reading(mask: picture.mask(of: object), notices: picture.notices + [notice])
  }

  private static func list(_ numbers: [Int]) -> String {
    let shown = numbers.prefix(5).map(String.init).joined(separator: ", ")
    return numbers.count > 5 ? "\(shown) and \(numbers.count - 5) more" : shown
  }

  // MARK: - Prompts

  /// A mask prompt, and any choices made in obtaining it.
  public struct PromptReading: Sendable {
    /// [side, side].
    public let logits: Tensor
    public let notices: [Notice]
  }

  /// A mask prompt [side, side] for a picture of `width` x `height`.
  ///
  /// The file contains either low-resolution logits from an earlier run (.npy), or a mask of the
  /// picture's size, whose pixels are converted to logits as the reference does for given masks: 10
  /// inside, -10 outside.
  /// - Throws: `prompt.mask_size`, and anything the readers refuse.
  public func promptLogits(
    of object: Int? = nil, side: Int, width: Int, height: Int
  ) throws(Failure) -> PromptReading {
    if let logits = try NPYReader.read(path) {
      let shape = logits.shape.dimensions
      guard shape.suffix(2) == [side, side], shape.dropLast(2).allSatisfy({ $0 == 1 }) else {
        throw Failure(
          .usage, code: "prompt.mask_shape",
          "the logits have shape \(logits.shape), not [\(side), \(side)]",
          hint: "give the logits of one mask, saved with this model by --save-logits", file: path)
      }
      return PromptReading(logits: logits.reshaped(Shape([side, side])), notices: [])
    }
    let found = try mask(of: object)
    guard found.mask.width == width, found.mask.height == height else {
      throw Failure(
        .usage, code: "prompt.mask_size",
        "the mask is \(found.mask.width)x\(found.mask.height), the picture is \(width)x\(height)",
        hint: "give a mask of the size of the picture", file: path)
    }
    return PromptReading(
      logits: MaskFile.logits(of: found.mask, side: side), notices: found.notices)
  }

  /// `mask` as a mask prompt [side, side]: 10 inside, -10 outside.
  public static func logits(of mask: BinaryMask, side: Int) -> Tensor {
    // The resizer works on pictures, so the mask is passed as a gray picture.
    let gray = RGBImage(
      width: mask.width, height: mask.height,
      pixels: mask.bits.flatMap { bit in repeatElement(bit ? 255 : 0, count: 3) })
    let shares = Resizer.antialiased(
      gray, width: side, height: side, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    let logits = stride(from: 0, to: shares.count, by: 3).map { 20 * shares[$0] - 10 }
    return Tensor(logits, shape: Shape([side, side]))
  }
}
