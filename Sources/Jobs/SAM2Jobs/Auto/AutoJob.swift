public import Bytes
public import JSON
public import JobSupport
public import Media
public import SAM2

/// Finds the masks of everything in each picture in succession, and writes them.
public struct AutoJob {
  public let outputs: AutoOutputs
  private let generator: AutomaticMaskGenerator
  private let reading: InputReading

  public init(
    _ generator: AutomaticMaskGenerator, reading: InputReading = InputReading(),
    outputs: AutoOutputs
  ) {
    self.generator = generator
    self.reading = reading
    self.outputs = outputs
  }

  /// Processes the picture at `path`, number `index` of the run; nothing is written if an earlier
  /// stage fails.
  ///
  /// `progress` is called periodically while the model is at work; an error thrown from it ends the
  /// work.
  public func generate(
    _ path: String, index: Int = 0,
    progress: (AutomaticMaskGenerator.Progress) throws -> Void = { _ in }
  ) throws -> AutoResult {
    var clock = StageClock()
    let picture = try clock.time("decode") {
      try ImageReader.read(path, options: reading.pictures)
    }
    let masks = try clock.time("generate") {
      try generator.generate(picture, progress: progress)
    }
    let files = try clock.time("write") {
      try outputs.write(masks, of: path, picture: picture, index: index)
    }
    return AutoResult(image: path, picture: picture, masks: masks, files: files, clock: clock)
  }
}

/// One picture and its automatic masks.
public struct AutoResult {
  public let image: String
  public let picture: RGBImage
  public let masks: [AutomaticMask]
  public let files: AutoFiles
  public let clock: StageClock

  /// Omissions and choices made when reading the picture.
  public var notices: [Notice] { picture.notices.map { $0.about(file: image) } }

  /// The picture's entry in a report.
  public var json: JSONValue {
    let entries: [JSONValue] = masks.enumerated().map { index, mask in
      let file: [(key: String, value: JSONValue)] =
        files.masks.isEmpty ? [] : [("file", .string(files.masks[index]))]
      return .object(file + mask.facts)
    }
    var members: [(key: String, value: JSONValue)] = [
      ("image", .string(image)), ("width", .init(picture.width)), ("height", .init(picture.height)),
      ("applied_orientation", .init(picture.appliedOrientation)),
      ("files", .array(files.others.map { .string($0) })), ("masks", .array(entries)),
      ("milliseconds", clock.json),
    ]
    if let index = files.index { members.append(("index", .string(index))) }
    if !notices.isEmpty { members.append(("notices", notices.json)) }
    if let overlay = files.overlay { members.append(("overlay", .string(overlay))) }
    return .object(members)
  }
}
