public import ArgumentParser
public import Media
import SAM2Jobs

/// How pictures and frames are read.
struct ReadingOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Refuse pictures and frames of more pixels (default: \(ImageReader.defaultMaximumPixels)).",
      valueName: "n"))
  var maxPixels = ImageReader.defaultMaximumPixels

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Sample values of 16-bit PNGs to map to black and to white: 0,4095 for 12 bits, auto for "
        + "the minimum and maximum of the picture (default: 0,65535).", valueName: "low,high"))
  var sampleRange: SampleRangeArgument?

  func validate() throws {
    // Four bytes per pixel, with sides that fit in 32 bits.
    guard (1...1 << 40).contains(maxPixels) else {
      throw ValidationError("--max-pixels must be between 1 and \(1 << 40)")
    }
  }

  /// The options in the form that the library takes.
  var pictures: PictureOptions {
    var options = PictureOptions(maximumPixels: maxPixels)
    options.sampleRange = sampleRange?.range ?? .full
    return options
  }
}

/// The value of `--sample-range`.
struct SampleRangeArgument: ExpressibleByArgument {
  let range: SampleRange

  init?(argument: String) {
    if argument == "auto" {
      range = .automatic
      return
    }
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let ends = parts.compactMap { UInt16($0) }
    guard parts.count == 2, ends.count == 2, ends[0] < ends[1] else { return nil }
    range = .values(ends[0]...ends[1])
  }
}

/// How mask files are read.
struct MaskOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Values of mask files: labels are numbers of objects, soft is one object above one half, "
        + "nonzero one object; auto decides by their shapes.", valueName: "reading"))
  var maskReading = MaskReading.auto
}

extension MaskReading: ExpressibleByArgument {}
