public import ArgumentParser
public import SAM2Jobs

extension BatchFormats: ExpressibleByArgument {
  public init?(argument: String) { self.init(list: argument) }

  public static var allValueStrings: [String] { allNames }
}

/// The format options of `sam2 batch`.
struct BatchFormatOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "How masks are written; several with commas or by repeating. With several, each has a folder "
        + "of its name below DIR/ID. rle: COCO run lengths in the results, no files.",
      valueName: "format,…"))
  private var lists: [BatchFormats] = []

  @OptionGroup var naming: AnnotationNaming

  var formats: BatchFormats { BatchFormats(lists) }
}
